"""The words of asking for money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from argosy.base.money import Money
from argosy.base.refusals import Kind, Reason

ASK_WAIT = timedelta(days=7)
"""How long a request may be paid."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the wallet of a `phone` (as typed) or of a public `number` for `amount`; one of them."""

    id: UUID
    amount: Money
    phone: str | None = None
    number: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PayRequest:
    """Pay the request `order`, as the one who was asked."""

    id: UUID
    order: UUID


@dataclass(frozen=True, slots=True)
class Decline:
    """Decline the request `order`, as the one who was asked."""

    id: UUID
    order: UUID


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Take back the request `order`, as the one who asked."""

    id: UUID
    order: UUID


class RequestReason(Reason):
    """Why a request could not be made or answered."""

    ASKED_MISSING = 1020, Kind.INPUT, "Say whom you ask: a phone number or a wallet number."
    ASKED_HAS_NO_WALLET = 1021, Kind.UNKNOWN, "There is no wallet with this phone or number."
