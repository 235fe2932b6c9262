"""What was refused before anything became durable, counted as the funnel counts: in the process first.

A count costs a dictionary entry, and only where somebody was told no. What a process has counted since
its last flush is lost with it when it is killed: figures, not books. What the brain denied is not here:
the event log has it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from argosy.base.clock import Clock
from argosy.base.postings import GateReason
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database

FLUSH_SECONDS = 5.0
SPOTS_MAX = 20_000
MINUTES_KEPT = timedelta(days=60)
REFUSALS_KEPT = timedelta(days=400)

_ADD = """
    INSERT INTO management.home_refusals AS t
           (minute, market, channel, product, reason, count, minor)
    SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[],
                         $6::bigint[], $7::bigint[])
    ON CONFLICT (minute, market, channel, product, reason) DO UPDATE
       SET count = t.count + excluded.count, minor = t.minor + excluded.minor
"""
_PRUNE = """
    WITH minutes AS (DELETE FROM management.home_minutes WHERE minute < $1 RETURNING 1),
         refusals AS (DELETE FROM management.home_refusals WHERE minute < $2 RETURNING 1)
    SELECT (SELECT count(*) FROM minutes) + (SELECT count(*) FROM refusals)
"""

_Spot = tuple[datetime, str, str, str, str]
_log = logging.getLogger(__name__)


class Refusals:
    """Counts refusals by minute, market, channel, product and reason."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._counts: Counter[_Spot] = Counter()
        self._minor: Counter[_Spot] = Counter()

    def note(self, market: str, channel: str, product: str, command: Any, no: Refused) -> None:
        """Count one no. Never waits, never raises."""
        if no.reason is GateReason.DENIED_BY_RISK or len(self._counts) >= SPOTS_MAX:
            return
        minute = self._clock.now().replace(second=0, microsecond=0)
        spot = minute, market, channel, product, no.code
        self._counts[spot] += 1
        self._minor[spot] += getattr(getattr(command, "amount", None), "minor", 0)

    async def flush(self) -> int:
        """Add what was counted to the table; how many rows that took. Where the database does not answer
        the counts stay and `Unavailable` is raised."""
        counts, minor = self._counts, self._minor
        self._counts, self._minor = Counter(), Counter()
        spots = sorted(counts)
        if not spots:
            return 0
        rows = [(*spot, counts[spot], minor[spot]) for spot in spots]
        try:
            await self._db.run(_ADD, *map(list, zip(*rows, strict=True)))
        except Unavailable:
            self._counts.update(counts)
            self._minor.update(minor)
            raise
        return len(rows)

    async def run(self) -> None:
        """Flush every few seconds until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                await self._flush_quietly()
        finally:
            await self._flush_quietly()

    async def prune(self, now: datetime) -> int:
        """Forget minutes that no page shows any more; the days stay."""
        return int(await self._db.value(_PRUNE, now - MINUTES_KEPT, now - REFUSALS_KEPT))

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except Unavailable as outage:
            _log.warning("counts of refusals wait: %s", outage)
