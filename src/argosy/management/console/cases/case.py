"""One case: what was seen, what happened, who hangs together with whom, and what is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.ctu.cases import Case, CaseReason, CaseState
from argosy.management.console.cases.deciding import Decision, GangDecision
from argosy.management.console.cases.evidence import Evidences, gang_of, similar_of, timeline_of
from argosy.management.console.cases.graph import LinkGraph
from argosy.management.console.cases.keys import Key, Keys
from argosy.management.console.cases.shown import (
    age,
    money,
    party_link,
    percent,
    state_of,
)
from argosy.management.console.cases.taking import take_next
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import (
    ask_reason,
    button,
    facts,
    page_head,
    section,
    state_chip,
)
from argosy.management.risk.cases import Act, Opened
from argosy.management.staff.facts import Right

_LETTERS = {Act.RELEASE: "r", Act.RETURN: "t", Act.FRAUD: "f"}
_KINDS: Final[Mapping[Act, Literal["main", "plain", "danger"]]] = {
    Act.RELEASE: "main",
    Act.RETURN: "plain",
    Act.FRAUD: "danger",
}
_ICONS = {Act.RELEASE: "check", Act.RETURN: "undo", Act.FRAUD: "gpp_bad"}


class CasePage:
    """One case in one window. What is decided elsewhere is seen when the page is shown anew."""

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened
        self._decides = desk.may(Right.CASES_DECIDE)

    @property
    def case(self) -> Case:
        return self._opened.case

    async def build(self) -> None:
        """The whole page."""
        keys = Keys(self._desk, self._keys())
        self._decision = Decision(self._desk, keys, self._again)
        self._gang_decision = GangDecision(self._desk, keys, self._again)
        self._evidence = Evidences(self._desk, self._opened)
        with page_head(self._title(), note=str(self.case.id)):
            keys.button()
        self._top = ui.column().classes("w-full gap-2")
        with ui.element("div").classes("risk-two"):
            with ui.column().classes("w-full gap-4 min-w-0"):
                self._evidence.hits()
                self._steps = ui.column().classes("w-full")
                self._evidence.verdict()
            with ui.column().classes("w-full gap-4 min-w-0"):
                with section(self._desk.say("cases.graph.title")):
                    self._graph = LinkGraph(self._desk)
                    self._graph.build()
                self._gang = ui.column().classes("w-full")
                self._similar = ui.column().classes("w-full")
        self._evidence.histories()
        self._show()
        self._graph.take(await self._desk.services.risk.cases.graph(self.case.id))
        self._graph.choose(f"account {self.case.account}")

    # --- doing -------------------------------------------------------------------------------------

    def decide(self, act: Act) -> None:
        """Ask for the reason of one act."""
        if self._decides and self.case.state is CaseState.OPEN:
            self._decision.ask(self.case, act, two=self._opened.four_eyes)

    async def decide_gang(self) -> None:
        """Ask what to decide of all that hang together."""
        if self._decides and len(self._opened.gang) > 1:
            await self._gang_decision.ask(self._opened.gang)

    async def assign(self) -> None:
        """Take it, or take it for longer."""
        cases, by = self._desk.services.risk.cases, self._desk.member.name
        said = await self._desk.act(
            Right.CASES_DECIDE,
            "cases.claim",
            str(self.case.id),
            lambda: cases.claim(self.case.id, by),
        )
        await self._told(said if isinstance(said, Refused) else self._desk.say("cases.claimed"))

    async def let_go(self) -> None:
        """Give it back to the queue."""
        cases, by = self._desk.services.risk.cases, self._desk.member.name
        said = await self._desk.act(
            Right.CASES_DECIDE,
            "cases.let_go",
            str(self.case.id),
            lambda: cases.let_go(self.case.id, by),
        )
        await self._told(said if isinstance(said, Refused) else self._desk.say("cases.let_go_done"))

    async def remark(self) -> None:
        """Write something down."""
        why = await ask_reason(self._desk, self._desk.say("cases.remark"))
        if why is None:
            return
        cases, by = self._desk.services.risk.cases, self._desk.member.name
        said = await self._desk.act(
            Right.CASES_DECIDE,
            "cases.remark",
            str(self.case.id),
            lambda: cases.remark(self.case.id, by, why),
            reason=why,
        )
        await self._told(said if isinstance(said, Refused) else self._desk.say("cases.remarked"))

    async def uncover(self) -> None:
        """Show addresses and other personal names, for a reason that is kept."""
        why = await ask_reason(self._desk, self._desk.say("cases.uncover"))
        if why is None:
            return
        no = await self._desk.look(Right.CUSTOMERS_REVEAL, f"case {self.case.id}", why)
        if no is not None:
            self._desk.tell(no)
            return
        self._graph.shown = self._evidence.shown = True
        self._graph.draw_again()
        self._evidence.draw_again()

    async def _told(self, outcome: Refused | str) -> None:
        """Show the page anew, and then what came of it: whoever reads that finds the page as it is."""
        await self._again()
        with self._top:
            self._desk.tell(outcome)

    async def _again(self) -> None:
        opened = await self._desk.services.risk.cases.opened(self.case.id)
        if isinstance(opened, Refused):
            self._desk.tell(opened)
            return
        self._opened = opened
        self._show()

    # --- showing -----------------------------------------------------------------------------------

    def _title(self) -> str:
        case = self.case
        amount = money(self._desk, case.money.minor, case.money.currency)
        return self._desk.say(f"cases.cause.{case.cause.value}") + " · " + amount

    def _keys(self) -> list[Key]:
        keys = [Key("b", "cases.keys.back", lambda: ui.navigate.to(address("/cases")))]
        if self._decides:
            keys += [
                Key("a", "cases.keys.assign", self.assign),
                Key("u", "cases.keys.let_go", self.let_go),
                *(
                    Key(letter, f"cases.act.{act.value}", partial(self.decide, act))
                    for act, letter in _LETTERS.items()
                ),
                Key("g", "cases.keys.gang", self.decide_gang),
                Key("c", "cases.keys.remark", self.remark),
                Key("n", "cases.keys.take_next", lambda: take_next(self._desk)),
            ]
        return keys

    def _show(self) -> None:
        for place, what in (
            (self._top, self._head),
            (self._steps, lambda: timeline_of(self._desk, self._opened)),
            (self._gang, lambda: gang_of(self._desk, self._opened, self.decide_gang)),
            (self._similar, lambda: similar_of(self._desk, self._opened)),
        ):
            place.clear()
            with place:
                what()

    def _head(self) -> None:
        self._banner()
        desk, case, now = self._desk, self.case, self._desk.services.clock.now()
        say = desk.say
        with ui.row().classes("items-center gap-2"):
            state_chip(*state_of(desk, case, now))
            if case.state is CaseState.OPEN and self._decides:
                self._buttons(case)
            if desk.may(Right.CUSTOMERS_REVEAL):
                button(say("cases.uncover"), self.uncover, icon="visibility")
        with ui.element("div").classes("w-full grid grid-cols-4 gap-3"):
            self._fact("cases.column.at_risk", money(desk, case.at_risk_minor, case.money.currency))
            self._fact("cases.column.chance", percent(case.probability))
            self._fact("cases.column.kind", f"{case.kind} · {case.market}")
            self._fact("cases.column.age", age(desk, case.opened_at, now))
            with ui.column().classes("gap-0"):
                ui.label(say("cases.column.account")).classes("ar-soft text-xs")
                party_link(case.account)
            with ui.column().classes("gap-0"):
                ui.label(say("cases.column.payee")).classes("ar-soft text-xs")
                party_link(case.payee)
            if case.order is not None:
                with ui.column().classes("gap-0"):
                    ui.label(say("cases.order")).classes("ar-soft text-xs")
                    to = address("/money/orders/{order}", order=case.order)
                    ui.link(f"…{str(case.order)[-8:]}", to).classes("risk-mono")
            if case.decided_by:
                told = f"{case.decided_by}, {desk.when(case.decided_at or now)}"
                self._fact("cases.decided_by", told)
        if case.decided_why:
            facts([(say("cases.reason"), case.decided_why)])

    def _fact(self, label: str, value: str) -> None:
        with ui.column().classes("gap-0"):
            ui.label(self._desk.say(label)).classes("ar-soft text-xs")
            ui.label(value).classes("risk-figure")

    def _buttons(self, case: Case) -> None:
        say = self._desk.say
        mine = case.claimed_by == self._desk.member.name
        if mine:
            self._button(say("cases.let_go"), "u", "person_remove", self.let_go)
        else:
            self._button(say("cases.assign"), "a", "person_add", self.assign)
        for act, letter in _LETTERS.items():
            told, doing = say(f"cases.act.{act.value}"), partial(self.decide, act)
            self._button(told, letter, _ICONS[act], doing, _KINDS[act])
        self._button(say("cases.remark"), "c", "edit_note", self.remark)

    def _button(
        self,
        text: str,
        letter: str,
        icon: str,
        doing: Callable[[], Any],
        kind: Literal["main", "plain", "danger"] = "plain",
    ) -> None:
        with button(text, doing, icon=icon, kind=kind):
            ui.label(letter).classes("risk-key q-ml-sm").props("aria-hidden=true")

    def _banner(self) -> None:
        case, say = self.case, self._desk.say
        if case.state is not CaseState.OPEN:
            return
        first = case.proposal
        if first is not None:
            act = Act.RELEASE if first.decision is CaseState.RELEASED else Act.FRAUD
            if first.decision is CaseState.RETURNED and first.bad is False:
                act = Act.RETURN
            own = first.by == self._desk.member.name
            with ui.row().classes("risk-banner ar-chip-info"):
                ui.icon("groups")
                ui.label(
                    say(
                        "cases.first_said",
                        by=first.by,
                        act=say(f"cases.act.{act.value}"),
                        why=first.why,
                    )
                ).classes("grow")
                if own:
                    ui.label(say("cases.another_confirms"))
                elif self._decides:
                    button(say("cases.confirm"), partial(self.decide, act), kind="main")
        elif self._opened.four_eyes:
            with ui.row().classes("risk-banner ar-chip-warn"):
                ui.icon("groups")
                ui.label(say("cases.two_people"))


@page("/cases/{case}", title="cases.one", right=Right.CASES_SEE)
async def build(desk: Desk, case: str) -> None:
    """One case."""
    case_id: UUID | None = parse_id(case)
    opened = (
        Refused(CaseReason.CASE_NOT_FOUND)
        if case_id is None
        else await desk.services.risk.cases.opened(case_id)
    )
    if isinstance(opened, Refused):
        page_head(desk.say("cases.one"))
        ui.label(desk.refusal(opened))
        ui.link(desk.say("cases.keys.back"), address("/cases"))
        return
    await CasePage(desk, opened).build()
