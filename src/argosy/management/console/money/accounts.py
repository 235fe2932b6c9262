"""The ledger's accounts: found, shown with their four totals, flags and bounds, and told entry by entry."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.ledger.books import Entry, Totals
from argosy.base.ledger.facts import Account, AccountReason, Side
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import (
    FIELD,
    account_kind,
    account_to,
    instant,
    order_to,
    party_name,
    party_to,
    said,
    short,
)
from argosy.management.console.pages import page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    button,
    facts,
    page_head,
    section,
    state_chip,
    tile,
    tiles,
)
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("id_text", "money.account", "link"),
    Column("kind", "money.kind"),
    Column("owner", "money.owner", "mono"),
    Column("currency", "money.currency"),
    Column("balance", "money.balance", "number"),
    Column("available", "money.available", "number"),
    Column("flags", "money.flags", "state"),
)
OWN, WALLETS = "own", "wallets"
TOTALS = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")


class AccountsPage:
    """The operator's accounts at first, and whatever is looked for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._list = OWN
        self._found: list[Account] | None = None

    async def build(self) -> None:
        desk, say = self._desk, self._desk.say
        page_head(say("money.accounts"), note=say("money.accounts_note"))
        with ui.element("div").classes("ar-row"):
            self._box = (
                ui.input(say("money.account_search"))
                .props(f"{FIELD} clearable")
                .classes("grow")
                .style("max-width: 460px")
                .on("keydown.enter", self._asked)
            )
            button(say("money.find"), self._asked, icon="search", kind="main")
            self._lists = ui.toggle(
                {OWN: say("money.own_accounts"), WALLETS: say("money.wallets")},
                value=OWN,
                on_change=self._listed,
            ).props('dense no-caps unelevated toggle-color=primary padding="4px 12px"')
        self._table: CursorTable[UUID] = CursorTable(
            desk,
            (*COLUMNS, Column("market", "money.market")),
            self._fetch,
            name=say("money.accounts"),
            on_row=lambda row: ui.navigate.to(row["id_text_to"]),
        )
        await self._table.load()

    async def _asked(self) -> None:
        text = str(self._box.value or "").strip()
        self._found = None
        if text:
            found = await self._desk.services.money.books.find(text)
            if isinstance(found, Refused):
                self._desk.tell(found)
                return
            self._found = found
        await self._table.load()

    async def _listed(self) -> None:
        self._list, self._found = str(self._lists.value), None
        await self._table.load()

    async def _fetch(self, cursor: UUID | None) -> Slice[UUID]:
        books = self._desk.services.money.books
        if self._found is not None:
            return Slice([await account_row(self._desk, one) for one in self._found], None)
        if self._list == WALLETS:
            found, after = await books.of_kind("wallet", cursor)
            rows = await asyncio.gather(*(account_row(self._desk, one) for one in found))
            return Slice(rows, after)
        markets = self._desk.services.markets
        own = [
            await account_row(self._desk, one) | {"market": markets[market].name}
            for market, one in await books.operator_accounts()
        ]
        return Slice(own, None)


async def account_row(desk: Desk, account: Account) -> dict[str, Any]:
    """One account in a table."""
    flag = "closed" if account.closed else "frozen" if account.frozen else "open"
    return {
        "id": str(account.id),
        "id_text": short(account.id),
        "id_text_to": account_to(account.id),
        "kind": account_kind(desk, account.kind),
        "owner": await party_name(desk, account.owner) if account.owner else "",
        "currency": account.currency,
        "balance": desk.money(account.balance_minor, account.currency),
        "available": desk.money(account.available_minor, account.currency),
        "flags": flag,
        "flags_text": desk.say(f"money.flag.{flag}"),
        "flags_tone": {"open": "good", "frozen": "bad"}.get(flag, "quiet"),
        "market": "",
    }


@page("/money/accounts", title="money.accounts", right=Right.MONEY_SEE, menu="menu.money", order=40)
async def accounts(desk: Desk) -> None:
    """Find accounts."""
    await AccountsPage(desk).build()


@page("/money/accounts/{account}", title="money.account", right=Right.MONEY_SEE)
async def account(desk: Desk, account: str) -> None:
    """One account and its statement."""
    account_id = parse_id(account)
    found = await desk.services.money.books.account(account_id) if account_id else None
    if found is None:
        page_head(desk.say("money.account"))
        ui.label(desk.refusal(Refused(AccountReason.ACCOUNT_NOT_FOUND)))
        return
    await AccountPage(desk, found).build()


class AccountPage:
    """Totals, bounds, balance at a past moment, statement, and what was done to the account."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self._desk = desk
        self._account = account

    async def build(self) -> None:
        desk, one = self._desk, self._account
        with page_head(account_kind(desk, one.kind), note=str(one.id)):
            row = await account_row(desk, one)
            state_chip(row["flags_text"], row["flags_tone"])
            if one.owner is not None and (to := party_to(one.owner)):
                ui.link(await party_name(desk, one.owner), to)
        with tiles():
            for name in ("balance", "available"):
                tile(desk.say(f"money.{name}"), row[name])
            for name in TOTALS:
                tile(desk.say(f"money.{name}"), desk.money(getattr(one, name), one.currency))
        with ui.element("div").classes("grid grid-cols-2 gap-4 w-full items-start"):
            self._bounds()
            self._past()
        await self._statement()
        await self._changes()

    def _bounds(self) -> None:
        desk, one, say = self._desk, self._account, self._desk.say

        def bound(minor: int | None) -> str:
            return say("money.no_bound") if minor is None else desk.money(minor, one.currency)

        with section(say("money.bounds")):
            facts(
                [
                    (say("money.side"), say(f"money.side_of.{Side(one.side).name.lower()}")),
                    (say("money.floor"), bound(one.floor_minor)),
                    (say("money.ceiling"), bound(one.ceiling_minor)),
                    (say("money.entries"), f"{one.entries:,}"),
                    (say("money.opened"), desk.when(one.opened_at) if one.opened_at else ""),
                ]
            )

    def _past(self) -> None:
        desk, say = self._desk, self._desk.say
        with section(say("money.at_past")):
            with ui.element("div").classes("ar-row"):
                typed = ui.input(say("money.instant")).props(
                    f"{FIELD} type=datetime-local stack-label"
                )

                async def show() -> None:
                    at = instant(typed.value, desk.services.market.zone)
                    if at is None:
                        typed.props("error")
                        return
                    totals = await desk.services.money.books.at(self._account.id, at)
                    place.clear()
                    with place:
                        self._totals(totals)

                button(say("money.show"), show)
            place = ui.column().classes("w-full")

    def _totals(self, totals: Totals | None | Refused) -> None:
        desk, one, say = self._desk, self._account, self._desk.say
        if isinstance(totals, Refused):
            ui.label(desk.refusal(totals))
        elif totals is None:
            ui.label(say("money.not_open_yet"))
        else:
            balance = totals.balance_minor(Side(one.side))
            pairs = [(say("money.balance"), desk.money(balance, one.currency))]
            pairs += [
                (say(f"money.{name}"), desk.money(getattr(totals, name), one.currency))
                for name in TOTALS
            ]
            facts(pairs)

    async def _statement(self) -> None:
        desk, one = self._desk, self._account
        columns = (
            Column("at", "money.at"),
            Column("kind", "money.kind"),
            Column("what", "money.what", "state"),
            Column("moved", "money.moved", "number"),
            Column("pending", "money.reserved", "number"),
            Column("balance", "money.balance", "number"),
            Column("order", "money.order", "link"),
            Column("with", "money.counterpart", "link"),
        )

        async def fetch(cursor: str | None) -> Slice[str]:
            found = await desk.services.money.books.statement(one.id, cursor)
            rows = [self._entry(entry) for entry in found.entries]
            return Slice(rows, found.next.encode() if found.next else None)

        with section(desk.say("money.statement")):
            table: CursorTable[str] = CursorTable(
                desk, columns, fetch, name=desk.say("money.statement"), empty="money.no_entries"
            )
            await table.load()

    def _entry(self, entry: Entry) -> dict[str, Any]:
        desk, currency = self._desk, self._account.currency
        word = entry.action.name.lower()
        return {
            "id": str(entry.transfer),
            "at": desk.when(entry.at, seconds=True),
            "kind": said(desk, "product", entry.kind),
            "what": word,
            "what_text": said(desk, "action", word),
            "what_tone": "warn" if word == "hold" else "quiet",
            "moved": desk.money(entry.moved_minor, currency) if entry.moved_minor else "",
            "pending": desk.money(entry.pending_minor, currency) if entry.pending_minor else "",
            "balance": desk.money(entry.balance_minor, currency),
            "order": short(entry.order) if entry.order else "",
            "order_to": order_to(entry.order) if entry.order else "",
            "with": short(entry.counterpart),
            "with_to": account_to(entry.counterpart),
        }

    async def _changes(self) -> None:
        desk, currency = self._desk, self._account.currency
        columns = (
            Column("at", "money.at"),
            Column("what", "money.what"),
            Column("floor", "money.floor", "number"),
            Column("ceiling", "money.ceiling", "number"),
            Column("because", "money.because", wrap=True),
        )

        async def fetch(_cursor: None) -> Slice[None]:
            rows = [
                {
                    "id": number,
                    "at": desk.when(row["at"], seconds=True),
                    "what": said(desk, "change", row["what"]),
                    "because": row["because"],
                    **{
                        name: "" if row[f"{name}_minor"] is None
                        else desk.money(row[f"{name}_minor"], currency)
                        for name in ("floor", "ceiling")
                    },
                }
                for number, row in enumerate(
                    await desk.services.money.books.changes(self._account.id)
                )
            ]  # fmt: skip
            return Slice(rows, None)

        with section(desk.say("money.changes")):
            table: CursorTable[None] = CursorTable(
                desk, columns, fetch, name=desk.say("money.changes")
            )
            await table.load()
