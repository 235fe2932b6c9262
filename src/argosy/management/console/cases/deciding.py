"""The dialogs in which a case, or a whole gang, is decided: always with a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.ctu.cases import Case, CaseState
from argosy.management.console.cases.keys import Keys
from argosy.management.console.cases.shown import money, short
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import button
from argosy.management.risk.cases import SCHEMES, Act
from argosy.management.staff.facts import Right

WHY_CHARS_MAX = 500
Done = Callable[[], Awaitable[None]]


class Decision:
    """Asks for the reason, and for the kind of fraud where it was one; then does it."""

    def __init__(self, desk: Desk, keys: Keys, done: Done) -> None:
        self._desk = desk
        self._done = done
        self._act = Act.RELEASE
        self._case: Case | None = None
        say = desk.say
        with ui.dialog() as self._dialog, ui.card().classes("ar-dialog"):
            self._title = ui.label().classes("ar-h2 font-semibold")
            self._note = ui.label().classes("ar-soft")
            self._scheme = _scheme(desk)
            self._why = _reason(desk)
            with ui.row().classes("w-full justify-end"):
                ui.button(say("cases.cancel"), on_click=self._dialog.close, color=None).props(
                    "flat no-caps color=primary"
                )
                self._button = button(say("cases.decide"), self._decide, kind="main")
            self._why.on("keydown.ctrl.enter", self._decide)
        keys.holds(self._dialog)

    def ask(self, case: Case, act: Act, *, two: bool) -> None:
        """Open the dialog for one act on one case."""
        say, first = self._desk.say, case.proposal
        self._case, self._act = case, act
        self._title.text = say(f"cases.act.{act.value}")
        second = first is not None and first.by != self._desk.member.name
        note = "second" if second else "first" if two else "one"
        self._note.text = say(f"cases.act_note.{act.value}") + " " + say(f"cases.people.{note}")
        self._scheme.set_visibility(act is Act.FRAUD)
        self._scheme.value = first.scheme if first is not None and first.scheme else None
        self._why.value = ""
        self._dialog.open()
        self._why.run_method("focus")

    async def _decide(self) -> None:
        case, act = self._case, self._act
        if case is None:
            return
        why, by = str(self._why.value or "").strip(), self._desk.member.name
        scheme = str(self._scheme.value or "") if act is Act.FRAUD else ""
        if not why:
            self._why.props(f'error error-message="{self._desk.say("cases.reason_missing")}"')
            return
        self._why.props(remove="error error-message")
        self._button.disable()
        try:
            cases = self._desk.services.risk.cases
            said = await self._desk.act(
                Right.CASES_DECIDE,
                f"cases.{act.value}",
                str(case.id),
                lambda: cases.decide(case.id, act, by, why, scheme),
                reason=why,
                detail={
                    "amount": case.money.minor,
                    "currency": case.money.currency,
                    "scheme": scheme,
                },
            )
        finally:
            self._button.enable()
        self._dialog.close()
        if isinstance(said, Refused):
            self._desk.tell(said)
        elif said.state is CaseState.OPEN:
            self._desk.tell(self._desk.say("cases.proposed"))
        else:
            self._desk.tell(self._desk.say(f"cases.done.{act.value}"))
        await self._done()


class GangDecision:
    """The open cases that hang together: which of them are meant, what is said of all of them."""

    def __init__(self, desk: Desk, keys: Keys, done: Done) -> None:
        self._desk = desk
        self._done = done
        self._chosen: dict[UUID, ui.checkbox] = {}
        self._gang: Sequence[Case] = ()
        say = desk.say
        with ui.dialog() as self._dialog, ui.card().classes("ar-dialog"):
            ui.label(say("cases.gang.decide")).classes("ar-h2 font-semibold")
            self._list = ui.column().classes("w-full gap-0 risk-tall")
            self._sum = ui.label().classes("risk-num w-full")
            acts = {act.value: say(f"cases.act.{act.value}") for act in (Act.FRAUD, Act.RELEASE)}
            self._act = ui.toggle(acts, value=Act.FRAUD.value, on_change=self._act_chosen).props(
                "dense unelevated no-caps"
            )
            self._scheme = _scheme(desk)
            self._why = _reason(desk)
            with ui.row().classes("w-full justify-end"):
                ui.button(say("cases.cancel"), on_click=self._dialog.close, color=None).props(
                    "flat no-caps color=primary"
                )
                self._button = button(say("cases.gang.do"), self._decide, kind="main")
            self._why.on("keydown.ctrl.enter", self._decide)
        keys.holds(self._dialog)

    async def ask(self, gang: Sequence[Case]) -> None:
        """Open the dialog with all of `gang` chosen."""
        self._gang = gang
        self._list.clear()
        self._chosen = {}
        with self._list:
            for case in gang:
                amount = money(self._desk, case.money.minor, case.money.currency)
                text = f"{amount} · {short(case.account)} → {short(case.payee or '–')}"
                box = ui.checkbox(text, value=True, on_change=self._counted).props("dense")
                self._chosen[case.id] = box
        self._why.value = ""
        await self._counted()
        self._dialog.open()

    def _picked(self) -> list[Case]:
        return [case for case in self._gang if self._chosen[case.id].value]

    def _act_chosen(self) -> None:
        self._scheme.set_visibility(self._act.value == Act.FRAUD.value)

    async def _counted(self) -> None:
        picked = self._picked()
        sums: dict[str, int] = {}
        for case in picked:
            sums[case.money.currency] = sums.get(case.money.currency, 0) + case.money.minor
        told = ", ".join(money(self._desk, minor, currency) for currency, minor in sums.items())
        two = await self._desk.services.risk.cases.asks_two(picked)
        people = self._desk.say(f"cases.people.{'first' if two else 'one'}")
        self._sum.text = (
            self._desk.say("cases.gang.sum", count=len(picked), sum=told) + " " + people
        )
        self._button.set_enabled(bool(picked))

    async def _decide(self) -> None:
        picked, why, by = self._picked(), str(self._why.value or "").strip(), self._desk.member.name
        act = Act(str(self._act.value))
        scheme = str(self._scheme.value or "") if act is Act.FRAUD else ""
        if not why:
            self._why.props(f'error error-message="{self._desk.say("cases.reason_missing")}"')
            return
        self._why.props(remove="error error-message")
        ids = [case.id for case in picked]
        cases = self._desk.services.risk.cases
        said = await self._desk.act(
            Right.CASES_DECIDE,
            "cases.gang",
            str(self._gang[0].id),
            lambda: cases.decide_gang(ids, act, by, why, scheme),
            reason=why,
            detail={"act": act.value, "scheme": scheme, "cases": [str(one) for one in ids]},
        )
        self._dialog.close()
        if isinstance(said, Refused):
            self._desk.tell(said)
        else:
            await self._write_each(said, act, why)
            self._tell(said)
        await self._done()

    async def _write_each(self, said: Mapping[UUID, Case | Refused], act: Act, why: str) -> None:
        """Each case has its own row in the log, as if it had been decided by itself."""
        desk = self._desk
        for case_id, one in said.items():
            outcome = one.code if isinstance(one, Refused) else "done"
            await desk.services.audit.write(
                None, desk.member, f"cases.{act.value}", str(case_id), why,
                {"gang": str(self._gang[0].id)}, outcome, session=desk.session.id,
            )  # fmt: skip

    def _tell(self, said: Mapping[UUID, Case | Refused]) -> None:
        refused = [one for one in said.values() if isinstance(one, Refused)]
        waiting = [
            one
            for one in said.values()
            if not isinstance(one, Refused) and one.state is CaseState.OPEN
        ]
        done = len(said) - len(refused) - len(waiting)
        told = self._desk.say(
            "cases.gang.done", done=done, waiting=len(waiting), refused=len(refused)
        )
        if refused:
            ui.notify(told, type="warning", position="top")
            self._desk.tell(refused[0])
        else:
            self._desk.tell(told)


def _scheme(desk: Desk) -> ui.select:
    options = {scheme: desk.say(f"cases.scheme.{scheme}") for scheme in SCHEMES}
    return (
        ui.select(options, label=desk.say("cases.scheme_of"), clearable=True)
        .classes("w-full")
        .props("dense outlined")
    )


def _reason(desk: Desk) -> ui.textarea:
    return (
        ui.textarea(desk.say("cases.reason"))
        .classes("w-full")
        .props(
            f'dense outlined autogrow maxlength={WHY_CHARS_MAX} hint="{desk.say("cases.reason_hint")}"'
        )
    )
