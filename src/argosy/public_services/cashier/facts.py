"""The words of the cashier: what a person shows, what they get, why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.orders.planning import out_minor
from argosy.base.parties.facts import Party
from argosy.base.refusals import Kind, Reason, Refused
from argosy.public_services.signin.facts import OtpSent, Session


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person shows for one command. After a challenge the code alone is enough: it was only
    sent because the PIN was right, and it proves this one command and no other."""

    session: Session | None = None
    pin: str | None = field(default=None, repr=False)
    otp: str | None = field(default=None, repr=False)
    signature: bytes | None = field(default=None, repr=False)


class Receipt(msgspec.Struct, frozen=True):
    """What became of a command: the order as it stands. `number` is public and can be checked by
    anyone who has it. `existed`: the command had been carried out before, this is its answer again."""

    order: Order
    number: str
    at: datetime
    existed: bool = False

    @property
    def out(self) -> Money:
        """What leaves the payer, price included."""
        return Money(out_minor(self.order), self.order.amount.currency)

    @property
    def net(self) -> Money:
        """What reaches the payee, price taken off where the payee bears it."""
        order = self.order
        borne = order.fee_minor if order.fee_paid_by == "payee" else 0
        return Money(order.amount.minor - borne, order.amount.currency)


@dataclass(frozen=True, slots=True)
class Preview:
    """A command before it is carried out: the order as it would stand, who is on the other side, the
    proofs it needs, and `content`, which the device signs and a one-time code proves.

    `challenge` is the further proof that the brain would ask for now; only a dry run can know it.
    """

    order: Order
    other: Party | None
    proofs: frozenset[str]
    content: str
    challenge: str | None = None


class Proofs(Protocol):
    """Sign-in, as the cashier sees it."""

    async def check_pin(self, who: Session | UUID, pin: str) -> Refused | None: ...

    def check_signature(
        self, session: Session, operation_id: UUID, content: str, signature: bytes | None
    ) -> Refused | None: ...

    async def challenge(
        self,
        who: Session,
        operation_id: UUID,
        content: str,
        facts: Mapping[str, Any],
    ) -> OtpSent | Refused: ...

    async def proven(
        self, party_id: UUID, operation_id: UUID, content: str, code: str
    ) -> Refused | None: ...


class CashierReason(Reason):
    """Why the cashier said no before anything was planned or asked."""

    ID_NOT_UUID7 = 450, Kind.INPUT, "The id of a command must be a UUIDv7."
    PIN_MISSING = 451, Kind.UNPROVEN, "The PIN is needed."
    KEY_NOT_ENOUGH = 452, Kind.FORBIDDEN, "A program's key may not do this; a person must."
    PROOF_NOT_POSSIBLE = 453, Kind.RISK, "The risk check wants a proof that a program cannot give."
    LOOKUPS_SPENT = (
        455,
        Kind.LIMIT,
        "Too many people were looked up without paying them; wait before the next.",
    )
    OTHER_MARKET = 454, Kind.UNKNOWN, "There is no such market here."
    RECEIPT_UNKNOWN = 460, Kind.UNKNOWN, "There is no receipt with this number."
