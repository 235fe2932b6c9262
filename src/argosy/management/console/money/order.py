"""One order: its whole story on one page, and what may be done to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.parties.facts import main_account
from argosy.base.refusals import Refused
from argosy.ctu.decide.store import Kept, said_at
from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import (
    FIELD,
    STATES,
    account_kind,
    account_to,
    case_to,
    minor,
    party_name,
    party_to,
    product,
    said,
    short,
)
from argosy.management.console.pages import page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    ask_reason,
    button,
    facts,
    heading,
    page_head,
    section,
    state_chip,
)
from argosy.management.money.story import Moved, Story
from argosy.management.money.stuck import Help
from argosy.management.staff.facts import Right

DECISIONS: Mapping[str, Tone] = {
    "allow": "good", "challenge": "info", "review": "warn", "deny": "bad",
}  # fmt: skip
ENDS: Mapping[str, Tone] = {
    "delivered": "good", "done": "good", "waiting": "info", "dead": "bad", "failed": "bad",
    "rejected": "bad", "unknown": "warn",
}  # fmt: skip
DATA = ("rail", "tries", "escalated", "reason", "released_by", "returned_by")
Rows = Sequence[Mapping[str, Any]]


class OrderPage:
    """The page of one order, made anew after each act."""

    def __init__(self, desk: Desk, order_id: UUID) -> None:
        self._desk = desk
        self._id = order_id
        self._place: Any = None

    async def build(self) -> None:
        self._place = ui.column().classes("w-full gap-4")
        await self.refresh()

    async def refresh(self) -> None:
        story = await self._desk.services.money.stories.tell(self._id)
        self._place.clear()
        with self._place:
            if story is None:
                page_head(self._desk.say("money.order"))
                ui.label(self._desk.refusal(Refused(OrderReason.ORDER_NOT_FOUND)))
                return
            await self._head(story)
            with ui.element("div").classes("grid grid-cols-2 gap-4 w-full items-start"):
                await self._facts(story)
                await self._verdicts(story)
            await self._steps(story)
            await self._events(story)
            await self._messages(story)
            await self._deliveries(story)
            await self._calls(story)

    # --- the head and the acts ---------------------------------------------------------------

    async def _head(self, story: Story) -> None:
        desk, order = self._desk, story.order
        title = f"{product(desk, order.product)} {desk.money(order.amount.minor, order.amount.currency)}"
        with page_head(title, note=str(order.id)):
            state_chip(said(desk, "state", order.state.value), STATES[order.state.value])
            if story.handed:
                state_chip(desk.say("money.handed"), "warn")
            if not desk.may(Right.MONEY_ACT):
                return
            if order.product == "pay" and order.state in (State.PAID, State.PARTLY_REFUNDED):
                button(desk.say("money.refund"), lambda: self._refund(order), icon="undo")
            stuck = await desk.services.money.stuck.of(order)
            for one in stuck.help if stuck is not None else ():
                if one is Help.ASK_BANK:
                    button(
                        desk.say("money.help.ask_bank"), self._ask_bank, icon="sync", kind="main"
                    )
                elif one is Help.LET_GO:
                    button(desk.say("money.help.let_go"), self._let_go, icon="hourglass_bottom")
                elif one is Help.OPEN_CASE and story.case and (to := case_to(story.case)):
                    ui.link(desk.say("money.help.open_case"), to)
                elif one is Help.HAND:
                    button(desk.say("money.help.hand"), self._hand, icon="pan_tool")
            if story.handed:
                button(desk.say("money.take_off"), self._take_off, icon="done")

    async def _refund(self, order: Order) -> None:
        """Ask how much and why, and give it back through the product."""
        desk, currency = self._desk, order.amount.currency
        left = order.amount.minor - order.refunded_minor
        with ui.dialog().props("persistent") as dialog, ui.card().classes("ar-dialog"):
            heading(desk.say("money.refund"))
            ui.label(desk.say("money.refund_note", left=desk.money(left, currency))).classes(
                "ar-soft"
            )
            typed = ui.input(desk.say("money.refund_amount")).props(FIELD + " inputmode=decimal")
            why = (
                ui.input(desk.say("reason.label")).props(FIELD + " maxlength=200").classes("w-full")
            )

            def given() -> None:
                amount = minor(typed.value, currency)
                if isinstance(amount, Refused):
                    desk.tell(amount)
                elif not str(why.value or "").strip():
                    why.props("error")
                else:
                    dialog.submit((amount, str(why.value).strip()))

            with ui.row().classes("ar-buttons"):
                ui.button(desk.say("reason.cancel"), on_click=lambda: dialog.submit(None)).props(
                    "flat no-caps"
                )
                button(desk.say("money.refund_do"), given, kind="danger")
        answer = await dialog
        dialog.delete()
        if answer is None:
            return
        amount, reason = answer
        refund = desk.services.ids.new()

        async def work() -> Any:
            return await desk.services.money.refund(refund, order.id, amount, reason)

        await self._do("refund", work, reason, {"amount_minor": amount, "refund": str(refund)})

    async def _ask_bank(self) -> None:
        await self._do("ask_bank", lambda: self._desk.services.money.stuck.ask_bank(self._id))

    async def _let_go(self) -> None:
        await self._do("let_go", lambda: self._desk.services.money.stuck.let_go(self._id))

    async def _hand(self) -> None:
        desk = self._desk
        why = await ask_reason(desk, desk.say("money.help.hand"), text=desk.say("money.hand_note"))
        if why is not None:
            stuck, by = desk.services.money.stuck, desk.member.name
            await self._do("hand", lambda: stuck.hand(self._id, why, by), why)

    async def _take_off(self) -> None:
        desk = self._desk
        why = await ask_reason(
            desk, desk.say("money.take_off"), text=desk.say("money.take_off_note")
        )
        if why is not None:
            stuck, by = desk.services.money.stuck, desk.member.name
            await self._do("take_off", lambda: stuck.take_off(self._id, why, by), why)

    async def _do(
        self,
        verb: str,
        work: Callable[[], Awaitable[Any]],
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        desk = self._desk
        done = await desk.act(
            Right.MONEY_ACT,
            f"money.{verb}",
            f"order:{self._id}",
            work,
            reason=reason,
            detail=detail,
        )
        desk.tell(done if isinstance(done, Refused) else desk.say(f"money.done.{verb}"))
        await self.refresh()

    # --- the parts ---------------------------------------------------------------------------

    async def _facts(self, story: Story) -> None:
        desk, order = self._desk, story.order
        say, currency = desk.say, order.amount.currency
        with section(say("money.facts")):
            with ui.element("div").classes("ar-row"):
                for side, party in (("payer", order.payer), ("payee", order.payee)):
                    ui.label(say(f"money.{side}")).classes("ar-soft")
                    name, to = await party_name(desk, party), party and party_to(party)
                    if to:
                        ui.link(name, to)
                    else:
                        ui.label(name)
                    if party is not None:
                        ui.link(say("money.statement"), account_to(main_account(party)))
            pairs = [
                (say("money.amount"), desk.money(order.amount.minor, currency)),
                (
                    say("money.fee"),
                    f"{desk.money(order.fee_minor, currency)} ({say('money.by_' + order.fee_paid_by)})",
                ),
                (say("money.refunded"), desk.money(order.refunded_minor, currency)),
                (say("money.market"), desk.services.markets[order.market].name),
                (say("money.channel_label"), said(desk, "channel", story.channel or "none")),
                (say("money.made"), desk.when(order.created_at, seconds=True)),
                (
                    say("money.moved_on"),
                    desk.when(order.updated_at, seconds=True) if order.updated_at else "",
                ),
                (
                    say("money.deadline"),
                    desk.when(order.deadline_at, seconds=True) if order.deadline_at else "",
                ),
                (say("money.version"), str(order.version)),
            ]
            pairs += [
                (say(f"money.data.{key}"), str(order.data[key]))
                for key in DATA
                if key in order.data
            ]
            facts([pair for pair in pairs if pair[1]])

    async def _verdicts(self, story: Story) -> None:
        desk = self._desk
        with section(desk.say("money.verdicts")):
            if not story.verdicts:
                ui.label(desk.say("money.no_verdicts")).classes("ar-empty")
            for kept in story.verdicts:
                await self._verdict(kept)
            if story.case is not None and (to := case_to(story.case)):
                ui.link(desk.say("money.help.open_case"), to)

    async def _verdict(self, kept: Kept) -> None:
        desk, word = self._desk, kept.decision.name.lower()
        with ui.element("div").classes("ar-row"):
            state_chip(said(desk, "decision", word), DECISIONS[word])
            ui.label(desk.when(said_at(kept.id), seconds=True))
            ui.label(", ".join(hit.rule for hit in kept.hits)).classes("ar-soft")
            asked = button(desk.say("money.explain"), lambda: None, icon="help_outline")
        place = ui.column().classes("w-full")

        async def explain() -> None:
            told = await desk.services.risk.verdicts.told(kept.id)
            place.clear()
            with place:
                text = desk.refusal(told) if isinstance(told, Refused) else told.text
                ui.label(text).classes("whitespace-pre-wrap font-mono risk-tall w-full")

        asked.on_click(explain)

    async def _steps(self, story: Story) -> None:
        columns = (
            Column("at", "money.at"),
            Column("what", "money.what", "state"),
            Column("kind", "money.kind"),
            Column("amount", "money.amount", "number"),
            Column("debit", "money.debit", "link"),
            Column("credit", "money.credit", "link"),
            Column("transfer", "money.transfer", "mono"),
        )
        rows = [await self._step(moved) for moved in story.moved]
        await self._table("steps", columns, rows)

    async def _step(self, moved: Moved) -> dict[str, Any]:
        desk = self._desk
        open_ = moved.what == "hold" and moved.open
        return {
            "id": str(moved.id),
            "at": desk.when(moved.at, seconds=True),
            "what": moved.what,
            "what_text": said(desk, "action", "open" if open_ else moved.what),
            "what_tone": "warn"
            if open_
            else "quiet"
            if moved.what in ("void", "expire")
            else "good",
            "kind": said(desk, "product", moved.kind),
            "amount": desk.money(moved.minor, moved.currency),
            "debit": await self._account(moved.debit_kind, moved.debit_owner),
            "debit_to": account_to(moved.debit),
            "credit": await self._account(moved.credit_kind, moved.credit_owner),
            "credit_to": account_to(moved.credit),
            "transfer": short(moved.id),
        }

    async def _account(self, kind: str, owner: UUID | None) -> str:
        if owner is None:
            return account_kind(self._desk, kind)
        return f"{account_kind(self._desk, kind)} {await party_name(self._desk, owner)}"

    async def _events(self, story: Story) -> None:
        columns = (Column("at", "money.at"), Column("kind", "money.event", "mono"))
        when = self._desk.when
        rows = [
            {"id": str(e.id), "at": when(e.at, seconds=True), "kind": e.kind} for e in story.events
        ]
        await self._table("events", columns, rows)

    async def _messages(self, story: Story) -> None:
        columns = (
            Column("at", "money.at"),
            Column("to", "money.to"),
            Column("template", "money.message", "mono"),
            Column("state", "money.state_label", "state"),
        )
        rows = [
            {
                "id": str(one.id),
                "at": self._desk.when(one.at, seconds=True),
                "to": await party_name(self._desk, one.party),
                "template": one.template,
                **self._ended(one.state, one.problem or one.way or ""),
            }
            for one in story.messages
        ]
        await self._table("messages", columns, rows)

    async def _deliveries(self, story: Story) -> None:
        columns = (
            Column("at", "money.at"),
            Column("kind", "money.event", "mono"),
            Column("url", "money.endpoint", wrap=True),
            Column("state", "money.state_label", "state"),
            Column("calls", "money.calls_made", "number"),
            Column("problem", "money.answer", wrap=True),
        )
        rows = [
            {
                "id": str(one.id),
                "at": self._desk.when(one.at, seconds=True),
                "kind": one.kind,
                "url": one.url,
                "calls": one.calls,
                "problem": one.problem or str(one.status or ""),
                **self._ended(one.state, ""),
            }
            for one in story.deliveries
        ]
        await self._table("deliveries", columns, rows)

    async def _calls(self, story: Story) -> None:
        columns = (
            Column("at", "money.at"),
            Column("rail", "money.data.rail"),
            Column("verb", "money.verb"),
            Column("state", "money.answer", "state"),
            Column("reference", "money.reference", "mono"),
            Column("reason", "money.data.reason"),
            Column("millis", "money.millis", "number"),
        )
        rows = [
            {
                "id": str(one.id),
                "at": self._desk.when(one.at, seconds=True),
                "rail": one.rail,
                "verb": said(self._desk, "verb_of", one.verb),
                "reference": one.reference or "",
                "reason": one.reason or "",
                "millis": one.millis,
                **self._ended(one.state, ""),
            }
            for one in story.calls
        ]
        await self._table("bank_calls", columns, rows)

    def _ended(self, state: str, more: str) -> dict[str, Any]:
        text = said(self._desk, "ended", state)
        return {
            "state": state,
            "state_text": f"{text} ({more})" if more else text,
            "state_tone": ENDS.get(state, "quiet"),
        }

    async def _table(self, name: str, columns: Sequence[Column], rows: Rows) -> None:
        if not rows and name in ("deliveries", "bank_calls"):
            return

        async def fetch(_cursor: None) -> Slice[None]:
            return Slice(rows, None)

        with section(self._desk.say(f"money.{name}")):
            table: CursorTable[None] = CursorTable(
                self._desk, columns, fetch, name=self._desk.say(f"money.{name}")
            )
            await table.load()


@page("/money/orders/{order}", title="money.order", right=Right.MONEY_SEE)
async def order(desk: Desk, order: str) -> None:
    """The story of an order."""
    order_id = parse_id(order)
    if order_id is None:
        ui.label(desk.refusal(Refused(OrderReason.ORDER_NOT_FOUND)))
        return
    await OrderPage(desk, order_id).build()
