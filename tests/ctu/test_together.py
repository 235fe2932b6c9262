"""Events that come at once are judged in one pass, and none waits for another's reading."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.ports import Decision
from argosy.base.refusals import Unavailable
from argosy.ctu.decide.judge import Judge

ALLOW = Decision.ALLOW


@pytest.fixture
def passes(monkeypatch) -> list[int]:
    """How many events each pass judged."""
    seen: list[int] = []
    judge = Judge.judge

    def counted(self, events, facts, owner, new_id):
        seen.append(len(events))
        return judge(self, events, facts, owner, new_id)

    monkeypatch.setattr(Judge, "judge", counted)
    return seen


async def known(gate, *names):
    for name in names:
        await gate.ask(name, 10)


async def test_those_who_come_in_one_turn_are_judged_in_one_pass(gate, passes):
    names = [f"p {n}" for n in range(20)]
    await known(gate, *names)
    passes.clear()
    said = await asyncio.gather(*(gate.brain.judge(gate.operation(n, 10)) for n in names))
    assert passes == [20]
    assert {verdict.decision for verdict in said} == {ALLOW}


async def test_alone_an_event_is_judged_at_once(gate, passes):
    await known(gate, "anita")
    passes.clear()
    verdict = asyncio.ensure_future(gate.brain.judge(gate.operation("anita", 10)))
    for _ in range(3):  # turns of the loop: nothing is read, and there is no timer
        await asyncio.sleep(0)
    assert verdict.done()
    assert passes == [1]


async def test_more_than_fit_are_judged_in_further_passes(gate, passes):
    await known(gate, "anita")
    passes.clear()
    await asyncio.gather(*(gate.brain.judge(gate.operation("anita", 10)) for _ in range(150)))
    assert passes == [64, 64, 22]


async def test_a_stranger_who_must_be_read_keeps_nobody_waiting(gate, passes):
    await known(gate, "anita")
    reading = asyncio.Event()
    read = gate.brain.facts.read

    async def slow(events):
        await reading.wait()
        return await read(events)

    gate.brain.facts.read = slow
    stranger = asyncio.ensure_future(gate.brain.judge(gate.operation("stranger", 10)))
    async with asyncio.timeout(5):
        assert (await gate.brain.judge(gate.operation("anita", 10))).decision is ALLOW
    assert not stranger.done()
    reading.set()
    assert (await stranger).decision is ALLOW


async def test_each_of_a_pass_sees_those_before_it(gate):
    """The same person ten times at once is ten payments, in whatever pass."""
    await known(gate, "anita")
    operations = [gate.operation("anita", 10) for _ in range(15)]
    said = await asyncio.gather(*(gate.brain.judge(o) for o in operations))
    counts = [v.facts[gate.brain.facts.columns.index("account.count_1m")] for v in said]
    assert counts == list(range(15))


async def test_a_pass_that_fails_says_nothing_to_anybody_in_it(gate, monkeypatch):
    await known(gate, "anita", "ravi")

    def broken(*_args):
        raise ValueError("a rule that divides by nothing")

    with monkeypatch.context() as patched:
        patched.setattr(Judge, "judge", broken)
        asked = [gate.brain.judge(gate.operation(n, 10)) for n in ("anita", "ravi")]
        said = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in said] == [ValueError, ValueError]
    verdict = await gate.brain.judge(gate.operation("anita", 10))
    assert verdict.facts[gate.brain.facts.columns.index("account.count_1m")] == 0, "none flies on"


async def test_who_gave_up_waiting_is_not_judged(gate, passes):
    await known(gate, "anita")
    passes.clear()
    task = asyncio.ensure_future(gate.brain.judge(gate.operation("anita", 10)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert sum(passes) <= 1
    assert (await gate.brain.judge(gate.operation("anita", 10))).decision is ALLOW


async def test_when_the_brain_stops_whoever_waits_hears_it(gate):
    async def never(_events):
        await asyncio.Event().wait()

    gate.brain.facts.read = never
    waiting = asyncio.ensure_future(gate.brain.judge(gate.operation("anita", 10)))
    await asyncio.sleep(0.01)
    await gate.brain.close()
    with pytest.raises(Unavailable):
        await waiting


async def test_what_a_payment_of_another_process_does_is_heard_through_the_log(
    gate, db, clock, ids
):
    other = type(gate.brain)(db, clock, ids)
    await other.start()
    mine = gate.operation("anita", 10)
    await gate.put_through(mine)
    await gate.brain.settle()
    await other.facts.catch_up()
    again = await other.judge(mine)
    assert (again.decision, again.version) == (ALLOW, "before")
    seen = await other.judge(gate.operation("anita", 10))
    assert seen.facts[other.facts.columns.index("account.count_1m")] == 1
