"""The words of cashing in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from argosy.base.money import Money
from argosy.base.orders.cash import AboutOrder
from argosy.base.refusals import Kind, Reason

OFFER_WAIT = timedelta(minutes=10)
"""So long the customer may confirm; then the agent's float is free again."""


@dataclass(frozen=True, slots=True)
class OfferCash:
    """An agent has `amount` of cash before them for the wallet of a `phone` (as typed) or a public
    `number`; one of them. `code` is `new_code(keys, id)`, and is sent to the customer."""

    id: UUID
    amount: Money
    code: str = field(repr=False)
    phone: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class TakeCash:
    """The customer confirms the offer `order`: on their own phone without a code, or at the counter by
    telling the agent the `code` that was sent to them."""

    id: UUID
    order: UUID
    code: str | None = field(default=None, repr=False)


class DropOffer(AboutOrder):
    """The offer `order` is off: either side may say so, and the cash goes back over the counter."""

    __slots__ = ()


class AskBack(AboutOrder):
    """Ask the other side to undo the cash-in `order`."""

    __slots__ = ()


class AgreeBack(AboutOrder):
    """Agree to undo the cash-in `order`, which the other side has asked for."""

    __slots__ = ()


class CashInReason(Reason):
    """Why cash could not be taken in."""

    CUSTOMER_MISSING = 1100, Kind.INPUT, "Say for whom: a phone number or a wallet number."
    OFFER_CODE_MISSING = 1101, Kind.UNPROVEN, "The customer's code is needed."
