"""The log as facts read it: entries and labels, in order, each once."""

from __future__ import annotations

import logging
from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.outbox import OBSERVED, Position
from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.from_operation import read_text
from argosy.ctu.history import LABELLED, read_labelled

BATCH_EVENTS_MAX: Final = 2_000

# One statement, and so one snapshot: what is read, and how far everything has ended.
_READ = """
    SELECT s.finished, s.next, e.id, e.kind, e.body::text, e.xact, e.place
      FROM (SELECT pg_snapshot_xmin(v) AS finished, pg_snapshot_xmax(v) AS next
              FROM pg_current_snapshot() v) s
      LEFT JOIN LATERAL (
        SELECT id, kind, body, xact, place FROM outbox.events e
         WHERE (e.xact, e.place) > ($1, $2) AND e.xact < s.finished AND e.kind = ANY ($4)
         ORDER BY e.xact, e.place LIMIT $3
      ) e ON TRUE
"""
_CURSOR = "SELECT xact, place FROM outbox.cursors WHERE consumer = $1"

NOWHERE: Final = Position(0, 0)

log = logging.getLogger(__name__)


class Entry:
    """One entry of the log: `outcome` of `event`, or, with `changes`, what was found about its entries
    (outcome, and how many bad ones more). `number` counts the entries that this process has read."""

    __slots__ = ("changes", "event", "number", "outcome", "position")

    def __init__(
        self,
        event: Event,
        outcome: str,
        changes: tuple[tuple[str, int], ...] | None = None,
        position: Position = NOWHERE,
    ) -> None:
        self.event = event
        self.outcome = outcome
        self.changes = changes
        self.position = position
        self.number = 0


class Page:
    """What one look at the log brought. `end` is the place to go on from; `more`: there may be more at
    once. `finished` and `next` are the snapshot's: every transaction before the first has ended, and none
    from the second on had begun."""

    __slots__ = ("end", "entries", "finished", "more", "next")

    def __init__(
        self, entries: list[Entry], end: Position, more: bool, finished: int, following: int
    ) -> None:
        self.entries = entries
        self.end = end
        self.more = more
        self.finished = finished
        self.next = following


async def look(db: Database, at: Position) -> Page:
    """The next entries after `at`. Raises `Unavailable`."""
    rows = await db.all(_READ, *at, BATCH_EVENTS_MAX, [OBSERVED, LABELLED])
    heard = [row for row in rows if row["id"] is not None]
    entries = [entry for row in heard if (entry := _entry(row)) is not None]
    finished, following = rows[0]["finished"], rows[0]["next"]
    if len(heard) == BATCH_EVENTS_MAX:
        end = Position(heard[-1]["xact"], heard[-1]["place"])
        return Page(entries, end, True, finished, following)
    return Page(entries, max(at, Position(finished, 0)), False, finished, following)


async def cursor_of(db: Database, consumer: str) -> Position | None:
    """Where a durable consumer stands; None where there is no such consumer."""
    row = await db.one(_CURSOR, consumer)
    return None if row is None else Position(row["xact"], row["place"])


def _entry(row: Any) -> Entry | None:
    position = Position(row["xact"], row["place"])
    try:
        if row["kind"] == LABELLED:
            labelled = read_labelled(msgspec.json.decode(row["body"]))
            return Entry(labelled.event, "", labelled.entries, position)
        logged = read_text(row["body"])
    except msgspec.ValidationError as wrong:
        event: UUID = row["id"]
        log.error("entry %s of the log cannot be read: %s", event, wrong)  # noqa: TRY400  expected
        return None
    return None if logged.released else Entry(logged.event, logged.outcome, None, position)
