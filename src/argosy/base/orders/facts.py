"""The words of the trade order, which every product shares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.money import Money
from argosy.base.refusals import Kind, Reason


class State(StrEnum):
    """Where an order stands.

    awaiting -> paid | held | review | cancelled | expired
    held     -> paid | returned           (money reserved; a bank or a payee decides)
    review   -> paid | held | returned    (money reserved; a human decides)
    paid     -> partly_refunded -> refunded
    paid     -> paid                      (one side asks to take it back, and the other may agree)
    """

    AWAITING = "awaiting"
    HELD = "held"
    REVIEW = "review"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


FINAL = frozenset({State.REFUNDED, State.RETURNED, State.CANCELLED, State.EXPIRED})

NEXT: Mapping[State, frozenset[State]] = {
    State.AWAITING: frozenset(
        {State.PAID, State.HELD, State.REVIEW, State.CANCELLED, State.EXPIRED}
    ),
    State.HELD: frozenset({State.HELD, State.PAID, State.RETURNED, State.REVIEW}),
    State.REVIEW: frozenset({State.PAID, State.HELD, State.RETURNED}),
    State.PAID: frozenset({State.PAID, State.PARTLY_REFUNDED, State.REFUNDED}),
    State.PARTLY_REFUNDED: frozenset({State.PARTLY_REFUNDED, State.REFUNDED}),
}


class Order(msgspec.Struct, frozen=True):
    """A trade: who pays whom how much for what. `id` is born at the caller.

    `amount` is what the payee is due before fees; `fee_minor` the price and `fee_paid_by` who bears
    it. `version` grows by one with every change and guards it. `data` is the product's own, small.
    `deadline_at`: when the clock acts (expiry, return, inquiry end).
    """

    id: UUID
    product: str
    market: str
    state: State
    payer: UUID | None
    payee: UUID | None
    payer_account: UUID | None
    payee_account: UUID | None
    amount: Money
    created_at: datetime
    fee_minor: int = 0
    fee_paid_by: str = "payer"
    refunded_minor: int = 0
    note: str = ""
    deadline_at: datetime | None = None
    version: int = 1
    updated_at: datetime | None = None
    data: Mapping[str, Any] = msgspec.field(default_factory=dict)


class OrderReason(Reason):
    """Why an order could not be made or moved on."""

    ORDER_NOT_FOUND = 200, Kind.UNKNOWN, "There is no such order, or not for you."
    ORDER_EXISTS_DIFFERENTLY = 201, Kind.CONFLICT, "This order id was used with another content."
    ORDER_MOVED_ON = 202, Kind.CONFLICT, "The order changed meanwhile; read it and ask again."
    ORDER_NOT_OPEN = 203, Kind.STATE, "The order is not waiting to be paid any more."
    ORDER_EXPIRED = 204, Kind.STATE, "The order's time is over."
    REFUND_TOO_LARGE = 205, Kind.STATE, "More than is left of the payment cannot be refunded."
    ORDER_NOT_REFUNDABLE = 206, Kind.STATE, "Only a paid order can be refunded."
    NOT_YOUR_ORDER = 207, Kind.FORBIDDEN, "Only its owner may do this to the order."
    SAME_PARTY = 208, Kind.INPUT, "Payer and payee are the same."
    PAYEE_CANNOT_TAKE = 209, Kind.STATE, "The other side cannot take this payment as things stand."
    REFUNDS_SPENT = 210, Kind.LIMIT, "This payment has been refunded in too many parts already."
    NOTE_TOO_LONG = 211, Kind.INPUT, "The note is longer than 200 characters, or has control ones."
    ORDER_NOT_IN_REVIEW = 212, Kind.STATE, "The order is not waiting for a decision."
    BANK_ACCOUNT_UNREADABLE = 213, Kind.INPUT, "This is not a bank account number."
