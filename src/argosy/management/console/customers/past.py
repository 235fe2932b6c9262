"""What happened to a wallet, on its page: orders, verdicts, cases, messages, notes, looks."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

from nicegui import ui

from argosy.base.parties.facts import Party
from argosy.base.refusals import Refused
from argosy.base.wallet.statement import Line
from argosy.management.console.customers.acting import Acting
from argosy.management.console.customers.looking import reason_to_look
from argosy.management.console.customers.shown import (
    DECISIONS,
    MESSAGE_STATES,
    ORDER_STATES,
    case_address,
    order_address,
    word,
)
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    button,
    section,
    state_chip,
)
from argosy.management.customers import Reading
from argosy.management.customers.facts import NOTE_CHARS_MAX, Moment
from argosy.management.customers.reading import PAGE
from argosy.management.customers.timeline import timeline
from argosy.management.staff.facts import Right
from argosy.public_services.notify.notify import Sent


class Past:
    """The parts of one wallet's page that show what happened."""

    def __init__(self, desk: Desk, party: Party, acting: Acting, reading: Reading) -> None:
        self._desk = desk
        self._party = party
        self._acting = acting
        self._reading = reading

    # --- money -------------------------------------------------------------------------------------

    async def orders(self) -> None:
        """The lines of the account with their orders, the newest first."""
        desk, currency = self._desk, self._currency

        async def fetch(cursor: str | None) -> Slice[str]:
            page = await self._reading.history(self._party, cursor)
            if isinstance(page, Refused):
                return Slice([], None)
            return Slice([self._line(line, currency) for line in page.lines], page.next)

        with section(desk.say("customers.tab.orders")):
            await CursorTable(
                desk,
                [
                    Column("at", "customers.column.at"),
                    Column("product", "customers.column.product", "link"),
                    Column("state", "customers.column.state", "state"),
                    Column("moved", "customers.column.moved", "number"),
                    Column("pending", "customers.column.pending", "number"),
                    Column("balance", "customers.column.balance", "number"),
                    Column("order", "customers.column.order", "mono"),
                ],
                fetch,
                name=desk.say("customers.tab.orders"),
            ).load()

    def _line(self, line: Line, currency: str) -> dict[str, object]:
        desk, order = self._desk, line.order
        state = order.state.value if order is not None else ""
        row: dict[str, object] = {
            "id": f"{line.at.isoformat()} {line.transfers[0]}",
            "at": desk.when(line.at, seconds=True),
            "product": word(desk, "product", line.kind),
            "state": state,
            "state_text": desk.say(f"customers.order.{state}") if state else "",
            "state_tone": ORDER_STATES.get(state, "quiet"),
            "moved": self._signed(line.moved_minor, currency),
            "pending": self._signed(line.pending_minor, currency),
            "balance": desk.money(line.balance_minor, currency),
            "order": str(order.id) if order is not None else "",
        }
        to = order_address(order.id) if order is not None else None
        if to is not None:
            row["product_to"] = to
        return row

    def _signed(self, minor: int, currency: str) -> str:
        if minor == 0:
            return ""
        return ("+" if minor > 0 else "") + self._desk.money(minor, currency)

    @property
    def _currency(self) -> str:
        return self._desk.services.markets[self._party.market].currency

    # --- risk --------------------------------------------------------------------------------------

    async def risk(self) -> None:
        """Cases, and the verdicts that were not a plain yes."""
        desk, say = self._desk, self._desk.say

        async def cases(_after: None) -> Slice[None]:
            rows: list[dict[str, object]] = []
            for line in await self._reading.cases(self._party.id):
                row: dict[str, object] = {
                    "id": line.id,
                    "at": desk.when(line.opened_at),
                    "product": word(desk, "product", line.kind),
                    "side": say(f"customers.side.{line.side}"),
                    "amount": desk.money(line.amount_minor, line.currency),
                    "state": line.state,
                    "state_text": say(f"customers.case.{line.state}"),
                    "state_tone": {"open": "warn", "released": "good"}.get(line.state, "bad"),
                    "by": line.decided_by or "",
                }
                to = case_address(line.id)
                if to is not None:
                    row["at_to"] = to
                rows.append(row)
            return Slice(rows, None)

        async def verdicts(before: UUID | None) -> Slice[UUID]:
            lines = await self._reading.verdicts(self._party.id, before)
            rows = [
                {
                    "id": line.id,
                    "at": desk.when(line.at, seconds=True),
                    "product": word(desk, "product", line.kind),
                    "channel": line.channel,
                    "amount": desk.money(line.amount_minor, line.currency),
                    "state": line.decision,
                    "state_text": say(f"customers.decision.{line.decision}"),
                    "state_tone": DECISIONS[line.decision],
                    "score": f"{line.score:.3f}",
                    "rules": ", ".join(line.rules),
                }
                for line in lines
            ]
            return Slice(rows, lines[-1].id if len(lines) == PAGE else None)

        with section(say("customers.cases")):
            await CursorTable(
                desk,
                [
                    Column("at", "customers.column.at", "link"),
                    Column("product", "customers.column.product"),
                    Column("side", "customers.column.side"),
                    Column("amount", "customers.column.amount", "number"),
                    Column("state", "customers.column.state", "state"),
                    Column("by", "customers.column.by"),
                ],
                cases,
                name=say("customers.cases"),
            ).load()
        with section(say("customers.verdicts")):
            ui.label(say("customers.verdicts_note")).classes("ar-soft")
            await CursorTable(
                desk,
                [
                    Column("at", "customers.column.at"),
                    Column("product", "customers.column.product"),
                    Column("channel", "customers.column.channel"),
                    Column("amount", "customers.column.amount", "number"),
                    Column("state", "customers.column.decision", "state"),
                    Column("score", "customers.column.score", "number"),
                    Column("rules", "customers.column.rules", "mono", wrap=True),
                ],
                verdicts,
                name=say("customers.verdicts"),
            ).load()

    # --- messages ----------------------------------------------------------------------------------

    async def messages(self, before: datetime | None = None) -> None:
        """What was sent and what became of it; the texts only after a look."""
        desk, say = self._desk, self._desk.say
        sent = await desk.services.notify.sent_to(self._party.id, before, PAGE)
        with section(say("customers.tab.messages")) as card:
            texts: dict[UUID, ui.label] = {}
            if sent and desk.may(Right.CUSTOMERS_REVEAL):
                with ui.element("div").classes("ar-row"):
                    read = button(
                        say("customers.act.read"),
                        lambda: self._read(texts, read),
                        icon="visibility",
                    )
            if not sent:
                ui.label(say("customers.no_messages")).classes("ar-empty")
            for one in sent:
                texts[one.id] = self._message(one)
            if len(sent) == PAGE:
                with ui.element("div").classes("ar-pager"):

                    async def older() -> None:
                        parent = card.parent_slot
                        if parent is not None:
                            with parent:
                                await self.messages(sent[-1].at)

                    more = ui.button(say("table.older"), icon="chevron_right", color=None)
                    more.props("flat dense no-caps")

                    async def once() -> None:
                        more.visible = False
                        await older()

                    more.on_click(once)

    def _message(self, one: Sent) -> ui.label:
        desk, say = self._desk, self._desk.say
        with ui.element("div").classes("cu-note"):
            with ui.element("div").classes("ar-row"):
                ui.label(desk.when(one.at)).classes("ar-soft ar-number")
                ui.label(one.template).classes("ar-mono")
                state_chip(say(f"customers.message.{one.state}"), MESSAGE_STATES[one.state])
                if one.way:
                    ui.label(word(desk, "way", one.way)).classes("ar-soft")
                if one.secret:
                    state_chip(say("customers.one_time"), "quiet")
                if one.problem:
                    ui.label(one.problem).classes("ar-soft grow")
                else:
                    ui.element("div").classes("grow")
                if desk.may(Right.CUSTOMERS_ACT) and not one.secret:
                    verb = say("customers.act.send_again")
                    button(verb, lambda: self._acting.send_again(one.id)).props(
                        f'aria-label="{verb}: {one.template}"'
                    )
            text = ui.label("").classes("cu-wrap")
            text.visible = False
        return text

    async def _read(self, texts: dict[UUID, ui.label], read: ui.button) -> None:
        desk = self._desk
        reason = await reason_to_look(desk, self._party.id, "read")
        if reason is None:
            return
        for letter in await self._reading.texts(self._party.id, desk.member, reason):
            label = texts.get(letter.id)
            if label is not None:
                label.text = letter.text
                label.visible = True
        read.visible = False

    # --- notes -------------------------------------------------------------------------------------

    async def notes(self) -> None:
        """What staff wrote, the latest first, and a place to write."""
        desk, say = self._desk, self._desk.say
        with section(say("customers.tab.notes")):
            if desk.may(Right.CUSTOMERS_ACT):
                field = (
                    ui.textarea(say("customers.note"))
                    .props(f"outlined dense autogrow counter maxlength={NOTE_CHARS_MAX}")
                    .classes("w-full")
                )
                with ui.element("div").classes("ar-row"):
                    button(
                        say("customers.act.note"),
                        lambda: self._acting.note(str(field.value or "")),
                        icon="edit_note",
                        kind="main",
                    )
                    ui.label(say("customers.notes_note")).classes("ar-soft")
            box = ui.element("div").classes("w-full")
            await self._notes(box, None)

    async def _notes(self, box: ui.element, after: UUID | None) -> None:
        desk, say = self._desk, self._desk.say
        notes = await self._reading.notes(self._party.id, after)
        with box:
            if not notes and after is None:
                ui.label(say("customers.no_notes")).classes("ar-empty")
            for note in notes:
                with ui.element("div").classes("cu-note"):
                    with ui.element("div").classes("ar-row"):
                        ui.label(note.by).classes("ar-strong")
                        ui.label(desk.when(note.at)).classes("ar-soft")
                    ui.label(note.text).classes("cu-wrap")
            if len(notes) == PAGE:

                async def once() -> None:
                    more.visible = False
                    await self._notes(box, notes[-1].id)

                more = ui.button(
                    say("table.older"), icon="chevron_right", color=None, on_click=once
                ).props("flat dense no-caps")

    # --- everything in its order -------------------------------------------------------------------

    async def timeline(self) -> None:
        """What its owner, the staff and the machine did, the latest first."""
        desk, say = self._desk, self._desk.say
        with section(say("customers.tab.timeline")):
            for moment in (await timeline(desk.services, self._party))[:100]:
                with ui.element("div").classes("cu-moment"):
                    ui.label(desk.when(moment.at, seconds=True)).classes("ar-soft ar-number")
                    ui.label(self._what(moment))
                    with ui.element("div").classes("ar-row"):
                        if moment.who:
                            ui.label(moment.who).classes("ar-strong")
                        if moment.text:
                            ui.label(moment.text).classes("ar-soft cu-wrap")
                        outcome = moment.facts.get("outcome")
                        if outcome is not None and outcome != "done":
                            state_chip(str(outcome), "bad")
                        to = case_address(moment.facts["case"]) if "case" in moment.facts else None
                        if to is not None:
                            ui.link(say("customers.to_case"), to)

    def _what(self, moment: Moment) -> str:
        desk, facts = self._desk, moment.facts
        if moment.what == "staff":
            return str(facts.get("action", ""))
        kind = facts.get("kind")
        said = desk.say(f"customers.moment.{moment.what}")
        return f"{said}: {word(desk, 'need', str(kind))}" if kind else said

    async def looks(self) -> None:
        """Who has read the personal data of this wallet, and what for."""
        desk, say = self._desk, self._desk.say
        accesses = await desk.services.parties.accesses(self._party.id)
        with section(say("customers.tab.looks")):
            ui.label(say("customers.looks_note")).classes("ar-soft")

            async def fetch(after: int | None) -> Slice[int]:
                start = after or 0
                page = accesses[start : start + 50]
                rows = [
                    {
                        "id": start + number,
                        "at": desk.when(one.at, seconds=True),
                        "by": one.reader,
                        "purpose": one.purpose,
                        "fields": ", ".join(one.fields),
                    }
                    for number, one in enumerate(page)
                ]
                await asyncio.sleep(0)
                return Slice(rows, start + 50 if len(accesses) > start + 50 else None)

            await CursorTable(
                desk,
                [
                    Column("at", "customers.column.at"),
                    Column("by", "customers.column.reader", "mono"),
                    Column("purpose", "customers.column.purpose", wrap=True),
                    Column("fields", "customers.column.fields"),
                ],
                fetch,
                name=say("customers.tab.looks"),
            ).load()
