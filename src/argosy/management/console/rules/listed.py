"""All rules: which are in force, how far, and how often they hit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from argosy.ctu.rules.versions import State
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    button,
    page_head,
)
from argosy.management.risk.rules import RuleRow
from argosy.management.staff.facts import Right

TONES: Final[Mapping[State, Tone]] = {
    State.LIVE: "good",
    State.PERCENT: "info",
    State.SHADOW: "info",
    State.DRAFT: "quiet",
    State.WITHDRAWN: "warn",
}
_COLUMNS = (
    Column("name", "rules.column.name", "mono"),
    Column("reason", "rules.column.reason", wrap=True),
    Column("action", "rules.column.action"),
    Column("state", "rules.column.state", "state"),
    Column("hits", "rules.column.hits", "number"),
    Column("watched", "rules.column.watched", "number"),
    Column("unevaluated", "rules.column.unevaluated", "number"),
    Column("version", "rules.column.version"),
)


def rule_address(name: str) -> str:
    """The page of one rule."""
    return address("/rules/{name}", name=name)


def state_text(desk: Desk, state: State, percent: float) -> str:
    """How far a rule has come, in words."""
    said = desk.say(f"rules.state.{state.value}")
    return f"{said} {percent:g} %" if state is State.PERCENT else said


def action_text(desk: Desk, action: str, challenge: str) -> str:
    """What a rule asks for, in words."""
    said = desk.say(f"rules.action.{action}")
    return f"{said}: {challenge}" if challenge else said


class RuleList:
    """The table with what it is narrowed by."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._family = ""
        self._state = ""
        self._text = ""

    async def build(self) -> None:
        """The filters and the table."""
        say = self._desk.say
        families = await self._desk.services.risk.rules.families()
        every = {"": say("rules.all_families"), **{name: name for name in families}}
        states = {
            "": say("rules.all_states"),
            **{state.value: say(f"rules.state.{state.value}") for state in State},
        }
        with ui.row().classes("ar-row"):
            self._find = (
                ui.input(say("rules.find"), on_change=self._narrowed)
                .props("dense outlined debounce=300 clearable maxlength=80")
                .style("width:280px")
            )
            self._of = self._choice(every, say("rules.family"))
            self._in = self._choice(states, say("rules.column.state"))
        self._table: CursorTable[str] = CursorTable(
            self._desk,
            _COLUMNS,
            self._fetch,
            name=say("rules.title"),
            on_row=lambda row: ui.navigate.to(rule_address(str(row["id"]))),
        )
        await self._table.load()

    def _choice(self, options: dict[str, str], label: str) -> ui.select:
        made = ui.select(options, value="", label=label, on_change=self._narrowed)
        return made.props("dense outlined").style("width:190px")

    async def _narrowed(self) -> None:
        await self._table.load()

    async def _fetch(self, after: str | None) -> Slice[str]:
        state = str(self._in.value or "")
        found = await self._desk.services.risk.rules.listed(
            family=str(self._of.value or ""),
            state=State(state) if state else None,
            text=str(self._find.value or ""),
            after=after or "",
        )
        return Slice([self._row(row) for row in found.rows], found.after)

    def _row(self, row: RuleRow) -> dict[str, Any]:
        say = self._desk.say
        version = str(row.number)
        if row.draft is not None:
            version += " · " + say("rules.draft_waits", number=row.draft)
        return {
            "id": row.name,
            "name": row.name,
            "reason": row.rule.reason,
            "action": action_text(self._desk, row.rule.action.value, row.rule.challenge),
            "state": row.state.value,
            "state_text": state_text(self._desk, row.state, row.percent),
            "state_tone": TONES[row.state],
            "hits": f"{row.hits.counted:,}",
            "watched": f"{row.hits.watched:,}",
            "unevaluated": f"{row.hits.unevaluated:,}",
            "version": version,
        }


@page("/rules", title="rules.title", right=Right.RULES_SEE, menu="menu.risk", order=20)
async def build(desk: Desk) -> None:
    """The rules."""
    say = desk.say
    with page_head(say("rules.title"), note=say("rules.note")):
        button(say("rules.sets"), lambda: ui.navigate.to(address("/rule-sets")), icon="history")
        if desk.may(Right.RULES_EDIT):
            button(
                say("rules.new"),
                lambda: ui.navigate.to(rule_address("new")),
                icon="add",
                kind="main",
            )
    await RuleList(desk).build()
