"""Home: volume, success, time, loss and the four rates beside yesterday and last week; the machine room.

What moves is filled anew every few seconds from one reading that all windows share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from nicegui import ui

from argosy.base.refusals import Unavailable
from argosy.management.console.desk import Desk
from argosy.management.console.home import charts
from argosy.management.console.home.cards import Card, card_figures, fill
from argosy.management.console.home.room import Machine
from argosy.management.console.pages import page
from argosy.management.console.widgets import page_head, section
from argosy.management.home.board import Shown, board_of
from argosy.management.home.figures import Place
from argosy.management.staff.facts import Right

REFRESH_SECONDS: Final = 5.0


class Home:
    """One window's Home: its elements are made once, and filled anew."""

    def __init__(self, desk: Desk, place: Place) -> None:
        self._desk = desk
        self._place = place
        self._cards: dict[str, Card] = {}
        self._charts: dict[str, ui.echart] = {}

    def build(self, shown: Shown, choices: Mapping[str, list[str]]) -> None:
        """Make the page."""
        say = self._desk.say
        with page_head(say("home.title"), note=say("home.note")):
            self._at = ui.label("").classes("ar-soft").props("aria-live=off")
            self._filters(choices)
        with ui.element("div").classes("home-cards"):
            for name in card_figures(self._desk, shown, self._place):
                self._cards[name] = Card(say(f"home.{name}"), say)
        with ui.element("div").classes("home-grid"):
            for name in ("payments", "live", "success", "time"):
                with section(say(f"home.chart_{name}")):
                    self._charts[name] = (
                        ui.echart(self._options(shown)[name], renderer="svg")
                        .classes("home-chart")
                        .props(f'role=img aria-label="{say(f"home.chart_{name}")}"')
                    )
        self._machine = Machine(self._desk)
        self.show(shown)

    def show(self, shown: Shown) -> None:
        """Fill everything anew."""
        self._at.text = self._desk.say("home.at", at=self._desk.when(shown.at, seconds=True))
        self._at.classes(remove="home-stale")
        for name, figure in card_figures(self._desk, shown, self._place).items():
            fill(self._cards[name], figure)
        for name, options in self._options(shown).items():
            chart = self._charts[name]
            if chart.options != options:
                chart.options.clear()
                chart.options.update(options)
                chart.update()
        self._machine.show(shown)

    async def refresh(self) -> None:
        """Read and fill; where the database does not answer, say since when nothing is new."""
        try:
            shown = await board_of(self._desk.services).show(self._place)
        except Unavailable:
            self._at.classes(add="home-stale")
            self._at.text = self._desk.say("home.stale")
            return
        self.show(shown)

    async def _chosen(self, name: str, value: str) -> None:
        self._place = replace(self._place, **{name: value or None})
        await self.refresh()

    def _filters(self, choices: Mapping[str, list[str]]) -> None:
        say, services = self._desk.say, self._desk.services
        words: dict[str, Callable[[str], str]] = {
            "market": lambda code: (
                services.markets[code].name if code in services.markets else code
            ),
            "channel": lambda one: named(self._desk, one),
            "product": lambda one: named(self._desk, one),
        }
        with ui.element("div").classes("home-filters"):
            for name, word in words.items():
                found = sorted({*choices[name], *filter(None, [getattr(self._place, name)])})
                options = {"": say(f"home.all_{name}"), **{one: word(one) for one in found}}
                ui.select(
                    options,
                    value=getattr(self._place, name) or "",
                    label=say(f"home.{name}"),
                    on_change=lambda event, name=name: self._chosen(name, event.value),
                ).props("outlined dense options-dense").classes(f"home-by-{name}")

    def _options(self, shown: Shown) -> dict[str, dict[str, Any]]:
        say = self._desk.say
        three = say("home.today"), say("home.yesterday"), say("home.last_week")
        lines, zone = shown.lines, shown.zone
        return {
            "payments": charts.days(lines, zone, three, lambda one: one.done),
            "live": charts.live(lines, zone, (say("home.paid"), say("home.not_paid"))),
            "success": charts.success(lines, zone, three),
            "time": charts.time_of(lines, zone, (say("home.middle"), say("home.slow_short"))),
        }


def named(desk: Desk, name: str) -> str:
    """One of our names (`pay`, `lite`) as staff read it; the name itself where there are no words."""
    if not name:
        return "–"
    key = f"name.{name.replace('.', '_').replace(' ', '_')}"
    return desk.say(key) if desk.has(key) else name.replace("_", " ")


@page("/", title="home.title", right=Right.HOME_SEE, menu="menu.overview", order=0)
async def home(desk: Desk) -> None:
    """How the wallet stands now."""
    services = desk.services
    market = desk.query.get("market", services.market.code)
    place = Place(
        market if market in services.markets else None,
        desk.query.get("channel") or None,
        desk.query.get("product") or None,
    )
    board = board_of(services)
    shown, choices = await asyncio.gather(board.show(place), board.choices())
    made = Home(desk, place)
    made.build(shown, choices)
    ui.timer(REFRESH_SECONDS, made.refresh)


__all__ = ["Home", "home", "named"]
