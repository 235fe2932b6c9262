"""Day and month: volume, fees, refunds, failures with their reasons, new customers."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.home.charts import ACCENT, AXIS, BAD, FONT, GRID
from argosy.management.console.home.shown import count, percent
from argosy.management.console.pages import page
from argosy.management.console.reports.asked import Asked, asked_for, filters
from argosy.management.console.reports.shown import exports, show
from argosy.management.console.widgets import heading, page_head, section, tile, tiles
from argosy.management.reports.facts import Report, Table
from argosy.management.reports.trade import BY, fees, new_parties, reasons, trade
from argosy.management.staff.facts import Right

PATH = "/reports"


@page(PATH, title="reports.trade", right=Right.REPORTS_SEE, menu="menu.reports", order=10)
async def trade_page(desk: Desk) -> None:
    """What was traded on some days."""
    asked = asked_for(desk)
    by = desk.query.get("by", "day")
    by = by if by in BY else "day"
    db, market = desk.services.db, asked.market
    place = (market.code, market.currency, asked.span)
    days = await trade(db, *place, "day", asked.place)
    with page_head(desk.say("reports.trade"), note=_note(desk, asked)):
        await filters(desk, asked, PATH, by=("channel", "product"))
    await _tiles(desk, asked, days)
    if asked.span.days > 1 and days.rows:
        with section(desk.say("reports.chart")):
            ui.echart(_chart(desk, days), renderer="svg").classes("rep-chart").props(
                f'role=img aria-label="{desk.say("reports.chart")}"'
            )
    for name in BY:
        table = days if name == "day" else await trade(db, *place, name, asked.place)
        _section(desk, asked, table, f"trade_{name}")
    _section(desk, asked, await fees(db, *place, asked.place), "fees")
    _section(desk, asked, await reasons(db, *place, asked.place), "reasons")


def _section(desk: Desk, asked: Asked, table: Table, name: str) -> None:
    title = desk.say(f"reports.{name}")

    async def again() -> Report:
        return table

    with section():
        with ui.element("div").classes("ar-head w-full"):
            with ui.element("div").classes("ar-head-text"):
                heading(title)
            if table.rows:
                exports(desk, asked, again, name=name.replace("_", "-"), title=title)
        with (
            ui.element("div")
            .classes("rep-wide")
            .props(f'tabindex=0 role=region aria-label="{title}"')
        ):
            show(desk, table, name=title)


async def _tiles(desk: Desk, asked: Asked, days: Table) -> None:
    total: Any = days.total or {}
    currency = asked.market.currency
    new = await new_parties(desk.services.db, asked.market.code, asked.span)
    failed = sum(total.get(name, 0) for name in ("returned", "refused", "denied", "unproven"))
    with tiles().classes("rep-tiles"):
        tile(desk.say("reports.column.done"), count(total.get("done", 0)))
        tile(
            desk.say("reports.column.done_minor"), desk.money(total.get("done_minor", 0), currency)
        )
        tile(desk.say("reports.column.success"), percent(total.get("success"), 2))
        tile(
            desk.say("reports.column.fee_net_minor"),
            desk.money(total.get("fee_net_minor", 0), currency),
        )
        tile(
            desk.say("reports.column.refunds_minor"),
            desk.money(total.get("refunds_minor", 0), currency),
            note=desk.say("reports.n_refunds", n=count(total.get("refunds", 0))),
        )
        tile(desk.say("reports.failed"), count(failed))
        tile(
            desk.say("reports.new_customers"),
            count(new.get("customer", 0)),
            note=desk.say("reports.n_merchants", n=count(new.get("merchant", 0))),
        )


def _chart(desk: Desk, days: Table) -> dict[str, Any]:
    """Payments and what failed by day, stacked."""
    names = desk.say("home.paid"), desk.say("home.not_paid")
    bad = ("returned", "refused", "denied", "unproven")
    return {
        "textStyle": {"fontFamily": FONT},
        "color": [ACCENT, BAD],
        "grid": {"left": 56, "right": 14, "top": 30, "bottom": 24},
        "legend": {"data": list(names), "right": 8, "top": 0, "textStyle": {"color": AXIS}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "xAxis": {
            "type": "category",
            "data": [row["day"].isoformat()[5:] for row in days.rows],
            "axisLine": {"lineStyle": {"color": GRID}},
            "axisTick": {"show": False},
            "axisLabel": {"color": AXIS, "fontSize": 11},
        },
        "yAxis": {
            "type": "value",
            "axisLabel": {"color": AXIS, "fontSize": 11},
            "splitLine": {"lineStyle": {"color": GRID}},
        },
        "series": [
            {
                "name": names[0],
                "type": "bar",
                "stack": "all",
                "barMaxWidth": 42,
                "data": [row["done"] for row in days.rows],
            },
            {
                "name": names[1],
                "type": "bar",
                "stack": "all",
                "barMaxWidth": 42,
                "data": [sum(row[name] for name in bad) for row in days.rows],
            },
        ],
    }


def _note(desk: Desk, asked: Asked) -> str:
    span = asked.span
    return desk.say("reports.of_days", first=span.first, last=span.last, zone=span.zone)
