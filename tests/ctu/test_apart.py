"""One brain for several processes: they ask over a socket, and the brain answers as if it were theirs."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from argosy.base.ports import Decision
from argosy.base.refusals import Bug, Unavailable
from argosy.ctu.apart import Answering, Asking
from argosy.ctu.apart.words import FRAME_BYTES_MAX, LENGTH_BYTES, Frames, frame
from argosy.ctu.brain import Brain
from tests.ctu.gatekeeper import Gatekeeper

ALLOW, CHALLENGE, REVIEW, DENY = Decision
SECONDS_MAX = 5


@pytest.fixture
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("b") / "brain"


@pytest.fixture
def heard() -> list[int]:
    return []


@asynccontextmanager
async def line(brain: Brain, place: Path, heard: list[int]) -> AsyncIterator[Asking]:
    """A process that asks, and the one that answers it."""
    asking = Asking(place)
    async with Answering(brain, place, lambda: heard.append(1)).open(), kept_up(asking):
        yield asking


@asynccontextmanager
async def kept_up(asking: Asking) -> AsyncIterator[None]:
    running = asyncio.create_task(asking.run())
    try:
        async with asyncio.timeout(SECONDS_MAX):
            await asking.start()
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asking.close()


@pytest.fixture
async def asking(brain, place, heard) -> AsyncIterator[Asking]:
    async with line(brain, place, heard) as one:
        yield one


@pytest.fixture
def gate(db, asking, clock, ids) -> Gatekeeper:
    return Gatekeeper(db, asking, clock, ids)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.01)


async def test_a_yes_next_door_is_counted_and_kept(gate, brain, heard):
    verdict = await gate.pay("anita", 250)
    assert verdict.decision is ALLOW
    await until(lambda: bool(heard))
    await brain.settle()
    (kept,) = await brain.verdicts.find(verdict.id)
    assert (kept.outcome, kept.decision) == ("posted", ALLOW)


async def test_a_challenge_next_door_is_durable_before_the_customer_hears_of_it(gate, brain):
    await gate.habit("anita", 5_100, days=6)
    operation = gate.operation("anita", 5_100, "stranger")
    verdict = await gate.put_through(operation)
    assert (verdict.decision, verdict.challenge) == (CHALLENGE, "otp")
    assert [hit.rule for hit in verdict.hits]
    assert [kept.id for kept in await brain.verdicts.of_event(operation.id)] == [verdict.id]


async def test_both_sides_come_to_the_same_verdict(gate, brain):
    await gate.habit("anita", 5_100, days=6)
    operation = gate.operation("anita", 5_100, "stranger", device="tablet")
    there = await gate.brain.judge(operation)
    here = await brain.judge(operation)
    for name in ("decision", "challenge", "hits", "score", "version", "unevaluated"):
        assert getattr(there, name) == getattr(here, name), name


async def test_fifty_at_once_get_each_their_own_verdict(gate):
    operations = [gate.operation(f"customer {n}", 10 + n) for n in range(50)]
    verdicts = await asyncio.gather(*(gate.brain.judge(one) for one in operations))
    assert [v.event.id for v in verdicts] == [o.id for o in operations]
    assert [v.event.amount for v in verdicts] == [o.money.minor for o in operations]
    assert len({v.id for v in verdicts}) == len(verdicts)


async def test_without_a_line_nothing_is_judged_and_with_it_again_everything_is(
    db, brain, place, heard, clock, ids
):
    asking = Asking(place)
    gate = Gatekeeper(db, asking, clock, ids)
    with pytest.raises(Unavailable):
        await asking.judge(gate.operation("anita", 10))
    running = asyncio.create_task(asking.run())
    try:
        for _ in range(2):
            async with Answering(brain, place, lambda: None).open():
                async with asyncio.timeout(SECONDS_MAX):
                    await asking.start()
                assert (await gate.ask("anita", 10)).decision is ALLOW
            await until(lambda: not asking.ready)
            with pytest.raises(Unavailable):
                await asking.judge(gate.operation("anita", 10))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_waits_when_the_line_is_lost_hears_it(gate, asking, brain, monkeypatch):
    never = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(brain, "ask", lambda _event: never)
    waiting = asyncio.create_task(asking.judge(gate.operation("anita", 10)))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await asking.close()
    with pytest.raises(Unavailable, match="lost"):
        await waiting


async def test_a_brain_that_stops_says_so(brain, asking, gate):
    assert asking.ready
    await brain.close()
    await until(lambda: not asking.ready)
    with pytest.raises(Unavailable):
        await asking.judge(gate.operation("anita", 10))


async def test_a_mistake_in_judging_is_nobody_elses(gate, asking, brain, monkeypatch):
    ask, bad = brain.ask, gate.operation("anita", 13)

    def judged(event):
        if event.id == bad.id:
            raise ValueError("thirteen")
        return ask(event)

    monkeypatch.setattr(brain, "ask", judged)
    good = gate.operation("ravi", 14)
    wrong, right = await asyncio.gather(
        asking.judge(bad), asking.judge(good), return_exceptions=True
    )
    assert isinstance(wrong, Bug)
    assert right.decision is ALLOW


async def test_a_verdict_for_one_operation_is_none_for_another(gate, asking):
    verdict = await asking.judge(gate.operation("anita", 10))
    other = gate.operation("ravi", 10)
    with pytest.raises(Bug):
        asking.record(other, verdict, "posted", None)
    with pytest.raises(Bug):
        await asking.observe(other, verdict, "posted")


async def test_only_this_user_may_ask(asking, place):
    assert asking.ready
    assert stat.S_IMODE(place.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_frames_come_in_any_pieces():
    whole = frame(["one"]) + frame(["two"]) + frame(["three"])
    for step in (1, 2, 3, 5, len(whole)):
        frames = Frames()
        found = [
            body for at in range(0, len(whole), step) for body in frames.take(whole[at : at + step])
        ]
        assert [LENGTH_BYTES + len(body) for body in found] == [
            len(frame([word])) for word in ("one", "two", "three")
        ]


def test_a_frame_that_cannot_be_is_refused():
    with pytest.raises(Bug):
        Frames().take((FRAME_BYTES_MAX + 1).to_bytes(LENGTH_BYTES))
