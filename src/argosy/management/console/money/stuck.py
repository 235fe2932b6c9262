"""Payments that do not move, each with the button that is right, and the money that is reserved."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import (
    STATES,
    account_to,
    order_to,
    party_name,
    product,
    said,
    short,
)
from argosy.management.console.pages import page
from argosy.management.console.widgets import Column, CursorTable, Slice, page_head, section
from argosy.management.money.books import PAGE
from argosy.management.money.stuck import Stuck, Why
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("id_text", "money.order", "link"),
    Column("product", "money.product_label"),
    Column("state", "money.state_label", "state"),
    Column("amount", "money.amount", "number"),
    Column("payer", "money.payer", "mono"),
    Column("payee", "money.payee", "mono"),
    Column("made", "money.made"),
    Column("until", "money.deadline"),
    Column("tries", "money.data.tries", "number"),
    Column("help", "money.what_to_do", wrap=True),
)


@page("/money/stuck", title="money.stuck", right=Right.MONEY_SEE, menu="menu.money", order=20)
async def stuck(desk: Desk) -> None:
    """The four lists, and what to do about each."""
    page_head(desk.say("money.stuck"), note=desk.say("money.stuck_note"))
    for why in Why:
        with section(desk.say(f"money.why.{why.value}")):
            ui.label(desk.say(f"money.why_note.{why.value}")).classes("ar-soft")
            await _listed(desk, why)


async def _listed(desk: Desk, why: Why) -> None:
    async def fetch(cursor: datetime | None) -> Slice[datetime]:
        found, after = await desk.services.money.stuck.page(why, cursor)
        return Slice(await asyncio.gather(*(_row(desk, one) for one in found)), after)

    table: CursorTable[datetime] = CursorTable(
        desk,
        COLUMNS,
        fetch,
        name=desk.say(f"money.why.{why.value}"),
        empty="money.none_stuck",
        on_row=lambda row: ui.navigate.to(row["id_text_to"]),
    )
    await table.load()


async def _row(desk: Desk, one: Stuck) -> dict[str, Any]:
    order = one.order
    state = order.state.value
    return {
        "id": str(order.id),
        "id_text": short(order.id),
        "id_text_to": order_to(order.id),
        "product": product(desk, order.product),
        "state": state,
        "state_text": said(desk, "state", "unknown_late" if one.late else state),
        "state_tone": "bad" if one.late else STATES[state],
        "amount": desk.money(order.amount.minor, order.amount.currency),
        "payer": await party_name(desk, order.payer),
        "payee": await party_name(desk, order.payee),
        "made": desk.when(order.created_at),
        "until": desk.when(order.deadline_at) if order.deadline_at else "",
        "tries": one.tries or "",
        "help": " · ".join(desk.say(f"money.help.{help_.value}") for help_ in one.help),
    }


@page("/money/holds", title="money.holds", right=Right.MONEY_SEE, menu="menu.money", order=30)
async def holds(desk: Desk) -> None:
    """Money that is reserved, the newest first."""
    page_head(desk.say("money.holds"), note=desk.say("money.holds_note"))
    columns = (
        Column("at", "money.at"),
        Column("amount", "money.amount", "number"),
        Column("kind", "money.kind"),
        Column("order", "money.order", "link"),
        Column("state", "money.state_label", "state"),
        Column("debit", "money.debit", "link"),
        Column("credit", "money.credit", "link"),
        Column("until", "money.deadline"),
    )

    async def fetch(cursor: UUID | None) -> Slice[UUID]:
        found = await desk.services.money.books.holds(cursor)
        rows = [
            {
                "id": str(one.id),
                "at": desk.when(one.at, seconds=True),
                "amount": desk.money(one.minor, one.currency),
                "kind": said(desk, "product", one.kind),
                "order": short(one.order) if one.order else "",
                "order_to": order_to(one.order) if one.order else "",
                "state": one.state or "",
                "state_text": said(desk, "state", one.state) if one.state else "",
                "state_tone": STATES.get(one.state or "", "quiet"),
                "debit": short(one.debit),
                "debit_to": account_to(one.debit),
                "credit": short(one.credit),
                "credit_to": account_to(one.credit),
                "until": desk.when(one.until) if one.until else "",
            }
            for one in found
        ]
        return Slice(rows, found[-1].id if len(found) == PAGE else None)

    table: CursorTable[UUID] = CursorTable(
        desk, columns, fetch, name=desk.say("money.holds"), empty="money.no_holds"
    )
    await table.load()
