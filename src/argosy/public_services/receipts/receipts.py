"""Checking a receipt by its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.orders.facts import Order, State
from argosy.base.orders.reading import BETWEEN_MAX, Orders
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused
from argosy.public_services.cashier.facts import CashierReason
from argosy.public_services.receipts.numbers import fits, id_range, number_of
from argosy.public_services.receipts.tax import TaxLine, TaxNumbers

_PURPOSE = "check of a receipt"
SOLD = "pay"
"""The product whose payee is a shop: only its receipts carry tax numbers."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What whoever has the number may know: how the order stands, when, how much, and between whom:
    people as `Asha R.`, businesses in full, an unknown receiver or a bank account by its last signs. `tax`
    are the numbers that the shop had on its receipts at that time."""

    number: str
    product: str
    state: State
    amount: Money
    refunded: Money
    created_at: datetime
    changed_at: datetime
    payer: str | None
    payee: str | None
    market: str = ""
    tax: tuple[TaxLine, ...] = ()


class Receipts:
    """Answers for receipts. A number that was made up and one that never was get the same answer."""

    def __init__(
        self,
        orders: Orders,
        parties: Parties,
        keys: Keys,
        markets: Mapping[str, Market],
        tax: TaxNumbers,
    ) -> None:
        self._orders = orders
        self._parties = parties
        self._keys = keys
        self._markets = markets
        self.tax = tax

    async def check(self, number: str) -> Checked | Refused:
        """The receipt with `number`, as it stands at this moment; RECEIPT_UNKNOWN where none is."""
        order = await self.order(number)
        if order is None:
            return Refused(CashierReason.RECEIPT_UNKNOWN, field="number")
        refunded = Money(order.refunded_minor, order.amount.currency)
        unnamed = order.data.get("to")
        from_bank = order.payer is None and order.product == "top_up"
        return Checked(
            number_of(self._keys, order.id),
            order.product,
            order.state,
            order.amount,
            refunded,
            order.created_at,
            order.updated_at or order.created_at,
            unnamed if from_bank else await self._name(order, payer=True),
            await self._name(order, payer=False) or (None if from_bank else unnamed),
            order.market,
            await self.tax_of(order),
        )

    async def tax_of(self, order: Order) -> tuple[TaxLine, ...]:
        """The tax numbers on the receipt of `order`: those that its shop had when it was paid."""
        if order.product != SOLD or order.payee is None:
            return ()
        return await self.tax.on_receipt(order.payee, self._markets[order.market], order.created_at)

    async def order(self, number: str) -> Order | None:
        """The order whose receipt number this is."""
        between = id_range(number)
        if between is None:
            return None
        first, last = between
        while True:  # whoever makes many orders with ids like this one's must not hide it
            found = await self._orders.between(first, last)
            for order in found:
                if fits(self._keys, number, order.id):
                    return order
            if len(found) < BETWEEN_MAX:
                return None
            first = UUID(int=found[-1].id.int + 1)

    async def _name(self, order: Order, *, payer: bool) -> str | None:
        party = order.payer if payer else order.payee
        if party is None:
            return None
        return await self._parties.display_name(party, "receipts", _PURPOSE)
