"""The town trades by itself: every kind of trade, screened, on real books that stay sound."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress

import pytest

from argosy.app import Wallet, running
from argosy.base.ledger.verify import verify
from argosy.base.money import Money
from argosy.base.refusals import Unavailable
from argosy.products.pay.facts import PayMerchant
from argosy.public_services.cashier.facts import Receipt
from argosy.sandbox import habits
from argosy.sandbox.census import Census
from argosy.sandbox.habits import A_DAY, BURST, GAP_SECONDS, HOURS, WAYS, Pace, choose, ticket
from argosy.sandbox.hand import Hand
from argosy.sandbox.town import VISITORS, Town, lay_out
from argosy.sandbox.trading import Trading
from argosy.sandbox.traffic import Tally, trade


@pytest.fixture
async def town(house: Wallet) -> Town:
    return await lay_out(house, house.market, customers=24)


@pytest.fixture
def tireless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs a rest between two trades."""
    monkeypatch.setattr(habits, "GAP_SECONDS", 0.0)


async def stopped(task: asyncio.Task[None]) -> float:
    """Cancel it; how many seconds it took to stop."""
    begun = time.perf_counter()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return time.perf_counter() - begun


async def test_the_town_trades_until_it_is_stopped(house, db, town, tireless):
    tally = Tally()
    async with running(house):
        task = asyncio.create_task(trade(house, town, per_second=40, tally=tally))
        await asyncio.sleep(4)
        seconds = await stopped(task)
        done = tally.done.total()
        await asyncio.sleep(0.3)

    assert seconds < 1
    assert tally.done.total() == done > 40  # and nothing goes on in the dark
    assert tally.done["pay", "paid"] > 20
    assert tally.failures == tally.outages == 0
    assert tally.challenges < done / 10
    assert tally.refused.total() < done / 10, tally
    assert not (await verify(db)).findings
    assert await db.value("SELECT sum(debits_posted - credits_posted) FROM ledger.accounts") == 0


async def test_every_kind_of_trade_happens(house, db, town, tireless):
    """Each way for itself, some turns of it."""
    tally = Tally()
    trading = Trading(house, town, random.Random(7), tally)
    for way in WAYS:
        for _ in range(12):
            await trading.turn(way)

    ways = {way for way, _ in tally.done}
    assert ways >= {
        "pay", "pay_code", "create", "send", "ask", "answer", "refund", "top_up", "withdraw",
        "send_away", "take_back",
    }  # fmt: skip
    assert not tally.refused, tally
    states = await db.all("SELECT DISTINCT product, state FROM orders.orders")
    assert {(row["product"], row["state"]) for row in states} >= {
        ("pay", "paid"), ("pay", "refunded"), ("pay", "partly_refunded"), ("send", "paid"),
        ("send", "held"), ("request", "paid"), ("top_up", "paid"), ("withdraw", "paid"),
    }  # fmt: skip
    assert not (await verify(db)).findings


async def test_a_challenge_is_answered_from_the_in_box(house, town):
    """Something dear, in a shop never seen before: screening asks for a code."""
    hand = Hand(house, town.census.customers[4])
    number = town.numbers[town.census.shops[19].id]

    said = await hand.do(PayMerchant(house.ids.new(), Money(600_000, "INR"), number))

    assert isinstance(said, Receipt), said
    assert hand.challenges == 1


async def test_visitors_wallets_never_act_by_themselves(house, db, town, tireless):
    tally = Tally()
    visitors = [r.id for r in (*town.census.customers[:3], *town.census.shops[:2])]
    before = await db.value("SELECT count(*) FROM orders.orders WHERE payer = ANY($1)", visitors)
    trading = Trading(house, town, random.Random(3), tally)
    for _ in range(60):
        await trading.turn()
    after = await db.value("SELECT count(*) FROM orders.orders WHERE payer = ANY($1)", visitors)

    assert VISITORS == (3, 2, 1)
    assert after == before
    assert tally.done.total() > 30


async def test_a_wallet_whose_pin_was_changed_is_left_alone(house, db, town):
    """One wrong PIN, and no second: the owner is not locked out by the town."""
    taken = town.census.customers[10].id
    async with db.work() as conn:
        await house.signin.set_pin(taken, "730914", conn)
    trading = Trading(house, town, random.Random(5), Tally())
    trading._people = [t for t in trading._people if t.resident.id == taken]
    trading._people[0].place = 0
    trading._newcomer_at = float("inf")

    for _ in range(4):
        await trading.turn("top_up")

    assert await db.value("SELECT failures FROM signin.pin WHERE party_id = $1", taken) == 1


async def test_newcomers_move_in_when_everybody_rests(house, db, town):
    tally = Tally()
    trading = Trading(house, town, random.Random(5), tally)
    for trader in trading._people:
        trader.pace.rest(house.clock.now().timestamp(), 10_000)

    await trading.turn("pay")

    assert tally.newcomers == 1
    assert tally.done.total() == 1
    assert not (await verify(db)).findings


async def test_an_outage_is_counted_and_the_town_goes_on(house, town, tireless, monkeypatch):
    tally, turn = Tally(), Trading.turn
    fails = [Unavailable("gone"), RuntimeError("a mistake")]

    async def shaky(self, way=None):
        if fails:
            raise fails.pop()
        await turn(self, way)

    monkeypatch.setattr(Trading, "turn", shaky)
    monkeypatch.setattr("argosy.sandbox.traffic.PAUSE_SECONDS", 0.01)
    async with running(house):
        task = asyncio.create_task(trade(house, town, per_second=40, tally=tally))
        await asyncio.sleep(1.5)
        await stopped(task)

    assert (tally.outages, tally.failures) == (1, 1)
    assert tally.done.total() > 5


async def test_a_slow_house_gathers_no_backlog(house, town, monkeypatch):
    tally = Tally()

    async def stuck(_self, _way=None):
        await asyncio.sleep(60)

    monkeypatch.setattr(Trading, "turn", stuck)
    async with running(house):
        task = asyncio.create_task(trade(house, town, per_second=2_000, tally=tally))
        for _ in range(200):
            await asyncio.sleep(0.05)
            if tally.dropped >= 20:
                break
        assert await stopped(task) < 1

    assert tally.dropped >= 20


def test_nobody_trades_faster_than_fingers():
    """A day at full speed stays under what screening takes for a person's."""
    pace, now, at = Pace(BURST, 0.0), 0.0, []
    while now < 86_400:
        if pace.is_free(now):
            pace.spend(now)
            at.append(now)
        now += 1.0

    def most(span):
        return max(sum(1 for t in at if start <= t < start + span) for start in at[:400])

    assert most(60) <= 3
    assert most(600) <= 600 / GAP_SECONDS
    assert most(3_600) < 90
    assert len(at) <= BURST + A_DAY + 1 < 300


def test_a_pace_remembers_its_rest():
    pace = Pace(BURST, 0.0)
    pace.rest(0.0, 100.0)
    assert not pace.is_free(99.0)
    assert pace.is_free(100.0)


def test_the_day_has_busy_hours_and_none_is_dead():
    assert len(HOURS) == 24
    assert max(HOURS) == 1.0
    assert min(HOURS) > 0.1


def test_chance_knows_every_way():
    chance = random.Random(1)
    assert {choose(chance) for _ in range(2_000)} == set(WAYS)


async def test_prices_are_such_as_people_pay(house):
    census, chance = Census(house.market, 1), random.Random(1)
    small = [ticket(chance, census, census.shops[0]).minor for _ in range(500)]
    large = [ticket(chance, census, census.shops[1]).minor for _ in range(500)]
    assert min(small) > 0
    assert max(small) <= 190_000
    assert sum(small) < sum(large)
    assert sum(1 for minor in large if minor > 500_000) in range(1, 25)
