"""The versions of a rule with what differs between two, what was published of it; and all sets by date."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.ctu.rules.publishing import Waiting
from argosy.ctu.rules.versions import STARTER_AUTHOR, Change, Member
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.rules.listed import rule_address, state_text
from argosy.management.console.widgets import ask_reason, button, page_head, section
from argosy.management.risk.rules import RuleOpened, SetRow
from argosy.management.staff.facts import Right

CHANGES_SHOWN = 30
SETS_AT_ONCE = 20


class Versions:
    """Shown beside the editor."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._place = ui.column().classes("w-full gap-4")

    async def show(self, opened: RuleOpened) -> None:
        """The versions of `opened`, the two newest beside each other, and its history."""
        say = self._desk.say
        self._name = opened.name
        self._place.clear()
        with self._place:
            with section(say("rules.versions")):
                for version in reversed(opened.versions[-CHANGES_SHOWN:]):
                    installed = version.written_by == STARTER_AUTHOR
                    by = say("rules.installed") if installed else version.written_by
                    at = "" if installed else self._desk.when(version.written_at)
                    ui.label(f"{version.number} · {by} · {at} {version.why}").classes("risk-wrap")
                if len(opened.versions) > 1:
                    await self._differences(opened)
            if opened.changes:
                with section(say("rules.history")):
                    for change in opened.changes[:CHANGES_SHOWN]:
                        change_line(self._desk, change)

    async def _differences(self, opened: RuleOpened) -> None:
        numbers = [version.number for version in opened.versions]
        say = self._desk.say
        with ui.row().classes("ar-row"):
            one = ui.select(
                numbers, value=numbers[-2], label=say("rules.from"), on_change=self._chosen
            )
            other = ui.select(
                numbers, value=numbers[-1], label=say("rules.to"), on_change=self._chosen
            )
            for field in (one, other):
                field.props("dense outlined").style("width:110px")
        self._one, self._other = one, other
        self._lines = ui.element("div").classes("risk-diff")
        await self._chosen()

    async def _chosen(self) -> None:
        rules = self._desk.services.risk.rules
        found = await rules.difference(self._name, int(self._one.value), int(self._other.value))
        self._lines.clear()
        with self._lines:
            if isinstance(found, Refused):
                ui.label(self._desk.refusal(found))
            elif not found:
                ui.label(self._desk.say("rules.same"))
            else:
                for line in found:
                    look = {"+": "risk-added", "-": "risk-gone"}.get(line[:1], "ar-soft")
                    ui.label(line or " ").classes(look)


def change_line(desk: Desk, change: Change, *, named: bool = False) -> None:
    """One change of a set, in a line."""
    say = desk.say
    at = "" if change.at is None else desk.when(change.at)
    with ui.row().classes("w-full gap-2 items-baseline"):
        if named:
            ui.link(change.name, rule_address(change.name)).classes("risk-mono")
        else:
            ui.label(f"{at} · {say('rules.set', number=change.set)}").classes("risk-figure ar-soft")
        ui.label(f"{_stood(desk, change.before)} → {_stood(desk, change.after)}")
        if not named:
            ui.label(f"{change.by}: {change.why}").classes("risk-wrap ar-soft")


def _stood(desk: Desk, member: Member | None) -> str:
    if member is None:
        return "–"
    number = desk.say("rules.version", number=member.number)
    return f"{number} {state_text(desk, member.state, member.percent)}"


class SetList:
    """All dated sets, the newest first."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._after: int | None = None

    async def build(self) -> None:
        """The list and its button for more."""
        self._place = ui.column().classes("w-full gap-3")
        self._more = ui.button(
            self._desk.say("rules.older"), on_click=self._next, color=None
        ).props("flat no-caps color=primary")
        await self._next()

    async def _next(self) -> None:
        found = await self._desk.services.risk.rules.sets(self._after, SETS_AT_ONCE)
        first = self._after is None
        self._after = found.after
        with self._place:
            for n, row in enumerate(found.rows):
                self._set(row, newest=first and n == 0)
            if first and not found.rows:
                ui.label(self._desk.say("rules.no_sets")).classes("ar-empty")
        self._more.set_visibility(found.after is not None)

    def _set(self, row: SetRow, *, newest: bool) -> None:
        say, version = self._desk.say, row.version
        at = "" if version.at is None else self._desk.when(version.at)
        with section():
            with ui.row().classes("w-full items-center gap-3"):
                ui.label(say("rules.set", number=version.number)).classes("ar-strong")
                ui.label(f"{at} · {version.published_by}: {version.why}").classes("grow risk-wrap")
                if newest:
                    ui.label(say("rules.of_today")).classes("ar-chip ar-chip-good")
                elif self._desk.may(Right.RULES_PUBLISH):
                    number = version.number
                    button(say("rules.bring_back"), lambda: self._back(number), icon="restore")
            for change in row.changes[:CHANGES_SHOWN]:
                change_line(self._desk, change, named=True)
            if len(row.changes) > CHANGES_SHOWN:
                ui.label(say("rules.and_more", count=len(row.changes) - CHANGES_SHOWN))

    async def _back(self, number: int) -> None:
        say, rules = self._desk.say, self._desk.services.risk.rules
        why = await ask_reason(
            self._desk,
            say("rules.bring_back_set", number=number),
            text=say("rules.bring_back_note"),
        )
        if why is None:
            return
        by = self._desk.member.name

        async def gone_back() -> Any:
            return await rules.back_to(number, by, why)

        said = await self._desk.act(
            Right.RULES_PUBLISH, "rules.back", str(number), gone_back, reason=why
        )
        if isinstance(said, Refused):
            self._desk.tell(said)
        elif isinstance(said, Waiting):
            self._desk.tell(say("rules.back_waits"))
        else:
            self._desk.tell(say("rules.in_force", set=said.number))
            ui.navigate.to(address("/rule-sets"))


@page("/rule-sets", title="rules.sets", right=Right.RULES_SEE)
async def build(desk: Desk) -> None:
    """All sets by date."""
    with page_head(desk.say("rules.sets"), note=desk.say("rules.sets_note")):
        ui.link(desk.say("rules.back"), address("/rules"))
    await SetList(desk).build()
