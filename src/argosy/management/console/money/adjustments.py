"""Adjustments: proposed with a reason, decided by a second person, and kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.ledger.facts import Account
from argosy.base.money import Money, parse_amount
from argosy.base.refusals import Refused
from argosy.management.approvals.facts import State
from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import (
    FIELD,
    account_kind,
    account_to,
    order_to,
    party_name,
    said,
    short,
)
from argosy.management.console.pages import page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    button,
    page_head,
    section,
)
from argosy.management.money.adjusting import KIND, PAGE, PAIRS, Adjusted, Ask, Why, allowed
from argosy.management.money.facts import MoneyReason
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("at", "money.at"),
    Column("state", "money.state_label", "state"),
    Column("kind", "money.kind"),
    Column("amount", "money.amount", "number"),
    Column("debit", "money.debit", "link"),
    Column("credit", "money.credit", "link"),
    Column("by", "setup.by"),
    Column("reason", "reason.label", wrap=True),
    Column("about", "money.about", "link"),
)
TONES = {"posted": "good", "refused": "bad", "approved": "warn"}


class AdjustmentsPage:
    """The form of a new one, what waits for a second person, and what was done."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._own: dict[str, str] = {}

    async def build(self) -> None:
        desk, say = self._desk, self._desk.say
        page_head(say("money.adjustments"), note=say("money.adjustments_note"))
        if allowed(desk.member):
            with section(say("money.new_adjustment")):
                await self._form()
        with section(say("money.waiting")):
            await self._waiting()
        with section(say("money.adjusted")):
            self._table: CursorTable[UUID] = CursorTable(
                desk, COLUMNS, self._fetch, name=say("money.adjusted"), empty="money.no_adjustments"
            )
            await self._table.load()

    async def _form(self) -> None:
        desk, say = self._desk, self._desk.say
        own = await desk.services.money.books.operator_accounts()
        markets = desk.services.markets
        self._own = {
            str(one.id): f"{markets[market].name} · {account_kind(desk, one.kind)} ({one.currency})"
            for market, one in own
        }
        ui.label(self._limits()).classes("ar-soft")
        with ui.element("div").classes("ar-row"):
            self._kind = ui.select(
                {why.value: say(f"money.adjust.{why.value}") for why in Why},
                label=say("money.kind"),
                value=Why.GOODWILL.value,
                on_change=self._explained,
            ).props(FIELD).style("min-width: 240px")  # fmt: skip
            self._amount = ui.input(say("money.amount")).props(f"{FIELD} inputmode=decimal")
            self._about = ui.input(say("money.about_order")).props(FIELD).style("width: 330px")
        self._note = ui.label("").classes("ar-soft")
        with ui.element("div").classes("ar-row"):
            self._debit = self._side("debit")
            self._credit = self._side("credit")
        with ui.element("div").classes("ar-row"):
            self._why = (
                ui.input(say("reason.label")).props(f"{FIELD} maxlength=500").classes("grow")
            )
            button(say("money.propose"), self._propose, icon="how_to_vote", kind="main")
        self._explained()

    def _limits(self) -> str:
        desk, adjusting = self._desk, self._desk.services.money.adjusting
        home, roles = desk.services.market, desk.member.roles
        wallet = adjusting.most(home, roles, wallet=True)
        own = adjusting.most(home, roles, wallet=False)
        return desk.say(
            "money.adjust_limits",
            wallet=desk.money(wallet.minor, wallet.currency),
            own=desk.money(own.minor, own.currency),
        )

    def _side(self, name: str) -> Any:
        """One of the operator's accounts, or a wallet by its number."""
        return (
            ui.select(
                dict(self._own),
                label=self._desk.say(f"money.{name}_side"),
                with_input=True,
                new_value_mode="add-unique",
                key_generator=lambda typed: typed,
                clearable=True,
            )
            .props(FIELD + " options-dense")
            .style("width: 420px")
        )

    def _explained(self) -> None:
        desk, why = self._desk, Why(self._kind.value)
        pairs = {
            f"{account_kind(desk, a if a[-1] != '.' else a + '…')} → "
            f"{account_kind(desk, b if b[-1] != '.' else b + '…')}"
            for a, b in PAIRS[why]
        }
        self._note.text = " · ".join(sorted(pairs))

    async def _propose(self) -> None:
        desk = self._desk
        ask = await self._read()
        if isinstance(ask, Refused):
            desk.tell(ask)
            return
        reason = str(self._why.value or "").strip()
        if not reason:
            self._why.props("error")
            desk.tell(desk.say("reason.needed"))
            return
        no = await desk.services.money.adjusting.checked(ask, desk.member)
        if isinstance(no, Refused):
            desk.tell(no)
            return
        done = await desk.propose(
            Right.MONEY_ADJUST, KIND, f"account:{ask.credit}", ask.body(), reason
        )
        if isinstance(done, Refused):
            desk.tell(done)
            return
        desk.tell(desk.say("approval.proposed"))
        ui.navigate.reload()

    async def _read(self) -> Ask | Refused:
        debit, credit = (
            await self._account(self._debit.value),
            await self._account(self._credit.value),
        )
        if debit is None or credit is None:
            return Refused(MoneyReason.ADJUSTMENT_ACCOUNTS)
        amount = parse_amount(str(self._amount.value or ""), debit.currency)
        if isinstance(amount, Refused):
            return amount
        about = parse_id(str(self._about.value or "").strip())
        return Ask(
            Why(self._kind.value), debit.id, credit.id, Money(amount.minor, debit.currency), about
        )

    async def _account(self, chosen: Any) -> Account | None:
        found = await self._desk.services.money.books.find(str(chosen or ""))
        return None if isinstance(found, Refused) else found[0]

    async def _waiting(self) -> None:
        desk = self._desk
        columns = tuple(c for c in COLUMNS if c.name != "state")

        async def fetch(cursor: UUID | None) -> Slice[UUID]:
            found = await desk.services.approvals.listed(State.WAITING, cursor)
            rows = [
                await _row(desk, Ask.of(one.body))
                | {
                    "id": str(one.id),
                    "at": desk.when(one.at),
                    "reason": one.reason,
                    "by": one.by,
                }
                for one in found.proposals
                if one.kind == KIND
            ]
            return Slice(rows, found.after)

        table: CursorTable[UUID] = CursorTable(
            desk, columns, fetch, name=desk.say("money.waiting"), empty="money.none_waiting"
        )
        await table.load()

    async def _fetch(self, cursor: UUID | None) -> Slice[UUID]:
        found = await self._desk.services.money.adjusting.page(cursor)
        rows = [await _done(self._desk, one) for one in found]
        return Slice(rows, found[-1].id if len(found) == PAGE else None)


async def _done(desk: Desk, one: Adjusted) -> dict[str, Any]:
    return await _row(desk, one.ask) | {
        "id": str(one.id),
        "at": desk.when(one.posted_at or one.approved_at),
        "reason": one.reason,
        "by": f"{one.proposed_by}, {one.approved_by}",
        "state": one.state,
        "state_text": said(desk, "adjusted_state", one.state)
        + (f" ({one.refusal})" if one.refusal else ""),
        "state_tone": TONES[one.state],
    }


async def _row(desk: Desk, ask: Ask) -> dict[str, Any]:
    return {
        "kind": desk.say(f"money.adjust.{ask.why.value}"),
        "amount": desk.money(ask.money.minor, ask.money.currency),
        "debit": await _named(desk, ask.debit),
        "debit_to": account_to(ask.debit),
        "credit": await _named(desk, ask.credit),
        "credit_to": account_to(ask.credit),
        "about": short(ask.about) if ask.about else "",
        "about_to": order_to(ask.about) if ask.about else "",
    }


async def _named(desk: Desk, account: UUID) -> str:
    found = await desk.services.money.books.account(account)
    if found is None:
        return short(account)
    owner = f" {await party_name(desk, found.owner)}" if found.owner else ""
    return account_kind(desk, found.kind) + owner


@page(
    "/money/adjustments",
    title="money.adjustments",
    right=Right.MONEY_SEE,
    menu="menu.money",
    order=60,
)
async def adjustments(desk: Desk) -> None:
    """Propose and look at adjustments."""
    await AdjustmentsPage(desk).build()
