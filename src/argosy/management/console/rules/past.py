"""A rule tried on the traffic of the last days: what it would stop, and whom it would disturb."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.management.console.cases.shown import money, percent, short
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import button, tile, tiles
from argosy.management.risk.trying import Met, Trial
from argosy.management.staff.facts import Right

DAYS = (1, 7, 30)
MET_SHOWN = 20


class PastTrial:
    """A button, and what came of it."""

    def __init__(self, desk: Desk, name: Callable[[], str], text: Callable[[], str]) -> None:
        self._desk = desk
        self._name = name
        self._text = text

    def build(self) -> None:
        """The button with the days, and the place for what is found."""
        say = self._desk.say
        ui.label(say("rules.past.note")).classes("ar-soft")
        with ui.row().classes("ar-row"):
            days = {days: say(f"rules.past.days_{days}") for days in DAYS}
            self._days = ui.select(days, value=1, label=say("rules.past.over")).props(
                "dense outlined"
            )
            self._days.style("width:160px")
            self._button = button(say("rules.past.try"), self._run, icon="science")
        self._found = ui.column().classes("w-full gap-3")

    async def _run(self) -> None:
        say, rules = self._desk.say, self._desk.services.risk.rules
        name, text, days = self._name(), self._text(), int(self._days.value or 1)
        self._button.disable()
        self._found.clear()
        with self._found, ui.row().classes("ar-row"):
            ui.spinner()
            ui.label(say("rules.past.running"))
        try:
            said = await self._desk.act(
                Right.RULES_SEE,
                "rules.try",
                name,
                lambda: rules.try_on_past(name or "velocity.new_one", text, days),
                detail={"days": days},
            )
        finally:
            self._button.enable()
            self._found.clear()
        with self._found:
            if isinstance(said, Refused):
                ui.label(self._desk.refusal(said)).classes("text-negative")
                for line in said.facts.get("problems", ()):
                    ui.label(str(line)).classes("risk-mono whitespace-pre-wrap")
            else:
                self._show(said)

    def _show(self, trial: Trial) -> None:
        say, hits = self._desk.say, trial.result.hits
        with tiles():
            tile(
                say("rules.past.stops"),
                f"{hits.count:,}",
                note=say("rules.past.of", count=trial.events),
            )
            tile(
                say("rules.past.bad"),
                f"{hits.bad:,}",
                note=say("rules.past.recall", share=_share(hits.recall)),
                tone="good" if hits.bad else "quiet",
            )
            tile(
                say("rules.past.good"),
                f"{hits.good:,}",
                note=say("rules.past.precision", share=_share(hits.precision)),
                tone="warn" if hits.good else "quiet",
            )
            tile(
                say("rules.past.disturbed"),
                f"{trial.disturbed:,}",
                note=say("rules.past.accounts", count=trial.accounts),
            )
            tile(
                say("rules.past.alone"),
                f"{trial.newly_bad:,} / {trial.newly_good:,}",
                note=say("rules.past.alone_note"),
            )
        if trial.before is not None:
            ui.label(
                say(
                    "rules.past.before",
                    count=trial.before,
                    added=trial.added,
                    dropped=trial.dropped,
                )
            )
        if trial.result.unevaluated:
            ui.label(say("rules.past.unevaluated", count=trial.result.unevaluated)).classes(
                "text-warning"
            )
        for one in trial.untested:
            told = say("rules.past.untested", score=one.score, share=percent(one.share))
            ui.label(told).classes("text-warning")
        if trial.overlaps:
            told = ", ".join(f"{one.rule} {percent(one.jaccard)}" for one in trial.overlaps)
            ui.label(f"{say('rules.past.overlaps')}: {told}").classes("risk-wrap")
        if trial.met:
            self._met(trial.met)
        ui.label(say("rules.past.took", seconds=f"{trial.seconds:.1f}")).classes("ar-soft text-xs")

    def _met(self, met: tuple[Met, ...]) -> None:
        say = self._desk.say
        names = ("at", "amount", "account", "payee", "found", "already")
        columns: list[dict[str, Any]] = [
            {
                "name": name,
                "field": name,
                "label": say(f"rules.past.column.{name}"),
                "align": "right" if name == "amount" else "left",
            }
            for name in names
        ]
        rows = [
            {
                "id": n,
                "at": self._desk.when(datetime.fromtimestamp(one.at_ms / 1000, UTC)),
                "amount": money(self._desk, one.amount, one.currency),
                "account": short(one.account),
                "payee": "–" if one.payee is None else short(one.payee),
                "found": say("rules.past.was_bad" if one.bad else "rules.past.was_good"),
                "already": say("rules.past.yes") if one.already else "",
            }
            for n, one in enumerate(met[:MET_SHOWN])
        ]
        ui.table(rows=rows, columns=columns, row_key="id").classes("ar-table").props(
            'flat hide-bottom :pagination="{rowsPerPage: 0}"'
        )


def _share(share: float | None) -> str:
    return "–" if share is None else percent(share)
