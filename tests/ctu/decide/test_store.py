"""Verdicts are kept: durable where they stop something, together and a little later where not."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from argosy.base.ids import Ids
from argosy.base.ports import Decision
from argosy.base.refusals import Unavailable
from argosy.ctu.decide import store
from argosy.ctu.decide.policy import Policy
from argosy.ctu.decide.store import Verdicts, said_at
from tests.ctu.gatekeeper import who

ALLOW, CHALLENGE, REVIEW, DENY = Decision


async def test_an_attempt_and_its_proof_are_two_verdicts_on_one_event(gate):
    operation = gate.operation("anita", 5_100, "stranger")
    await gate.put_through(operation)
    gate.clock.advance(seconds=20)
    proven = replace(operation, proofs=frozenset({"pin", "otp"}))
    assert (await gate.put_through(proven)).decision is ALLOW
    await gate.brain.settle()
    kept = await gate.brain.verdicts.of_event(operation.id)
    assert [(k.decision, k.evidence.answer.answered, k.outcome) for k in kept] == [
        (CHALLENGE, False, "challenged"),
        (ALLOW, True, "posted"),
    ]


async def test_what_is_held_is_durable_and_travels_with_its_money(gate):
    operation = gate.operation("anita", 25_000, "stranger", proofs=("pin", "otp"))
    verdict = await gate.put_through(operation)
    (kept,) = await gate.brain.verdicts.of_event(operation.id)
    assert (kept.decision, kept.outcome) == (REVIEW, "held")
    body = await gate.db.value("SELECT body FROM outbox.events WHERE subject = $1", who("anita"))
    assert (body["outcome"], body["verdict"]) == ("held", str(verdict.id))
    assert body["evidence"], "a kill before the verdict was kept loses nothing"


async def test_a_held_verdict_that_was_cut_off_is_kept_at_the_next_start(gate, db, ids):
    operation = gate.operation("anita", 25_000, "stranger", proofs=("pin", "otp"))
    verdict = await gate.brain.judge(operation)
    await gate.commit(operation, verdict)  # and here the process was killed
    verdicts = Verdicts(db, ids)
    assert await verdicts.of_event(operation.id) == []
    assert await verdicts.recover() == 1
    (kept,) = await verdicts.of_event(operation.id)
    assert (kept.id, kept.decision, kept.hits) == (verdict.id, REVIEW, verdict.hits)
    assert await verdicts.recover() == 0


async def test_fifty_who_are_stopped_share_the_inserts(gate, monkeypatch):
    inserts = 0
    insert = gate.brain.verdicts._insert

    async def counted(waiting):
        nonlocal inserts
        inserts += 1
        return await insert(waiting)

    monkeypatch.setattr(gate.brain.verdicts._inserts, "_load", counted)
    operations = [gate.operation(f"p {n}", 5_100, "stranger") for n in range(50)]
    await asyncio.gather(*(gate.put_through(operation) for operation in operations))
    assert inserts <= 5
    assert await gate.db.value("SELECT count(*) FROM ctu.verdict_rows") == 50


async def test_yeses_of_several_versions_lie_in_blocks_of_their_own(gate, brain):
    first = await gate.pay("anita", 10)
    brain._judge = None
    brain.policy = Policy({**json.loads(brain.policy.text), "why": "another reason"})
    second = await gate.pay("anita", 10)
    assert first.version != second.version
    await brain.settle()
    rows = await gate.db.all("SELECT version, count FROM ctu.verdict_blocks ORDER BY to_at")
    assert {row["version"] for row in rows} == {first.version, second.version}


async def test_while_the_database_is_away_yeses_wait_and_the_oldest_go_loudly(
    gate, monkeypatch, caplog
):
    monkeypatch.setattr(store, "WAITING_MAX", 3)

    async def away(*_args):
        raise Unavailable("the database did not answer")

    said = [await gate.pay("anita", 10) for _ in range(5)]
    verdicts = gate.brain.verdicts
    assert verdicts.dropped == 2
    assert "could not be kept" in caplog.text
    with monkeypatch.context() as patched:
        patched.setattr(gate.db, "run", away)
        with pytest.raises(Unavailable):
            await verdicts.flush()
    await gate.brain.settle()
    assert await verdicts.get(said[0].id) is None
    assert (await verdicts.get(said[4].id)).decision is ALLOW


async def test_a_verdict_is_found_by_its_time_among_many_blocks(gate, ids):
    said = []
    for _ in range(6):
        said.append(await gate.pay("anita", 10))
        await gate.brain.verdicts.flush()
        gate.clock.advance(minutes=20)
    await gate.brain.settle()
    assert await gate.db.value("SELECT count(*) FROM ctu.verdict_blocks") == 6
    for verdict in said:
        assert (await gate.brain.verdicts.get(verdict.id)).id == verdict.id
    assert await gate.brain.verdicts.find(Ids(gate.clock).new()) == []


def test_the_time_of_a_verdict_is_in_its_id(clock):
    assert said_at(Ids(clock).new()) == clock.now()
