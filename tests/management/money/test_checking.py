"""The books are checked on demand and every night, in a process of its own, and the result is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from argosy.base.refusals import Refused
from argosy.management.money.checking import CLOCK


async def test_on_demand_with_its_result_and_time(town, desk, clock):
    await town.pay(10_000)
    started = await desk.checking.start("farah")
    twice = await desk.checking.start("felix")
    assert isinstance(twice, Refused)
    assert twice.code == "check_running"
    await desk.checking.wait()

    check = await desk.checking.get(started)

    assert (check.state, check.asked_by, check.findings) == ("sound", "farah", [])
    assert check.checked["transfers"] > 0
    assert check.seconds > 0
    assert check.heads
    clock.advance(minutes=1)
    third = await desk.checking.start("felix")  # the way is free again
    assert not isinstance(third, Refused)
    await desk.checking.wait()
    assert [one.asked_by for one in await desk.checking.page()] == ["felix", "farah"]


async def test_what_is_wrong_is_found_and_kept(town, desk, db):
    await town.pay(10_000)
    async with db.work() as conn:  # a hand in the till
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(
            "UPDATE ledger.accounts SET credits_posted = credits_posted + 1 WHERE kind = 'system.fees'"
            " AND currency = 'INR'"
        )
    started = await desk.checking.start("farah")
    await desk.checking.wait()

    check = await desk.checking.get(started)

    assert check.state == "unsound"
    assert {one["what"] for one in check.findings} >= {"balance", "currency"}


async def test_every_night_once(town, desk, clock):
    """By the clock of the home market: half past five hours ahead of UTC."""
    for hour, made in ((19, 0), (20, 0), (21, 1), (22, 0), (23, 0)):
        clock.set(datetime(2026, 11, 23, hour, 0, tzinfo=UTC))
        assert await desk.checking.nightly(clock.now()) == made, hour
        await desk.checking.wait()
    clock.set(datetime(2026, 11, 24, 21, 0, tzinfo=UTC))
    assert await desk.checking.nightly(clock.now()) == 1
    await desk.checking.wait()
    assert [one.asked_by for one in await desk.checking.page()] == [CLOCK, CLOCK]


async def test_one_that_died_does_not_stop_the_next(town, desk, db, clock):
    await desk.checking.start("farah")
    await desk.checking.wait()
    await db.run("UPDATE money.checks SET state = 'running', told_at = now() - interval '1 hour'")
    clock.advance(minutes=1)
    assert not isinstance(await desk.checking.start("felix"), Refused)
    await desk.checking.wait()
    assert [one.state for one in await desk.checking.page()] == ["sound", "broken"]
