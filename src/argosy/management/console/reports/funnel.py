"""The funnel: people step by step, what a step costs in time and bytes, and where one loses most."""

from __future__ import annotations

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.home.page import named
from argosy.management.console.home.shown import count, millis, percent
from argosy.management.console.pages import page
from argosy.management.console.reports.asked import asked_for, filters
from argosy.management.console.reports.shown import exports
from argosy.management.console.widgets import heading, page_head, section, state_chip
from argosy.management.reports.facts import Report
from argosy.management.reports.funnels import STEP_COST, actions, as_table, drops, funnels
from argosy.management.staff.facts import Right
from argosy.public_services.funnel.facts import Drawn, Funnel

PATH = "/reports/funnel"
WORST = 5
BARS = 20
COLUMNS = (
    "step",
    "reached",
    "",
    "left",
    "refused",
    "broken",
    "asks",
    "bytes_in",
    "bytes_out",
    "took_ms",
)
LEFT = ("step", "", "asks")


@page(PATH, title="reports.funnel", right=Right.REPORTS_SEE, menu="menu.reports", order=50)
async def funnel_page(desk: Desk) -> None:
    """Every flow of some days, and the dearest steps of all first."""
    asked = asked_for(desk, preset="week")
    found = await funnels(desk.services.funnels, asked.span, asked.market.code, asked.place.channel)
    title = desk.say("reports.funnel")

    async def again() -> Report:
        return as_table(found)

    with page_head(title, note=desk.say("reports.funnel_note")):
        await filters(desk, asked, PATH, by=("channel",))
        if found:
            exports(desk, asked, again, name="funnel", title=title)
    if not found:
        with section():
            ui.label(desk.say("reports.no_funnel")).classes("ar-empty")
        return
    worst = drops(found)[:WORST]
    if worst:
        with (
            section(desk.say("reports.dearest", share=f"{STEP_COST:.0%}")),
            ui.element("table").classes("home-table"),
            ui.element("tbody"),
        ):
            for drop in worst:
                with ui.element("tr"):
                    for text in (_title(desk, drop.funnel), _step(desk, drop.step)):
                        with ui.element("td"):
                            ui.label(text)
                    with ui.element("td").classes("ar-number"):
                        ui.label(desk.say("reports.lost", n=count(drop.lost)))
                    with ui.element("td").classes("ar-number"):
                        state_chip(f"−{percent(drop.share)}", "bad" if drop.dear else "quiet")
    with ui.element("div").classes("home-grid"):
        for funnel in found:
            _draw(desk, funnel)


def _title(desk: Desk, funnel: Funnel) -> str:
    return f"{named(desk, funnel.flow)} · {named(desk, funnel.channel)}"


def _step(desk: Desk, step: Drawn) -> str:
    name = named(desk, step.step.name)
    return f"({name})" if step.step.optional else name


def _draw(desk: Desk, funnel: Funnel) -> None:
    most = max((step.reached for step in funnel.steps), default=0)
    with section():
        with ui.element("div").classes("ar-head w-full"), ui.element("div").classes("ar-head-text"):
            heading(_title(desk, funnel))
            said = desk.say("reports.funnel_of", version=funnel.version, n=actions(funnel))
            ui.label(said).classes("ar-soft")
        with (
            ui.element("div")
            .classes("rep-wide")
            .props(f'tabindex=0 role=region aria-label="{_title(desk, funnel)}"'),
            ui.element("table").classes("home-table"),
        ):
            with ui.element("thead"), ui.element("tr"):
                for column in COLUMNS:
                    with ui.element("th").props("scope=col").classes(_side(column)):
                        ui.label(desk.say(f"reports.column.{column}") if column else "")
            with ui.element("tbody"):
                for step in funnel.steps:
                    _line(desk, step, most)


def _line(desk: Desk, step: Drawn, most: int) -> None:
    dear = step.left is not None and not step.step.optional and 1 - step.left > STEP_COST
    cells = {
        "step": _step(desk, step),
        "reached": count(step.reached),
        "left": percent(step.left) if step.left is not None else "",
        "refused": count(step.refused),
        "broken": count(step.broken),
        "asks": ", ".join(named(desk, one) for one in step.step.asks),
        "bytes_in": count(step.bytes_in),
        "bytes_out": count(step.bytes_out),
        "took_ms": millis(step.millis),
    }
    with ui.element("tr"):
        for column in COLUMNS:
            with ui.element("td").classes(_side(column)):
                if not column:
                    width = round(BARS * step.reached / most) if most else 0
                    with ui.element("div").classes("rep-bar").props("aria-hidden=true"):
                        ui.element("div").classes(f"rep-w{width}" + (" rep-dear" if dear else ""))
                elif column == "left" and dear:
                    state_chip(cells[column], "bad")
                else:
                    ui.label(cells[column])


def _side(column: str) -> str:
    return "" if column in LEFT else "ar-number"
