"""The relay that keeps the log for learning: `ctu.events` and `ctu.labels`, numbered in its order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.outbox import OBSERVED, Announced, Relay, append, lag
from argosy.base.postings import Event as Announcement
from argosy.base.refusals import Unavailable
from argosy.base.store import Connection, Database, Record
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged, read
from argosy.ctu.history.labels import LABEL, LABELLED, Labelled

CONSUMER: Final = "ctu.history"
BATCH_EVENTS_MAX = 2_000
PAUSE_SECONDS = 0.3
SETTLE_TURNS_MAX = 300
SETTLE_PAUSE_SECONDS = 0.02

COLUMNS = (
    "id log_no kind at at_ms market account amount currency channel device session payee merchant"
    " network phone instrument proofs attributes outcome decision score verdict version order_id"
).split()
_FIELDS = (
    "kind at_ms market account amount currency channel device session payee merchant"
    " network phone instrument attributes"
).split()

_EVENT = "SELECT * FROM ctu.events WHERE id = $1 ORDER BY log_no DESC LIMIT 1"
_EVENTS = "SELECT * FROM ctu.events WHERE id = ANY ($1) ORDER BY log_no"
_BAD = """
    SELECT DISTINCT ON (event) event, bad, turn_no FROM ctu.labels
     WHERE event = ANY ($1) AND turn_no IS NOT NULL ORDER BY event, turn_no DESC
"""
_TURN = """
    UPDATE ctu.labels l SET turn_no = t.no
      FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t (event, id, no)
     WHERE l.event = t.event AND l.id = t.id
"""
_KNOWN = """
    UPDATE ctu.labels l SET known_no = t.no
      FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t (event, id, no)
     WHERE l.event = t.event AND l.id = t.id
"""
_RELEASED = "UPDATE ctu.events SET released = TRUE WHERE id = ANY ($1) AND outcome = 'held'"

log = logging.getLogger(__name__)


def history_relay(db: Database, *, pause_seconds: float = PAUSE_SECONDS) -> Relay:
    """The relay of the history; `run` it in a task, `wake` it after a commit."""
    return Relay(
        db,
        CONSUMER,
        History(),
        batch_events_max=BATCH_EVENTS_MAX,
        pause_seconds=pause_seconds,
        only=f"e.kind IN ('{OBSERVED}', '{LABEL}', '{LABELLED}')",
    )


class History:
    """Handles the log for the history's relay."""

    async def __call__(self, events: Sequence[Announced], conn: Connection) -> None:
        last = await conn.fetchval("SELECT last_no FROM ctu.history_place FOR UPDATE")
        numbered = list(enumerate(events, last + 1))
        await self._keep_events([(n, e) for n, e in numbered if e.kind == OBSERVED], conn)
        await self._place_labels([(n, e) for n, e in numbered if e.kind == LABELLED], conn)
        await self._resolve([(n, e) for n, e in numbered if e.kind == LABEL], conn)
        await conn.execute("UPDATE ctu.history_place SET last_no = $1", numbered[-1][0])

    async def _keep_events(self, told: list[tuple[int, Announced]], conn: Connection) -> None:
        rows, released = [], []
        for number, announced in told:
            entry = entry_of(announced)
            if entry is None:
                continue
            if entry.released:
                released.append(entry.event.id)
            else:
                rows.append(_row(number, entry))
        if rows:
            await conn.copy_records_to_table(
                "events", schema_name="ctu", columns=COLUMNS, records=rows
            )
        if released:
            await conn.execute(_RELEASED, released)

    async def _place_labels(self, told: list[tuple[int, Announced]], conn: Connection) -> None:
        if told:
            events = [UUID(e.body["event"]["id"]) for _, e in told]
            labels = [UUID(e.body["label"]) for _, e in told]
            await conn.execute(_KNOWN, events, labels, [n for n, _ in told])

    async def _resolve(self, told: list[tuple[int, Announced]], conn: Connection) -> None:
        """Tell the log of labels with their events, and what was known of these before."""
        if not told:
            return
        wanted = [UUID(e.body["event"]) for _, e in told]
        entries: dict[UUID, list[Record]] = {}
        for row in await conn.fetch(_EVENTS, wanted):
            entries.setdefault(row["id"], []).append(row)
        latest = {
            row["event"]: (row["bad"], row["turn_no"]) for row in await conn.fetch(_BAD, wanted)
        }
        turns: list[tuple[UUID, UUID, int]] = []
        told_on: list[Announcement] = []
        for number, announced in told:
            event, label = UUID(announced.body["event"]), UUID(announced.body["label"])
            rows = entries.get(event)
            if rows is None:
                log.error("a label speaks of event %s, which the log does not know", event)
                continue
            now = bool(announced.body["bad"])
            was, since = latest.get(event, (False, 0))
            changes = tuple(  # an entry made after the last label is not yet said to be anything
                (row["outcome"], now - (was and row["log_no"] < since)) for row in rows
            )
            body = Labelled(label=label, event=event_of_row(rows[-1]), entries=changes)
            told_on.append(Announcement(label, event, LABELLED, msgspec.to_builtins(body)))
            turns.append((event, label, number))
            latest[event] = now, number
        if turns:
            await conn.execute(_TURN, *(list(column) for column in zip(*turns, strict=True)))
            await append(conn, told_on)


def entry_of(announced: Announced) -> Logged | None:
    """The entry of an outbox event of kind `risk.observed`; None, loudly, where it cannot be read."""
    try:
        return read(announced.body)
    except msgspec.ValidationError as wrong:
        log.error("entry %s of the log cannot be read: %s", announced.id, wrong)  # noqa: TRY400  expected
        return None


async def event_of(conn: Connection, event_id: UUID) -> Event | None:
    """The event with this id, as it was last tried; None where the history does not know it."""
    row = await conn.fetchrow(_EVENT, event_id)
    return None if row is None else event_of_row(row)


def event_of_row(row: Record) -> Event:
    """The event of a row of `ctu.events`."""
    fields = {name: row[name] for name in _FIELDS}
    return Event(id=row["id"], proofs=frozenset(row["proofs"]), **fields)


async def settle(db: Database, relay: Relay) -> None:
    """Write everything that the log holds now: for tests, and before a history is read whole.

    A transaction that is still open, of whichever database of the server, holds the log back; it is
    waited for, but not for ever. Raises `Unavailable` after that.
    """
    await relay.prepare()
    for _ in range(SETTLE_TURNS_MAX):
        while await relay.turn():
            pass
        behind = [one for one in await lag(db) if one.consumer == relay.consumer]
        if not any(one.waiting_since for one in behind):
            return
        await asyncio.sleep(SETTLE_PAUSE_SECONDS)
    raise Unavailable("the log was held back by an open transaction")


def _row(number: int, entry: Logged) -> tuple[Any, ...]:
    e = entry.event
    # fmt: off
    return (
        e.id, number, e.kind, datetime.fromtimestamp(e.at_ms / 1000, UTC), e.at_ms, e.market, e.account,
        e.amount, e.currency, e.channel, e.device, e.session, e.payee, e.merchant, e.network, e.phone,
        e.instrument, sorted(e.proofs), dict(e.attributes), entry.outcome, entry.decision, entry.score,
        entry.verdict, entry.version, entry.order,
    )
    # fmt: on
