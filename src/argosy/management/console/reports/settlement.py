"""Settlement: what merchants took in, were paid, and are owed."""

from __future__ import annotations

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.home.shown import count
from argosy.management.console.pages import address, page
from argosy.management.console.reports.asked import asked_for, filters
from argosy.management.console.reports.shown import exports, show_long
from argosy.management.console.widgets import heading, page_head, section, tile, tiles
from argosy.management.reports.facts import Report
from argosy.management.reports.settlement import settled, settlement
from argosy.management.staff.facts import Right

PATH = "/reports/settlement"


@page(PATH, title="reports.settlement", right=Right.REPORTS_SEE, menu="menu.reports", order=20)
async def settlement_page(desk: Desk) -> None:
    """Merchants who traded on some days."""
    asked = asked_for(desk)
    market, db = asked.market, desk.services.db
    report = settlement(db, market.code, market.currency, asked.span)
    all_ = (await settled(db, market.code, market.currency, asked.span)).rows
    title = desk.say("reports.settlement")
    with page_head(title, note=desk.say("reports.settlement_note")):
        await filters(desk, asked, PATH)
    total = all_[0] if all_ else {}
    with tiles().classes("rep-tiles"):
        tile(desk.say("reports.column.merchants"), count(total.get("merchants", 0)))
        for name in ("sales_minor", "fee_minor", "refunds_minor", "net_minor", "paid_out_minor"):
            value = desk.money(total.get(name, 0), market.currency)
            tile(desk.say(f"reports.column.{name}"), value)

    async def again() -> Report:
        return report

    with section():
        with ui.element("div").classes("ar-head w-full"):
            with ui.element("div").classes("ar-head-text"):
                heading(desk.say("reports.by_merchant"))
            exports(desk, asked, again, name="settlement", title=title)
        links = (
            {"merchant": lambda row: address("/customers/{party}", party=row["party"])}
            if desk.may(Right.CUSTOMERS_SEE)
            else {}
        )
        await show_long(desk, report, name=title, links=links).load()
