"""The relay: every event, in order per subject, whatever happens to writers, readers and handlers."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from argosy.base.outbox import Announced, Relay, append, lag, take_turn
from argosy.base.postings import Event
from argosy.base.refusals import Bug
from tests.log import readable

CONSUMER = "tester"


def event(subject: UUID, number: int) -> Event:
    return Event(uuid4(), subject, "payment.paid", {"number": number}, (subject,))


async def announce(db, *events: Event, held_back: bool = False) -> None:
    async with db.work() as conn:
        await append(conn, events)
    if not held_back:
        await readable(db)


class Book:
    """Writes down what a relay brings; `fails` makes the next so many batches fail half-way."""

    def __init__(self, fails: int = 0) -> None:
        self.seen: list[Announced] = []
        self.fails = fails
        self.tries = 0

    async def __call__(self, events, conn) -> None:
        self.tries += 1
        if self.fails:
            self.fails -= 1
            self.seen += events[: len(events) // 2]
            raise RuntimeError("the printer is on fire")
        self.seen += events

    @property
    def numbers(self) -> list[int]:
        return [e.body["number"] for e in self.seen]


async def drain(relay: Relay) -> None:
    await relay.prepare()
    while await relay.step():
        pass


async def test_events_come_in_the_order_of_their_commits(db):
    subject = uuid4()
    await announce(db, event(subject, 1), event(subject, 2))
    await announce(db, event(subject, 3))
    book = Book()
    relay = Relay(db, CONSUMER, book, batch_events_max=2)
    await drain(relay)
    await announce(db, event(subject, 4))
    await drain(relay)
    assert book.numbers == [1, 2, 3, 4]
    assert book.seen[0].parties == (subject,)
    assert book.tries == 3


async def test_a_second_consumer_has_a_place_of_its_own(db):
    await announce(db, event(uuid4(), 1))
    first, second = Book(), Book()
    await drain(Relay(db, "first", first))
    await drain(Relay(db, "second", second))
    assert first.numbers == second.numbers == [1]


async def test_what_a_consumer_does_not_want_is_passed_over_and_counts_as_read(db):
    subject = uuid4()
    await announce(db, *(event(subject, number) for number in range(10)))
    book = Book()
    wanted = "e.body->>'number' IN ('3', '7')"
    relay = Relay(db, CONSUMER, book, batch_events_max=4, only=wanted)
    await relay.prepare()
    assert [await relay.step() for _ in range(4)] == [4, 4, 2, 0]
    assert book.numbers == [3, 7]
    assert book.tries == 2  # a batch with nothing in it for the consumer does not reach it
    (place,) = await lag(db)
    assert place.waiting_since is None


async def test_a_failed_batch_with_a_condition_comes_again(db):
    await announce(db, *(event(uuid4(), number) for number in range(4)))
    book = Book(fails=1)
    relay = Relay(db, CONSUMER, book, only="e.body->>'number' <> '0'")
    await relay.prepare()
    with pytest.raises(RuntimeError):
        await relay.step()
    book.seen.clear()
    assert await relay.step() == 4
    assert book.numbers == [1, 2, 3]


async def test_a_consumer_from_now_hears_nothing_of_the_past(db):
    await announce(db, event(uuid4(), 1))
    book = Book()
    relay = Relay(db, CONSUMER, book, from_now=True)
    await drain(relay)
    await announce(db, event(uuid4(), 2))
    await drain(relay)
    assert book.numbers == [2]


async def test_nothing_can_appear_behind_a_reader(db):
    book = Book()
    relay = Relay(db, CONSUMER, book)
    async with db.work() as slow:
        await append(slow, [event(uuid4(), 1)])
        await announce(db, event(uuid4(), 2), held_back=True)
        await drain(relay)
        assert book.numbers == []
    await readable(db)
    await drain(relay)
    assert book.numbers == [1, 2]


async def test_twin_a_reader_that_does_not_wait_loses_an_event(db):
    """What the rule above is for: this is how the loss looks without it."""
    seen, last = [], (0, 0)

    async def read() -> None:
        nonlocal last
        rows = await db.all(
            "SELECT xact, place, body FROM outbox.events WHERE (xact, place) > ($1, $2)"
            " ORDER BY xact, place",
            *last,
        )
        for row in rows:
            seen.append(row["body"]["number"])
            last = row["xact"], row["place"]

    async with db.work() as slow:
        await append(slow, [event(uuid4(), 1)])
        await announce(db, event(uuid4(), 2), held_back=True)
        await read()
    await readable(db)
    await read()
    assert seen == [2]


async def test_who_takes_turns_first_announces_in_the_true_order(db):
    """The transaction that had to wait gets the later number, although it began first."""
    subject = uuid4()
    waiting = asyncio.Event()

    async def second() -> None:
        async with db.work() as conn:
            waiting.set()
            await take_turn(conn, subject)
            await append(conn, [event(subject, 2)])

    async with db.work() as conn:
        await take_turn(conn, subject)
        task = asyncio.create_task(second())
        await waiting.wait()
        await asyncio.sleep(0.05)
        await append(conn, [event(subject, 1)])
    await task
    book = Book()
    await drain(Relay(db, CONSUMER, book))
    assert book.numbers == [1, 2]


async def test_twin_a_turn_taken_after_a_write_is_a_bug(db):
    subject = uuid4()
    with pytest.raises(Bug, match="after the first write"):
        async with db.work() as conn:
            await append(conn, [event(subject, 1)])
            await take_turn(conn, subject)


async def test_a_handler_that_fails_gets_the_same_batch_again_loudly(db, caplog):
    for number in range(4):
        await announce(db, event(uuid4(), number))
    book = Book(fails=2)
    relay = Relay(db, CONSUMER, book, poll_seconds=0.02)
    with caplog.at_level(logging.ERROR):
        task = asyncio.create_task(relay.run())
        try:
            await until(lambda: book.tries >= 2)
            behind = (await lag(db))[0]
            assert behind.waiting_since is not None
            assert behind.failures > 0  # of the first try; the second may not be written down yet
            assert behind.last_error == "RuntimeError: the printer is on fire"
            await until(lambda: len(book.seen) == 8)
            for _ in range(500):  # handled is not yet ticked off
                if (await lag(db))[0].failures == 0:
                    break
                await asyncio.sleep(0.01)
        finally:
            await stop(task)
    assert book.numbers == [0, 1, 0, 1, 0, 1, 2, 3]
    assert [r.getMessage() for r in caplog.records] == [
        "outbox tester: failed 1 times, tries again",
        "outbox tester: failed 2 times, tries again",
    ]
    assert (await lag(db))[0].failures == 0


async def test_the_wait_after_failures_grows_up_to_a_bound(db):
    await announce(db, event(uuid4(), 1))
    relay = Relay(db, CONSUMER, Book(fails=100))
    await relay.prepare()
    waits = []
    for _ in range(12):
        await db.run("UPDATE outbox.cursors SET retry_at = NULL")
        assert await relay.turn() == 0
        waits.append(
            await db.value("SELECT retry_at - clock_timestamp() FROM outbox.cursors LIMIT 1")
        )
    assert all(shorter < longer for shorter, longer in pairwise(waits[:8]))
    assert timedelta(seconds=59) < waits[-1] <= timedelta(seconds=60)


async def test_it_is_woken_at_once(db):
    book = Book()
    relay = Relay(db, CONSUMER, book, poll_seconds=3600)
    task = asyncio.create_task(relay.run())
    try:
        await asyncio.sleep(0.2)
        await announce(db, event(uuid4(), 1))
        await readable(db)
        relay.wake()
        await until(lambda: book.numbers == [1])
    finally:
        await stop(task)


async def test_events_of_another_process_are_found_by_polling(db):
    book = Book()
    task = asyncio.create_task(Relay(db, CONSUMER, book, poll_seconds=0.05).run())
    try:
        await announce(db, event(uuid4(), 1))
        await until(lambda: book.numbers == [1])
    finally:
        await stop(task)


async def test_two_processes_never_work_for_one_consumer_at_once(db):
    subject = uuid4()
    for number in range(60):
        await announce(db, event(subject, number))
    working, worst, seen = 0, 0, []

    async def handler(events, conn) -> None:
        nonlocal working, worst
        working += 1
        worst = max(worst, working)
        await asyncio.sleep(0.002)
        seen.extend(e.body["number"] for e in events)
        working -= 1

    relays = [Relay(db, CONSUMER, handler, batch_events_max=3, poll_seconds=0.01) for _ in range(3)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        await until(lambda: len(seen) >= 60)
    finally:
        for task in tasks:
            await stop(task)
    assert seen == list(range(60))
    assert worst == 1


async def test_it_goes_on_after_its_connection_was_cut(db):
    book = Book()
    task = asyncio.create_task(Relay(db, CONSUMER, book, poll_seconds=0.02).run())
    try:
        await announce(db, event(uuid4(), 1))
        await until(lambda: book.numbers == [1])
        async with db.connection() as outside:
            await outside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await outside.execute(
                "INSERT INTO outbox.events (id, subject, kind, body) VALUES ($1, $1, 'k', $2)",
                uuid4(),
                {"number": 2},
            )
        await until(lambda: book.numbers == [1, 2])
    finally:
        await stop(task)


_VICTIM = """
import asyncio, os, sys
from argosy.base.outbox import Relay
from argosy.base.store import Database

async def handler(events, conn):
    for number, event in enumerate(events):
        await conn.execute("INSERT INTO relay_test VALUES ($1)", event.body["number"])
        if number == 3 and events[0].body["number"] >= 5:
            print("half-way", flush=True)
            await asyncio.sleep(3600)

async def main():
    db = await Database.open(sys.argv[1], size=2)
    await Relay(db, "tester", handler, batch_events_max=5).run()

asyncio.run(main())
"""


async def test_kill_in_the_middle_of_a_batch_neither_loses_nor_doubles(db):
    await db.run("DROP TABLE IF EXISTS relay_test")
    await db.run("CREATE TABLE relay_test (number integer)")
    for number in range(12):
        await announce(db, event(uuid4(), number))
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
        victim.kill()
        await victim.communicate()

    async def handler(events, conn) -> None:
        for told in events:
            await conn.execute("INSERT INTO relay_test VALUES ($1)", told.body["number"])

    relay = Relay(db, CONSUMER, handler)
    done = 0
    await relay.prepare()
    for _ in range(100):  # the server needs a moment to notice that the victim is gone
        done += await relay.step()
        if done >= 7:
            break
        await asyncio.sleep(0.05)
    rows = await db.all("SELECT number FROM relay_test ORDER BY number")
    assert [r["number"] for r in rows] == list(range(12))
    assert done == 7
    await db.run("DROP TABLE relay_test")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_twenty_writers_none_lost_and_in_order_per_subject(db, seed):
    """Writers share eight subjects, commit or roll back at random and take their time over it.

    Half of them take turns, half guard their change by the version that they read.
    """
    chance = random.Random(seed)
    subjects = [uuid4() for _ in range(8)]
    await db.run("DROP TABLE IF EXISTS relay_subjects")
    await db.run("CREATE TABLE relay_subjects (id uuid PRIMARY KEY, number integer NOT NULL)")
    await db.many("INSERT INTO relay_subjects VALUES ($1, 0)", [(s,) for s in subjects])
    committed: dict[UUID, list[int]] = defaultdict(list)

    async def write(turns: bool) -> None:
        subject = chance.choice(subjects[:4] if turns else subjects[4:])
        async with db.work() as conn:
            if turns:
                await take_turn(conn, subject)
            number = await conn.fetchval("SELECT number FROM relay_subjects WHERE id = $1", subject)
            count = chance.randint(1, 3)
            changed = await conn.execute(
                "UPDATE relay_subjects SET number = number + $3 WHERE id = $1 AND number = $2",
                subject,
                number,
                count,
            )
            if changed == "UPDATE 0":
                raise _ChangedMyMind
            told = [event(subject, number + n + 1) for n in range(count)]
            await append(conn, told[:1])
            await asyncio.sleep(chance.random() * 0.02)
            await append(conn, told[1:])
            if chance.random() < 0.25:
                raise _ChangedMyMind
        committed[subject] += [number + n + 1 for n in range(count)]

    async def writer(turns: bool) -> None:
        for _ in range(12):
            with suppress(_ChangedMyMind):
                await write(turns)

    book = Book(fails=2)
    relay = Relay(db, CONSUMER, book, batch_events_max=7, poll_seconds=0.01)
    task = asyncio.create_task(relay.run())
    try:
        await asyncio.gather(*(writer(n % 2 == 0) for n in range(20)))
        expected = {(s, n) for s, numbers in committed.items() for n in numbers}
        await until(lambda: {(e.subject, e.body["number"]) for e in book.seen} == expected)
    finally:
        await stop(task)
    for subject in subjects:
        numbers = list(dict.fromkeys(e.body["number"] for e in book.seen if e.subject == subject))
        assert numbers == sorted(committed[subject]) == list(range(1, len(numbers) + 1))
    await db.run("DROP TABLE relay_subjects")


class _ChangedMyMind(Exception):
    """Rolls a writer's transaction back."""


async def until(holds, seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is a state, not an event
            await asyncio.sleep(0.01)


async def stop(task: asyncio.Task) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
