"""Holds whose own deadline has passed: the clock lets them go, once, whoever does it and however often."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids, named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.expiry import ending, expire_due
from argosy.base.ledger.facts import Action, DueHold, LedgerReason, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.money import Money
from argosy.base.orders.facts import Order, State
from argosy.base.postings import Posting
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database
from tests.base.ledger.tables import Trade

LIMIT = 200
CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND state = 'active' AND query LIKE '%gate.commit%'
"""


def reserved(trade: Trade, name: str, until_minutes: int | None, minor: int = 1) -> Transfer:
    until = None
    if until_minutes is not None:
        until = trade.clock.now() + timedelta(minutes=until_minutes)
    return Transfer(
        trade.id(name),
        trade.id("cash"),
        trade.id("anita"),
        minor,
        "INR",
        "deposit",
        Action.HOLD,
        expires_at=until,
    )


@pytest.fixture
async def books(trade: Trade) -> Trade:
    await trade.run("open cash debit floor none\nopen anita ceiling 1000.00")
    return trade


async def expiries(db: Database) -> dict[UUID, UUID]:
    """What the journal says ended by the clock: hold -> entry."""
    rows = await db.all("SELECT id, hold FROM ledger.transfers WHERE action = 4")
    assert len(rows) == len({row["hold"] for row in rows})
    return {row["hold"]: row["id"] for row in rows}


async def test_what_is_due_comes_the_oldest_first(books: Trade, ledger: Ledger, clock: SetClock):
    start = clock.now()
    minutes = [3, 1, 2, None, 9]
    await ledger.post([reserved(books, f"h{n}", m) for n, m in enumerate(minutes)])
    assert await ledger.due_holds(start, 9) == []
    clock.advance(minutes=3)
    due = await ledger.due_holds(clock.now(), 9)
    assert [hold.id for hold in due] == [books.id("h1"), books.id("h2"), books.id("h0")]
    assert due[0] == DueHold(books.id("h1"), "deposit", "INR", None)
    assert await ledger.due_holds(clock.now(), 1) == due[:1]


async def test_the_clock_lets_go_of_what_is_due_and_of_nothing_else(
    books: Trade, ledger: Ledger, clock: SetClock, db: Database
):
    await ledger.post(
        [
            reserved(books, "over", 1, 300_00),
            reserved(books, "not yet", 9, 200_00),
            reserved(books, "for ever", None, 100_00),
        ]
    )
    clock.advance(minutes=1)
    assert await expire_due(ledger, clock.now(), LIMIT) == 1
    account = await ledger.account(books.id("anita"))
    assert account is not None
    assert account.credits_pending == 300_00
    assert list(await expiries(db)) == [books.id("over")]
    assert await expire_due(ledger, clock.now(), LIMIT) == 0
    kinds = await db.all("SELECT kind FROM ledger.transfers WHERE action = 4")
    assert [row["kind"] for row in kinds] == ["deposit"]
    assert (await verify(db)).sound


async def test_it_takes_so_many_at_once_and_goes_on(
    books: Trade, ledger: Ledger, clock: SetClock, db: Database
):
    await ledger.post([reserved(books, f"h{n}", 1) for n in range(5)])
    clock.advance(minutes=1)
    assert [await expire_due(ledger, clock.now(), 2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(await expiries(db)) == 5


async def test_a_hold_that_ended_a_moment_ago_stays_as_it_ended(
    books: Trade, ledger: Ledger, clock: SetClock, db: Database
):
    """Between the look and the commit somebody else may be quicker, with an expiry of their own."""
    await ledger.post([reserved(books, "h", 1)])
    clock.advance(minutes=1)
    [due] = await ledger.due_holds(clock.now(), LIMIT)
    await books.run("expire by_hand h created")
    [said] = await ledger.post([ending(due)])
    assert said == Refused(LedgerReason.HOLD_EXPIRED)
    assert await expiries(db) == {books.id("h"): books.id("by_hand")}


async def test_two_sweepers_at_once_let_each_hold_go_once(
    books: Trade, commit: GroupCommit, clock: SetClock, ids: Ids, db: Database
):
    ledgers = [Ledger(db, GroupCommit(db, clock, first_lane=2 * n), clock, ids) for n in range(3)]
    await ledgers[0].post([reserved(books, f"h{n}", 1) for n in range(60)])
    clock.advance(minutes=1)
    done = await asyncio.gather(*(expire_due(ledger, clock.now(), LIMIT) for ledger in ledgers))
    assert sum(done) == 60
    assert len(await expiries(db)) == 60
    account = await ledgers[0].account(books.id("anita"))
    assert account is not None
    assert account.credits_pending == 0
    assert (await verify(db)).sound


async def test_a_sweeper_whose_connections_are_cut_leaves_what_the_next_one_finishes(
    books: Trade, clock: SetClock, ids: Ids, db: Database
):
    cut = await Database.open(db.url, size=4)
    try:
        swept = Ledger(cut, GroupCommit(cut, clock, first_lane=6), clock, ids)
        await swept.post([reserved(books, f"h{n}", 1) for n in range(120)])
        clock.advance(minutes=1)
        sweeping = [asyncio.create_task(expire_due(swept, clock.now(), 10)) for _ in range(12)]
        cuts = 0
        while not cuts and not all(task.done() for task in sweeping):
            cuts = await db.value(CUT)
        sweeping[0].cancel()  # and one that is killed in the middle
        said = await asyncio.gather(*sweeping, return_exceptions=True)
        assert cuts
        assert all(isinstance(one, int | Unavailable | asyncio.CancelledError) for one in said)
        while await expire_due(swept, clock.now(), LIMIT):
            pass
    finally:
        await cut.close()
    assert len(await expiries(db)) == 120
    assert (await verify(db)).sound


async def test_the_holds_of_an_order_end_with_their_order(
    books: Trade, commit: GroupCommit, ledger: Ledger, clock: SetClock, db: Database
):
    order = Order(
        named("order"),
        "send",
        "india",
        State.HELD,
        None,
        None,
        books.id("cash"),
        books.id("anita"),
        Money(1, "INR"),
        clock.now(),
    )
    held = replace(reserved(books, "of an order", 1), order=order.id, kind="send")
    nobodys = replace(reserved(books, "of a stranger's", 1), order=named("no order of ours"))
    await commit.submit(Posting(order.id, order, (held,)))
    await ledger.post([nobodys])
    clock.advance(minutes=1)
    for limit in (1, 2, LIMIT):  # an order's hold, though older, does not stand before the others
        assert [due.id for due in await ledger.due_holds(clock.now(), limit)] == [nobodys.id]
    assert await expire_due(ledger, clock.now(), LIMIT) == 1
    assert list(await expiries(db)) == [nobodys.id]


async def test_a_hold_that_breaks_the_books_does_not_keep_the_others_reserved(
    books: Trade, ledger: Ledger, clock: SetClock, db: Database
):
    await ledger.post([reserved(books, f"h{n}", 1, minor=10) for n in range(3)])
    await db.run("UPDATE ledger.holds SET amount = 1000 WHERE id = $1", books.id("h1"))
    clock.advance(minutes=1)
    assert await expire_due(ledger, clock.now(), LIMIT) == 2
    assert set(await expiries(db)) == {books.id("h0"), books.id("h2")}
