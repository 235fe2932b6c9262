"""The runs of the learning loop: each step, each candidate with its gates, and the full report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.ctu.learn.reasons import LearnReason
from argosy.ctu.learn.record import Candidate, Ending, Gate, Run, Standing
from argosy.management.console.desk import Desk
from argosy.management.console.models.listed import model_address
from argosy.management.console.pages import address, page
from argosy.management.console.rules.listed import rule_address
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    button,
    page_head,
    section,
    state_chip,
)
from argosy.management.staff.facts import Right

ENDINGS: Final[Mapping[Ending, Tone]] = {
    Ending.RUNNING: "info",
    Ending.DONE: "good",
    Ending.NOTHING: "quiet",
    Ending.FAILED: "bad",
}
STANDINGS: Final[Mapping[Standing, Tone]] = {
    Standing.REFUSED: "warn",
    Standing.SHADOW: "info",
    Standing.LIVE: "good",
    Standing.ROLLED_BACK: "bad",
    Standing.REPLACED: "quiet",
}
_COLUMNS = (
    Column("started", "models.run.started"),
    Column("state", "models.run.state", "state"),
    Column("trigger", "models.run.trigger"),
    Column("says", "models.run.says", wrap=True),
)


@page("/learning", title="models.learning", right=Right.MODELS_SEE, menu="menu.risk", order=40)
async def build(desk: Desk) -> None:
    """All runs, and how long each scheme went on."""
    say, learning = desk.say, desk.services.risk.learning
    page_head(say("models.learning"), note=say("models.learning_note"))

    async def fetch(after: UUID | None) -> Slice[UUID]:
        found = await learning.runs(after)
        return Slice([_row(desk, run) for run in found.runs], found.after)

    def chosen(row: Mapping[str, Any]) -> None:
        ui.navigate.to(address("/learning/{run}", run=row["id"]))

    table: CursorTable[UUID] = CursorTable(
        desk, _COLUMNS, fetch, name=say("models.learning"), on_row=chosen
    )
    await table.load()
    schemes = await learning.interceptions()
    if schemes:
        with section(say("models.interception")):
            for one in schemes:
                ui.label(one.says()).classes("risk-wrap")


def _row(desk: Desk, run: Run) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "started": desk.when(run.started_at),
        "state": run.state.value,
        "state_text": desk.say(f"models.ending.{run.state.value}"),
        "state_tone": ENDINGS[run.state],
        "trigger": run.trigger,
        "says": run.says,
    }


class RunPage:
    """One run."""

    def __init__(self, desk: Desk, run: Run) -> None:
        self._desk = desk
        self._run = run

    def build(self) -> None:
        """The steps, and the candidates with their gates."""
        say, run = self._desk.say, self._run
        with page_head(say("models.run.one", at=self._desk.when(run.started_at)), note=run.says):
            ui.link(say("models.run.back"), address("/learning"))
        self._frame = ui.dialog()
        with section(say("models.run.steps")):
            state_chip(say(f"models.ending.{run.state.value}"), ENDINGS[run.state])
            for step in run.steps:
                seconds = (step.ended_at - step.started_at).total_seconds()
                with ui.element("div").classes("risk-step"):
                    ui.label(f"{step.place}. {step.name}").classes("ar-strong")
                    ui.label(f"{seconds:.1f} s").classes("risk-num ar-soft")
                    ui.label(step.says).classes("risk-wrap")
        for candidate in run.candidates:
            self._candidate(candidate)

    def _candidate(self, candidate: Candidate) -> None:
        say = self._desk.say
        with section(f"{candidate.name} {candidate.version}"):
            with ui.row().classes("ar-row"):
                standing = candidate.standing
                state_chip(say(f"models.standing.{standing.value}"), STANDINGS[standing])
                ui.label(f"{candidate.kind} {candidate.scheme}").classes("ar-soft")
                ui.label(candidate.says)
                if standing is not Standing.REFUSED:
                    model = candidate.kind == "model"
                    to = (
                        model_address(candidate.name, candidate.version)
                        if model
                        else rule_address(candidate.name)
                    )
                    ui.link(say("models.run.open"), to)
            for gate in candidate.gates:
                self._gate(gate)
            with ui.row().classes("ar-row"):
                button(
                    say("models.run.report"), lambda: self._report(candidate.id), icon="description"
                )
                button(
                    say("models.run.download"), lambda: self._download(candidate), icon="download"
                )

    def _gate(self, gate: Gate) -> None:
        say = self._desk.say
        with ui.row().classes("w-full items-center gap-3"):
            state_chip(
                say("models.run.passed" if gate.passed else "models.run.refused"),
                "good" if gate.passed else "bad",
            )
            ui.label(gate.name).classes("ar-strong")
            ui.label(gate.says).classes("risk-wrap grow")
            if gate.measured is not None:
                bound = "" if gate.bound is None else f" / {gate.bound:.4g}"
                ui.label(f"{gate.measured:.4g}{bound}").classes("risk-num ar-soft")

    async def _report(self, candidate: UUID) -> None:
        found = await self._desk.services.risk.learning.report(candidate)
        if isinstance(found, Refused):
            self._desk.tell(found)
            return
        self._frame.clear()
        with self._frame, ui.card().classes("risk-full"):
            closed_frame(found, self._desk.say("models.run.report"))
            with ui.row().classes("ar-buttons"):
                ui.button(
                    self._desk.say("models.run.close"), on_click=self._frame.close, color=None
                ).props("flat no-caps color=primary")
        self._frame.open()

    async def _download(self, candidate: Candidate) -> None:
        found = await self._desk.services.risk.learning.report(candidate.id)
        if isinstance(found, Refused):
            self._desk.tell(found)
            return
        ui.download.content(found, f"{candidate.name}-{candidate.version}.html")


def closed_frame(html: str, title: str) -> ui.element:
    """A page of its own inside this one that runs no script, opens nothing and knows nothing of us."""
    frame = ui.element("iframe").classes("risk-frame")
    frame._props["sandbox"] = ""  # noqa: SLF001 - an empty sandbox forbids everything; `props` cannot say it
    frame._props["srcdoc"] = html  # noqa: SLF001 - long, and with quotation marks
    frame._props["referrerpolicy"] = "no-referrer"  # noqa: SLF001
    frame._props["title"] = title  # noqa: SLF001
    return frame


@page("/learning/{run}", title="models.run.title", right=Right.MODELS_SEE)
async def build_run(desk: Desk, run: str) -> None:
    """One run."""
    run_id = parse_id(run)
    found = (
        Refused(LearnReason.CANDIDATE_UNKNOWN)
        if run_id is None
        else await desk.services.risk.learning.run(run_id)
    )
    if isinstance(found, Refused):
        page_head(desk.say("models.run.title"))
        ui.label(desk.refusal(found))
        ui.link(desk.say("models.run.back"), address("/learning"))
        return
    RunPage(desk, found).build()
