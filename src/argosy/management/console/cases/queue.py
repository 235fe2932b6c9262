"""The queue: most money at risk first, and what has waited long."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments, ValueChangeEventArguments

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.ctu.cases import Case
from argosy.management.console.cases.keys import Key, Keys
from argosy.management.console.cases.shown import (
    age,
    case_address,
    money,
    percent,
    short,
    state_of,
)
from argosy.management.console.cases.taking import take_next
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import button, page_head
from argosy.management.risk.cases import Tray, is_claimed, why_here
from argosy.management.staff.facts import Right

_BODY = """
<q-tr :props="props" tabindex="0" :aria-label="props.row.name" :class="props.row.mine ? 'risk-here' : ''"
      @click="() => $parent.$emit('choose', props.row.id)"
      @focus="() => $parent.$emit('at', props.row.id)">
  <q-td v-for="col in props.cols" :key="col.name" :props="props"
        :class="col.align === 'right' ? 'ar-number' : ''">
    <span v-if="col.name === 'state'" :class="'ar-chip ar-chip-' + props.row.tone">{{ col.value }}</span>
    <span v-else-if="col.name === 'payee' || col.name === 'account'" class="ar-mono">{{ col.value }}</span>
    <template v-else>{{ col.value }}</template>
  </q-td>
</q-tr>
"""
_FOCUS = "setTimeout(() => document.querySelectorAll('.ar-table tr[tabindex]')[%d]?.focus(), 30)"
_COLUMNS = (
    ("at_risk", "right"),
    ("amount", "right"),
    ("chance", "right"),
    ("kind", "left"),
    ("why", "left"),
    ("account", "left"),
    ("payee", "left"),
    ("market", "left"),
    ("age", "right"),
    ("state", "left"),
)


class Queue:
    """The list with one row that is current; it knows no more rows than it shows."""

    def __init__(self, desk: Desk, tray: Tray) -> None:
        self._desk = desk
        self._tray = tray
        self._cases: list[Case] = []
        self._after: UUID | None = None
        self._at = 0

    def build(self) -> None:
        """The table with its button for more."""
        say = self._desk.say
        columns: list[dict[str, Any]] = [
            {"name": name, "field": name, "label": say(f"cases.column.{name}"), "align": align}
            for name, align in _COLUMNS
        ]
        self._table = ui.table(rows=[], columns=columns, row_key="id").classes("ar-table")
        self._table.props(
            f'flat hide-bottom :pagination="{{rowsPerPage: 0}}" aria-label="{say("cases.title")}"'
        )
        self._table.add_slot("body", _BODY)
        self._table.on("choose", self._clicked)
        self._table.on("at", self._looked_at)
        self._empty = ui.label(say("cases.empty")).classes("ar-empty")
        self._more = ui.button(say("cases.more"), on_click=self.more, color=None).props(
            "flat no-caps color=primary"
        )

    async def load(self, tray: Tray | None = None) -> None:
        """The first page, from the beginning."""
        self._tray = tray or self._tray
        self._cases, self._after, self._at = [], None, 0
        await self.more()

    async def more(self) -> None:
        """One page more."""
        found = await self._desk.services.risk.cases.queue(
            self._desk.member.name, self._tray, after=self._after
        )
        self._cases += found.cases
        self._after = found.after
        self._show()

    @property
    def current(self) -> Case | None:
        return self._cases[self._at] if self._cases else None

    async def assign(self) -> None:
        """Take the current case."""
        case = self.current
        if case is None:
            return
        cases, by = self._desk.services.risk.cases, self._desk.member.name
        said = await self._desk.act(
            Right.CASES_DECIDE, "cases.claim", str(case.id), lambda: cases.claim(case.id, by)
        )
        self._desk.tell(said if isinstance(said, Refused) else self._desk.say("cases.claimed"))
        if not isinstance(said, Refused):
            self._cases[self._at] = said
            self._show()
            ui.run_javascript(_FOCUS % self._at)

    def _clicked(self, event: GenericEventArguments) -> None:
        found = parse_id(str(event.args))
        if found is not None:
            ui.navigate.to(case_address(found))

    def _looked_at(self, event: GenericEventArguments) -> None:
        found = str(event.args)
        self._at = next(
            (n for n, case in enumerate(self._cases) if str(case.id) == found), self._at
        )

    def _show(self) -> None:
        now = self._desk.services.clock.now()
        self._table.rows = [self._row(case, now) for case in self._cases]
        self._table.update()
        self._empty.set_visibility(not self._cases)
        self._more.set_visibility(self._after is not None)

    def _row(self, case: Case, now: Any) -> dict[str, Any]:
        desk = self._desk
        state, tone = state_of(desk, case, now)
        amount = money(desk, case.money.minor, case.money.currency)
        return {
            "id": str(case.id),
            "name": f"{desk.say(f'cases.cause.{case.cause.value}')} {amount}",
            "mine": case.claimed_by == desk.member.name and is_claimed(case, now),
            "at_risk": money(desk, case.at_risk_minor, case.money.currency),
            "amount": amount,
            "chance": percent(case.probability),
            "kind": case.kind,
            "why": why_here(case),
            "account": short(case.account),
            "payee": "–" if case.payee is None else short(case.payee),
            "market": case.market,
            "age": age(desk, case.opened_at, now),
            "state": state,
            "tone": tone,
        }


@page("/cases", title="cases.title", right=Right.CASES_SEE, menu="menu.risk", order=10)
async def build(desk: Desk) -> None:
    """The queue of cases."""
    say = desk.say
    queue = Queue(desk, Tray.ALL)
    decides = desk.may(Right.CASES_DECIDE)

    async def chosen(event: ValueChangeEventArguments[Any]) -> None:
        await queue.load(Tray(event.value))

    keys = []
    if decides:
        keys = [
            Key("a", "cases.keys.assign", queue.assign),
            Key("n", "cases.keys.take_next", lambda: take_next(desk)),
        ]
    with page_head(say("cases.title"), note=say("cases.note")):
        if decides:
            button(say("cases.take_next"), lambda: take_next(desk), icon="play_arrow", kind="main")
        Keys(desk, keys).button()
    trays = {tray.value: say(f"cases.tray.{tray.value}") for tray in Tray}
    ui.toggle(trays, value=Tray.ALL.value, on_change=chosen).props(
        f'dense unelevated no-caps aria-label="{say("cases.trays")}"'
    )
    queue.build()
    await queue.load()
