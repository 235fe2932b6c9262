"""The ways to banks: how each stands, its last calls, pausing and resuming one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ports import Instruction, RailReply
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database, Record
from argosy.management.setup.facts import RailCall, SetupReason

CALLS_KEPT = timedelta(days=14)
FLUSH_SECONDS = 1.0
WAITING_MAX = 10_000
PAGE_MAX = 200
STANDING_CALLS = 200
"""A rail's standing is told from so many of its last calls."""

_NOBODY = UUID(int=0)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RailStanding:
    """How a rail does, by its last `calls`: how many of them the bank answered `done`, `rejected` or not
    at all (`unknown`), and how long it took (the middle and the slowest twentieth, in milliseconds)."""

    rail: str
    paused: bool
    why: str
    by: str
    since: datetime | None
    calls: int
    done: int
    rejected: int
    unknown: int
    millis_middle: int | None
    millis_slow: int | None
    last_at: datetime | None


class Calls:
    """Notes calls to banks behind them: nobody waits for the note."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._waiting: deque[RailCall] = deque(maxlen=WAITING_MAX)

    def note(
        self, rail: str, verb: str, instruction: Instruction, reply: RailReply, millis: int
    ) -> None:
        """A call has ended."""
        self._waiting.append(
            RailCall(
                self._ids.new(),
                instruction.order or _NOBODY,
                instruction.id,
                rail,
                verb,
                reply.state.value,
                reply.reference,
                reply.reason,
                millis,
                self._clock.now(),
            )
        )

    async def flush(self) -> int:
        """Write what was noted; how many calls."""
        rows = list(self._waiting)
        self._waiting.clear()
        if not rows:
            return 0
        try:
            await self._db.many(
                """
                INSERT INTO setup.calls (id, order_id, instruction, rail, verb, state, reference,
                                         reason, millis, at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
                """,
                [
                    (
                        c.id,
                        c.order,
                        c.instruction,
                        c.rail,
                        c.verb,
                        c.state,
                        c.reference,
                        c.reason,
                        c.millis,
                        c.at,
                    )
                    for c in rows
                ],
            )
        except Unavailable:
            self._waiting.extendleft(reversed(rows))
            raise
        return len(rows)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Unavailable as outage:
                _log.warning("calls to banks are noted later: %s", outage)

    async def prune(self, now: datetime) -> int:
        """Forget old calls; how many."""
        tag = await self._db.run("DELETE FROM setup.calls WHERE at < $1", now - CALLS_KEPT)
        return int(tag.split()[1])


class Rails:
    """What staff see of rails, and their pausing."""

    def __init__(self, db: Database, clock: Clock, names: Iterable[str]) -> None:
        self._db = db
        self._clock = clock
        self._names = tuple(sorted(names))

    async def paused(self) -> frozenset[str]:
        """The rails that are not called for the moment."""
        rows = await self._db.all("SELECT rail FROM setup.rails WHERE paused")
        return frozenset(row["rail"] for row in rows)

    async def pause(self, rail: str, paused: bool, why: str, by: str) -> Refused | None:
        """Pause or resume a rail. While it is paused the bank is not called: nothing new goes that way,
        and what is on its way stays held; what the bank says by itself is still heard."""
        if rail not in self._names:
            return Refused(SetupReason.RAIL_UNKNOWN)
        async with self._db.work() as conn:
            await conn.execute(
                """
                INSERT INTO setup.rails (rail, paused, why, by, at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (rail) DO UPDATE SET paused = excluded.paused, why = excluded.why,
                    by = excluded.by, at = excluded.at
                """,
                rail,
                paused,
                why,
                by,
                self._clock.now(),
            )
            await conn.execute("UPDATE setup.changed SET version = version + 1")
        return None

    async def standing(self) -> list[RailStanding]:
        """How every rail does."""
        return [await self._standing(name) for name in self._names]

    async def calls(
        self, rail: str, before: tuple[datetime, UUID] | None = None, limit: int = 50
    ) -> list[RailCall]:
        """The last calls of a rail, newest first, from before (`at`, `id`) on."""
        at, last = before or (None, None)
        rows = await self._db.all(
            """
            SELECT * FROM setup.calls
             WHERE rail = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3::uuid))
             ORDER BY at DESC, id DESC LIMIT $4
            """,
            rail,
            at,
            last,
            min(limit, PAGE_MAX),
        )
        return [_call(row) for row in rows]

    async def of_order(self, order: UUID) -> list[RailCall]:
        """The calls that were made for an order, the first one first."""
        rows = await self._db.all(
            "SELECT * FROM setup.calls WHERE order_id = $1 ORDER BY id LIMIT $2", order, PAGE_MAX
        )
        return [_call(row) for row in rows]

    async def _standing(self, rail: str) -> RailStanding:
        set_ = await self._db.one("SELECT * FROM setup.rails WHERE rail = $1", rail)
        row = await self._db.one(
            """
            SELECT count(*) AS calls, count(*) FILTER (WHERE state = 'done') AS done,
                   count(*) FILTER (WHERE state = 'rejected') AS rejected,
                   count(*) FILTER (WHERE state = 'unknown') AS unknown,
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY millis) AS middle,
                   percentile_disc(0.95) WITHIN GROUP (ORDER BY millis) AS slow, max(at) AS last_at
              FROM (SELECT state, millis, at FROM setup.calls WHERE rail = $1
                     ORDER BY at DESC, id DESC LIMIT $2) last
            """,
            rail,
            STANDING_CALLS,
        )
        told = row or {}
        return RailStanding(
            rail,
            bool(set_ and set_["paused"]),
            set_["why"] if set_ else "",
            set_["by"] if set_ else "",
            set_["at"] if set_ else None,
            told["calls"],
            told["done"],
            told["rejected"],
            told["unknown"],
            told["middle"],
            told["slow"],
            told["last_at"],
        )


def _call(row: Record) -> RailCall:
    return RailCall(
        row["id"],
        row["order_id"],
        row["instruction"],
        row["rail"],
        row["verb"],
        row["state"],
        row["reference"],
        row["reason"],
        row["millis"],
        row["at"],
    )
