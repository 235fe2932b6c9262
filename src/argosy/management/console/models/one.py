"""One version of a model: its card, its figures, drift, reasons; published and taken back by two people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.ctu.models.facts import State
from argosy.management.approvals.facts import Proposal
from argosy.management.approvals.facts import State as Standing
from argosy.management.console.cases.shown import money, percent, short
from argosy.management.console.desk import Desk
from argosy.management.console.models.compared import comparing
from argosy.management.console.models.listed import SPLIT, TONES, metrics_chart
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import (
    Tone,
    ask_reason,
    button,
    facts,
    page_head,
    section,
    state_chip,
)
from argosy.management.risk.handlers import MODEL_BACK, MODEL_PUBLISH, model_body
from argosy.management.risk.models import Day, Drift, Opened, Scored
from argosy.management.staff.facts import Right

COLUMNS_SHOWN: Final = 60
STEPS_SHOWN: Final = 20
_DRIFT: Final[Mapping[str, Tone]] = {"stable": "good", "moved": "warn", "far": "bad"}
_KINDS: Final = (MODEL_PUBLISH, MODEL_BACK)


class ModelPage:
    """One version in one window."""

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened

    async def build(self) -> None:
        """The whole page."""
        say, version = self._desk.say, self._opened.version
        with page_head(f"{version.name} {version.version}", note=version.card.purpose):
            ui.link(say("models.back"), address("/models"))
        self._top = ui.column().classes("w-full gap-2")
        with ui.element("div").classes("risk-two"):
            with ui.column().classes("w-full gap-4 min-w-0"):
                self._card()
                with section(say("models.drift")):
                    ui.label(say("models.drift_note")).classes("ar-soft")
                    with ui.row():
                        button(say("models.measure"), self._drift, icon="straighten")
                    self._drifted = ui.column().classes("w-full gap-1")
                with section(say("models.reasons")):
                    ui.label(say("models.reasons_note")).classes("ar-soft")
                    with ui.row():
                        button(say("models.show_reasons"), self._reasons, icon="balance")
                    self._reasoned = ui.column().classes("w-full gap-2")
            with ui.column().classes("w-full gap-4 min-w-0"):
                with section(say("models.over_time")):
                    if len(self._opened.others) > 1:
                        metrics_chart(self._desk, self._opened.others)
                    _days(self._desk, self._opened.days)
                comparing(self._desk, self._opened)
                self._steps = ui.column().classes("w-full")
        await self._show()

    # --- doing -------------------------------------------------------------------------------------

    async def _propose(self, kind: str) -> None:
        say, version = self._desk.say, self._opened.version
        word = "publish" if kind == MODEL_PUBLISH else "roll_back"
        why = await ask_reason(
            self._desk,
            say(f"models.{word}"),
            text=say("models.two_people"),
            danger=kind == MODEL_BACK,
        )
        if why is None:
            return
        live = next((one.version for one in self._opened.others if one.state is State.LIVE), None)
        body = model_body(version.name, version.version, live)
        said = await self._desk.propose(Right.MODELS_PUBLISH, kind, self._subject(), body, why)
        await self._told(said if isinstance(said, Refused) else say("models.proposed"))

    async def _shadow(self) -> None:
        say, version = self._desk.say, self._opened.version
        why = await ask_reason(self._desk, say("models.shadow"), text=say("models.shadow_note"))
        if why is None:
            return
        models, by = self._desk.services.risk.models, self._desk.member.name
        said = await self._desk.act(
            Right.MODELS_PUBLISH,
            "models.shadow",
            self._subject(),
            lambda: models.shadow(version.name, version.version, by, why),
            reason=why,
        )
        await self._told(said if isinstance(said, Refused) else say("models.in_shadow"))

    async def _decide(self, proposal: Proposal, *, yes: bool) -> None:
        say, approvals = self._desk.say, self._desk.services.approvals
        title = say("models.approve" if yes else "models.decline")
        why = await ask_reason(self._desk, title, text=proposal.reason, danger=not yes)
        if why is None:
            return
        said = await self._desk.act(
            Right.MODELS_PUBLISH,
            f"{'approve' if yes else 'decline'}.{proposal.kind}",
            self._subject(),
            lambda: approvals.decide(self._desk.member, proposal.id, yes, why),
            reason=why,
            detail={"proposal": str(proposal.id)},
        )
        if isinstance(said, Refused):
            await self._told(said)
        else:
            await self._told(say("models.done" if yes else "models.declined"))

    async def _drift(self) -> None:
        version = self._opened.version
        found = await self._desk.services.risk.models.drift(version.name, version.version)
        self._drifted.clear()
        with self._drifted:
            if isinstance(found, Refused):
                ui.label(self._desk.refusal(found))
            else:
                _drift_of(self._desk, found)

    async def _reasons(self) -> None:
        version = self._opened.version
        found = await self._desk.services.risk.models.strongest(version.name, version.version)
        self._reasoned.clear()
        with self._reasoned:
            if isinstance(found, Refused):
                ui.label(self._desk.refusal(found))
            elif not found:
                ui.label(self._desk.say("models.nothing_served")).classes("ar-soft")
            else:
                for one in found:
                    _scored(self._desk, one)

    # --- showing -----------------------------------------------------------------------------------

    def _subject(self) -> str:
        return f"{self._opened.version.name} {self._opened.version.version}"

    async def _told(self, outcome: Refused | str) -> None:
        """Show the page anew, and then what came of it: whoever reads that finds the page as it is."""
        await self._again()
        with self._top:
            self._desk.tell(outcome)

    async def _again(self) -> None:
        version = self._opened.version
        opened = await self._desk.services.risk.models.opened(version.name, version.version)
        if not isinstance(opened, Refused):
            self._opened = opened
        await self._show()

    async def _show(self) -> None:
        waiting = await self._desk.services.approvals.listed(
            Standing.WAITING, subject=self._subject()
        )
        self._top.clear()
        with self._top:
            self._head()
            for proposal in waiting.proposals:
                if proposal.kind in _KINDS:
                    self._proposal(proposal)
        self._steps.clear()
        with self._steps, section(self._desk.say("models.steps")):
            for step in self._opened.steps[:STEPS_SHOWN]:
                state = self._desk.say(f"models.state.{step['state']}")
                told = f"{step['version']} · {state}"
                ui.label(
                    f"{self._desk.when(step['at'])} · {told} · {step['by']}: {step['why']}"
                ).classes("risk-wrap")

    def _head(self) -> None:
        say, version = self._desk.say, self._opened.version
        with ui.row().classes("ar-row"):
            state_chip(say(f"models.state.{version.state.value}"), TONES[version.state])
            ui.label(f"{version.moved_by}: {version.moved_why}").classes("ar-soft")
            if not self._desk.may(Right.MODELS_PUBLISH):
                return
            if version.state is State.LIVE:
                button(
                    say("models.roll_back"),
                    lambda: self._propose(MODEL_BACK),
                    icon="undo",
                    kind="danger",
                )
                return
            if version.state is not State.SHADOW:
                button(say("models.shadow"), self._shadow, icon="visibility")
            button(
                say("models.publish"),
                lambda: self._propose(MODEL_PUBLISH),
                icon="groups",
                kind="main",
            )

    def _proposal(self, proposal: Proposal) -> None:
        say = self._desk.say
        word = "publish" if proposal.kind == MODEL_PUBLISH else "roll_back"
        with ui.element("div").classes("risk-banner ar-chip-info"):
            ui.icon("groups")
            told = say("models.waits", by=proposal.by, act=say(f"models.{word}"))
            ui.label(f"{told} {proposal.reason}").classes("grow")
            if proposal.by_id == self._desk.member.id:
                ui.label(say("models.another_decides"))
            elif self._desk.may(Right.MODELS_PUBLISH):
                button(say("models.approve"), lambda: self._decide(proposal, yes=True), kind="main")
                button(
                    say("models.decline"), lambda: self._decide(proposal, yes=False), kind="danger"
                )

    def _card(self) -> None:
        say, version = self._desk.say, self._opened.version
        card = version.card
        with section(say("models.card")):
            facts(
                [
                    (say("models.column.kind"), version.kind),
                    (say("models.data"), card.data or "–"),
                    (say("models.limits"), card.limits or "–"),
                    (say("models.fingerprint"), version.fingerprint),
                    (say("models.calibration"), card.calibration.method),
                    (
                        say("models.column.put"),
                        f"{self._desk.when(version.put_at)} · {version.put_by}",
                    ),
                    *((name, f"{value:.4g}") for name, value in sorted(version.metrics.items())),
                ]
            )
            with ui.expansion(say("models.columns_read", count=len(version.columns))).props(
                "dense"
            ):
                for name in version.columns[:COLUMNS_SHOWN]:
                    ui.label(f"{name}  {card.words.get(name, '')}").classes("risk-mono")


def _drift_of(desk: Desk, drift: Drift) -> None:
    say = desk.say
    if not drift.rows or drift.since is None or drift.until is None:
        ui.label(say("models.nothing_served")).classes("ar-soft")
        return
    ui.label(
        say(
            "models.drift_over",
            count=drift.rows,
            since=desk.when(drift.since),
            until=desk.when(drift.until),
        )
    ).classes("ar-soft")
    for column in drift.columns[:COLUMNS_SHOWN]:
        with ui.row().classes("w-full items-center gap-3 no-wrap"):
            state_chip(say(f"models.psi.{column.standing}"), _DRIFT[column.standing])
            ui.label(f"{column.psi:.3f}").classes("risk-num risk-share")
            ui.label(column.name).classes("risk-mono")
            ui.label(column.says).classes("ar-soft min-w-0 risk-wrap")


def _scored(desk: Desk, one: Scored) -> None:
    at = desk.when(datetime.fromtimestamp(one.at_ms / 1000, UTC))
    with ui.column().classes("w-full gap-0"):
        with ui.row().classes("items-center gap-3"):
            ui.label(percent(one.score)).classes("risk-num ar-strong")
            ui.label(
                f"{at} · {one.kind} · {money(desk, one.amount, one.currency)} · {short(one.account)}"
            )
        for why in one.why:
            ui.label(f"{why.contribution:+.2f}  {why.words}").classes("risk-mono ar-soft")


def _days(desk: Desk, days: tuple[Day, ...]) -> None:
    say = desk.say
    if not days:
        ui.label(say("models.no_days")).classes("ar-soft")
        return
    rest = [one.asked - one.bad - one.good for one in days]
    series: list[tuple[str, list[int], str]] = [
        (say("models.day_bad"), [one.bad for one in days], "#dc2626"),
        (say("models.day_good"), [one.good for one in days], "#0d9488"),
        (say("models.day_unknown"), rest, "#8a94a0"),
    ]
    options: dict[str, Any] = {
        "animation": False,
        "grid": {"left": 40, "right": 16, "top": 16, "bottom": 56},
        "legend": {"bottom": 0, "textStyle": {"color": "#8a94a0"}},
        "xAxis": {
            "type": "category",
            "data": [f"{one.day:%m-%d}" for one in days],
            "axisLabel": {"color": "#8a94a0"},
        },
        "yAxis": {"type": "value", "axisLabel": {"color": "#8a94a0"}, "splitLine": SPLIT},
        "series": [
            {
                "name": name,
                "type": "bar",
                "stack": "all",
                "data": data,
                "itemStyle": {"color": colour},
            }
            for name, data, colour in series
        ],
    }
    ui.label(say("models.days")).classes("ar-soft")
    ui.echart(options, renderer="svg").classes("w-full risk-small").props(
        f'role="img" aria-label="{say("models.days")}"'
    )


@page("/models/{name}/{version}", title="models.one", right=Right.MODELS_SEE)
async def build(desk: Desk, name: str, version: str) -> None:
    """One version."""
    opened = await desk.services.risk.models.opened(name, version)
    if isinstance(opened, Refused):
        page_head(desk.say("models.one"))
        ui.label(desk.refusal(opened))
        ui.link(desk.say("models.back"), address("/models"))
        return
    await ModelPage(desk, opened).build()
