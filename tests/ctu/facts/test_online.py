"""Facts of a process: they follow the log, survive a kill, and take in what is in the air."""

from __future__ import annotations

import asyncio
import math
import time

from msgspec.structs import replace

from argosy.base.outbox import Position
from argosy.base.store import Database
from argosy.ctu.events import Label
from argosy.ctu.facts import flights
from argosy.ctu.facts.declared import Fact, FactSet
from argosy.ctu.facts.filling import consumer_of
from argosy.ctu.facts.following import cursor_of
from argosy.ctu.facts.online import Facts
from argosy.ctu.facts.packing import pack
from argosy.ctu.history import put_labels
from tests.ctu.facts.declarations import every_kind
from tests.ctu.facts.oracle import Oracle, Stream
from tests.ctu.facts.test_kernel import differences

SMALL = FactSet(
    [
        Fact(name="account.count_1h", entity="account", aggregate="count", window=3_600),
        Fact(name="account.sum", entity="account", aggregate="sum"),
        Fact(name="payee.bad_count", entity="payee", aggregate="bad_count"),
        Fact(name="pair.age", entity="pair", aggregate="age"),
    ]
)


async def all_read(facts: Facts) -> None:
    """Until nothing that is committed is unread; other workers' transactions hold the log back."""
    until = time.monotonic() + 20
    wanted = await facts._db.value("SELECT pg_current_xact_id()::text::bigint")
    while time.monotonic() < until:
        await facts.catch_up()
        if facts._engine.states.at > Position(wanted, 0):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the log is held back")


async def tell_many(town, stream, count, oracle=None):
    for _ in range(count):
        event, outcome = stream.event(), stream.outcome()
        await town.tell(event, outcome)
        if oracle is not None:
            oracle.tell(event, outcome)


def at(stream, **what):
    """An event of one and the same kind, a second after the last."""
    now_ms = stream.now_ms + 1_000
    base = {"kind": "send", "amount": 100, "account": "a0", "payee": "a1", "device": "d0"}
    rest = {"merchant": None, "instrument": None, "network": "n0"}
    event = replace(stream.event(), at_ms=now_ms, **{**base, **rest, **what})
    stream.now_ms = now_ms
    return event


async def test_what_the_log_tells_is_what_is_read(db, town):
    fact_set = every_kind()
    oracle, stream = Oracle(fact_set), Stream(11)
    facts = Facts(db, fact_set)
    await facts.start()
    for _ in range(6):
        await tell_many(town, stream, 15, oracle)
        await all_read(facts)
        event = stream.event()
        found = (await facts.read([event]))[0]
        assert not differences(fact_set.columns, found, oracle.row(event))
        assert facts.read_now(event).tobytes() == found.tobytes()


async def test_after_a_kill_a_process_knows_what_it_knew(db, town):
    """One process is never stopped. Others die without a word, and each time a new one takes over."""
    fact_set, stream = every_kind(), Stream(12)
    steady = Facts(db, fact_set)
    await steady.start()
    for number in range(5):
        await tell_many(town, stream, 25)
        mortal = Facts(db, fact_set, entities_max=5)  # small, so that much is put away and back
        await mortal.start()
        await all_read(mortal)
        await all_read(steady)
        events = [stream.event() for _ in range(5)]
        assert (await mortal.read(events)).tobytes() == (await steady.read(events)).tobytes()
        if number % 2:
            assert await mortal.snapshot() > 0
            await tell_many(town, stream, 5)  # it reads this, and dies before it writes it
            await all_read(mortal)
    assert await rows_of(db, fact_set, steady) == await rows_of_fresh_replay(db, fact_set)


async def rows_of(db: Database, fact_set: FactSet, facts: Facts) -> dict:
    await all_read(facts)
    await facts.snapshot()
    rows = await db.all("SELECT * FROM ctu.states WHERE version = $1", fact_set.version)
    return {(row["entity"], row["key"]): bytes(row["state"]) for row in rows}


async def rows_of_fresh_replay(db: Database, fact_set: FactSet) -> dict:
    """Everything forgotten and read again from the beginning of the log."""
    await db.run("DELETE FROM ctu.states")
    await db.run("UPDATE outbox.cursors SET xact = '0', place = 0")
    fresh = Facts(db, fact_set)
    await fresh.start()
    return await rows_of(db, fact_set, fresh)


async def test_a_snapshot_that_was_cut_off_changes_nothing(db, town):
    stream = Stream(13)
    facts = Facts(db, SMALL)
    await facts.start()
    await town.tell(at(stream))
    await all_read(facts)
    packed = await facts._engine.states._packed(facts._engine.states.at)
    before = await cursor_of(db, consumer_of(SMALL.version))
    assert packed  # and here it dies
    assert await cursor_of(db, consumer_of(SMALL.version)) == before
    again = Facts(db, SMALL)
    await again.start()
    await all_read(again)
    assert (await again.read([at(stream)]))[0][1] == 100


async def test_two_processes_write_snapshots_in_turn_and_never_backwards(db, town):
    stream = Stream(14)
    slow, quick = Facts(db, SMALL), Facts(db, SMALL)
    await slow.start()
    await quick.start()
    await town.tell(at(stream))
    await all_read(slow)
    await town.tell(at(stream))
    await all_read(quick)
    assert await quick.snapshot() > 0
    place = await cursor_of(db, consumer_of(SMALL.version))
    assert await slow.snapshot() == 0  # it is behind: what is written stays
    assert await cursor_of(db, consumer_of(SMALL.version)) == place
    await town.tell(at(stream))
    await all_read(slow)
    assert await slow.snapshot() > 0
    for facts in (slow, quick, Facts(db, SMALL)):
        await facts.start() if not facts.ready else None
        await all_read(facts)
        assert (await facts.read([at(stream)]))[0][1] == 300


async def test_an_entity_that_comes_in_has_each_entry_once(db, town):
    """Whatever is loaded while the log goes on and snapshots are written."""
    stream = Stream(15)
    facts, other = Facts(db, SMALL, entities_max=8), Facts(db, SMALL)
    await facts.start()
    await other.start()
    told = 0

    async def tell() -> None:
        nonlocal told
        for _ in range(60):
            await town.tell(at(stream, account=f"a{told % 7}"))
            told += 1
            await facts.catch_up()

    async def ask() -> None:
        for n in range(60):
            await facts.read([at(stream, account=f"a{n % 7}")])
            await asyncio.sleep(0)

    async def write() -> None:
        for _ in range(10):
            await other.catch_up()
            await other.snapshot()
            await facts._engine.states.tend()

    await asyncio.gather(tell(), ask(), write())
    await all_read(facts)
    sums = [(await facts.read([at(stream, account=f"a{n}")]))[0][1] for n in range(7)]
    assert sum(sums) == told * 100


async def test_a_label_counts_from_when_it_is_known(db, town):
    stream = Stream(16)
    facts = Facts(db, SMALL)
    await facts.start()
    event = at(stream)
    await town.tell(event, "challenged")
    await town.tell(event, "posted")
    await town.tell(at(stream))
    await town.settle()
    await all_read(facts)
    assert (await facts.read([at(stream)]))[0][2] == 0
    for bad, wanted in ((True, 1), (True, 1), (False, 0), (True, 1)):
        async with db.work() as conn:
            await put_labels(
                conn, [Label(event=event.id, at_ms=stream.now_ms, bad=bad, source="case")]
            )
        await town.settle()
        await all_read(facts)
        assert (await facts.read([at(stream)]))[0][2] == wanted


# --- in the air ------------------------------------------------------------------------------------


async def test_what_is_judged_counts_for_the_others_at_once(db, town):
    stream = Stream(17)
    facts = Facts(db, SMALL)
    await facts.start()
    first, second = at(stream), at(stream)
    await facts.read([first])
    facts.flight_start(first)
    count, total, _, age = facts.read_now(second)
    assert (count, total) == (1, 0)  # short windows only: nobody knows yet whether it will be
    assert math.isnan(age)
    assert facts.read_now(first)[0] == 0  # it does not see itself
    facts.flight_end(first, "posted")
    assert facts.read_now(second)[:2].tolist() == [1, 100]
    await town.tell(first)
    await all_read(facts)
    assert not facts._engine.flights.flying
    assert facts.read_now(second)[:2].tolist() == [1, 100]


async def test_what_was_stopped_leaves_nothing(db, town):
    stream = Stream(18)
    facts = Facts(db, SMALL)
    await facts.start()
    first, second = at(stream), at(stream)
    await facts.read([first])
    facts.flight_start(first)
    facts.flight_end(first, "denied")
    assert facts.read_now(second)[0] == 0
    assert not facts._engine.flights._ghosts[0]


async def test_a_flight_through_a_challenge_counts_once(db, town):
    stream = Stream(19)
    facts = Facts(db, SMALL)
    await facts.start()
    first, second = at(stream), at(stream)
    await facts.read([first])
    facts.flight_start(first)
    facts.flight_end(first, "challenged")
    await town.tell(first, "challenged")
    facts.flight_start(first)  # with the proof, before the log has told of the challenge
    await all_read(facts)
    assert facts.read_now(second)[0] == 1
    facts.flight_end(first, "posted")
    await town.tell(first, "posted")
    await all_read(facts)
    assert facts.read_now(second)[:2].tolist() == [1, 100]


async def test_ghosts_take_in_what_others_do(db, town):
    stream = Stream(20)
    facts = Facts(db, SMALL)
    await facts.start()
    first, second = at(stream), at(stream)
    await facts.read([first])
    facts.flight_start(first)
    assert facts.read_now(second)[0] == 1
    await town.tell(at(stream))  # by another process
    await all_read(facts)
    assert facts.read_now(second)[0] == 2


async def test_what_the_log_never_tells_of_is_forgotten_loudly(db, town, caplog):
    stream = Stream(21)
    facts = Facts(db, SMALL)
    await facts.start()
    lost = at(stream)
    await facts.read([lost])
    facts.flight_end(lost, "posted")
    until = time.monotonic() + 20
    while facts._engine.flights.flying and time.monotonic() < until:
        await facts.catch_up()
        await db.value("SELECT pg_current_xact_id()")
    assert facts._engine.flights.lost == 1
    assert "does not know" in caplog.text
    assert facts.read_now(at(stream))[1] == 0


async def test_what_is_made_while_the_log_is_read_is_not_taken_for_lost(db, town, monkeypatch):
    """An older transaction is open still, so the log does not show the newer one yet."""
    stream = Stream(24)
    facts = Facts(db, SMALL)
    await facts.start()
    made = at(stream)
    await facts.read([made])
    facts.flight_start(made)
    states = facts._engine.states
    read = states.step
    async with db.work() as older:

        async def meanwhile():
            page = await read()
            monkeypatch.setattr(states, "step", read)
            await older.fetchval("SELECT pg_current_xact_id()")
            await town.tell(made, "posted")
            facts.flight_end(made, "posted")
            return page

        monkeypatch.setattr(states, "step", meanwhile)
        for _ in range(3):
            await facts.catch_up()
        assert facts._engine.flights.lost == 0
    await all_read(facts)
    assert not facts._engine.flights.flying
    assert facts.read_now(at(stream))[:2].tolist() == [1, 100]


async def test_the_log_may_tell_of_it_before_who_made_it_does(db, town, caplog):
    stream = Stream(23)
    facts = Facts(db, SMALL)
    await facts.start()
    first, second = at(stream), at(stream)
    await facts.read([first])
    facts.flight_start(first)
    await town.tell(first, "posted")
    await all_read(facts)
    facts.flight_end(first, "posted")
    assert facts.read_now(second)[:2].tolist() == [1, 100]
    assert not facts._engine.flights.flying
    for _ in range(3):
        await facts.catch_up()
        await db.value("SELECT pg_current_xact_id()")
    assert facts._engine.flights.lost == 0
    assert "does not know" not in caplog.text


async def test_who_never_came_back_stops_counting(db, town):
    stream = Stream(22)
    facts = Facts(db, SMALL)
    await facts.start()
    first = at(stream)
    await facts.read([first])
    facts.flight_start(first)
    later = replace(at(stream), at_ms=first.at_ms + flights.FLIGHT_MS_MAX + 1)
    await facts.read([later])
    facts.flight_start(later)
    await facts.tend()
    assert list(facts._engine.flights.flying) == [later.id]


async def test_packed_states_say_which_facts_they_are_of(db, town):
    facts = Facts(db, SMALL)
    kernel = facts._engine.kernel
    assert len(pack(kernel.plans[0], kernel.empty[0])) < 10
