"""What the graph says is read in the payment: by rules, by models, and the same as in training."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from argosy.base.ports import Decision
from argosy.ctu.events import Label
from argosy.ctu.facts.declared import starter
from argosy.ctu.facts.graph import COLUMNS
from argosy.ctu.facts.graph.building import Graph
from argosy.ctu.facts.graph.refreshing import Refreshing
from argosy.ctu.facts.offline.history import History
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.from_operation import from_operation
from argosy.ctu.history import put_labels
from argosy.ctu.learn import training
from argosy.ctu.learn.terms import Terms
from argosy.ctu.models import Features
from argosy.ctu.rules.vocabulary import starter_vocabulary
from tests.ctu.gatekeeper import rules_of, who

BEGIN = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


async def confirm(db, brain, clock, event, source="chargeback", scheme="mule"):
    at_ms = int(clock.now().timestamp() * 1000)
    label = Label(event=event, at_ms=at_ms, bad=True, source=source, scheme=scheme)
    async with db.work() as conn:
        await put_labels(conn, [label])
    await brain.settle()
    await brain.settle()  # the relay tells of the label's event, then the facts hear of it
    clock.set(clock.now() + timedelta(seconds=20))


async def refresh(db, brain, clock):
    """What the learning job does with the graph."""
    await brain.settle()
    until_ms = int(clock.now().timestamp() * 1000) + 1
    graph = Graph.build(await History.postgres(db, until_ms=until_ms), until_ms)
    await Refreshing(db, clock).full(graph)
    await brain.settle()
    clock.set(clock.now() + timedelta(seconds=20))


async def test_rules_models_and_training_have_the_same_columns(brain):
    assert brain.facts.columns == vector_of(starter())
    assert brain.facts.columns[-len(COLUMNS) :] == COLUMNS
    assert brain.chamber.rules.rules.vocabulary.columns == brain.facts.columns
    assert brain.chamber.models.live.features.facts == brain.facts.columns
    assert tuple(starter_vocabulary().columns) == brain.facts.columns


@pytest.fixture
def told(brain):
    """Every verdict that the brain gives."""
    found = []
    judging = brain._judge_now

    def judge(events, facts, owner):
        judged = judging(events, facts, owner)
        found.extend(judged)
        return judged

    brain._together._judging = judge
    return found


async def test_in_line_as_off_line(db, brain, gate, clock, told):
    """Refreshes and labels between payments: each payment reads in line what training reads for it."""
    people = [f"person {n}" for n in range(6)]
    for turn in range(5):
        for n, person in enumerate(people):
            await gate.pay(
                person, 20 + n, people[(n * 5 + 1) % 6], otp=True, device=f"phone {n // 2}"
            )
            clock.set(clock.now() + timedelta(seconds=7))  # some fall between writing and force
        if turn in (1, 3):
            await refresh(db, brain, clock)
            clock.set(clock.now() - timedelta(seconds=15))
        if turn == 2:
            await confirm(db, brain, clock, told[1].event.id)
    await brain.settle()
    facts = starter()
    data = await training.read(
        db, facts, Features(vector_of(facts)), clock.now(), Terms(history_days=30)
    )
    place = {event.id: n for n, event in enumerate(data.events)}
    last = {one.event.id: one for one in told}  # of several tries the last is the one learned from
    assert len(last) == len(place) == 30
    graph = slice(len(facts.columns), len(vector_of(facts)))
    served = np.array([one.facts for one in last.values()])
    learned = data.rows[[place[id_] for id_ in last]][:, : len(vector_of(facts))]
    assert np.array_equal(served[:, graph], learned[:, graph], equal_nan=True)
    assert np.allclose(served, learned, rtol=1e-9, equal_nan=True)
    known = ~np.isnan(served[:, graph]).all(axis=1)
    assert 5 < known.sum() < 30  # the first refresh came after some, and before others
    assert len({row.tobytes() for row in served[:, graph]}) > 5


async def test_a_planted_difference_is_found(db, brain, gate, clock, told):
    """The twin: were the graph read as it is today, and not as it was, the comparison would say so."""
    await gate.pay("a", 20, "b", otp=True)
    await refresh(db, brain, clock)
    await gate.pay("a", 20, "b", otp=True)
    facts = starter()
    await brain.settle()
    await db.run("UPDATE ctu.graph_facts SET since_ms = 0")
    data = await training.read(
        db, facts, Features(vector_of(facts)), clock.now(), Terms(history_days=30)
    )
    first = next(n for n, e in enumerate(data.events) if e.id == told[0].event.id)
    graph = slice(len(facts.columns), len(vector_of(facts)))
    assert not np.array_equal(data.rows[first, graph], told[0].facts[graph], equal_nan=True)


async def test_a_gang_is_found_out_and_its_next_member_is_stopped(db, brain, gate, clock):
    """Mules on two phones feed a collector. One is confirmed; a mule that nobody reported is stopped
    half a minute later, and honest people go on."""
    await gate.habit("anita", 300, days=5, to="ravi")
    opened = clock.now()
    events = {}
    for n in range(5):
        member = f"mule {n}"
        operation = gate.operation(
            member, 900, "collector", device=f"farm {n % 2}", opened=opened, proofs=("pin", "otp")
        )
        events[n] = operation.id
        await gate.put_through(operation)
        clock.set(clock.now() + timedelta(minutes=9))
    await refresh(db, brain, clock)
    asked = {"device": "farm 0", "opened": opened, "proofs": ("pin", "otp")}
    before = await gate.ask("mule 2", 700, "a new collector", **asked)
    assert "mule.young_beside_bad" not in rules_of(before)
    await confirm(db, brain, clock, events[0])
    after = await gate.ask("mule 2", 700, "a new collector", **asked)
    assert after.decision >= Decision.REVIEW
    assert "mule.young_beside_bad" in rules_of(after)
    paid = await gate.ask("somebody", 400, "mule 4", proofs=("pin", "otp"))
    assert "mule.payee_on_bad_device" in rules_of(paid) or paid.decision >= Decision.REVIEW
    assert (await gate.ask("anita", 300, "ravi")).decision is Decision.ALLOW


async def test_who_complains_is_the_victim_and_not_the_thief(db, brain, gate, clock):
    """A customer reports a payment: the payee is bad, the customer is not, and pays on in peace."""
    await gate.habit("victim", 300, days=4, to="ravi")
    operation = gate.operation("victim", 300, "thief", proofs=("pin", "otp"))
    await gate.put_through(operation)
    await refresh(db, brain, clock)
    await confirm(db, brain, clock, operation.id, source="customer", scheme="")
    column = brain.facts.columns.index("graph.account.bad_distance")
    event = from_operation(gate.operation("victim", 300, "ravi"))
    rows = await brain.facts.read(
        [replace(event, account=str(who(name))) for name in ("victim", "thief")]
    )
    assert rows[:, column].tolist() == [1, 0]
    assert not any("graph" in rule for rule in rules_of(await gate.ask("victim", 300, "ravi")))
