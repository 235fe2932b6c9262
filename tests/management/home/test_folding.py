"""The totals of Home and Reports against an independent count from orders, journal and history."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from argosy.base.clock import local_day
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.outbox import Position
from argosy.ctu.cases import CaseState
from argosy.ctu.history import settle
from argosy.management.home.folding import TABLES, Totals
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask, Decline, PayRequest
from argosy.products.send.facts import Send, TakeBack
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt
from tests.banks.wallet import People

ZONE = "Asia/Kolkata"


@pytest.fixture
async def people(db, clock, ids) -> People:
    made = await People.come(db, clock, ids, "anita", "ravi", "tea shop", "book shop")
    await made.give("anita", 100_000)
    await made.give("ravi", 50_000)
    return made


@pytest.fixture
def totals(db, people) -> Totals:
    return Totals(db, people.wallet.markets)


def inr(rupees: int) -> Money:
    return Money(rupees * 100, "INR")


async def trade(people: People) -> None:
    """A morning with a little of everything."""
    tea, book = people.parties["tea shop"].number, people.parties["book shop"].number
    new = people.ids.new
    paid = [PayMerchant(new(), inr(40 + n), tea) for n in range(5)]
    for command in paid:
        assert isinstance(await people.ask("anita", command), Receipt)
        people.clock.advance(seconds=31)
    assert isinstance(await people.ask("ravi", PayMerchant(new(), inr(300), book)), Receipt)
    refund = Refund(new(), paid[0].id, inr(15))
    assert isinstance(await people.ask("tea shop", refund), Receipt)
    people.clock.advance(minutes=3)
    refund = Refund(new(), paid[0].id)
    assert isinstance(await people.ask("tea shop", refund), Receipt)
    ravi = "+919800000001"
    assert isinstance(await people.ask("anita", Send(new(), inr(200), phone=ravi)), Receipt)
    waits = Send(new(), inr(90), phone="+919811111111")
    assert (await people.ask("anita", waits)).order.state is State.HELD
    people.clock.advance(minutes=2)
    assert isinstance(await people.ask("anita", TakeBack(new(), waits.id)), Receipt)
    for answer in (PayRequest, Decline):
        ask = Ask(new(), inr(70), phone=ravi)
        assert isinstance(await people.ask("anita", ask), Receipt)
        people.clock.advance(minutes=1)
        assert isinstance(await people.ask("ravi", answer(new(), ask.id)), Receipt)
    up = TopUp(new(), inr(500), "HDFC0000001-12345678")
    await people.ask("anita", up)
    out = Withdraw(new(), inr(100), "HDFC0000001-12345678")
    await people.ask("tea shop", out)
    await people.sweep(minutes=5)
    large = PayMerchant(new(), inr(30_000), tea)
    await people.ask("anita", large)
    assert (await people.order(large.id)).state is State.REVIEW
    await people.settle()
    (case,) = await people.wallet.cases.list("india")
    people.clock.advance(minutes=9)
    await people.wallet.cases.decide(case.id, CaseState.RELEASED, "staff:1", "known to us")
    people.clock.advance(hours=22)  # another day, there
    again = PayMerchant(new(), inr(6_000), book)
    await people.ask("ravi", again)  # challenged: nothing moves
    assert isinstance(await people.ask("anita", PayMerchant(new(), inr(10), book)), Receipt)


async def kept(db) -> dict[str, list[tuple]]:
    """Everything that the totals say, without rows of nothing but zeros."""
    found = {}
    for table in TABLES:
        rows = [tuple(row.items()) for row in await db.all(f"SELECT * FROM management.{table}")]
        found[table] = sorted(
            (
                row
                for row in rows
                if table == "home_open" or any(v for _, v in row if type(v) is int)
            ),
            key=repr,
        )
    return found


async def test_what_the_relay_counts_is_what_orders_and_journal_hold(db, people, totals):
    await trade(people)
    await settle(db, totals.relay())
    told: Counter = Counter()
    for order in await db.all("SELECT * FROM orders.orders"):
        if order["state"] in ("paid", "refunded", "partly_refunded"):
            told[order["product"], "done"] += 1
            told[order["product"], "done_minor"] += order["amount_minor"]
            told[order["product"], "fee_minor"] += order["fee_minor"]
        told[order["product"], "returned"] += order["state"] == "returned"
        told[order["product"], "lapsed"] += order["state"] in ("cancelled", "expired")
        told[order["product"], "refunds_minor"] += order["refunded_minor"]
    names = ("done", "done_minor", "fee_minor", "returned", "lapsed", "refunds_minor")
    for table in ("home_minutes", "home_days"):
        rows = await db.all(
            f"SELECT product, {', '.join(f'sum({n})::bigint AS {n}' for n in names)}"
            f" FROM management.{table} GROUP BY product"
        )
        said = {(r["product"], n): r[n] for r in rows for n in names if r[n]}
        assert said == {key: value for key, value in told.items() if value}
    # the amounts of payments are those that the journal moved
    moved = await db.value(
        "SELECT sum(t.amount) FROM ledger.transfers t JOIN orders.orders o ON o.id = t.order_id"
        " WHERE t.action IN (0, 2) AND t.kind = o.product"
    )
    assert sum(v for (_, name), v in told.items() if name == "done_minor") == moved
    assert await db.value("SELECT sum(refunds) FROM management.home_days") == 2
    await people.settle()
    for outcome in ("challenged", "held", "denied"):
        asked = await db.value("SELECT count(*) FROM ctu.events WHERE outcome = $1", outcome)
        assert asked == await db.value(f"SELECT sum({outcome}) FROM management.home_days")


async def test_days_are_those_of_the_market(db, people, totals):
    await trade(people)
    await settle(db, totals.relay())
    days = {row["day"] for row in await db.all("SELECT day FROM management.home_days")}
    first = await db.value("SELECT min(created_at) FROM orders.orders")
    assert days == {local_day(first, ZONE), local_day(first, ZONE) + timedelta(days=1)}


async def test_each_kind_of_end_is_found_on_the_channel_it_came_by(db, people, totals):
    await trade(people)
    await settle(db, totals.relay())
    rows = await db.all(
        "SELECT DISTINCT channel, product FROM management.home_days WHERE done + returned + refunds > 0"
    )
    assert {row["channel"] for row in rows} == {"lite"}
    assert {row["product"] for row in rows} == {"pay", "send", "request", "top_up", "withdraw"}


async def test_merchants_are_owed_what_they_took_in(db, people, totals):
    await trade(people)
    await settle(db, totals.relay())
    for name in ("tea shop", "book shop"):
        (row,) = await db.all(
            "SELECT sum(sales_minor - fee_minor - refunds_minor + fee_back_minor - paid_out_minor"
            " - paid_out_fee_minor)::bigint AS net, sum(paid_out) AS out"
            " FROM management.home_merchants WHERE party = $1",
            people.parties[name].id,
        )
        assert row["net"] == (await people.purse(name)).minor
        assert row["out"] == (1 if name == "tea shop" else 0)


async def test_nothing_is_left_open_but_what_is(db, people, totals):
    await trade(people)
    waits = Send(people.ids.new(), inr(33), phone="+919811111112")
    await people.ask("anita", waits)
    await settle(db, totals.relay())
    assert [row["order_id"] for row in await db.all("SELECT * FROM management.home_open")] == [
        waits.id
    ]


@pytest.mark.parametrize("history_first", [True, False])
async def test_made_anew_they_are_the_same(db, people, totals, history_first):
    await trade(people)
    waits = Send(people.ids.new(), inr(33), phone="+919811111112")
    await people.ask("anita", waits)
    await settle(db, totals.relay())
    if history_first:
        await people.settle()
    before = await kept(db)
    assert all(before.values())
    await db.run("UPDATE management.home_minutes SET done = done + 7")
    assert await kept(db) != before
    await totals.rebuild()
    assert await kept(db) == before
    assert await totals.relay().turn() == 0  # the cursor stands at the end


async def test_made_anew_beside_an_open_transaction_nothing_is_counted_twice(db, people, totals):
    await trade(people)
    await settle(db, totals.relay())
    async with db.connection() as slow:
        open_one = slow.transaction()
        await open_one.start()
        await slow.execute("SELECT pg_current_xact_id()")  # holds every reader of the log back
        more = PayMerchant(people.ids.new(), inr(77), people.parties["tea shop"].number)
        assert isinstance(await people.ask("anita", more), Receipt)
        await totals.rebuild()
        await open_one.rollback()
    await settle(db, totals.relay())
    done = await db.value("SELECT sum(done_minor) FROM management.home_days WHERE product = 'pay'")
    orders = await db.value(
        "SELECT sum(amount_minor) FROM orders.orders WHERE product = 'pay'"
        " AND state IN ('paid', 'refunded', 'partly_refunded')"
    )
    assert done == orders
    before = await kept(db)
    await totals.rebuild()
    assert await kept(db) == before


async def test_a_batch_that_is_cut_anywhere_counts_the_same(db, people, totals):
    await trade(people)
    await settle(db, totals.relay())
    whole = await kept(db)
    for table in TABLES:
        await db.run(f"DELETE FROM management.{table}")
    places = await db.all("SELECT xact, place FROM outbox.events ORDER BY xact, place")
    after = Position(0, 0)
    for row in places:
        end = Position(row["xact"], row["place"])
        async with db.work() as conn:
            await totals.fold(conn, after, end)
        after = end
    assert await kept(db) == whole


async def test_two_relays_at_once_count_once(db, people, totals):
    await trade(people)
    await totals.relay().prepare()
    await asyncio.gather(*(settle(db, totals.relay()) for _ in range(3)))
    before = await kept(db)
    await totals.rebuild()
    assert await kept(db) == before


async def test_a_new_wallet_that_traded_before_is_counted_from_its_books(db, people, totals):
    await trade(people)
    await people.settle()
    await db.run("DELETE FROM outbox.cursors WHERE consumer = 'management.home'")
    async with db.work() as conn:
        await conn.execute("SELECT set_config('outbox.pruning', 'on', TRUE)")
        await conn.execute("DELETE FROM outbox.events")
    await totals.relay().prepare()
    assert await db.value("SELECT sum(done) FROM management.home_days") == await db.value(
        "SELECT count(*) FROM orders.orders WHERE state IN ('paid', 'refunded', 'partly_refunded')"
    )
