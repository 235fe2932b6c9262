"""A posting: everything of one step that becomes durable together, or not at all.

Products plan postings as pure data; the gate screens them and hands them to the ledger's group
commit, where order, transfers, limit counters and events share one commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.orders.facts import Order, State
from argosy.base.ports import Operation, Verdict
from argosy.base.refusals import Kind, Reason


class LimitUse(msgspec.Struct, frozen=True):
    """`minor` counted against the limit `key` of `party`, once, in the day, month and year named.

    The caps are the most that may stand there afterwards; None is no bound. A negative `minor` with
    `count` -1 gives back what an earlier use took, if the window is still the same.
    """

    party: UUID
    key: str
    minor: int
    day: date
    month: date
    year: date
    day_minor_max: int | None = None
    day_count_max: int | None = None
    month_minor_max: int | None = None
    month_count_max: int | None = None
    year_minor_max: int | None = None
    count: int = 1


class OrderMove(msgspec.Struct, frozen=True):
    """Move an existing order on, if it still has `version`. None leaves a field as it is."""

    id: UUID
    version: int
    state: State
    refunded_minor: int | None = None
    payer: UUID | None = None
    payee: UUID | None = None
    payer_account: UUID | None = None
    payee_account: UUID | None = None
    fee_minor: int | None = None
    deadline_at: datetime | None = None  # always written: None ends the clock
    data: Mapping[str, Any] | None = None  # replaces the whole


class Event(msgspec.Struct, frozen=True):
    """Something the world may hear of: `subject` orders it (an order's id), `kind` names it
    (`payment.paid`), `body` is JSON for programs, `parties` are who may see it."""

    id: UUID
    subject: UUID
    kind: str
    body: Any
    parties: tuple[UUID, ...] = ()


class Posting(msgspec.Struct, frozen=True):
    """One all-or-nothing step. `id` is the command's id; the same id twice gives the first answer.

    `order` is the order as it is made (`Order`) or how it moves on (`OrderMove`). `at_once`: somebody
    stands at a counter with cash in the hand, so that what the brain would have a human look at is
    denied instead of reserved.
    """

    id: UUID
    order: Order | OrderMove | None = None
    transfers: tuple[Transfer, ...] = ()
    uses: tuple[LimitUse, ...] = ()
    events: tuple[Event, ...] = ()
    at_once: bool = False


class Done(msgspec.Struct, frozen=True):
    """The gate's yes: durable before anyone hears of it.

    `state` is the order's state now (`review` where the brain reserved the money for a human).
    `existed`: this very posting had been made before, and this is the first answer again.
    """

    id: UUID
    at: datetime
    state: State | None
    transfers: tuple[Posted, ...] = ()
    verdict: Verdict | None = None
    existed: bool = False


class Challenged(msgspec.Struct, frozen=True):
    """Not yet: show `proof` (`otp`) for operation `operation`, and send the same command again."""

    operation: Operation
    verdict: Verdict
    proof: str
    facts: Mapping[str, Any] = msgspec.field(default_factory=dict)


class GateReason(Reason):
    """Why the gate said no."""

    LIMIT_PAYMENT = 150, Kind.LIMIT, "More than one payment of this kind may be."
    LIMIT_DAY = 151, Kind.LIMIT, "More than this kind of payment may add up to in a day."
    LIMIT_DAY_COUNT = 152, Kind.LIMIT, "More payments of this kind than a day allows."
    LIMIT_MONTH = 153, Kind.LIMIT, "More than this kind of payment may add up to in a month."
    LIMIT_MONTH_COUNT = 154, Kind.LIMIT, "More payments of this kind than a month allows."
    LIMIT_YEAR = 155, Kind.LIMIT, "More than this kind of payment may add up to in a year."
    LEVEL_NOT_ALLOWED = 156, Kind.LIMIT, "This identity level may not do this; raise the level."
    SWITCHED_OFF = 157, Kind.STATE, "The operator has switched this off for now."
    RAIL_PAUSED = 158, Kind.STATE, "The way to the bank is paused for now; no money was moved."
    GATE_BUSY = 160, Kind.BUSY, "Too many payments are waiting; the same request may come again."
    DENIED_BY_RISK = 161, Kind.RISK, "The risk check said no."
    RISK_UNAVAILABLE = 162, Kind.RISK, "The risk check could not be made, so nothing was moved."
