"""One rule: written with help, tried on the past, published by two people, withdrawn by one."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.ctu.rules.declared import FAMILIES
from argosy.ctu.rules.versions import STARTER_AUTHOR, State
from argosy.management.approvals.facts import Proposal
from argosy.management.approvals.facts import State as Standing
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.rules.editor import Editor
from argosy.management.console.rules.listed import TONES, rule_address, state_text
from argosy.management.console.rules.past import PastTrial
from argosy.management.console.rules.versions import Versions
from argosy.management.console.widgets import (
    ask_reason,
    button,
    page_head,
    section,
    state_chip,
)
from argosy.management.risk.handlers import RULE_PUBLISH, rule_body
from argosy.management.risk.rules import RuleOpened
from argosy.management.staff.facts import Right


class RulePage:
    """One rule in one window; `opened` is None while a new one has no version yet."""

    def __init__(self, desk: Desk, name: str, opened: RuleOpened | None) -> None:
        self._desk = desk
        self._name = name
        self._opened = opened

    async def build(self) -> None:
        """The whole page."""
        say, rules = self._desk.say, self._desk.services.risk.rules
        with page_head(self._name or say("rules.new"), note=say("rules.one_note")):
            ui.link(say("rules.back"), address("/rules"))
        self._top = ui.column().classes("w-full gap-2")
        self._waiting = ui.column().classes("w-full gap-2")
        edits = self._desk.may(Right.RULES_EDIT)
        text = (
            rules.blank(say("rules.new_reason"))
            if self._opened is None
            else self._opened.newest.text
        )
        self._editor = Editor(self._desk, self._name, text, await rules.writing(), writes=edits)
        with ui.element("div").classes("risk-wide"):
            with ui.column().classes("w-full gap-4 min-w-0"):
                with section(say("rules.text")):
                    if self._opened is None:
                        self._name_field()
                    self._editor.build()
                    if edits:
                        with ui.row().classes("ar-row"):
                            button(say("rules.keep"), self._keep, icon="save", kind="main")
                            ui.label(say("rules.keep_note")).classes("ar-soft")
                with section(say("rules.past.title")):
                    PastTrial(self._desk, lambda: self._name, lambda: self._editor.text).build()
            with ui.column().classes("w-full gap-4 min-w-0"):
                self._editor.build_findings()
                self._versions = Versions(self._desk)
                self._editor.build_names()
        await self._show()

    # --- writing -----------------------------------------------------------------------------------

    def _name_field(self) -> None:
        say = self._desk.say

        def named() -> None:
            word = str(field.value or "").strip()
            self._name = f"{family.value}.{word}" if word else ""
            self._editor.rename(self._name)

        with ui.row().classes("ar-row"):
            family = ui.select(
                list(FAMILIES), value=FAMILIES[1], label=say("rules.family"), on_change=named
            )
            family.props("dense outlined").style("width:160px")
            field = ui.input(say("rules.name"), on_change=named)
            field.props('dense outlined maxlength=60 hint="a-z, 0-9, _"').style("width:280px")

    async def _keep(self) -> None:
        say, rules = self._desk.say, self._desk.services.risk.rules
        if not self._name:
            self._desk.tell(say("rules.name_missing"))
            return
        name, text, by = self._name, self._editor.text, self._desk.member.name
        why = await ask_reason(self._desk, say("rules.keep"), text=say("rules.keep_note"))
        if why is None:
            return
        said = await self._desk.act(
            Right.RULES_EDIT,
            "rules.draft",
            name,
            lambda: rules.draft(name, text, by, why),
            reason=why,
        )
        if isinstance(said, Refused):
            self._desk.tell(said)
            return
        self._desk.tell(say("rules.kept", number=said.number))
        if self._opened is None:
            ui.navigate.to(rule_address(name))
        else:
            await self._again()

    # --- publishing --------------------------------------------------------------------------------

    async def _shadow(self, number: int) -> None:
        say, rules = self._desk.say, self._desk.services.risk.rules
        why = await ask_reason(
            self._desk, say("rules.to_shadow", number=number), text=say("rules.shadow_note")
        )
        if why is None:
            return
        name, by = self._name, self._desk.member.name
        said = await self._desk.act(
            Right.RULES_EDIT,
            "rules.shadow",
            name,
            lambda: rules.publish(name, number, State.SHADOW, by, why),
            reason=why,
            detail={"number": number},
        )
        await self._told(
            said if isinstance(said, Refused) else say("rules.in_force", set=said.number)
        )

    async def _propose(self, number: int, state: State, percent: float) -> None:
        say, services = self._desk.say, self._desk.services
        title = say(
            "rules.propose_for", number=number, state=state_text(self._desk, state, percent)
        )
        why = await ask_reason(self._desk, title, text=say("rules.propose_note"))
        if why is None:
            return
        name, member = self._name, self._desk.member
        body = rule_body(name, number, state, percent)

        async def proposed() -> Proposal | Refused:
            return await services.approvals.propose(
                member, RULE_PUBLISH, name, body, why,
                right=Right.RULES_PUBLISH, proposer=Right.RULES_EDIT,
            )  # fmt: skip

        said = await self._desk.act(
            Right.RULES_EDIT, f"propose.{RULE_PUBLISH}", name, proposed, reason=why, detail=body
        )
        await self._told(said if isinstance(said, Refused) else say("rules.proposed"))

    async def _withdraw(self) -> None:
        say, rules = self._desk.say, self._desk.services.risk.rules
        why = await ask_reason(
            self._desk, say("rules.withdraw"), text=say("rules.withdraw_note"), danger=True
        )
        if why is None:
            return
        name, by = self._name, self._desk.member.name
        said = await self._desk.act(
            Right.RULES_PUBLISH,
            "rules.withdraw",
            name,
            lambda: rules.withdraw(name, by, why),
            reason=why,
        )
        await self._told(
            said if isinstance(said, Refused) else say("rules.withdrawn", set=said.number)
        )

    async def _decide(self, proposal: Proposal, *, yes: bool) -> None:
        say, approvals = self._desk.say, self._desk.services.approvals
        title = say("rules.approve" if yes else "rules.decline")
        why = await ask_reason(self._desk, title, text=proposal.reason, danger=not yes)
        if why is None:
            return
        word = "approve" if yes else "decline"
        said = await self._desk.act(
            Right.RULES_PUBLISH,
            f"{word}.{RULE_PUBLISH}",
            self._name,
            lambda: approvals.decide(self._desk.member, proposal.id, yes, why),
            reason=why,
            detail={"proposal": str(proposal.id)},
        )
        if isinstance(said, Refused):
            await self._told(said)
        else:
            await self._told(
                say("rules.in_force", set=said["set"]) if yes else say("rules.declined")
            )

    # --- showing -----------------------------------------------------------------------------------

    async def _told(self, outcome: Refused | str) -> None:
        """Show the page anew, and then what came of it: whoever reads that finds the page as it is."""
        await self._again()
        with self._top:
            self._desk.tell(outcome)

    async def _again(self) -> None:
        opened = await self._desk.services.risk.rules.opened(self._name)
        if not isinstance(opened, Refused):
            self._opened = opened
        await self._show()

    async def _show(self) -> None:
        opened = self._opened
        if opened is None:
            return
        found = await self._desk.services.approvals.listed(Standing.WAITING, subject=opened.name)
        self._top.clear()
        with self._top:
            self._head(opened)
        self._waiting.clear()
        with self._waiting:
            for proposal in found.proposals:
                if proposal.kind == RULE_PUBLISH:
                    self._proposal(proposal)
        await self._versions.show(opened)

    def _head(self, opened: RuleOpened) -> None:
        say, member, newest = self._desk.say, opened.member, opened.newest
        state = State.DRAFT if member is None else member.state
        if member is None and opened.changes:
            state = State.WITHDRAWN
        with ui.row().classes("ar-row"):
            percent = 0.0 if member is None else member.percent
            state_chip(state_text(self._desk, state, percent), TONES[state])
            if member is not None:
                ui.label(say("rules.version_in_force", number=member.number, set=opened.set))
            ui.label(
                say("rules.hits_today", hits=opened.hits.counted, watched=opened.hits.watched)
            ).classes("ar-soft")
            if newest.written_by != STARTER_AUTHOR:
                ui.label(
                    say("rules.written_by", number=newest.number, by=newest.written_by)
                ).classes("ar-soft")
        with ui.row().classes("ar-row"):
            if self._desk.may(Right.RULES_EDIT):
                self._steps(opened)
            if member is not None and self._desk.may(Right.RULES_PUBLISH):
                button(say("rules.withdraw"), self._withdraw, icon="block", kind="danger")

    def _steps(self, opened: RuleOpened) -> None:
        say, number, member = self._desk.say, opened.newest.number, opened.member
        there = member is not None and member.number == number
        state = member.state if member is not None and there else State.DRAFT
        if state is State.DRAFT:
            button(
                say("rules.to_shadow", number=number),
                lambda: self._shadow(number),
                icon="visibility",
            )
        if state is not State.LIVE:
            percent = (
                ui.number(say("rules.percent"), value=10, min=1, max=99, step=1)
                .props("dense outlined suffix=%")
                .style("width:130px")
            )
            button(
                say("rules.propose_percent", number=number),
                lambda: self._propose(number, State.PERCENT, float(percent.value or 0)),
                icon="groups",
            )
            button(
                say("rules.propose_live", number=number),
                lambda: self._propose(number, State.LIVE, 100.0),
                icon="groups",
            )

    def _proposal(self, proposal: Proposal) -> None:
        say, body = self._desk.say, proposal.body
        own = proposal.by_id == self._desk.member.id
        state = state_text(self._desk, State(str(body["state"])), float(body["percent"]))
        with ui.element("div").classes("risk-banner ar-chip-info"):
            ui.icon("groups")
            told = say("rules.waits", by=proposal.by, number=body["number"], state=state)
            ui.label(f"{told} {proposal.reason}").classes("grow")
            if own:
                ui.label(say("rules.another_decides"))
            elif self._desk.may(Right.RULES_PUBLISH):
                button(say("rules.approve"), lambda: self._decide(proposal, yes=True), kind="main")
                button(
                    say("rules.decline"), lambda: self._decide(proposal, yes=False), kind="danger"
                )


@page("/rules/{name}", title="rules.one", right=Right.RULES_SEE)
async def build(desk: Desk, name: str) -> None:
    """One rule, or a new one."""
    opened: Any = None
    if name == "new" and desk.may(Right.RULES_EDIT):
        name = ""
    else:
        opened = await desk.services.risk.rules.opened(name)
    if isinstance(opened, Refused):
        page_head(desk.say("rules.one"))
        ui.label(desk.refusal(opened))
        ui.link(desk.say("rules.back"), address("/rules"))
        return
    await RulePage(desk, name, opened).build()
