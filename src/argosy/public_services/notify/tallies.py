"""How messages go, in figures: by day, market, way and carrier, and what waits or has failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from argosy.base.clock import Clock
from argosy.base.store import Database

PROBLEMS_MAX = 20
DAYS_KEPT = 400


class Outcome(StrEnum):
    """What became of a message on one way."""

    SENT = "sent"  # the carrier took it
    ARRIVED = "arrived"  # the carrier says that the person has it
    LATER = "later"  # the line was down or full; it is tried again
    PASSED_ON = "passed_on"  # not this way: the next one is tried
    LOST = "lost"  # the carrier took it, and said later that it did not arrive
    FAILED = "failed"  # no way is left


@dataclass(frozen=True, slots=True)
class Went:
    """How many messages went how over a carrier on the days asked for."""

    market: str
    way: str
    carrier: str
    outcome: Outcome
    messages: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A message that nobody got: its template and why, and nothing of what it said."""

    at: datetime
    market: str
    template: str
    problem: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How messages stand: those that wait and since when, those that failed, how they went."""

    waiting: int
    oldest_waits: timedelta | None
    failed: int
    went: tuple[Went, ...]
    problems: tuple[Problem, ...]


Tally = Counter[tuple[str, str, str, Outcome]]
"""(market, way, carrier, outcome) -> how many."""


class Tallies:
    """Keeps the figures."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(self, counted: Mapping[tuple[str, str, str, Outcome], int]) -> None:
        """Add to the figures of today (UTC)."""
        if not counted:
            return
        rows = [(*key, count) for key, count in sorted(counted.items())]
        await self._db.run(
            """
            INSERT INTO notify.tally AS t (day, market, way, carrier, outcome, messages)
            SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
            ON CONFLICT (day, market, way, carrier, outcome)
                DO UPDATE SET messages = t.messages + excluded.messages
            """,
            self._clock.now().date(),
            *map(list, zip(*rows, strict=True)),
        )

    async def standing(self, first: date, last: date) -> Standing:
        """How messages stand now, and how they went from `first` to `last` (UTC, both included)."""
        now = self._clock.now()
        waits = await self._db.one(
            "SELECT count(*) AS n, min(created_at) AS oldest FROM notify.message"
            " WHERE state = 'waiting'"
        )
        since = datetime.combine(first, datetime.min.time(), now.tzinfo)
        until = datetime.combine(last, datetime.min.time(), now.tzinfo) + timedelta(days=1)
        failed = await self._db.value(
            "SELECT count(*) FROM notify.message"
            " WHERE state = 'failed' AND created_at >= $1 AND created_at < $2",
            since,
            until,
        )
        went = await self._db.all(
            """
            SELECT market, way, carrier, outcome, sum(messages)::bigint AS messages
            FROM notify.tally WHERE day BETWEEN $1 AND $2
            GROUP BY market, way, carrier, outcome ORDER BY market, way, carrier, outcome
            """,
            first,
            last,
        )
        problems = await self._db.all(
            """
            SELECT created_at, market, template, problem FROM notify.message
            WHERE state = 'failed' AND created_at >= $1 AND created_at < $2
            ORDER BY created_at DESC LIMIT $3
            """,
            since,
            until,
            PROBLEMS_MAX,
        )
        oldest = waits["oldest"] if waits is not None else None
        return Standing(
            waits["n"] if waits is not None else 0,
            None if oldest is None else now - oldest,
            failed,
            tuple(
                Went(r["market"], r["way"], r["carrier"], Outcome(r["outcome"]), r["messages"])
                for r in went
            ),
            tuple(
                Problem(r["created_at"], r["market"], r["template"], r["problem"] or "")
                for r in problems
            ),
        )

    async def prune(self) -> None:
        """Forget the figures of days long past."""
        before = self._clock.now().date() - timedelta(days=DAYS_KEPT)
        await self._db.run("DELETE FROM notify.tally WHERE day < $1", before)
