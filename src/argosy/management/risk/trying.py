"""A rule tried on the traffic of the last days, in a process of its own that knows nothing else.

Facts as of then need DuckDB, which the process that serves never loads. The child is told what to do on
its standard input and answers on its standard output.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.rules.backtest import Overlap, RuleResult, Untested
from argosy.management.risk.reasons import RiskReason

SECONDS_MAX: Final = 300.0
DAYS_MAX: Final = 30
NICENESS: Final = 19
MODULE: Final = "argosy.management.risk.trial"


class Asked(msgspec.Struct, frozen=True):
    """What the child is told. `offsets` are the markets' distances from UTC in seconds."""

    url: str
    name: str
    text: str
    since_ms: int
    until_ms: int
    offsets: dict[str, int]


class Met(msgspec.Struct, frozen=True):
    """One event that the rule would have met. `already` is whether a rule of today stops it anyway."""

    event: UUID
    at_ms: int
    account: str
    payee: str | None
    kind: str
    amount: int
    currency: str
    bad: bool
    already: bool


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done, beside the rules of today.

    `events` and `bad` are those of the time; `result` the rule's own; `accounts` how many accounts it
    would have met, `disturbed` how many of these nobody found bad; `newly_bad` and `newly_good` what it stops
    that no other rule does; `before` what the version in force hits, None where there is none;
    `added` and `dropped` the events that only the new or only the old text hits. `met` are examples, bad
    ones first.
    """

    days: int
    events: int
    bad: int
    result: RuleResult
    accounts: int
    disturbed: int
    newly_bad: int
    newly_good: int
    before: int | None
    added: int
    dropped: int
    met: tuple[Met, ...]
    untested: tuple[Untested, ...] = ()
    seconds: float = 0.0

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        return self.result.overlaps


class Trying:
    """Starts the child, one at a time, and waits for it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        offsets: Mapping[str, int],
        *,
        seconds_max: float = SECONDS_MAX,
    ) -> None:
        self._db = db
        self._clock = clock
        self._offsets = offsets
        self._seconds_max = seconds_max
        self._turn = asyncio.Lock()

    async def run(self, name: str, text: str, days: int) -> Trial | Refused:
        """The rule over the last `days` days (at most `DAYS_MAX`). Refused where one is being tried already,
        or where it takes too long."""
        if self._turn.locked():
            return Refused(RiskReason.TRIAL_RUNNING)
        async with self._turn:
            until = self._clock.now()
            since = until - timedelta(days=min(max(days, 1), DAYS_MAX))
            asked = Asked(
                self._db.url,
                name,
                text,
                round(since.timestamp() * 1000),
                round(until.timestamp() * 1000),
                dict(self._offsets),
            )
            return await self._answer(msgspec.json.encode(asked))

    async def _answer(self, asked: bytes) -> Trial | Refused:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            said, wrong = await asyncio.wait_for(process.communicate(asked), self._seconds_max)
        except TimeoutError:
            await _end(process)
            return Refused(RiskReason.TRIAL_TOO_LONG, {"seconds": self._seconds_max})
        except asyncio.CancelledError:
            await _end(process)
            raise
        if process.returncode:
            last = wrong.decode("utf-8", "replace").strip().splitlines()[-1:]
            return Refused(RiskReason.TRIAL_FAILED, {"message": "".join(last)})
        return msgspec.json.decode(said, type=Trial)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
