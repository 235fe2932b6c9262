"""The machine room at the foot of Home: queues, float, health of each part, jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from argosy.base.outbox import Lag
from argosy.management.console.desk import Desk
from argosy.management.console.home.shown import age, count, memory, millis, percent
from argosy.management.console.widgets import Tone, section, state_chip
from argosy.management.home.board import Room, Shown
from argosy.management.home.standing import COUNTED_MAX, Float, Queue

SHORT: float = 1.0
"""Below this share of what is owed, the money at the bank is short."""
Cell = str | tuple[str, Tone] | float


class Machine:
    """Made once, filled anew where something changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shown: dict[str, Any] = {}
        say = desk.say
        self._places: dict[str, ui.element] = {}
        with ui.element("div").classes("home-grid"):
            for name in ("queues", "float", "health", "jobs"):
                with (
                    section(say(f"home.{name}")),
                    ui.element("div")
                    .classes("home-scroll")
                    .props(
                        f'tabindex=0 role=region aria-label="{say(f"home.{name}")}"'
                    ) as self._places[name],
                ):
                    pass

    def show(self, shown: Shown) -> None:
        """Fill the four tables."""
        room = shown.room
        self._table("queues", ("queue", "waiting", "oldest", "dead"), self._queues(shown))
        self._table(
            "float",
            ("where", "owed", "bank", "gap", "covered"),
            [self._float(one) for one in room.floats],
        )
        self._table("health", ("part", "state", "figure"), self._health(room))
        self._table("jobs", ("job", "state", "last", "took"), self._jobs(shown))

    def _queues(self, shown: Shown) -> list[list[Cell]]:
        return [self._queue(queue, shown) for queue in shown.room.queues]

    def _queue(self, queue: Queue, shown: Shown) -> list[Cell]:
        waits = queue.age(shown.at)
        more = "+" if queue.waiting >= COUNTED_MAX else ""
        oldest = age(self._desk, waits)
        return [
            self._desk.say(f"home.queue_{queue.name}"),
            f"{count(queue.waiting)}{more}",
            (oldest, "bad" if queue.late(shown.at) else "good" if waits else "quiet"),
            (count(queue.dead), "bad") if queue.dead else "0",
        ]

    def _float(self, one: Float) -> list[Cell]:
        desk = self._desk

        def money(minor: int) -> str:
            return desk.money(minor, one.currency)

        short = one.covered is not None and one.covered < SHORT
        market = desk.services.markets.get(one.market)
        return [
            market.name if market else one.market,
            money(one.owed_minor),
            money(one.bank_minor),
            money(-one.gap_minor),
            (percent(one.covered), "warn" if short else "good"),
        ]

    def _health(self, room: Room) -> list[list[Cell]]:
        say = self._desk.say
        rows: list[list[Cell]] = [
            [
                say(f"home.part_{one.name}"),
                (say("home.well" if one.well else "home.ill"), "good" if one.well else "bad"),
                " · ".join(
                    text
                    for text in (
                        one.says,
                        millis(one.millis) if one.millis is not None else "",
                        memory(one.memory_bytes) if one.memory_bytes else "",
                    )
                    if text
                ),
            ]
            for one in room.health
        ]
        rows += [self._reader(one) for one in room.readers if one.failures or one.waiting_since]
        rows += [
            [
                say("home.process", name=part.name),
                (say("home.running", n=part.processes), "good"),
                memory(part.memory_bytes),
            ]
            for part in room.parts
        ]
        return rows

    def _reader(self, one: Lag) -> list[Cell]:
        waits = (
            None
            if one.waiting_since is None
            else self._desk.services.clock.now() - one.waiting_since
        )
        tone: Tone = "bad" if one.failures else "quiet"
        said = (
            self._desk.say("home.failed", n=one.failures)
            if one.failures
            else self._desk.say("home.reads")
        )
        return [f"{one.consumer}", (said, tone), one.last_error or age(self._desk, waits)]

    def _jobs(self, shown: Shown) -> list[list[Cell]]:
        say = self._desk.say
        tones: dict[str, Tone] = {"good": "good", "failing": "bad", "running": "info"}
        order = sorted(shown.room.jobs, key=lambda job: (job.state != "failing", job.name))
        return [
            [
                job.name,
                (say(f"home.job_{job.state}"), tones[job.state]),
                age(self._desk, shown.at - job.at) if job.at else "–",
                millis(job.took_ms),
            ]
            for job in order
        ]

    def _table(self, name: str, columns: Sequence[str], rows: list[list[Cell]]) -> None:
        if self._shown.get(name) == rows:
            return
        self._shown[name] = rows
        place = self._places[name]
        place.clear()
        with place:
            if not rows:
                ui.label(self._desk.say(f"home.no_{name}")).classes("ar-empty")
                return
            with ui.element("table").classes("home-table"):
                with ui.element("thead"), ui.element("tr"):
                    for n, column in enumerate(columns):
                        with ui.element("th").props("scope=col").classes(_side(name, n)):
                            ui.label(self._desk.say(f"home.column_{column}"))
                with ui.element("tbody"):
                    for row in rows:
                        with ui.element("tr"):
                            for n, cell in enumerate(row):
                                with ui.element("td").classes(_side(name, n)):
                                    if isinstance(cell, tuple):
                                        state_chip(*cell)
                                    else:
                                        ui.label(str(cell))


_RIGHT = {"queues": (1, 2, 3), "float": (1, 2, 3, 4), "health": (2,), "jobs": (2, 3)}


def _side(name: str, column: int) -> str:
    return "ar-number" if column in _RIGHT[name] else ""
