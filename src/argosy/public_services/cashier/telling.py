"""Telling people what became of money that concerns them, when they are not looking at it.

A durable reader of the event log: `Relay(db, "telling", telling.handle)`. A message bears an id that
follows from its event, so that an event that is read twice is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from argosy.base.ids import derive
from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.orders.reading import PAGE_ORDERS_MAX
from argosy.base.outbox import Announced
from argosy.base.ports import Message
from argosy.base.products import Tools
from argosy.base.store import Connection
from argosy.public_services.receipts.numbers import number_of

# event -> whom to tell what: one of the order's sides, or the phone that has no wallet yet
TOLD: dict[str, tuple[tuple[str, str], ...]] = {
    "transfer.paid": (("payee", "received"), ("sender_of_waiting", "claimed")),
    "transfer.held": (("phone", "waits"),),
    "transfer.returned": (("payer", "returned"), ("phone", "gone")),
    "payment.refunded": (("payer", "refunded"),),
    "payment.returned": (("payer", "returned"),),
    "request.created": (("payer", "asked"),),
    "request.paid": (("payee", "received"),),
    "request.declined": (("payee", "declined"),),
    "request.expired": (("payee", "not_paid"),),
    "request.returned": (("payer", "returned"),),
    "top_up.paid": (("payee", "topped_up"),),
    "top_up.returned": (("payee", "not_topped_up"),),
    "top_up.unknown": (("payee", "bank_silent"),),
    "withdrawal.paid": (("payer", "paid_out"),),
    "withdrawal.returned": (("payer", "not_paid_out"),),
    "withdrawal.unknown": (("payer", "bank_silent"),),
}


class Letters(Protocol):
    """Notify, as telling sees it: when it returns, the messages are durable."""

    async def notify_many(self, messages: Sequence[Message]) -> None: ...


class Telling:
    """Turns announcements into messages; `templates` are keys of the words, `telling.received`."""

    def __init__(self, tools: Tools, letters: Letters) -> None:
        self._tools = tools
        self._letters = letters

    async def handle(self, events: Sequence[Announced], _conn: Connection) -> None:
        """Tell of a batch of events; raises where the messages could not be stored."""
        told = [event for event in events if event.kind in TOLD]
        orders: dict[UUID, Order] = {}
        for start in range(0, len(told), PAGE_ORDERS_MAX):
            page = told[start : start + PAGE_ORDERS_MAX]
            orders |= await self._tools.orders.many(event.subject for event in page)
        messages = []
        for event in told:
            order = orders.get(event.subject)
            if order is None:
                continue
            for whom, what in TOLD[event.kind]:
                message = await self._message(event, order, whom, what)
                messages += [message] if message is not None else []
        if messages:
            await self._letters.notify_many(messages)

    async def _message(
        self, event: Announced, order: Order, whom: str, what: str
    ) -> Message | None:
        """What to tell `whom`; None where there is nobody of that sort in this order."""
        to, phone, language = None, None, self._tools.markets[order.market].languages[0]
        if whom == "phone":
            if "phone" not in order.data:
                return None
            sealed = bytes.fromhex(order.data["phone"])
            phone = self._tools.keys.open(sealed, "order", str(order.id), "phone")
        else:
            to = self._side(order, whom)
            party = await self._tools.parties.get(to) if to is not None else None
            if party is None:
                return None
            language = party.language
        return Message(
            derive(event.id, whom),
            f"telling.{what}",
            self._facts(event, order),
            order.market,
            language,
            to,
            phone,
        )

    def _side(self, order: Order, whom: str) -> UUID | None:
        if whom == "sender_of_waiting":
            return order.payer if "to" in order.data else None
        return order.payer if whom == "payer" else order.payee

    def _facts(self, event: Announced, order: Order) -> dict[str, Any]:
        amount = order.amount
        refund = event.body.get("refund")
        if refund is not None:
            amount = Money(refund["amount_minor"], amount.currency)
        number = number_of(self._tools.keys, order.id)
        facts: dict[str, Any] = {"amount": amount, "receipt": number}
        if "expires_at" in event.body:
            facts["until"] = datetime.fromisoformat(event.body["expires_at"])
        return facts
