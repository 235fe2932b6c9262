"""What the clock did last: noted in the process, written to a small table every few seconds."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from argosy.base.clock import Clock
from argosy.base.refusals import Unavailable
from argosy.base.store import Database

FLUSH_SECONDS = 10.0
PROBLEM_CHARS_MAX = 300

_PUT = """
    INSERT INTO management.home_jobs AS t (name, ran_at, took_ms, done, failures, problem)
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::int[], $4::bigint[], $5::int[], $6::text[])
    ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, took_ms = excluded.took_ms,
        done = t.done + excluded.done, problem = excluded.problem,
        failures = CASE WHEN excluded.failures = 0 THEN 0 ELSE t.failures + excluded.failures END
"""
_log = logging.getLogger(__name__)


@dataclass
class _Ran:
    at: datetime
    took_ms: int = 0
    done: int = 0
    failures: int = 0
    problem: str | None = None


class Jobs:
    """Notes each run of what the clock does."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._ran: dict[str, _Ran] = {}

    def note(
        self, name: str, seconds: float, done: int = 0, problem: Exception | None = None
    ) -> None:
        """One run has ended: it acted on `done` things, or met a `problem`. Never waits."""
        ran = self._ran.setdefault(name, _Ran(self._clock.now()))
        ran.at, ran.took_ms = self._clock.now(), round(seconds * 1000)
        ran.done += done
        ran.failures = 0 if problem is None else ran.failures + 1
        said = None if problem is None else f"{type(problem).__name__}: {problem}"
        ran.problem = said[:PROBLEM_CHARS_MAX] if said else None

    async def flush(self) -> int:
        """Write what was noted; how many jobs. Raises `Unavailable`: then the next flush tells."""
        ran, self._ran = self._ran, {}
        if ran:
            rows = [
                (name, r.at, r.took_ms, r.done, r.failures, r.problem)
                for name, r in sorted(ran.items())
            ]
            await self._db.run(_PUT, *map(list, zip(*rows, strict=True)))
        return len(ran)

    async def run(self) -> None:
        """Flush every few seconds until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Unavailable as outage:
                _log.warning("what the clock did is not written down: %s", outage)
