"""A fact set that is new, filled from history: as if it had always been there.

The history is folded up to the place in the log where its relay stands; from there on the set follows
the log as any other. No transaction stays open meanwhile, so nobody's reading is held back. A kill leaves
rows without a cursor, and the next one begins anew.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from argosy.base.outbox import Position
from argosy.base.store import Database
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.following import Entry, cursor_of
from argosy.ctu.facts.kernel import Kernel, Marks
from argosy.ctu.facts.packing import pack
from argosy.ctu.facts.process import Key, fold_entry, put_rows
from argosy.ctu.facts.windows import State
from argosy.ctu.history import CONSUMER as HISTORY
from argosy.ctu.history import event_of_row

PAGE_ROWS: Final = 5_000
SLICE_ENTRIES: Final = 200_000
"""So many entries, about, one pass over a long history folds: that bounds what it holds in memory."""

WRITE_ROWS: Final = 2_000

_PLACE = """
    SELECT p.last_no, c.xact, c.place FROM ctu.history_place p
      LEFT JOIN outbox.cursors c ON c.consumer = $1
"""
_EVENTS = """
    SELECT * FROM ctu.events WHERE log_no > $1 AND log_no <= $2 ORDER BY log_no LIMIT $3
"""
_LABELS = """
    SELECT l.known_no, l.bad, e.*,
           coalesce((SELECT p.bad FROM ctu.labels p
                      WHERE p.event = l.event AND p.turn_no < l.turn_no AND p.turn_no > e.log_no
                      ORDER BY p.turn_no DESC LIMIT 1), FALSE) AS was
      FROM ctu.labels l
      JOIN ctu.events e ON e.id = l.event AND e.log_no < l.turn_no
     WHERE l.known_no > $1 AND l.known_no <= $2
     ORDER BY l.known_no, e.log_no
"""
_BEGIN = """
    INSERT INTO outbox.cursors (consumer, xact, place) VALUES ($1, $2, $3)
    ON CONFLICT (consumer) DO UPDATE SET xact = excluded.xact, place = excluded.place
"""
_READY = """
    UPDATE outbox.cursors SET consumer = $2, moved_at = clock_timestamp() WHERE consumer = $1
"""
_CLEAR = """
    DELETE FROM ctu.states WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ctu.states WHERE version = $1 LIMIT $2))
"""
_LOCK = "SELECT pg_advisory_lock(hashtextextended($1, 2))"

Put = Callable[[dict[Key, bytes], Position], Awaitable[None]]
"""Keeps packed states that are as of a place in the log."""

log = logging.getLogger(__name__)


def consumer_of(version: str) -> str:
    """The name of the cursor of a fact set."""
    return f"ctu.facts {version}"


async def fill(db: Database, fact_set: FactSet) -> bool:
    """Fill the rows of a set from history, unless that was done; whether it was done now.

    Of several processes one does it and the others wait. Raises `Unavailable`.
    """
    consumer = consumer_of(fact_set.version)
    if await cursor_of(db, consumer) is not None:
        return False
    async with db.connection() as conn:
        await conn.execute(_LOCK, consumer, timeout=None)
        if await cursor_of(db, consumer) is not None:
            return False
        await clear_rows(db, fact_set.version)
        kernel = Kernel(fact_set)
        last, at = await place_of_history(db)
        # From here on nothing behind this place is pruned.
        await db.run(_BEGIN, consumer + " filling", *at)

        async def put(rows: dict[Key, bytes], _: Position) -> None:
            async with db.work() as work:
                await put_rows(work, kernel, rows)

        await fold_history(db, kernel, last, at, put)
        await db.run(_READY, consumer + " filling", consumer)
    return True


async def clear_rows(db: Database, version: str) -> None:
    """Delete the rows of a set, a part at a time."""
    while await db.run(_CLEAR, version, WRITE_ROWS) != "DELETE 0":
        pass


async def place_of_history(db: Database) -> tuple[int, Position]:
    """Where the history stands: its last number, and the same place in the outbox."""
    row = await db.one(_PLACE, HISTORY)
    if row is None or row["xact"] is None:
        return 0, Position(0, 0)
    return row["last_no"], Position(row["xact"], row["place"])


async def fold_history(db: Database, kernel: Kernel, last: int, at: Position, put: Put) -> None:
    """Fold the history up to number `last` and `put` every state, which is as of `at`."""
    slices = 1 + last // SLICE_ENTRIES
    for number in range(slices):
        states = await _slice(db, kernel, last, number, slices)
        for rows in _packed(kernel, states):
            await put(rows, at)
        if last:
            log.info("facts %s: part %s of %s", kernel.fact_set.version, number + 1, slices)


async def _slice(
    db: Database, kernel: Kernel, last: int, number: int, slices: int
) -> list[dict[str, State]]:
    states: list[dict[str, State]] = [{} for _ in range(kernel.size)]
    marks = Marks()
    before = 0
    while before < last:
        rows = await db.all(_EVENTS, before, last, PAGE_ROWS)
        until = rows[-1]["log_no"] if len(rows) == PAGE_ROWS else last
        entries = [(row["log_no"], Entry(event_of_row(row), row["outcome"])) for row in rows]
        entries += _labels(await db.all(_LABELS, before, until))
        for _, entry in sorted(entries, key=lambda item: item[0]):
            found: list[State | None] = [None] * kernel.size
            for n, key in enumerate(kernel.fold_keys(entry.event)):
                if key is None or (slices > 1 and marks[key] % slices != number):
                    continue
                state = states[n].get(key)
                if state is None:
                    state = states[n][key] = kernel.empty[n].copy()
                found[n] = state
            fold_entry(kernel, entry, found)
        before = until
    return states


def _labels(rows: list[Any]) -> list[tuple[int, Entry]]:
    by_number: dict[int, list[Any]] = {}
    for row in rows:
        by_number.setdefault(row["known_no"], []).append(row)
    return [
        (
            number,
            Entry(
                event_of_row(mine[-1]),
                "",
                tuple((row["outcome"], int(row["bad"]) - int(row["was"])) for row in mine),
            ),
        )
        for number, mine in by_number.items()
    ]


def _packed(kernel: Kernel, states: list[dict[str, State]]) -> Iterator[dict[Key, bytes]]:
    rows: dict[Key, bytes] = {}
    for n, mine in enumerate(states):
        for key, state in mine.items():
            rows[n, key] = pack(kernel.plans[n], state)
            if len(rows) == WRITE_ROWS:
                yield rows
                rows = {}
    if rows:
        yield rows
