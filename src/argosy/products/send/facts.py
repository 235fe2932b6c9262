"""The words of sending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from argosy.base.money import Money
from argosy.base.refusals import Kind, Reason

CLAIM_WAIT = timedelta(days=7)
"""How long money waits for a phone without a wallet; then it goes back by itself."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send `amount` to a `phone` (as typed) or to a wallet's public `number`; exactly one of them."""

    id: UUID
    amount: Money
    phone: str | None = None
    number: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take back money of `order` that still waits for somebody without a wallet."""

    id: UUID
    order: UUID


class SendReason(Reason):
    """Why money could not be sent."""

    RECEIVER_MISSING = 1000, Kind.INPUT, "Say to whom: a phone number or a wallet number."
    ALREADY_CLAIMED = 1001, Kind.STATE, "The money does not wait any more."
