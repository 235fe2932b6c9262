"""The loop by itself: a process of its own when enough was confirmed, a look at what is live each minute.

The process that serves takes part in neither: it counts new labels with one query, and starts
`argosy risk learn` beside itself, at the lowest priority. Several servers may count at once; the loop's own
lock lets one run.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.ctu.learn.record import Journal
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.watch import Watch

LOOK_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 24 * 3_600
"""With anything new at all, the loop runs at least so often."""
RUN_SECONDS_MAX: Final = 2 * 3_600
NICENESS: Final = 19

_NEW: Final = """
    SELECT count(*) FILTER (WHERE bad) AS bad, count(*) AS all_ FROM ctu.labels
     WHERE known_no IS NOT NULL AND added_at > $1
"""
_LAST: Final = "SELECT max(started_at) FROM ctu.learning_runs"
_WAITING: Final = "SELECT EXISTS (SELECT FROM ctu.learning_candidates WHERE state = 'shadow')"

log = logging.getLogger(__name__)


class Job:
    """Starts the loop when it is time, and watches what is live. `words` are the command's further words
    (`--demo`), `environment` what is set for it besides this process's own."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        *,
        words: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        terms: Terms | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._db = db
        self._clock = clock
        self._terms = terms or Terms()
        self._watch = Watch(db, clock, Journal(db, clock, ids), self._terms)
        self._words = tuple(words)
        self._environment = dict(environment or {})
        self._look_seconds = look_seconds

    async def run(self) -> None:
        """Look, and start the loop where it is due, until cancelled; a running loop is ended with it."""
        while True:
            try:
                await self._watch.look()
                trigger = await self.due()
                if trigger:
                    await self.learn(trigger)
            except Unavailable as outage:
                log.warning("learning waits for the database: %s", outage)
            except Exception:
                log.exception("learning failed; it is tried again")
            await asyncio.sleep(self._look_seconds)

    async def due(self) -> str:
        """What asks for a run now: `labels`, `schedule`, or nothing."""
        last: datetime | None = await self._db.value(_LAST)
        now = self._clock.now()
        if last is None:
            last = datetime.min.replace(tzinfo=now.tzinfo)
        row = await self._db.one(_NEW, last)
        if row is None:
            return ""
        if row["bad"] >= self._terms.new_labels_min:
            return "labels"
        if now - last < timedelta(seconds=AGAIN_SECONDS):
            return ""
        return "schedule" if row["all_"] or await self._db.value(_WAITING) else ""

    async def learn(self, trigger: str) -> int:
        """Run the loop in a process of its own and wait for it; its status."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "argosy",
            "risk",
            "learn",
            "--trigger",
            trigger,
            *self._words,
            env={**os.environ, "OMP_NUM_THREADS": "1", **self._environment},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_lowest,
        )
        try:
            _, said = await asyncio.wait_for(process.communicate(), RUN_SECONDS_MAX)
        except (TimeoutError, asyncio.CancelledError):
            await _end(process)
            raise
        if process.returncode:
            log.error("learning ended with %s: %s", process.returncode, said.decode()[-2_000:])
        return int(process.returncode or 0)


def _lowest() -> None:
    os.nice(NICENESS)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
