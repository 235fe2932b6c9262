"""Statements and past balances over thousands of entries, against adding up the journal by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.books import STATEMENT_ROWS_MAX, Cursor, Entry, Ledger, Totals
from argosy.base.ledger.facts import Account, Action, Posted, Side, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.store import Database, Record

HISTORY_DAYS = 60
NAMES = ["cash", "anita", "ravi", "shop", "quiet"]


class Past:
    """A past that was lived through: imported at first, then live from two processes whose clocks
    differ, with holds and refusals, and every journal row in the order in which it came."""

    def __init__(self, db: Database, clock: SetClock, ids: Ids) -> None:
        self.db, self.clock, self.ids = db, clock, ids
        self.slow = SetClock(clock.now())
        self.ledgers = [
            Ledger(db, GroupCommit(db, clock), clock, ids),
            Ledger(db, GroupCommit(db, self.slow, first_lane=2), self.slow, ids),
        ]
        self.chance = random.Random(11)
        self.accounts: dict[str, Account] = {}
        self.journal: list[Record] = []

    async def live(self) -> None:
        for name in NAMES:
            side = Side.DEBIT if name == "cash" else Side.CREDIT
            floor = None if name == "cash" else 0
            self.accounts[name] = Account(self.ids.new(), "INR", side, "test", floor_minor=floor)
        await self.ledgers[0].open_accounts(list(self.accounts.values()))
        at = self.clock.now() - timedelta(days=HISTORY_DAYS)
        for _ in range(4):
            old = []
            for _ in range(150):
                at += timedelta(seconds=self.chance.choice([0, 0, 1, 3600]))
                old.append(self._transfer(at=at))
            await self._post(self.ledgers[0], old)
        for _ in range(14):
            self.clock.advance(seconds=self.chance.choice([0, 1, 60]), milliseconds=7)
            self.slow.set(self.clock.now() - timedelta(seconds=self.chance.choice([0, 1, 3, 4.5])))
            batch = [self._transfer() for _ in range(self.chance.choice([1, 40, 300]))]
            holds = [t for t in batch if t.action is Action.HOLD]
            await self._post(self.chance.choice(self.ledgers), batch)
            await self._post(self.chance.choice(self.ledgers), [self._end(h) for h in holds[::2]])

    def _transfer(self, at: datetime | None = None) -> Transfer:
        debit, credit = self.chance.choice(
            [("cash", "anita"), ("cash", "shop"), *[("anita", "shop"), ("shop", "anita")] * 3]
        )
        if self.chance.random() < 0.01:
            debit = "ravi"
        action = Action.HOLD if self.chance.random() < 0.2 and at is None else Action.MOVE
        return Transfer(
            self.ids.new(),
            self.accounts[debit].id,
            self.accounts[credit].id,
            self.chance.randint(1, 50),
            "INR",
            "test",
            action,
            at=at,
        )

    def _end(self, hold: Transfer) -> Transfer:
        action = self.chance.choice([Action.POST, Action.VOID])
        part = hold.amount // 2 or None if action is Action.POST and hold.amount else None
        return Transfer(self.ids.new(), None, None, part, "INR", "test", action, hold=hold.id)

    async def _post(self, ledger: Ledger, transfers: list[Transfer]) -> None:
        said = await ledger.post(transfers)
        made = [t.id for t, o in zip(transfers, said, strict=True) if isinstance(o, Posted)]
        self.journal += await self.db.all(
            "SELECT * FROM ledger.transfers WHERE id = ANY($1) ORDER BY lane, segment, position",
            made,
        )

    def rows(self, account: UUID) -> list[Record]:
        return [row for row in self.journal if account in (row["debit"], row["credit"])]


@pytest.fixture
async def past(db: Database, clock: SetClock, ids: Ids) -> Past:
    past = Past(db, clock, ids)
    await past.live()
    return past


def moved(row: Record) -> int:
    return row["amount"] if row["action"] in (Action.MOVE, Action.POST) else 0


def pended(row: Record) -> int:
    return row["amount"] if row["action"] == Action.HOLD else -row["released"]


def added(rows: list[Record], account: UUID) -> Totals:
    """The four totals by adding up rows."""
    out = [row for row in rows if row["debit"] == account]
    come = [row for row in rows if row["credit"] == account]
    total: Callable[[list[Record], Callable[[Record], int]], int]
    total = lambda some, what: sum(map(what, some))  # noqa: E731
    return Totals(total(out, pended), total(out, moved), total(come, pended), total(come, moved))


def by_hand(rows: list[Record], account: Account) -> list[Entry]:
    """A statement, newest first, written by hand."""
    entries = []
    balance = going = 0
    for row in rows:
        is_debit = row["debit"] == account.id
        sign = 1 if is_debit == (account.side is Side.DEBIT) else -1
        balance += sign * moved(row)
        going += pended(row) if sign < 0 else 0
        entries.append(
            Entry(
                row["id"],
                row["at"],
                row["kind"],
                Action(row["action"]),
                row["order_id"],
                row["credit"] if is_debit else row["debit"],
                sign * moved(row),
                sign * pended(row),
                balance,
                balance - going,
            )
        )
    return entries[::-1]


async def test_pages_are_the_statement(past: Past):
    ledger = past.ledgers[0]
    assert len(past.journal) > 1_500
    for name, size in [("shop", 17), *((name, STATEMENT_ROWS_MAX) for name in NAMES)]:
        account = past.accounts[name]
        expected = by_hand(past.rows(account.id), account)
        found: list[Entry] = []
        page = await ledger.statement(account.id, limit=size)
        while True:
            found += page.entries
            if page.next is None:
                break
            assert len(page.entries) == size
            cursor = Cursor.decode(page.next.encode())
            assert cursor == page.next
            page = await ledger.statement(account.id, cursor, size)
        assert found == expected

    # A page stays the same while money moves.
    shop = past.accounts["shop"].id
    first = await ledger.statement(shop, limit=20)
    before = await ledger.statement(shop, first.next, 20)
    await past._post(ledger, [past._transfer() for _ in range(50)])
    assert await ledger.statement(shop, first.next, 20) == before
    # A cursor of another account shows nothing of it.
    stolen = await ledger.statement(past.accounts["quiet"].id, first.next, 5)
    assert (stolen.entries, stolen.next) == ((), None)


async def test_past_balances_are_sums_of_the_journal(past: Past):
    ledger = past.ledgers[0]
    times = sorted({row["at"] for row in past.journal})
    tick = timedelta(microseconds=1)
    chance = random.Random(3)
    instants = [times[0], times[0] - tick, times[-1], times[-1] + timedelta(days=1)]
    for _ in range(60):
        instants.append(chance.choice(times) + chance.choice([-tick, timedelta(0), tick]))
        instants.append(times[0] + chance.random() * (times[-1] - times[0]))
    for name in ("cash", "anita", "shop"):
        account = past.accounts[name].id
        rows = past.rows(account)
        for instant in instants:
            expected = added([row for row in rows if row["at"] <= instant], account)
            found = await ledger.totals_at(account, instant)
            if found is None:  # before everything
                assert instant < times[-1] - timedelta(days=1)
                found = Totals(0, 0, 0, 0)
            assert found == expected, (name, instant)
    report = await verify(past.db)
    assert report.sound, report.text()
    assert report.checked["marks"] > 10  # or the walk back was all that was tested


async def test_an_account_without_a_past(db: Database, clock: SetClock, ids: Ids):
    ledger = Ledger(db, GroupCommit(db, clock), clock, ids)
    quiet = Account(ids.new(), "INR", Side.CREDIT, "test")
    await ledger.open_accounts([quiet])
    page = await ledger.statement(quiet.id)
    assert (page.entries, page.next) == ((), None)
    assert await ledger.totals_at(quiet.id, clock.now()) == Totals(0, 0, 0, 0)
    assert await ledger.totals_at(quiet.id, clock.now() - timedelta(seconds=1)) is None
    assert await ledger.totals_at(UUID(int=1), clock.now()) is None
    assert await ledger.statement(UUID(int=1)) == page


@pytest.mark.parametrize("text", ["", "x", "AAAA", "é", "LjEuMi4zLjQ=", "Li4uLg", "." * 90])
def test_what_is_not_a_cursor_is_none(text: str):
    assert Cursor.decode(text) is None
