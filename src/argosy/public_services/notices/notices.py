"""From the event log to people's messages, in their own languages.

A durable reader of the log, beside the payments and never in their way: what needs no message is
ticked off inside the database, and the rest is read in batches. The messages are stored in the
transaction that ticks the events off, so there is one message for each event and one told, and none is
lost; carrying them is `Notify`'s, afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.money import Money
from argosy.base.orders.cash import shown_code
from argosy.base.orders.facts import Order
from argosy.base.orders.reading import PAGE_ORDERS_MAX
from argosy.base.outbox import Announced, Relay
from argosy.base.parties.facts import Party, PartyKind
from argosy.base.parties.keys import WrongKey
from argosy.base.ports import Message
from argosy.base.products import Tools
from argosy.base.store import Connection, Database
from argosy.public_services.notices.table import (
    ONLY,
    ONLY_WITH_RECEIPTS,
    PAYEE,
    PAYER,
    PHONE,
    Line,
    concerns,
    lines,
    message_id,
)
from argosy.public_services.notify.notify import Notify
from argosy.public_services.receipts.numbers import number_of

CONSUMER = "notices"
READER = "notices"
PURPOSE = "name the other side in a message about money"
BATCH_EVENTS_MAX = 5_000
PAUSE_SECONDS = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """One message to write."""

    event: Announced
    order: Order
    line: Line


class Notices:
    """Tells people what happened to their money. `notify` keeps and carries the messages.

    It begins with what is announced after its first start: nobody is told of what is long past. In
    the markets `receipts` the payer too gets a message of every payment, beside the answer on the
    screen.
    """

    def __init__(
        self, db: Database, tools: Tools, notify: Notify, receipts: Collection[str] = ()
    ) -> None:
        self._db = db
        self._tools = tools
        self._notify = notify
        self._receipts = frozenset(receipts)

    def relay(self) -> Relay:
        """What has to run for messages to be written; of several processes one at a time does."""
        return Relay(
            self._db,
            CONSUMER,
            self.handle,
            batch_events_max=BATCH_EVENTS_MAX,
            pause_seconds=PAUSE_SECONDS,
            from_now=True,
            only=ONLY_WITH_RECEIPTS if self._receipts else ONLY,
        )

    async def handle(self, events: Sequence[Announced], conn: Connection) -> None:
        """Write the messages of `events` in the transaction of `conn`. Raises where a reading fails,
        and then none of them is written."""
        told = [event for event in events if concerns(event, self._receipts)]
        orders = await self._orders(told)
        due = [
            _Due(event, order, line)
            for event in told
            if (order := orders.get(event.subject)) is not None
            for line in lines(event, order, self._receipts)
        ]
        parties, names = await self._parties(due), await self._names(due)
        written = (self._write(one, parties, names) for one in due)
        # all reading is done: from the first message on, the transaction holds back other readers
        await self._notify.store_many([m for m in written if m is not None], conn)

    async def _orders(self, told: Sequence[Announced]) -> dict[UUID, Order]:
        ids = list(dict.fromkeys(event.subject for event in told))
        found: dict[UUID, Order] = {}
        for start in range(0, len(ids), PAGE_ORDERS_MAX):
            found.update(await self._tools.orders.many(ids[start : start + PAGE_ORDERS_MAX]))
        missing = [one for one in ids if one not in found]
        if missing:
            _log.error("nobody is told of orders that are not there: %s", missing)
        return found

    async def _parties(self, due: Sequence[_Due]) -> dict[UUID, Party]:
        """Those who are told, each read once."""
        ids = dict.fromkeys(_side(one.order, one.line.whom) for one in due)
        wanted = [one for one in ids if one is not None]
        found = await asyncio.gather(*(self._tools.parties.get(one) for one in wanted))
        return {party.id: party for party in found if party is not None}

    async def _names(self, due: Sequence[_Due]) -> dict[UUID, str | None]:
        """The masked names that are spoken of, each read and logged once."""
        ids = dict.fromkeys(_side(one.order, one.line.named) for one in due)
        wanted = [one for one in ids if one is not None]
        found = await asyncio.gather(*(self._name(one) for one in wanted))
        return dict(zip(wanted, found, strict=True))

    def _write(
        self, due: _Due, parties: Mapping[UUID, Party], names: Mapping[UUID, str | None]
    ) -> Message | None:
        """The message; None where there is nobody of that sort in the order."""
        event, order, line = due.event, due.order, due.line
        to, phone, language = None, None, self._tools.markets[order.market].languages[0]
        if line.whom == PHONE:
            phone = self._phone(order)
        else:
            side = _side(order, line.whom)
            party = parties.get(side) if side is not None else None
            if party is not None and not (line.but_shops and party.kind is PartyKind.MERCHANT):
                to, language = party.id, party.language
        if to is None and phone is None:
            return None
        facts = self._facts(event, order)
        if line.coded:
            code = self._code(order)
            if code is None:  # it was used or taken back meanwhile: nobody needs it any more
                return None
            facts |= {"code": code, "expires_at": order.deadline_at}
        named = _side(order, line.named)
        name = names.get(named) if named is not None else None
        if name is not None:
            facts["name"] = name
        template = f"notices.{line.what}"
        number = message_id(event, line.whom)
        return Message(number, template, facts, order.market, language, to, phone, line.coded)

    async def _name(self, party_id: UUID) -> str | None:
        """The masked name of a party; None where there is none, or none that opens."""
        try:
            return await self._tools.parties.display_name(party_id, READER, PURPOSE)
        except WrongKey:
            _log.exception("party %s: the name does not open, messages go without", party_id)
            return None

    def _phone(self, order: Order) -> str | None:
        """The phone that money waits for; None once it does not: its owner was told as payee."""
        if "phone" not in order.data:
            return None
        try:
            sealed = bytes.fromhex(order.data["phone"])
            return self._tools.keys.open(sealed, "order", str(order.id), "phone")
        except WrongKey:
            _log.exception("order %s: the phone does not open, so it is not told", order.id)
            return None

    def _code(self, order: Order) -> str | None:
        """The one-time code of an order that still waits."""
        try:
            return shown_code(self._tools.keys, order)
        except WrongKey:
            _log.exception("order %s: the code does not open, so it is not told", order.id)
            return None

    def _facts(self, event: Announced, order: Order) -> dict[str, Any]:
        refund = event.body.get("refund")
        minor = refund["amount_minor"] if refund is not None else order.amount.minor
        facts: dict[str, Any] = {
            "amount": Money(minor, order.amount.currency),
            "arrived": _arrived(order),
            "receipt": number_of(self._tools.keys, order.id),
        }
        if event.body.get("fine_minor"):
            facts["fine"] = Money(event.body["fine_minor"], order.amount.currency)
        if "to" in order.data:
            facts["to"] = order.data["to"]
        if "expires_at" in event.body:
            facts["until"] = datetime.fromisoformat(event.body["expires_at"])
        return facts


def _side(order: Order, side: str | None) -> UUID | None:
    return {PAYER: order.payer, PAYEE: order.payee}.get(side or "")


def _arrived(order: Order) -> Money:
    """What reaches the payee: the amount less the price, where the payee bears it."""
    fee_minor = order.fee_minor if order.fee_paid_by == "payee" else 0
    return Money(order.amount.minor - fee_minor, order.amount.currency)
