"""Limits: who has used how much of which, and what limits refused."""

from __future__ import annotations

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.reports.asked import asked_for, filters
from argosy.management.console.reports.shown import exports, show, show_long
from argosy.management.console.widgets import heading, page_head, section
from argosy.management.reports.facts import Report
from argosy.management.reports.limits import limit_refusals, near_limits
from argosy.management.staff.facts import Right

PATH = "/reports/limits"
SHARES = (0.5, 0.8, 0.9, 1.0)


@page(PATH, title="reports.limits", right=Right.REPORTS_SEE, menu="menu.reports", order=30)
async def limits_page(desk: Desk) -> None:
    """Counters near their caps today, and refusals by limit on some days."""
    asked = asked_for(desk)
    market, db = asked.market, desk.services.db
    given = desk.query.get("share", "")
    share = next((one for one in SHARES if f"{one:.0%}" == given), 0.8)
    near = near_limits(db, market, asked.today, share)
    refused = await limit_refusals(db, market.code, market.currency, asked.span)
    with page_head(desk.say("reports.limits"), note=desk.say("reports.limits_note")):
        await filters(desk, asked, PATH)

    async def near_again() -> Report:
        return near

    async def refused_again() -> Report:
        return refused

    with section():
        with ui.element("div").classes("ar-head w-full"):
            with ui.element("div").classes("ar-head-text"):
                heading(desk.say("reports.near", day=asked.today))
            ui.select(
                {one: desk.say("reports.from_share", share=f"{one:.0%}") for one in SHARES},
                value=share,
                label=desk.say("reports.used"),
                on_change=lambda event: ui.navigate.to(
                    f"{address(PATH)}?{asked.query(share=f'{event.value:.0%}')}"
                ),
            ).props("outlined dense options-dense").classes("home-filters")
            exports(
                desk,
                asked,
                near_again,
                name="limits",
                title=desk.say("reports.near", day=asked.today),
                facts={"share": share},
            )
        links = (
            {"party": lambda row: address("/customers/{party}", party=row["party_id"])}
            if desk.may(Right.CUSTOMERS_SEE)
            else {}
        )
        table = show_long(
            desk, near, name=desk.say("reports.limits"), empty="reports.none_near", links=links
        )
        await table.load()
    with section():
        title = desk.say("reports.limit_refusals")
        with ui.element("div").classes("ar-head w-full"):
            with ui.element("div").classes("ar-head-text"):
                heading(title)
            if refused.rows:
                exports(desk, asked, refused_again, name="limit-refusals", title=title)
        show(desk, refused, name=title, empty="reports.none_refused")
