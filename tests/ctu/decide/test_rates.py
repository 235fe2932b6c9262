"""The four rates, from payments that were made, stopped, proven and found out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from argosy.base.ports import Decision
from argosy.ctu.decide.rates import read_rates
from argosy.ctu.events import Label
from argosy.ctu.history import put_labels

ALLOW, CHALLENGE, REVIEW, DENY = Decision


async def rates(gate, **asked):
    now = gate.clock.now()
    return await read_rates(gate.db, now - timedelta(days=2), now + timedelta(days=1), **asked)


async def label(gate, event, bad=True):
    at_ms = round(gate.clock.now().timestamp() * 1000)
    async with gate.db.work() as conn:
        await put_labels(conn, [Label(event=event, at_ms=at_ms, bad=bad, source="customer")])


async def test_nothing_happened(gate):
    assert await rates(gate) == []


async def test_each_rate_counts_what_it_says(gate):
    for n in range(6):
        await gate.pay(f"person {n}", 10)  # let through
    await gate.pay("anita", 5_100, "stranger", otp=True)  # asked, and proven
    await gate.pay("ravi", 5_100, "stranger")  # asked, and given up
    held = await gate.pay("meena", 25_000, "stranger")  # held
    assert held.decision is REVIEW
    await gate.brain.settle()
    (all_,) = await rates(gate)
    assert (all_.operations, all_.disturbed, all_.asked, all_.passed, all_.limited) == (
        9,
        3,
        2,
        1,
        1,
    )
    assert all_.disturbance == pytest.approx(3 / 9)
    assert all_.failure == pytest.approx(1 / 2)
    assert all_.limit == pytest.approx(1 / 9)
    assert all_.coverage is None
    assert all_.in_full == 1.0


async def test_what_is_found_bad_moves_coverage_and_leaves_the_disturbance(gate):
    through = gate.operation("mallory", 200, "mule")
    assert (await gate.put_through(through)).decision is ALLOW
    stopped = gate.operation("victor", 25_000, "mule")
    assert (await gate.put_through(stopped)).decision is REVIEW
    for n in range(8):
        await gate.pay(f"person {n}", 10)
    await gate.brain.settle()
    (before,) = await rates(gate)
    assert before.disturbance == pytest.approx(1 / 10)
    for operation in (through, stopped):
        await label(gate, operation.id)
    await gate.brain.settle()
    (after,) = await rates(gate)
    assert (after.bad, after.bad_stopped, after.coverage) == (2, 1, 0.5)
    assert after.coverage_money == pytest.approx(25_000 / 25_200)
    assert after.disturbance == 0.0
    await label(gate, through.id, bad=False)
    await gate.brain.settle()
    (again,) = await rates(gate)
    assert (again.bad, again.coverage) == (1, 1.0)


async def test_what_came_to_nothing_is_not_counted(gate):
    await gate.ask("anita", 10)
    operation = gate.operation("ravi", 10)
    await gate.put_through(operation)
    for _ in range(3):  # the same command again
        verdict = await gate.brain.judge(operation)
        await gate.brain.observe(operation, verdict, "refused")
    await gate.brain.settle()
    (all_,) = await rates(gate)
    assert all_.operations == 1


async def test_rates_are_told_apart_by_market_kind_and_time(gate):
    await gate.pay("anita", 10)
    await gate.pay("ravi", 10, kind="pay")
    gate.clock.advance(minutes=10)
    await gate.pay("anita", 5_100, "stranger", kind="pay")
    await gate.brain.settle()
    apart = await rates(gate, apart=True)
    assert [(r.market, r.kind, r.operations) for r in apart] == [
        ("india", "pay", 2),
        ("india", "send", 1),
    ]
    assert [r.operations for r in await rates(gate, kind="pay")] == [2]
    assert await rates(gate, market="atlantis") == []
    by_time = await rates(gate, every_seconds=300)
    assert [(r.operations, r.disturbed) for r in by_time] == [(2, 0), (1, 1)]


async def test_counts_of_two_processes_add_up(gate, db):
    for _ in range(2):
        await gate.pay("anita", 10)
        await gate.brain.tallies.write()
    assert [r.operations for r in await rates(gate)] == [2]
