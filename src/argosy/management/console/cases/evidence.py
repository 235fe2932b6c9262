"""The parts of a case's page that only show: hits, histories, timeline, gang, similar cases, the verdict."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.ctu.cases.facts import Past, Step
from argosy.management.console.cases.shown import (
    case_address,
    masked,
    money,
    percent,
    short,
    state_of,
    value,
)
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address
from argosy.management.console.widgets import Tone, button, section, state_chip
from argosy.management.risk.cases import Opened
from argosy.management.risk.verdicts import Told

HISTORY_SHOWN: Final = 25
STEPS_SHOWN: Final = 60
MISSING_SHOWN: Final = 30
_DECISIONS: Final = ("score", "challenge", "review", "deny")
_ASKS: Final[Mapping[str, Tone]] = {
    "score": "quiet",
    "challenge": "info",
    "review": "warn",
    "deny": "bad",
}
"""What a hit asks for; one that stops nothing only weighs."""
_STEPS: Final = frozenset(
    "opened claimed let_go proposed remark reported released returned label"
    " _bad label_good send pay request top_up withdraw refund claim cash_in cash_out".split()
)
"""Steps that have words; a product's own kind is shown as it is called."""
_EVENT_NAMES: Final = ("device", "network", "phone", "instrument", "session", "channel")


class Evidences:
    """What was read, and what account, device and payee did before. `shown` uncovers personal names."""

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened
        self.shown = False

    def hits(self) -> None:
        """The rules that hit, with the values that they read, and what the event says."""
        with section(self._desk.say("cases.evidence")):
            self._hits = ui.column().classes("w-full gap-2")
        self._show_hits()

    def histories(self) -> None:
        """What account, device and payee did before, in three tabs."""
        say, evidence = self._desk.say, self._opened.evidence
        groups = {
            "account": evidence.account_history,
            "device": evidence.device_history,
            "payee": evidence.payee_history,
        }
        with section(say("cases.before")):
            with ui.tabs().props("dense no-caps align=left") as tabs:
                for name, past in groups.items():
                    ui.tab(name, label=f"{say(f'cases.entity.{name}')} ({len(past)})")
            first = next((name for name, past in groups.items() if past), "account")
            with ui.tab_panels(tabs, value=first).classes("w-full bg-transparent"):
                for name, past in groups.items():
                    with ui.tab_panel(name).classes("q-pa-none"):
                        self._history(past)

    def verdict(self) -> None:
        """The whole verdict, made again when somebody asks for it."""
        say = self._desk.say
        with section(say("cases.verdict")):
            self._verdict = ui.column().classes("w-full gap-2")
            with self._verdict:
                ui.label(say("cases.verdict_note")).classes("ar-soft")
                button(say("cases.explain"), self._explain, icon="balance")

    def draw_again(self) -> None:
        """After names were uncovered."""
        self._show_hits()

    # within

    def _show_hits(self) -> None:
        self._hits.clear()
        say, evidence = self._desk.say, self._opened.evidence
        with self._hits:
            for reason in evidence.case.reasons:
                with ui.column().classes("w-full gap-0"):
                    with ui.row().classes("items-center gap-2"):
                        asked = _decision(reason["decision"])
                        state_chip(say(f"cases.decision.{asked}"), _ASKS[asked])
                        _rule_link(str(reason["rule"]))
                    told = " · ".join(
                        f"{name} = {self._read(name, read)}"
                        for name, read in reason["values"].items()
                    )
                    ui.label(told).classes("risk-mono ar-soft")
            if not evidence.case.reasons:
                ui.label(say("cases.no_hits")).classes("ar-soft")
            for name in evidence.unevaluated:
                ui.label(say("cases.unevaluated", rule=name)).classes("text-warning")
            names = [
                (name, str(evidence.event[name]))
                for name in _EVENT_NAMES
                if evidence.event.get(name)
            ]
            with ui.row().classes("gap-4"):
                for name, key in names:
                    ui.label(
                        f"{say(f'cases.entity.{name}')}: {masked(name, key, self.shown)}"
                    ).classes("risk-mono")
            for label in evidence.labels:
                key = "cases.label_bad" if label["bad"] else "cases.label_good"
                told = say(key, by=label["by"] or label["source"], scheme=label["scheme"])
                ui.label(told).classes("text-negative" if label["bad"] else "text-positive")

    def _read(self, name: str, read: Any) -> str:
        word = name.rpartition(".")[2]
        return masked(word, str(read), self.shown) if isinstance(read, str) else value(read)

    def _history(self, past: Sequence[Past]) -> None:
        say = self._desk.say
        if not past:
            ui.label(say("cases.nothing_before")).classes("ar-soft q-pa-sm")
            return
        names = ("at", "kind", "amount", "account", "payee", "outcome", "found")
        columns: list[dict[str, Any]] = [
            {
                "name": name,
                "field": name,
                "label": say(f"cases.column.{name}"),
                "align": "right" if name == "amount" else "left",
            }
            for name in names
        ]
        rows = [
            {
                "id": f"{n}",
                "at": self._desk.when(one.at),
                "kind": one.kind,
                "amount": "–"
                if one.money is None
                else money(self._desk, one.money.minor, one.money.currency),
                "account": short(one.account),
                "payee": "–" if one.payee is None else short(one.payee),
                "outcome": say(f"cases.outcome.{one.outcome}"),
                "found": {True: say("cases.bad"), False: say("cases.good"), None: ""}[one.bad],
            }
            for n, one in enumerate(past[:HISTORY_SHOWN])
        ]
        ui.table(rows=rows, columns=columns, row_key="id").classes("ar-table").props(
            'flat hide-bottom :pagination="{rowsPerPage: 0}"'
        )

    async def _explain(self) -> None:
        case = self._opened.case
        told = await self._desk.services.risk.verdicts.told(case.verdict or case.event)
        self._verdict.clear()
        with self._verdict:
            if isinstance(told, Refused):
                ui.label(self._desk.refusal(told)).classes("ar-soft")
            else:
                verdict_of(self._desk, told)


def verdict_of(desk: Desk, told: Told) -> None:
    """A verdict with its rules, scores and costs; as one text where somebody wants it."""
    say = desk.say
    with ui.row().classes("items-center gap-2"):
        state_chip(say(f"cases.decision.{told.decision}"), "warn")
        ui.label(say("cases.probability", share=percent(told.probability)))
        state_chip(
            say("cases.same" if told.same else "cases.not_same"), "good" if told.same else "bad"
        )
    for hit in told.hits:
        with ui.row().classes("items-baseline gap-2"):
            _rule_link(hit.rule)
            ui.label(hit.says)
    for score in told.scores:
        said = "–" if score.score is None else percent(score.score)
        with ui.row().classes("items-baseline gap-2"):
            ui.label(score.name).classes("font-semibold")
            ui.label(score.version).classes("risk-mono ar-soft")
            ui.label(said).classes("risk-figure")
        for why in score.why:
            ui.label(f"{why.contribution:+.2f}  {why.words}").classes("risk-mono q-pl-md")
    if told.costs:
        ui.label(say("cases.costs")).classes("font-semibold")
        with ui.element("div").classes("grid gap-2").style("grid-template-columns:auto auto 1fr"):
            for name, cost in told.costs.items():
                ui.label(name)
                ui.label(money(desk, round(cost), told.currency)).classes("risk-num")
                ui.label(say("cases.cheapest") if name == told.chosen else "").classes("ar-soft")
    if told.missing:
        some = ", ".join(told.missing[:MISSING_SHOWN])
        with ui.expansion(say("cases.missing", count=len(told.missing))).props("dense"):
            ui.label(some).classes("risk-mono")
    with ui.expansion(say("cases.as_text")).props("dense").classes("w-full"):
        ui.label(told.text).classes("risk-mono whitespace-pre-wrap w-full")


def timeline_of(desk: Desk, opened: Opened) -> None:
    """What happened around a case, the latest first."""
    steps = list(reversed(opened.timeline))[:STEPS_SHOWN]
    with section(desk.say("cases.timeline")), ui.column().classes("w-full gap-1"):
        for step in steps:
            _step(desk, step)


def _step(desk: Desk, step: Step) -> None:
    say, what = desk.say, step.what.replace(" ", "_")
    with ui.element("div").classes("risk-step"):
        ui.label(desk.when(step.at, seconds=True)).classes("risk-num ar-soft")
        ui.label(say(f"cases.step.{what}") if what in _STEPS else step.what).classes(
            "font-semibold"
        )
        told = " · ".join(
            part for part in (short(step.by), step.why, _facts(desk, step.facts)) if part
        )
        own = step.facts.get("case") == "this one"
        ui.label(f"{say('cases.this_one')} · {told}" if own else told).classes(
            "min-w-0 risk-wrap" + (" font-semibold" if own else "")
        )


def _facts(desk: Desk, told: Mapping[str, Any]) -> str:
    found = []
    if "amount" in told and "currency" in told:
        found.append(money(desk, int(told["amount"]), str(told["currency"])))
    for name in ("outcome", "decision", "payee", "scheme", "rules", "source"):
        if told.get(name):
            said = told[name]
            if name == "decision" and isinstance(said, str):
                said = desk.say(f"cases.decision.{said}")
            elif name == "outcome":
                said = desk.say(f"cases.outcome.{said}")
            elif name == "payee":
                said = f"→ {short(str(said))}"
            found.append(value(said))
    return " · ".join(found)


def gang_of(desk: Desk, opened: Opened, decide: Callable[[], Awaitable[None]]) -> None:
    """The open cases that hang together with this one."""
    say, gang = desk.say, opened.gang
    if len(gang) < 2:
        return
    with section(say("cases.gang.title", count=len(gang))):
        now = desk.services.clock.now()
        for case in gang[:HISTORY_SHOWN]:
            with ui.row().classes("w-full items-center gap-3 no-wrap"):
                amount = money(desk, case.money.minor, case.money.currency)
                ui.link(amount, case_address(case.id)).classes("risk-num risk-amount")
                ui.label(f"{short(case.account)} → {short(case.payee or '–')}").classes(
                    "risk-mono grow"
                )
                state_chip(*state_of(desk, case, now))
        with (
            ui.row(),
            button(say("cases.gang.decide"), decide, icon="groups"),
        ):
            ui.label("g").classes("risk-key q-ml-sm").props("aria-hidden=true")


def similar_of(desk: Desk, opened: Opened) -> None:
    """Cases like this one, decided or not, with what they share."""
    say = desk.say
    with section(say("cases.similar")):
        if not opened.similar:
            ui.label(say("cases.nothing_similar")).classes("ar-soft")
        now = desk.services.clock.now()
        for one in opened.similar:
            with ui.row().classes("w-full items-center gap-3 no-wrap"):
                ui.label(percent(one.likeness)).classes("risk-num risk-share")
                amount = money(desk, one.case.money.minor, one.case.money.currency)
                ui.link(amount, case_address(one.case.id)).classes("risk-num risk-amount")
                state_chip(*state_of(desk, one.case, now))
                ui.label(_shared_by(desk, one.shared)).classes("risk-mono min-w-0 ar-soft")


def _shared_by(desk: Desk, shared: Sequence[str]) -> str:
    """What two cases share; of rules how many."""
    rules = sum(1 for one in shared if one.startswith("rule "))
    found = []
    for one in shared:
        name, _, key = one.partition(" ")
        if name not in ("rule", "kind"):
            found.append(f"{desk.say(f'cases.entity.{name}')} {masked(name, key, False)}")
    if rules:
        found.append(desk.say("cases.rules_shared", count=rules))
    return " · ".join(found)


def _decision(told: Any) -> str:
    return _DECISIONS[told] if isinstance(told, int) else str(told)


def _rule_link(name: str) -> None:
    if name.startswith("policy."):
        ui.label(name).classes("risk-mono font-semibold")
    else:
        ui.link(name, address("/rules/{name}", name=name)).classes("risk-mono font-semibold")
