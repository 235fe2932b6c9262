"""A brain that was killed and started again knows what one knows that never stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from argosy.base.outbox import Position
from argosy.ctu import Brain
from argosy.ctu.memory import Memory
from argosy.ctu.old_facts import read
from tests.ctu.gatekeeper import Gatekeeper, who

PEOPLE = [f"person {n}" for n in range(12)]
PAYEES = ["ravi", "meena", "shop", "collector"]
DEVICES = ["", "", "", "tablet", "kiosk"]
NETWORKS = ["8.8.8.8", "9.9.9.9", "203.0.113.1"]


def random_operation(gate: Gatekeeper, chance: random.Random):
    payee = chance.choice(PAYEES)
    if chance.random() < 0.15:
        return gate.claim(chance.choice(PAYEES), chance.choice(PEOPLE), 50)
    return gate.operation(
        chance.choice(PEOPLE),
        chance.choice([5, 50, 500, 3_000, 7_000, 40_000]),
        payee,
        kind=chance.choice(["send", "send", "pay", "withdraw", "top_up"]),
        device=chance.choice(DEVICES),
        network=chance.choice(NETWORKS),
        payee_opened=gate.clock.now() - timedelta(days=2 if payee == "collector" else 300),
        proofs=chance.choice([("pin",), ("pin", "otp")]),
        payee_kind="merchant" if payee == "shop" else "customer",
    )


async def knowledge(brain: Brain, gate: Gatekeeper) -> dict:
    """Every fact the brain can name, for everybody with everybody."""
    known = {}
    for party in PEOPLE:
        for payee in PAYEES:
            for device in ("", "tablet", "kiosk"):
                asked = gate.operation(
                    party,
                    10,
                    payee,
                    device=device,
                    network="8.8.8.8",
                    payee_opened=gate.clock.now(),
                )
                now_ms = round(asked.at.timestamp() * 1000)
                scene = await brain._loaded(asked, now_ms, outgoing=True)
                known[party, payee, device] = read(asked, scene, now_ms, frozenset(), True)
    return known


@pytest.mark.parametrize("seed", range(4))
async def test_a_restarted_brain_equals_one_that_never_stopped(db, clock, ids, seed):
    chance = random.Random(seed)
    steady = Brain(db, clock, ids)
    await steady.start()
    listener = Brain(db, clock, ids)  # another process: it hears of everything through the log only
    await listener.start()
    mortal = Brain(db, clock, ids)
    await mortal.start()
    for _ in range(250):
        clock.advance(seconds=chance.choice([0, 0.2, 5, 60, 300, 2_000]))
        acting = chance.choice([steady, mortal])
        gate = Gatekeeper(db, acting, clock, ids)
        operation = random_operation(gate, chance)
        verdict = await acting.judge(operation)
        await gate.finish(operation, verdict)
        what = chance.random()
        if what < 0.1:  # killed: whatever it held in memory is gone
            mortal = Brain(db, clock, ids)
            await mortal.start()
        elif what < 0.2:
            await chance.choice([steady, mortal, listener]).settle()
        elif what < 0.5:
            await chance.choice([steady, mortal, listener]).memory.step()
    for brain in (steady, mortal, listener):
        await brain.memory.catch_up()
    gate = Gatekeeper(db, steady, clock, ids)
    expected = await knowledge(steady, gate)
    assert await knowledge(mortal, gate) == expected
    assert await knowledge(listener, gate) == expected
    newborn = Brain(db, clock, ids)
    await newborn.start()
    assert await knowledge(newborn, gate) == expected
    await newborn.settle()
    last = Brain(db, clock, ids)  # everything from the tables, nothing from the log
    await last.start()
    assert await knowledge(last, gate) == expected
    assert any(facts["account_count_24h"] > 2 for facts in expected.values())
    assert any(facts["device_parties"] > 2 for facts in expected.values())


async def test_twin_a_brain_that_reads_rows_and_log_apart_counts_twice(db, clock, ids, monkeypatch):
    """Rows without the cursor they belong to: what the log still tells is counted again."""
    learner = Brain(db, clock, ids)
    await learner.start()
    gate = Gatekeeper(db, learner, clock, ids)
    other = Brain(db, clock, ids)
    await other.start()
    await gate.pay("anita", 10)
    await other.memory.catch_up()
    await learner.settle()
    read_rows = Memory._rows

    @dataclass
    class Shifted:
        row: object

        def __getitem__(self, name):
            return 0 if name in ("xact", "number") else self.row[name]

    async def apart(self, wanted):
        rows = await read_rows(self, wanted)
        return [Shifted(r) if r["what"] == "cursor" else r for r in rows]

    asked = gate.operation("anita", 10)
    now_ms = round(asked.at.timestamp() * 1000)
    monkeypatch.setattr(Memory, "_rows", apart)
    await other._loaded(asked, now_ms, outgoing=True)
    assert other.memory.accounts[who("anita")].count == 2
    monkeypatch.undo()
    other.memory.accounts.clear()
    await other._loaded(asked, now_ms, outgoing=True)
    assert other.memory.accounts[who("anita")].count == 1


async def test_the_tables_can_be_made_again_from_the_log(db, clock, ids):
    chance = random.Random(11)
    brain = Brain(db, clock, ids)
    await brain.start()
    gate = Gatekeeper(db, brain, clock, ids)
    for _ in range(80):
        clock.advance(minutes=7)
        await gate.put_through(random_operation(gate, chance))
    await brain.settle()
    expected = await knowledge(brain, gate)
    for table in ("accounts", "pairs", "devices", "crowds"):
        await db.run(f"DELETE FROM ctu.{table}")
    await db.run("UPDATE outbox.cursors SET xact = '0', place = 0")
    again = Brain(db, clock, ids)
    await again.start()
    await again.settle()
    last = Brain(db, clock, ids)
    await last.start()
    assert await knowledge(last, gate) == expected


async def test_operations_of_another_process_count_as_soon_as_the_log_is_read(db, clock, ids):
    here, there = Brain(db, clock, ids), Brain(db, clock, ids)
    await here.start()
    await there.start()
    gate_here, gate_there = (Gatekeeper(db, b, clock, ids) for b in (here, there))
    await gate_there.pay("anita", 10)
    tasks = [asyncio.create_task(brain.run()) for brain in (here, there)]
    try:
        for _ in range(9):
            await gate_here.pay("anita", 10)
        async with asyncio.timeout(10):
            while not (await gate_there.ask("anita", 10)).hits:
                await gate_there.ask("anita", 10)
                await asyncio.sleep(0.02)
                if there.memory.accounts[who("anita")].count == 10:
                    break
        assert (await gate_there.ask("anita", 10)).challenge == "otp"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_log_is_let_go_when_the_tables_have_it(db, clock, ids):
    brain = Brain(db, clock, ids)
    await brain.start()
    gate = Gatekeeper(db, brain, clock, ids)
    for n in range(20):
        await gate.pay(f"person {n}", 10)
    await brain.memory.catch_up()
    assert len(brain.memory._journal) == 20
    await brain.settle()
    assert (len(brain.memory._journal), brain.memory._heard) == (0, {})
    assert (brain.memory._told, brain.memory._recent) == ({}, {})


_VICTIM = """
import asyncio, sys
from datetime import UTC, datetime
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.ctu import Brain
from argosy.ctu import learning

async def main():
    db = await Database.open(sys.argv[1], size=3)
    clock = SetClock(datetime(2026, 11, 22, 4, 30, tzinfo=UTC))
    fold = learning.fold
    batches = 0

    async def slowly(seen, conn):
        nonlocal batches
        await fold(seen, conn)
        batches += 1
        if batches == 3:
            print("half-way", flush=True)
            await asyncio.sleep(3600)

    learning.fold = slowly
    brain = Brain(db, clock, Ids(clock))
    brain._relay._batch_events_max = 5
    await brain.run()

asyncio.run(main())
"""


async def test_killed_while_it_learns_it_learns_everything_once(db, clock, ids):
    brain = Brain(db, clock, ids)
    await brain.start()
    gate = Gatekeeper(db, brain, clock, ids)
    for n in range(23):
        await gate.pay(f"person {n % 3}", 10 + n)
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _VICTIM,
        db.url,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert await victim.stdout.readline() == b"half-way\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            victim.kill()
        await victim.communicate()
    row = await db.one("SELECT xact, place FROM outbox.cursors")
    last = await db.one(
        "SELECT xact, place FROM outbox.events ORDER BY xact DESC, place DESC LIMIT 1"
    )
    assert Position(row["xact"], row["place"]) < Position(last["xact"], last["place"])
    fresh = Brain(db, clock, ids)
    await fresh.start()
    async with asyncio.timeout(10):
        while await db.value("SELECT (xact, place) < ($1, $2) FROM outbox.cursors", *last):
            await fresh.settle()  # the server needs a moment to notice that the victim is gone
            await asyncio.sleep(0.02)
    parties: list[UUID] = [who(f"person {n}") for n in range(3)]
    await fresh.memory.load(tuple(("account", party) for party in parties))
    assert [fresh.memory.accounts[p].count for p in parties] == [8, 8, 7]
    assert sum(fresh.memory.accounts[p].total for p in parties) == sum(
        1_000 + 100 * n for n in range(23)
    )
