"""The figures of Home against a recount from the orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from argosy.base.money import Money
from argosy.ctu.cases import CaseState
from argosy.ctu.history import settle
from argosy.management.home.figures import (
    Place,
    Sum,
    choices,
    compared,
    day_so_far,
    line,
    risk,
    stretches,
)
from argosy.management.home.folding import Totals
from argosy.management.home.jobs import Jobs
from argosy.management.home.standing import database, floats, jobs, queues, readers
from argosy.products.pay.facts import PayMerchant
from argosy.products.send.facts import Send
from argosy.products.top_up.facts import TopUp
from tests.banks.wallet import People

EVERYWHERE = Place()


@pytest.fixture
async def people(db, clock, ids) -> People:
    made = await People.come(db, clock, ids, "anita", "tea shop")
    await made.give("anita", 100_000)
    return made


async def pay(people: People, rupees: int):
    shop = people.parties["tea shop"].number
    return await people.ask(
        "anita", PayMerchant(people.ids.new(), Money(rupees * 100, "INR"), shop)
    )


async def count(people: People) -> None:
    await settle(people.wallet.db, Totals(people.wallet.db, people.wallet.markets).relay())
    await people.wallet.refusals.flush()


def test_the_day_so_far_is_the_markets_own():
    now = datetime(2026, 11, 22, 20, 30, 40, tzinfo=UTC)  # 02:00 of the 23rd in Kolkata
    since, until = day_so_far(now, "Asia/Kolkata")
    assert (since, until) == (
        datetime(2026, 11, 22, 18, 30, tzinfo=UTC),
        datetime(2026, 11, 22, 20, 30, tzinfo=UTC),
    )
    assert day_so_far(now, "Asia/Kolkata", 7)[1] == until - timedelta(days=7)


def test_percentiles_come_from_the_buckets():
    quick = Sum(timed=100, le_10=50, le_30=45, le_100=4, le_300=1, took_ms=1234)
    assert quick.took(0.5) == 10
    assert 10 < quick.took(0.9) < 30
    assert 30 < quick.took(0.99) <= 100
    assert quick.mean_ms == 12.34
    assert Sum().took(0.5) is None
    assert Sum(timed=1).took(0.5) == 3000


def test_success_counts_every_end_and_nothing_that_has_none():
    day = Sum(done=90, refused=4, denied=2, challenged=5, proven=2, returned=1, lapsed=50, held=3)
    assert day.not_done == 4 + 2 + 3 + 1
    assert day.success == 0.9
    assert Sum(lapsed=3).success is None


async def test_today_stands_beside_yesterday_and_last_week_at_this_hour(people):
    clock, db = people.clock, people.wallet.db
    clock.set(datetime(2026, 11, 22, 5, 0, tzinfo=UTC))
    last_week = [await pay(people, 10), await pay(people, 20)]
    clock.set(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    await pay(people, 900)  # later in the day than it is now
    clock.set(datetime(2026, 11, 28, 4, 0, tzinfo=UTC))
    await pay(people, 40)
    clock.set(datetime(2026, 11, 29, 4, 0, tzinfo=UTC))
    for rupees in (1, 2, 3):
        await pay(people, rupees)
    await pay(people, 200_000)  # more than there is
    clock.set(datetime(2026, 11, 29, 6, 0, tzinfo=UTC))
    await count(people)
    said = await compared(db, clock.now(), "Asia/Kolkata", EVERYWHERE)
    assert (said.today.all.done, said.today.all.done_minor) == (3, 600)
    assert (said.yesterday.all.done, said.yesterday.all.done_minor) == (1, 4_000)
    assert (said.last_week.all.done, said.last_week.all.done_minor) == (2, 3_000)
    assert said.today.all.refused == 1
    assert said.today.all.success == 0.75
    assert said.today.markets.keys() == {"india"}
    nowhere = await compared(db, clock.now(), "Asia/Kolkata", Place(channel="ussd"))
    assert nowhere.today.all == Sum()
    assert len(last_week) == 2
    points = await line(db, *day_so_far(clock.now(), "Asia/Kolkata"), 30, EVERYWHERE)
    assert sum(point.sum.done for point in points) == 3
    assert sum(point.sum.refused for point in points) == 1
    assert {b.at - a.at for a, b in pairwise(points)} == {timedelta(minutes=30)}
    assert await choices(db, clock.now()) == {
        "market": ["india"],
        "channel": ["lite"],
        "product": ["pay"],
    }


async def test_a_payment_is_timed_from_request_to_commit(people):
    since = people.clock.now()
    await pay(people, 10)
    people.clock.advance(seconds=5)
    await count(people)
    (all_,) = await stretches(people.wallet.db, [(since, people.clock.now())], EVERYWHERE)
    assert all_.all.timed == 1
    assert all_.all.le_10 == 1  # the clock of tests stands still meanwhile


async def test_money_let_through_and_found_bad_is_a_loss(people):
    clock, wallet = people.clock, people.wallet
    since = clock.now()
    await pay(people, 30_000)
    await people.settle()
    (case,) = await wallet.cases.list("india")
    await wallet.cases.decide(case.id, CaseState.RETURNED, "staff:1", "not the owner")
    await people.settle()
    found = await risk(wallet.db, since, clock.now() + timedelta(hours=1), EVERYWHERE)
    assert (found.rates.bad, found.lost, found.lost_minor) == (1, 0, {"india": 0})
    assert found.rates.coverage == 1


async def test_what_is_owed_is_the_sum_of_all_wallets(people, db):
    await pay(people, 100)
    await people.ask("anita", Send(people.ids.new(), Money(5_000, "INR"), phone="+919811111111"))
    await people.ask("anita", TopUp(people.ids.new(), Money(70_000, "INR"), "HDFC0000001-12345678"))
    await people.sweep(minutes=5)
    (india,) = await floats(db, [people.wallet.market])
    assert india.owed_minor == await db.value(
        "SELECT sum(credits_posted - debits_posted) FROM ledger.accounts"
        " WHERE kind IN ('wallet', 'system.unclaimed') AND currency = 'INR'"
    )
    assert india.bank_minor == 70_000
    assert india.gap_minor == india.opening_minor - india.own_minor
    assert 0 < india.covered < 1


async def test_queues_say_what_waits_and_since_when(people, db):
    empty = {queue.name: queue for queue in await queues(db)}
    assert set(empty) == {"cases", "webhooks", "messages", "unknown", "log"}
    assert empty["cases"].waiting == empty["webhooks"].waiting == empty["unknown"].waiting == 0
    await pay(people, 30_000)
    await people.settle()
    people.clock.advance(hours=5)
    found = {queue.name: queue for queue in await queues(db)}
    assert found["cases"].waiting == 1
    assert found["cases"].late(people.clock.now())
    assert not empty["cases"].late(people.clock.now())


async def test_readers_and_database_are_looked_at(people, db):
    for relay in people.wallet.relays:
        await relay.prepare()
    await pay(people, 10)
    assert "management.home" in {one.consumer for one in await readers(db)}
    assert any(one.waiting_since for one in await readers(db))
    health = await database(db)
    assert health.well
    assert health.millis < 5_000


async def test_jobs_are_noted_with_their_failures_in_a_row(db, clock):
    noted = Jobs(db, clock)
    noted.note("ledger.expiry", 0.25, 3)
    noted.note("notify.deliver", 0.1, 0, OSError("no line"))
    noted.note("notify.deliver", 0.1, 0, OSError("no line"))
    assert await noted.flush() == 2
    found = {job.name: job for job in await jobs(db)}
    assert (found["ledger.expiry"].state, found["ledger.expiry"].took_ms) == ("good", 250)
    assert (found["notify.deliver"].state, found["notify.deliver"].says) == (
        "failing",
        "OSError: no line",
    )
    noted.note("notify.deliver", 0.1, 1)
    await noted.flush()
    assert {job.state for job in await jobs(db)} == {"good"}
