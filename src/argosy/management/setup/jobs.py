"""Jobs: what the clock does and how it went, the readers of the event log, and having one go at once.

How each run went is noted by `home.jobs`; here somebody's wish to have it run now finds its way to the
process that runs it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from argosy.base.clock import Clock
from argosy.base.outbox.events import Lag, lag
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database
from argosy.management.setup.facts import Job, SetupReason

LOOK_SECONDS = 2.0
_ALL = """
    SELECT j.name, j.ran_at, j.took_ms, j.done, j.failures, j.problem, a.at AS asked_at
      FROM management.home_jobs j
      LEFT JOIN setup.asked a ON a.name = j.name AND a.at > j.ran_at
     ORDER BY j.failures = 0, j.name
"""
_log = logging.getLogger(__name__)


class Clockwork:
    """`pause` and `run` belong to the process that has the household; the rest works everywhere."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._woken: dict[str, asyncio.Event] = {}

    async def pause(self, name: str, seconds: float) -> None:
        """Wait until the job's next turn: so many seconds, or until somebody asks for it."""
        woken = self._woken.setdefault(name, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            pass
        woken.clear()

    async def look(self) -> int:
        """Wake what was asked for; how many jobs."""
        rows = await self._db.all("DELETE FROM setup.asked RETURNING name")
        for row in rows:
            if row["name"] in self._woken:
                self._woken[row["name"]].set()
        return len(rows)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Unavailable as outage:
                _log.warning("what was asked of the clock waits: %s", outage)

    # --- for staff ---------------------------------------------------------------------------

    async def all(self) -> Sequence[Job]:
        """Every job that ever ran here, those that fail first."""
        return [Job(*row.values()) for row in await self._db.all(_ALL)]

    async def relays(self) -> Sequence[Lag]:
        """How far behind each reader of the event log is."""
        return await lag(self._db)

    async def ask(self, name: str, by: str) -> Refused | None:
        """Have a job run within some seconds instead of when its time comes."""
        tag = await self._db.run(
            """
            INSERT INTO setup.asked (name, at, by)
            SELECT name, $2, $3 FROM management.home_jobs WHERE name = $1
            ON CONFLICT (name) DO UPDATE SET at = excluded.at, by = excluded.by
            """,
            name,
            self._clock.now(),
            by,
        )
        return None if tag == "INSERT 0 1" else Refused(SetupReason.JOB_UNKNOWN)

    async def retry_relay(self, consumer: str) -> Refused | None:
        """Have a reader of the event log try its next batch now instead of after its pause."""
        tag = await self._db.run(
            "UPDATE outbox.cursors SET retry_at = NULL WHERE consumer = $1", consumer
        )
        return None if tag == "UPDATE 1" else Refused(SetupReason.JOB_UNKNOWN)
