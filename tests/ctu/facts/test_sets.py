"""A new fact is known as if it had always been there; one set takes over from another without a gap."""

from __future__ import annotations

import asyncio

import pytest

from argosy.ctu.events import Label
from argosy.ctu.facts import filling, sets
from argosy.ctu.facts.declared import Fact, FactSet, starter
from argosy.ctu.facts.filling import consumer_of, fill
from argosy.ctu.facts.following import cursor_of
from argosy.ctu.facts.online import Facts
from argosy.ctu.history import put_labels
from tests.ctu.facts.declarations import every_kind
from tests.ctu.facts.oracle import Oracle, Stream
from tests.ctu.facts.test_kernel import differences
from tests.ctu.facts.test_online import SMALL, all_read, at, tell_many

MORE = FactSet(
    [*SMALL.facts, Fact(name="account.payees", entity="account", aggregate="distinct", of="payee")]
)


async def test_a_new_set_is_filled_from_history_and_goes_on_with_the_log(db, town):
    fact_set = every_kind()
    oracle, stream = Oracle(fact_set), Stream(31)
    await tell_many(town, stream, 60, oracle)
    await town.settle()
    for event, bad in ((stream.made[3], True), (stream.made[50], True), (stream.made[3], False)):
        async with db.work() as conn:
            label = Label(event=event.id, at_ms=stream.now_ms, bad=bad, source="case")
            assert await put_labels(conn, [label]) == 1
        oracle.label(event.id, bad)
    await town.settle()
    await tell_many(town, stream, 10, oracle)  # the history does not have these yet
    facts = Facts(db, fact_set)
    await facts.start()
    await all_read(facts)
    for _ in range(5):
        event = stream.event()
        found = (await facts.read([event]))[0]
        assert not differences(fact_set.columns, found, oracle.row(event))


async def test_a_long_history_is_filled_in_parts(db, town, monkeypatch):
    oracle, stream = Oracle(SMALL), Stream(32)
    await tell_many(town, stream, 60, oracle)
    await town.settle()
    monkeypatch.setattr(filling, "SLICE_ENTRIES", 20)
    monkeypatch.setattr(filling, "PAGE_ROWS", 7)
    monkeypatch.setattr(filling, "WRITE_ROWS", 5)
    facts = Facts(db, SMALL)
    await facts.start()
    await all_read(facts)
    for _ in range(5):
        event = stream.event()
        assert not differences(SMALL.columns, (await facts.read([event]))[0], oracle.row(event))


async def test_who_dies_while_filling_leaves_nothing_that_counts(db, town, monkeypatch):
    stream = Stream(33)
    await town.tell(at(stream))
    await town.settle()

    async def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(filling, "fold_history", killed)
        with pytest.raises(KeyboardInterrupt):
            await fill(db, SMALL)
    assert await cursor_of(db, consumer_of(SMALL.version)) is None
    await db.run("INSERT INTO ctu.states VALUES ('a0', 'account', $1, 'half')", SMALL.version)
    facts = Facts(db, SMALL)
    await facts.start()
    await all_read(facts)
    assert (await facts.read([at(stream)]))[0][1] == 100


async def test_two_processes_fill_a_set_once(db, town):
    stream = Stream(34)
    await town.tell(at(stream))
    await town.settle()
    done = await asyncio.gather(fill(db, SMALL), fill(db, SMALL))
    assert sorted(done) == [False, True]


async def test_the_starter_goes_live_by_itself_and_what_was_published_stays(db):
    facts = await Facts.open(db)
    assert facts.version == starter().version
    await sets.publish(db, SMALL, "anna")
    assert (await Facts.open(db)).version == SMALL.version
    assert (await sets.live(db)).encode() == SMALL.encode()


async def test_a_published_set_takes_over_between_two_events(db, town):
    stream = Stream(35)
    await sets.publish(db, SMALL, "anna")
    facts = Facts(db, SMALL)
    await facts.start()
    heard = []

    async def get_ready(fact_set):
        assert facts.version == SMALL.version
        await town.tell(at(stream))  # life goes on
        await facts.catch_up()
        heard.append(fact_set.version)

    facts.on_switch = get_ready
    made, flying = at(stream, payee="a2"), at(stream, payee="a3")
    await town.tell(made)
    await town.settle()
    await all_read(facts)
    await facts.read([made])
    facts.flight_start(flying)
    await sets.publish(db, MORE, "anna")
    old = (await facts.read([at(stream)]))[0]
    assert len(old) == len(SMALL.columns)
    await facts.tend()
    assert heard == [MORE.version]
    assert facts.columns == MORE.columns
    await all_read(facts)
    row = (await facts.read([at(stream)]))[0]
    values = dict(zip(facts.columns, row, strict=True))
    assert values["account.sum"] == 200
    assert values["account.count_1h"] == 3  # one still in the air
    assert values["account.payees"] == 2


async def test_a_set_that_was_replaced_is_given_up_after_a_while(db, town, monkeypatch):
    stream = Stream(36)
    await sets.publish(db, SMALL, "anna")
    facts = Facts(db, SMALL)
    await facts.start()
    await town.tell(at(stream))
    await all_read(facts)
    await facts.snapshot()
    await sets.publish(db, MORE, "anna")
    assert await sets.retire(db) == 0
    monkeypatch.setattr(sets, "KEPT_SECONDS", -1)
    assert await sets.retire(db) == 1
    assert await cursor_of(db, consumer_of(SMALL.version)) is None
    assert not await db.value("SELECT count(*) FROM ctu.states WHERE version = $1", SMALL.version)
    await sets.publish(db, SMALL, "anna")  # and back again
    assert (await sets.live(db)).version == SMALL.version
