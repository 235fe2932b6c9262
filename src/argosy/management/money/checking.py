"""Checks of the books on demand and every night, each in a process of its own, with its result kept.

Re-adding the journal takes minutes of computing: the process that takes payments only starts it. The one
that checks writes down how far it is, and what it found; one that is silent for too long has died.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ledger.verify import verify
from argosy.base.products import Sweep
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.management.money.facts import MoneyReason

CLOCK: Final = "clock"
NIGHTLY_HOUR: Final = 2
NIGHTLY_UNTIL_HOUR: Final = 6
LOOK_SECONDS: Final = 300.0
SILENT_MAX = timedelta(minutes=3)
_TELL_SECONDS: Final = 2.0
_NICE: Final = 10
_PROBLEM_CHARS_MAX: Final = 500
PAGE: Final = 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the books. `state` is `running`, `sound`, `unsound` or `broken` (it could not be made:
    `problem`). `findings` are maps of what, where, expected, found; `more` were counted but not kept."""

    id: UUID
    asked_by: str
    started_at: datetime
    state: str
    progress: str
    seconds: float | None
    checked: dict[str, int]
    heads: Sequence[dict[str, Any]]
    findings: Sequence[dict[str, str]]
    more: int
    problem: str | None


class Checking:
    """Starts checks and tells of them. One runs at a time, whoever asks."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, zone: str) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._zone = ZoneInfo(zone)
        self._tasks: set[asyncio.Task[None]] = set()

    async def page(self, after: datetime | None = None, limit: int = PAGE) -> list[Check]:
        """Checks, the newest first, from before `after` on."""
        rows = await self._db.all(
            "SELECT * FROM money.checks WHERE $1::timestamptz IS NULL OR started_at < $1"
            " ORDER BY started_at DESC, id DESC LIMIT $2",
            after,
            limit,
        )
        return [_check(row) for row in rows]

    async def get(self, id: UUID) -> Check | None:
        row = await self._db.one("SELECT * FROM money.checks WHERE id = $1", id)
        return None if row is None else _check(row)

    async def start(self, asked_by: str) -> UUID | Refused:
        """Start a check in a process of its own; its id, by which it can be followed."""
        await self._db.run(
            "UPDATE money.checks SET state = 'broken', problem = 'it fell silent', ended_at = now()"
            " WHERE state = 'running' AND told_at < now() - $1::interval",
            SILENT_MAX,
        )
        check_id = self._ids.new()
        try:
            await self._db.run(
                "INSERT INTO money.checks (id, asked_by, started_at, told_at)"
                " VALUES ($1, $2, $3, now())",
                check_id,
                asked_by,
                self._clock.now(),
            )
        except asyncpg.UniqueViolationError:
            return Refused(MoneyReason.CHECK_RUNNING)
        task = asyncio.create_task(self._run(check_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return check_id

    async def wait(self) -> None:
        """Until no check that was started here runs any more."""
        await asyncio.gather(*self._tasks)

    def sweeps(self) -> tuple[Sweep, ...]:
        """Checks the books once a night, by the clock of the home market."""

        async def run(now: datetime, _limit: int) -> int:
            return await self.nightly(now)

        return (Sweep("ledger.check", LOOK_SECONDS, run),)

    async def nightly(self, now: datetime) -> int:
        """Start the night's check where its hour has come and it has not been made; how many."""
        local = now.astimezone(self._zone)
        if not NIGHTLY_HOUR <= local.hour < NIGHTLY_UNTIL_HOUR:
            return 0
        since = local.replace(hour=NIGHTLY_HOUR, minute=0, second=0, microsecond=0)
        made = await self._db.value(
            "SELECT true FROM money.checks WHERE asked_by = $1 AND started_at >= $2 LIMIT 1",
            CLOCK,
            since,
        )
        return 0 if made else int(not isinstance(await self.start(CLOCK), Refused))

    async def _run(self, id: UUID) -> None:
        """The check outlives us; where it dies, that is written down here."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "argosy.management.money.checking",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        told = msgspec.json.encode({"url": self._db.url, "id": str(id)})
        _, problem = await process.communicate(told)
        if process.returncode:
            _log.error("checking the books broke: %s", problem.decode(errors="replace")[-2000:])
            await self._db.run(
                "UPDATE money.checks SET state = 'broken', ended_at = now(), problem = $2"
                " WHERE id = $1 AND state = 'running'",
                id,
                problem.decode(errors="replace").strip().rpartition("\n")[2][:_PROBLEM_CHARS_MAX],
            )


async def check(db: Database, id: UUID) -> None:
    """Make the check `id`, in this process, and write down what was found."""
    telling = _Telling(db, id)
    try:
        report = await verify(db, telling.hear)
    finally:
        await telling.stop()
    await db.run(
        """
        UPDATE money.checks SET state = $2, ended_at = now(), told_at = now(), seconds = $3,
            checked = $4, heads = $5, findings = $6, more = $7, progress = '' WHERE id = $1
        """,
        id,
        "sound" if report.sound else "unsound",
        report.seconds,
        dict(report.checked),
        msgspec.to_builtins(report.heads),
        msgspec.to_builtins(report.findings),
        report.more,
    )


class _Telling:
    """Writes down how far a check is, some times a minute."""

    def __init__(self, db: Database, id: UUID) -> None:
        self._db = db
        self._id = id
        self._told_at = time.monotonic()
        self._task: asyncio.Task[str] | None = None

    def hear(self, what: str, done: int, of: int) -> None:
        """`Progress` of a check."""
        if time.monotonic() - self._told_at < _TELL_SECONDS or (
            self._task and not self._task.done()
        ):
            return
        self._told_at = time.monotonic()
        self._task = asyncio.create_task(
            self._db.run(
                "UPDATE money.checks SET progress = $2, told_at = now() WHERE id = $1",
                self._id,
                f"{what} {done}/{of}",
            )
        )

    async def stop(self) -> None:
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


def _check(row: Record) -> Check:
    return Check(
        row["id"],
        row["asked_by"],
        row["started_at"],
        row["state"],
        row["progress"],
        row["seconds"],
        row["checked"],
        row["heads"],
        row["findings"],
        row["more"],
        row["problem"],
    )


async def _main(told: dict[str, str]) -> None:
    db = await Database.open(told["url"], 3)
    try:
        await check(db, UUID(told["id"]))
    finally:
        await db.close()


if __name__ == "__main__":
    os.nice(_NICE)
    asyncio.run(_main(msgspec.json.decode(sys.stdin.buffer.read())))
