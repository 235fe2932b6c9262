"""The event log: what was announced, in commit order.

Writers insert in the transaction of the change itself: the ledger's batch function by SQL, others by
`append`. Readers see an event only once every transaction older than its own has ended, in the order
(xact, place): transaction number, then order of insertion. So nothing can appear behind a reader.

Order per subject is the order of transaction numbers, which PostgreSQL gives out at a transaction's
first write. It is the true order for whoever changes the subject guarded by a version that it read
before it wrote anything, as the gate does with orders. Others call `take_turn` first: a row lock would
not do, since a transaction may get its number before it gets the lock.

A transaction that writes and stays open holds back the readers of everything: `lag` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from argosy.base.postings import Event
from argosy.base.refusals import must
from argosy.base.store import Connection, Database, Record

PRUNE_ROWS_MAX = 10_000
"""Rows that one statement of `prune` deletes at most."""

FINISHED = "pg_snapshot_xmin(pg_current_snapshot())"
"""SQL: the oldest transaction still open; everything before it has ended."""

COLUMNS = "id, subject, kind, body, parties, at, xact, place"


class Position(NamedTuple):
    """A place in the log: transaction number, and order within the transaction."""

    xact: int
    place: int


BEGINNING = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Announced:
    """An event as the log holds it; `body` is JSON, `at` the time its writer gave."""

    id: UUID
    subject: UUID
    kind: str
    body: Mapping[str, Any]
    parties: tuple[UUID, ...]
    at: datetime
    position: Position


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a durable consumer is behind. `waiting_since` is the time of its oldest unread event,
    None when it has read everything; `failures` and `last_error` speak of the batch that comes next."""

    consumer: str
    waiting_since: datetime | None
    failures: int
    last_error: str | None


async def append(conn: Connection, events: Sequence[Event], at: datetime | None = None) -> None:
    """Announce `events` in the transaction of `conn`, in this order, at the time `at` (None: now)."""
    if not events:
        return
    await conn.executemany(
        "INSERT INTO outbox.events (id, subject, kind, body, parties, at)"
        " values ($1, $2, $3, $4, $5, coalesce($6, clock_timestamp()))",
        [(e.id, e.subject, e.kind, _plain(e.body), list(e.parties), at) for e in events],
    )


def _plain(body: Any) -> Any:
    return dict(body) if isinstance(body, Mapping) else body


async def take_turn(conn: Connection, subject: UUID) -> None:
    """Wait until nobody else is about to announce something of `subject`, until the transaction ends.

    Must come before the transaction's first write: a later one stops as a `Bug`.
    """
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"outbox subject {subject}"
    )
    number = await conn.fetchval("SELECT pg_current_xact_id_if_assigned()")
    must(number is None, "take_turn came after the first write", subject=subject)


def announced(row: Record) -> Announced:
    """The event of a row that has the columns `COLUMNS`."""
    return Announced(
        row["id"],
        row["subject"],
        row["kind"],
        row["body"],
        tuple(row["parties"]),
        row["at"],
        Position(row["xact"], row["place"]),
    )


async def prune(db: Database, before: datetime) -> int:
    """Delete events older than `before` that every durable consumer is past; how many there were.

    Where there is no consumer at all nothing is deleted. A consumer that is gone for good keeps
    everything: `forget` it. What happened stays in the journal and in the orders.
    """
    deleted = 0
    while True:
        async with db.work() as conn:
            await conn.execute("SELECT set_config('outbox.pruning', 'on', TRUE)")
            tag = await conn.execute(
                """
                DELETE FROM outbox.events e USING (
                    SELECT xact, place FROM outbox.events
                     WHERE (xact, place) <=
                           (SELECT c.xact, c.place FROM outbox.cursors c
                             ORDER BY c.xact, c.place LIMIT 1)
                     ORDER BY xact, place LIMIT $2
                ) old
                WHERE e.xact = old.xact AND e.place = old.place AND e.at < $1
                """,
                before,
                PRUNE_ROWS_MAX,
            )
        count = int(tag.split()[1])
        deleted += count
        if count < PRUNE_ROWS_MAX:
            return deleted


async def lag(db: Database) -> list[Lag]:
    """Every durable consumer and how far it is behind."""
    rows = await db.all(
        """
        SELECT c.consumer, c.failures, c.last_error, e.at
          FROM outbox.cursors c
          LEFT JOIN LATERAL (
            SELECT at FROM outbox.events e
             WHERE (e.xact, e.place) > (c.xact, c.place) ORDER BY e.xact, e.place LIMIT 1
          ) e ON TRUE
         ORDER BY c.consumer
        """
    )
    return [Lag(r["consumer"], r["at"], r["failures"], r["last_error"]) for r in rows]


async def forget(db: Database, consumer: str) -> bool:
    """Give up the place of a durable consumer that will not come back; False where there is none."""
    return await db.run("DELETE FROM outbox.cursors WHERE consumer = $1", consumer) == "DELETE 1"


async def misplaced(db: Database) -> bool:
    """Whether events or cursors lie in the future of this cluster, as after a logical restore.

    Consumers then refuse to run until `rebase` was called: they would skip what comes next.
    """
    return bool(
        await db.value(
            """
            SELECT greatest(
                (SELECT xact FROM outbox.events ORDER BY xact DESC, place DESC LIMIT 1),
                (SELECT xact FROM outbox.cursors ORDER BY xact DESC LIMIT 1)
            ) >= pg_snapshot_xmax(pg_current_snapshot())
            """
        )
    )


async def rebase(db: Database) -> int:
    """Bring events and cursors into this cluster's count of transactions after a logical restore,
    keeping order and every consumer's place; how many events were renumbered."""
    return int(await db.value("SELECT outbox.rebase()"))
