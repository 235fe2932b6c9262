"""How long the brain keeps what, and the sweep that lets the rest go. Learning and windows need far less.

What is let go is let go in small turns, the oldest first, so that no payment waits for it. Doing it in two
processes at once does no harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from argosy.base.store import Database
from argosy.ctu.facts.graph.refreshing import forget as forget_graph
from argosy.ctu.facts.packing import seen_at

EVENTS_KEPT: Final = timedelta(days=400)
"""The history, its labels, and the plain yeses said about it. Windows reach back 90 days, learning 120."""

STOPPED_KEPT: Final = timedelta(days=5 * 366)
"""Verdicts that stopped or held something, with all that they were made of: to be explained and replayed."""

STATES_KEPT: Final = timedelta(days=400)
"""What is known of an account, a device, a payee that nobody has named since."""

ROWS: Final = 5_000
"""So many rows at most are let go in one turn, of each sort."""

SECONDS: Final = 600.0
"""The sweep comes round so often."""

_EVENTS = """
    WITH old AS (
        DELETE FROM ctu.events WHERE (id, log_no) IN (
            SELECT id, log_no FROM ctu.events WHERE at < $1 LIMIT $2) RETURNING id),
    gone AS (
        DELETE FROM ctu.labels l USING (SELECT DISTINCT id FROM old) o
         WHERE l.event = o.id
           AND NOT EXISTS (SELECT FROM ctu.events e WHERE e.id = o.id AND e.at >= $1))
    SELECT count(*) FROM old
"""
_BLOCKS = """
    WITH old AS (
        DELETE FROM ctu.verdict_blocks WHERE id IN (
            SELECT id FROM ctu.verdict_blocks WHERE to_at < $1 ORDER BY to_at LIMIT $2) RETURNING id)
    SELECT count(*) FROM old
"""
_STOPPED = """
    WITH old AS (
        DELETE FROM ctu.verdict_rows WHERE id IN (
            SELECT id FROM ctu.verdict_rows WHERE at < $1 ORDER BY at LIMIT $2) RETURNING id)
    SELECT count(*) FROM old
"""
_STATES = """
    SELECT key, entity, version, state FROM ctu.states
     WHERE (key, entity, version) > ($1, $2, $3) ORDER BY key, entity, version LIMIT $4
"""
_FORGET_STATES = """
    DELETE FROM ctu.states s
     USING unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS o (key, entity, version, state)
     WHERE s.key = o.key AND s.entity = o.entity AND s.version = o.version AND s.state = o.state
"""
_FIRST: Final = ("", "", "")


class Forgetting:
    """Lets go of what is old, a turn at a time; remembers only how far it has looked through the states."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._at: tuple[str, str, str] = _FIRST

    async def turn(self, now: datetime, rows: int = ROWS) -> int:
        """Let go of at most `rows` of each sort; of how many. Raises `Unavailable`."""
        gone = 0
        for sql, kept in (
            (_EVENTS, EVENTS_KEPT),
            (_BLOCKS, EVENTS_KEPT),
            (_STOPPED, STOPPED_KEPT),
        ):
            gone += int(await self._db.value(sql, now - kept, rows))
        gone += await self._states(now - STATES_KEPT, rows)
        await forget_graph(self._db, round((now - EVENTS_KEPT).timestamp() * 1_000))
        return gone

    async def _states(self, before: datetime, rows: int) -> int:
        """Look at the next states, and let go of those whose newest event is older than `before`. A state
        that somebody writes meanwhile stays."""
        found = await self._db.all(_STATES, *self._at, rows)
        self._at = _FIRST if len(found) < rows else tuple(found[-1])[:3]
        limit = before.timestamp()
        old = [row for row in found if 0 < seen_at(row["state"]) < limit]
        if old:
            columns = ([row[n] for row in old] for n in range(4))
            await self._db.run(_FORGET_STATES, *columns)
        return len(old)
