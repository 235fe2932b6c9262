"""What is old is let go, by the clock; what is young, and what is known of it, stays as it was."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from argosy.app import sweeps
from argosy.base.ports import Decision
from argosy.ctu.events import Label
from argosy.ctu.facts.declared import starter
from argosy.ctu.facts.offline.engine import OffLine
from argosy.ctu.facts.offline.history import History
from argosy.ctu.forgetting import EVENTS_KEPT, STATES_KEPT, STOPPED_KEPT, Forgetting
from argosy.ctu.history import put_labels
from argosy.ctu.learn import training
from argosy.ctu.learn.terms import Terms
from argosy.ctu.models import Features
from tests.banks.wallet import People
from tests.ctu.gatekeeper import who


async def counted(db, *tables: str) -> list[int]:
    return [await db.value(f"SELECT count(*) FROM ctu.{table}") for table in tables]


async def label(db, clock, event):
    at_ms = int(clock.now().timestamp() * 1000)
    async with db.work() as conn:
        await put_labels(conn, [Label(event=event, at_ms=at_ms, bad=True, source="case")])


@pytest.fixture
async def two_years(db, brain, gate, clock):
    """A payment and a stopped one, each found bad, long ago; and the same lately."""
    said = {}
    for when, person in (("old", "anita"), ("young", "ravi")):
        paid = await gate.pay(person, 10, otp=True)
        stopped = await gate.pay(person, 5_100, f"stranger to {person}")
        assert stopped.decision is Decision.CHALLENGE
        await brain.settle()
        for one in (paid, stopped):
            await label(db, clock, one.event.id)
        await brain.settle()
        await brain.settle()
        said[when] = paid, stopped
        if when == "old":
            clock.advance(days=EVENTS_KEPT.days - 1)
    await brain.facts.snapshot()
    return said


async def test_history_labels_and_yeses_go_when_their_time_is_over(db, brain, clock, two_years):
    forgetting = Forgetting(db)
    before = await counted(db, "events", "labels", "verdict_blocks", "verdict_rows")
    assert before == [4, 4, 2, 2]
    assert await forgetting.turn(clock.now()) == 0  # a day before
    assert await counted(db, "events", "labels", "verdict_blocks", "verdict_rows") == before
    clock.advance(days=2)
    assert await forgetting.turn(clock.now()) > 0
    assert await counted(db, "events", "labels", "verdict_blocks", "verdict_rows") == [2, 2, 1, 2]
    old, young = two_years["old"], two_years["young"]
    assert await brain.verdicts.get(old[0].id) is None
    assert (await brain.verdicts.get(young[0].id)).decision is Decision.ALLOW
    # What was stopped is explained for years.
    assert (await brain.verdicts.get(old[1].id)).decision is Decision.CHALLENGE
    clock.advance(days=STOPPED_KEPT.days - EVENTS_KEPT.days)
    await forgetting.turn(clock.now())
    assert await brain.verdicts.get(old[1].id) is None
    assert (await brain.verdicts.get(young[1].id)).decision is Decision.CHALLENGE


async def test_it_is_done_in_small_turns(db, clock, two_years):
    clock.advance(days=2)
    forgetting = Forgetting(db)
    for left in (3, 2, 2):
        await forgetting.turn(clock.now(), rows=1)
        assert await counted(db, "events") == [left]


async def test_a_state_that_nobody_named_since_goes_and_the_others_stay(db, clock, two_years):
    async def known(name):
        key = str(who(name))
        return await db.value("SELECT count(*) FROM ctu.states WHERE key = $1", key)

    assert await known("anita") > 0
    clock.advance(days=STATES_KEPT.days - EVENTS_KEPT.days + 2)
    forgetting = Forgetting(db)
    for _ in range(50):  # through all the states, a few at a time
        await forgetting.turn(clock.now(), rows=7)
    assert await known("anita") == 0
    assert await known("ravi") > 0


async def test_windows_read_off_line_as_before(db, brain, gate, clock, two_years):
    """Facts over windows of the young events are the same numbers after the old ones went, and training
    still reads."""
    fact_set = starter()
    windows = [n for n, fact in enumerate(fact_set.facts) if fact.window is not None]

    async def matrix():
        found = OffLine(fact_set).matrix(await History.postgres(db))
        rows = [n for n, at in enumerate(found.at_ms) if at > found.at_ms.max() - 86_400_000]
        return found.values[rows][:, windows]

    before = await matrix()
    clock.advance(days=2)
    await Forgetting(db).turn(clock.now())
    assert np.array_equal(await matrix(), before, equal_nan=True)
    features = Features(brain.facts.columns)
    data = await training.read(db, fact_set, features, clock.now(), Terms())
    assert len(data) == 2
    assert data.bad == 2
    # And the brain judges on.
    assert (await gate.pay("mira", 10, "baker", otp=True)).decision is Decision.ALLOW


async def test_the_clock_does_it(db, clock, ids):
    people = await People.come(db, clock, ids, "anita")
    (sweep,) = [one for one in sweeps(people.wallet) if one.name == "risk.forget"]
    assert await sweep.run(clock.now(), 200) == 0


def test_what_is_kept_is_longer_than_what_is_needed():
    needed = timedelta(days=90 + Terms().history_days)
    assert min(EVENTS_KEPT, STATES_KEPT) > needed
    assert STOPPED_KEPT > EVENTS_KEPT
