"""Graph facts in the database: dated, the same on line and for training, quick after a label."""

from __future__ import annotations

import subprocess
import sys
from uuid import UUID

import numpy as np
import pytest

from argosy.ctu.events import Event
from argosy.ctu.facts.graph import COLUMNS, GraphFacts
from argosy.ctu.facts.graph.columns import HOPS_MAX
from argosy.ctu.facts.graph.past import graph_matrix
from argosy.ctu.facts.graph.reading import LEAD_MS
from argosy.ctu.facts.graph.refreshing import Refreshing, forget
from tests.ctu.graph.test_graph import Town, a_gang, crowds, honest

DISTANCE = COLUMNS.index("graph.account.bad_distance")
PAYEE_DISTANCE = COLUMNS.index("graph.payee.bad_distance")
E = slice(COLUMNS.index("graph.account.e0"), COLUMNS.index("graph.account.e7") + 1)


def event(account, payee=None, at_ms=0):
    return Event(id=UUID(int=1), kind="send", at_ms=at_ms, account=account, payee=payee)


def now_ms(clock):
    return int(clock.now().timestamp() * 1000)


@pytest.fixture
def refreshing(db, clock):
    return Refreshing(db, clock)


async def test_a_value_is_in_force_from_its_moment_and_stays_for_the_past(db, clock, refreshing):
    town = Town()
    honest(town)
    gang = a_gang(town)
    await refreshing.full(town.graph())
    first = now_ms(clock) + LEAD_MS
    clock.advance(hours=1)
    town.bad(gang)
    await refreshing.full(town.graph())
    second = now_ms(clock) + LEAD_MS

    asked = [first - 1, first, second - 1, second]
    events = [event("mule5", "collector", at) for at in asked]
    facts = GraphFacts(db)
    await facts.start()
    online = await facts.read_many(events)
    names = ["mule5"] * 4, ["collector"] * 4
    assert np.array_equal(online, await graph_matrix(db, *names, asked), equal_nan=True)
    assert np.isnan(online[0]).all()
    assert online[1:, DISTANCE].tolist() == [HOPS_MAX + 1, HOPS_MAX + 1, 0]
    assert online[1:, PAYEE_DISTANCE].tolist() == [HOPS_MAX + 1, HOPS_MAX + 1, 0]


async def test_a_label_reaches_its_neighbours_at_once(db, clock, refreshing):
    town = Town()
    for payer, payee in (("a", "b"), ("b", "c"), ("x", "y")):
        town.pay(payer, payee)
    await refreshing.full(town.graph())
    facts = GraphFacts(db)
    await facts.start()
    await facts.read_many([event(name) for name in "abcx"])
    clock.advance(minutes=5)
    assert await refreshing.confirmed(["a"]) == 3
    at = now_ms(clock) + LEAD_MS
    assert (await facts.read_many([event("b", at_ms=at)]))[
        0, DISTANCE
    ] == HOPS_MAX + 1  # not told yet
    assert await facts.catch_up() == 1
    rows = await facts.read_many([event(name, at_ms=at) for name in "abcx"])
    assert rows[:, DISTANCE].tolist() == [0, 1, 2, HOPS_MAX + 1]
    assert await refreshing.confirmed(["a"]) == 0  # nothing new
    assert not np.isnan(rows[1, COLUMNS.index("graph.account.community_size")])


async def test_what_has_not_changed_is_not_written_again(db, clock, refreshing):
    town = Town()
    honest(town)
    assert await refreshing.full(town.graph()) > 40
    clock.advance(hours=1)
    assert await refreshing.full(town.graph()) == 0
    town.pay("p1", "newcomer")
    assert 0 < await refreshing.full(town.graph()) < 45


async def test_embeddings_are_columns_and_do_not_drift(db, clock, refreshing):
    town = Town()
    await refreshing.full(crowds(town))
    facts = GraphFacts(db)
    await facts.start()
    one = await facts.read_many([event("x1", at_ms=now_ms(clock) + LEAD_MS)])
    clock.advance(hours=1)
    await refreshing.full(crowds(town, extra=1))
    await facts.catch_up()
    other = await facts.read_many([event("x1", at_ms=now_ms(clock) + LEAD_MS)])
    assert np.isfinite(one[0, E]).all()
    assert np.linalg.norm(one[0, E] - other[0, E]) < 0.5 * np.linalg.norm(one[0, E])


async def test_forgetting_keeps_what_is_in_force(db, clock, refreshing):
    town = Town()
    gang = a_gang(town)
    await refreshing.full(town.graph())
    clock.advance(days=1)
    town.bad(gang)
    await refreshing.full(town.graph())
    before = await db.value("SELECT count(*) FROM ctu.graph_facts")
    await forget(db, now_ms(clock) + LEAD_MS)
    after = await db.value("SELECT count(*) FROM ctu.graph_facts")
    assert after < before
    at = [now_ms(clock) + LEAD_MS]
    assert not np.isnan((await graph_matrix(db, ["mule0"], [None], at))[0, DISTANCE])


async def test_an_account_that_nobody_knows_is_missing(db, clock, refreshing):
    facts = GraphFacts(db)
    await facts.start()
    assert np.isnan(
        np.concatenate(facts.parts(event("who", "whom")))
    ).all()  # there is no graph yet
    town = Town()
    a_gang(town)
    await refreshing.full(town.graph())
    await facts.catch_up()
    assert facts.parts(event("who", "whom")) is None  # not at hand
    assert np.isnan(await facts.read_many([event("who", "whom")])).all()
    assert np.isnan(np.concatenate(facts.parts(event("who", "whom")))).all()


async def test_an_event_older_than_what_is_held_reads_what_was_in_force_then(db, clock, refreshing):
    town = Town()
    gang = a_gang(town)
    times = []
    for _ in range(4):
        await refreshing.full(town.graph())
        times.append(now_ms(clock) + LEAD_MS)
        clock.advance(hours=1)
        town.pay("mule5", f"another {len(times)}")
        town.pay(f"another {len(times)}", "mule5")
    town.bad(gang)
    facts = GraphFacts(db)
    await facts.start()
    events = [event("mule5", "collector", at + late) for at in times for late in (-1, 0)]
    online = await facts.read_many(events)
    names = ["mule5"] * 8, ["collector"] * 8, [one.at_ms for one in events]
    assert np.array_equal(online, await graph_matrix(db, *names), equal_nan=True)
    assert len({row.tobytes() for row in online}) > 3
    held = [n for n, one in enumerate(events) if facts.parts(one) is not None]
    assert held  # the newest are at hand
    assert held != list(range(8))  # and the older ones are not
    for n in held:
        assert np.array_equal(np.concatenate(facts.parts(events[n])), online[n], equal_nan=True)


async def test_memory_is_bounded(db, clock, refreshing):
    town = Town()
    honest(town)
    await refreshing.full(town.graph())
    facts = GraphFacts(db, accounts_max=10)
    await facts.start()
    for n in range(39):
        rows = await facts.read_many([event(f"p{n}", f"p{n + 1}", now_ms(clock) + LEAD_MS)])
        assert not np.isnan(rows[0, DISTANCE])
        assert len(facts._dated) <= 12


def test_reading_in_line_loads_numpy_and_nothing_heavier():
    code = (
        "import sys, argosy.ctu.facts.graph; "
        "print({'scipy','pandas','duckdb','ibis','igraph','sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
