"""The log itself: append-only, pruned behind every consumer, whole again after a restore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from argosy.base.outbox import Relay, append, forget, lag, prune
from argosy.base.postings import Event
from tests.log import readable

DAY_1 = datetime(2026, 11, 20, tzinfo=UTC)
DAY_2 = DAY_1 + timedelta(days=1)


async def announce(db, number: int, at: datetime | None = None) -> None:
    async with db.work() as conn:
        await append(conn, [Event(uuid4(), uuid4(), "payment.paid", {"number": number})], at)
    await readable(db)


async def read_all(db, consumer: str) -> list[int]:
    await readable(db)
    seen: list[int] = []

    async def handler(events, conn) -> None:
        seen.extend(e.body["number"] for e in events)

    relay = Relay(db, consumer, handler)
    await relay.prepare()
    while await relay.step():
        pass
    return seen


async def left(db) -> list[int]:
    rows = await db.all("SELECT body FROM outbox.events ORDER BY xact, place")
    return [r["body"]["number"] for r in rows]


async def test_an_event_is_never_changed_or_removed(db):
    await announce(db, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await db.run("UPDATE outbox.events SET kind = 'other'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await db.run("DELETE FROM outbox.events")


async def test_twin_without_the_trigger_it_could_be(db):
    await announce(db, 1)
    with pytest.raises(_Undo):
        async with db.work() as conn:
            await conn.execute("ALTER TABLE outbox.events DISABLE TRIGGER append_only")
            assert await conn.execute("DELETE FROM outbox.events") == "DELETE 1"
            raise _Undo


class _Undo(Exception):
    """Rolls back."""


async def test_only_what_every_consumer_is_past_is_pruned(db):
    await announce(db, 1, DAY_1)
    await announce(db, 2, DAY_1)
    await read_all(db, "fast")
    await read_all(db, "slow")
    await announce(db, 3, DAY_1)
    await announce(db, 4, DAY_2)
    await read_all(db, "fast")
    assert await prune(db, DAY_2) == 2
    assert await left(db) == [3, 4]
    assert await read_all(db, "slow") == [3, 4]
    assert await prune(db, DAY_2) == 1
    assert await left(db) == [4]


async def test_without_consumers_nothing_is_pruned(db):
    await announce(db, 1, DAY_1)
    assert await prune(db, DAY_2) == 0
    assert await left(db) == [1]


async def test_a_consumer_that_is_gone_keeps_everything_until_it_is_forgotten(db):
    await read_all(db, "gone")
    await announce(db, 1, DAY_1)
    await read_all(db, "here")
    assert await prune(db, DAY_2) == 0
    assert await forget(db, "gone") is True
    assert await forget(db, "gone") is False
    assert await prune(db, DAY_2) == 1


async def test_lag_names_who_is_behind_and_since_when(db):
    await announce(db, 1, DAY_1)
    await read_all(db, "fast")
    await announce(db, 2, DAY_2)
    await read_all(db, "faster")
    assert [(one.consumer, one.waiting_since) for one in await lag(db)] == [
        ("fast", DAY_2),
        ("faster", None),
    ]


async def test_after_a_logical_restore_nobody_skips_and_nobody_rereads(db):
    """A dump taken in an old cluster says transaction numbers that this one has not reached."""
    far = 10**12
    for number in range(6):
        await db.run(
            "INSERT INTO outbox.events (id, subject, kind, body, xact, place)"
            " VALUES ($1, $1, 'payment.paid', $2, $3, $4)",
            uuid4(),
            {"number": number},
            far + number // 2,
            5 - number,
        )
    order = await left(db)
    await db.many(
        "INSERT INTO outbox.cursors (consumer, xact, place) VALUES ($1, $2, $3)",
        [("half", far + 1, 2), ("none", 0, 0), ("all", far + 2, 1)],
    )
    assert await read_all(db, "half") == order[3:]
    assert await left(db) == order
    await announce(db, 6)
    assert await read_all(db, "all") == [6]
    assert await read_all(db, "none") == [*order, 6]
    assert await read_all(db, "half") == [6]
