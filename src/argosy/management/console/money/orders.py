"""Orders: found by what is known of them, the newest first."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.orders.facts import State
from argosy.base.parties.numbers import reads
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import (
    CHANNELS,
    FIELD,
    PRODUCTS,
    STATES,
    day,
    minor,
    order_to,
    party_name,
    product,
    said,
    short,
)
from argosy.management.console.pages import page
from argosy.management.console.widgets import Column, CursorTable, Slice, button, page_head
from argosy.management.money.facts import MoneyReason
from argosy.management.money.orders import Found, Wanted
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("id_text", "money.order", "link"),
    Column("at", "money.at"),
    Column("product", "money.product_label"),
    Column("state", "money.state_label", "state"),
    Column("amount", "money.amount", "number"),
    Column("fee", "money.fee", "number"),
    Column("payer", "money.payer", "mono"),
    Column("payee", "money.payee", "mono"),
    Column("channel", "money.channel_label"),
    Column("market", "money.market"),
)


class OrdersPage:
    """The filters and the table that follows them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wanted = Wanted()
        self._fields: dict[str, Any] = {}

    async def build(self) -> None:
        desk, say = self._desk, self._desk.say
        page_head(say("money.orders"), note=say("money.orders_note"))
        with ui.element("div").classes("ar-row"):
            self._choice("state", {s.value: said(desk, "state", s.value) for s in State})
            self._choice("product", {p: product(desk, p) for p in PRODUCTS})
            self._choice("market", {m.code: m.name for m in desk.services.markets.values()})
            self._choice("channel", {c: said(desk, "channel", c) for c in CHANNELS})
            self._typed("since", "type=date stack-label", 150)
            self._typed("until", "type=date stack-label", 150)
            self._typed("least", "inputmode=decimal", 120)
            self._typed("most", "inputmode=decimal", 120)
            self._typed("party", "", 210)
            button(say("money.find"), self._find, icon="search", kind="main")
            button(say("money.clear"), self._clear)
        self._told = ui.label("").classes("ar-soft").props("role=status")
        self._told.visible = False
        self._table: CursorTable[str] = CursorTable(
            desk,
            COLUMNS,
            self._fetch,
            name=say("money.orders"),
            empty="money.no_orders",
            on_row=lambda row: ui.navigate.to(row["id_text_to"]),
        )
        asked = desk.query.get("party", "")
        if asked:
            self._fields["party"].value = asked
            await self._find()
        else:
            await self._table.load()

    def _choice(self, name: str, options: dict[str, str]) -> None:
        field = ui.select(options, label=self._desk.say(f"money.{name}_label"), clearable=True)
        self._fields[name] = field.props(FIELD + " options-dense").style("min-width: 140px")

    def _typed(self, name: str, props: str, width: int) -> None:
        field = ui.input(self._desk.say(f"money.{name}_label")).props(f"{FIELD} {props}")
        self._fields[name] = field.style(f"max-width: {width}px").on("keydown.enter", self._find)

    async def _find(self) -> None:
        wanted = await self._read()
        if isinstance(wanted, Refused):
            self._desk.tell(wanted)
            return
        self._wanted = wanted
        await self._table.load()

    async def _clear(self) -> None:
        for field in self._fields.values():
            field.value = None
        await self._find()

    async def _read(self) -> Wanted | Refused:
        value = {name: field.value for name, field in self._fields.items()}
        home = self._desk.services.market
        market = self._desk.services.markets.get(value["market"] or home.code, home)
        least, most = minor(value["least"], market.currency), minor(value["most"], market.currency)
        if isinstance(least, Refused):
            return least
        if isinstance(most, Refused):
            return most
        party = await self._party(str(value["party"] or "").strip())
        if isinstance(party, Refused):
            return party
        return Wanted(
            (State(value["state"]),) if value["state"] else (),
            (value["product"],) if value["product"] else (),
            value["market"] or None,
            value["channel"] or None,
            day(value["since"], market.zone),
            day(value["until"], market.zone, after=True),
            least,
            most,
            party,
        )

    async def _party(self, text: str) -> Any:
        """A party by its number or id; an order's id leads to the order."""
        if not text:
            return None
        asked = parse_id(text.lower())
        services = self._desk.services
        if asked is not None:
            if await services.orders.get(asked) is not None:
                ui.navigate.to(order_to(asked))
                return None
            return asked if await services.parties.get(asked) else _unknown()
        for market in services.markets:
            found = await services.parties.by_number(market, reads(text) or text)
            if found is not None:
                return found.id
        return _unknown()

    async def _fetch(self, cursor: str | None) -> Slice[str]:
        found = await self._desk.services.money.search.page(self._wanted, cursor)
        self._told.visible = found.looked_to is not None
        if found.looked_to is not None:
            at = self._desk.when(found.looked_to)
            self._told.text = self._desk.say("money.looked_to", at=at)
        rows = await asyncio.gather(*(self._row(one) for one in found.found))
        return Slice(rows, found.after)

    async def _row(self, found: Found) -> dict[str, Any]:
        desk, order = self._desk, found.order
        currency = order.amount.currency
        return {
            "id": str(order.id),
            "id_text": short(order.id),
            "id_text_to": order_to(order.id),
            "at": desk.when(order.created_at),
            "product": product(desk, order.product),
            "state": order.state.value,
            "state_text": said(desk, "state", order.state.value),
            "state_tone": STATES[order.state.value],
            "amount": desk.money(order.amount.minor, currency),
            "fee": desk.money(order.fee_minor, currency) if order.fee_minor else "",
            "payer": await party_name(desk, order.payer),
            "payee": await party_name(desk, order.payee),
            "channel": said(desk, "channel", found.channel) if found.channel else "",
            "market": desk.services.markets[order.market].name,
        }


def _unknown() -> Refused:
    return Refused(MoneyReason.FILTER_UNREADABLE, field="party")


@page("/money/orders", title="money.orders", right=Right.MONEY_SEE, menu="menu.money", order=10)
async def orders(desk: Desk) -> None:
    """Find orders."""
    await OrdersPage(desk).build()
