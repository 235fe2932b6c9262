"""The words of set-up: staged terms, switches, rails, jobs, and why something cannot be changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeAlias
from uuid import UUID

from argosy.base.markets import Cap, Fee
from argosy.base.refusals import Kind, Reason

STAGED_DAYS_MAX: Final = 730
"""Nothing is staged further ahead than two years."""


class What(StrEnum):
    """What kind of figure is set."""

    LIMIT = "limit"
    PRICE = "price"
    BALANCE = "balance"


class Switch(StrEnum):
    """What the operator can switch off in a market. Each is read where it counts: `sign_up` where a
    wallet would be opened, the others by the gate, before the brain is asked. Refunds, cancelling and
    money that comes back are never switched off."""

    SIGN_UP = "sign_up"
    PAY = "pay"
    SEND = "send"
    REQUEST = "request"
    TOP_UP = "top_up"
    WITHDRAW = "withdraw"
    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"


Value: TypeAlias = Cap | Fee | int | None


@dataclass(frozen=True, slots=True)
class Term:
    """A dated figure that the operator has set beside a pack's. `key` is the limit's key or the product;
    `level` belongs to limits and balances, `payee_class` to prices (empty: for all). `value` is a `Cap`, a
    `Fee`, or for a balance whole minor units (None: no bound)."""

    id: UUID
    market: str
    what: What
    key: str
    level: str
    payee_class: str
    value: Value
    since: date
    why: str
    proposed_by: str
    approved_by: str
    made_at: datetime
    taken_back_at: datetime | None = None
    taken_back_by: str | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """How a switch stands, since when, and who turned it; `at` is None for one that was never turned."""

    market: str
    switch: Switch
    is_on: bool
    why: str = ""
    proposed_by: str = ""
    approved_by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RailCall:
    """One call to a bank: what was asked, what it said (`done`, `rejected`, `unknown`), how long it took."""

    id: UUID
    order: UUID
    instruction: UUID
    rail: str
    verb: str
    state: str
    reference: str | None
    reason: str | None
    millis: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """What the clock does, and how it went last. `done` counts all that it ever acted on; `failures` are
    those in a row; `asked_at` says that somebody wants it now."""

    name: str
    ran_at: datetime
    took_ms: int
    done: int
    failures: int
    problem: str | None
    asked_at: datetime | None


class SetupReason(Reason):
    """Refusals of set-up: 790-799."""

    TERM_DATE = (
        790,
        Kind.INPUT,
        "A change begins on a day to come, tomorrow at the earliest and in two years at the latest.",
    )
    TERM_UNKNOWN = 791, Kind.INPUT, "The pack of this market has no such figure."
    TERM_UNREADABLE = 792, Kind.INPUT, "These figures do not make a limit or a price."
    TERM_OVER_LAW = (
        793,
        Kind.LIMIT,
        "The law of this market does not allow so much; only the pack itself can follow a new law.",
    )
    TERM_DATE_TAKEN = (
        794,
        Kind.CONFLICT,
        "Another change of this figure is staged for that day: take it back first.",
    )
    TERM_OVER = 795, Kind.STATE, "This change holds already or was taken back: stage a further one."
    SWITCH_UNKNOWN = 796, Kind.INPUT, "There is no such switch."
    SWITCH_AS_IT_IS = 797, Kind.STATE, "The switch stands so already."
    RAIL_UNKNOWN = 798, Kind.UNKNOWN, "There is no such way to a bank."
    JOB_UNKNOWN = 799, Kind.UNKNOWN, "There is no such job."
