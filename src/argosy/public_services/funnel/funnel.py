"""Counting steps: in the process first, then every few seconds into a small table.

A count costs a dictionary entry and no query. What a process has counted since its last flush is lost
with it when it is killed: figures for people who look at funnels, not books.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from argosy.base.clock import Clock
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.public_services.funnel.declared import Flows, own
from argosy.public_services.funnel.facts import (
    Count,
    Drawn,
    Flow,
    Funnel,
    Outcome,
    Spot,
    Step,
)

FLUSH_SECONDS = 5.0
SPOTS_MAX = 20_000
DAYS_KEPT = 400

_ADD = """
    INSERT INTO funnel.count AS c (day, market, channel, flow, version, step,
        reached, refused, broken, bytes_in, bytes_out, micros)
    SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
    ON CONFLICT (day, market, channel, flow, version, step) DO UPDATE SET
        reached = c.reached + excluded.reached,
        refused = c.refused + excluded.refused,
        broken = c.broken + excluded.broken,
        bytes_in = c.bytes_in + excluded.bytes_in,
        bytes_out = c.bytes_out + excluded.bytes_out,
        micros = c.micros + excluded.micros
"""
_SUM = """
    SELECT market, channel, flow, version, step, sum(reached)::bigint AS reached,
        sum(refused)::bigint AS refused, sum(broken)::bigint AS broken,
        sum(bytes_in)::bigint AS bytes_in, sum(bytes_out)::bigint AS bytes_out,
        sum(micros)::bigint AS micros
      FROM funnel.count
     WHERE day BETWEEN $1 AND $2 AND ($3::text IS NULL OR market = $3)
       AND ($4::text IS NULL OR channel = $4) AND ($5::text IS NULL OR flow = $5)
     GROUP BY market, channel, flow, version, step
"""

_log = logging.getLogger(__name__)


class Funnels:
    """Counts the steps of declared flows, and draws the funnels. `flows` are by default those that the
    package declares."""

    def __init__(self, db: Database, clock: Clock, flows: Flows | None = None) -> None:
        self._db = db
        self._clock = clock
        self.flows: Flows = own() if flows is None else flows
        self._counts: dict[Spot, Count] = {}
        self._unknown: set[tuple[str, str, str]] = set()
        self._day_ends: datetime | None = None
        self._day: date

    def note(
        self,
        channel: str,
        flow: str,
        step: str,
        market: str,
        *,
        outcome: Outcome = Outcome.REACHED,
        bytes_in: int = 0,
        bytes_out: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Count one exchange at a step. A step that nobody declared is logged once and not counted: it
        must not stop a payment. Never waits, never raises."""
        declared = self.flows.get((channel, flow))
        if declared is None or not declared.has(step):
            self._strange(channel, flow, step)
            return
        spot = Spot(self._today(), market, channel, flow, declared.version, step)
        count = self._counts.get(spot)
        if count is None:
            if len(self._counts) >= SPOTS_MAX:
                return
            count = self._counts[spot] = Count()
        if outcome is Outcome.REACHED:
            count.reached += 1
        elif outcome is Outcome.REFUSED:
            count.refused += 1
        else:
            count.broken += 1
        count.bytes_in += bytes_in
        count.bytes_out += bytes_out
        count.micros += int(seconds * 1_000_000)

    async def flush(self) -> int:
        """Add what was counted to the table; how many rows it took. Where the database does not answer
        the counts stay and `Unavailable` is raised."""
        counts, self._counts = self._counts, {}
        if not counts:
            return 0
        spots = sorted(
            counts, key=lambda s: (s.day, s.market, s.channel, s.flow, s.version, s.step)
        )
        rows = [_row(spot, counts[spot]) for spot in spots]
        try:
            await self._db.run(_ADD, *map(list, zip(*rows, strict=True)))
        except BaseException:
            self._take_back(counts)
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

    async def prune(self) -> int:
        """Forget what is older than `DAYS_KEPT` days; a job calls this once in a while."""
        before = self._today() - timedelta(days=DAYS_KEPT)
        tag = await self._db.run("DELETE FROM funnel.count WHERE day < $1", before)
        return int(tag.rpartition(" ")[2])

    async def draw(
        self,
        first: date,
        last: date,
        *,
        market: str | None = None,
        channel: str | None = None,
        flow: str | None = None,
    ) -> list[Funnel]:
        """The funnels over the days from `first` to `last` (UTC, both included), by market, channel,
        flow and version. Steps of a version that is not declared any more come in the order of how
        many reached them."""
        rows = await self._db.all(_SUM, first, last, market, channel, flow)
        found: dict[tuple[str, str, str, int], dict[str, Count]] = {}
        for row in rows:
            key = row["channel"], row["flow"], row["market"], row["version"]
            numbers = (row[name] for name in _NUMBERS)
            found.setdefault(key, {})[row["step"]] = Count(*numbers)
        return [self._drawn(key, found[key]) for key in sorted(found)]

    # within

    def _drawn(self, key: tuple[str, str, str, int], counts: dict[str, Count]) -> Funnel:
        channel, name, market, version = key
        declared = self.flows.get((channel, name))
        flow = declared if declared is not None and declared.version == version else None
        return Funnel(name, channel, version, market, tuple(drawn(_order(flow, counts), counts)))

    def _today(self) -> date:
        now = self._clock.now()
        if self._day_ends is None or not (
            self._day_ends - timedelta(days=1) <= now < self._day_ends
        ):
            self._day = now.date()
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            self._day_ends = midnight + timedelta(days=1)
        return self._day

    def _strange(self, channel: str, flow: str, step: str) -> None:
        what = channel, flow, step
        if what not in self._unknown and len(self._unknown) < SPOTS_MAX:
            self._unknown.add(what)
            _log.error("no flow declares this step, so it is not counted: %s %s %s", *what)

    def _take_back(self, counts: dict[Spot, Count]) -> None:
        for spot, old in counts.items():
            new = self._counts.setdefault(spot, Count())
            for name in _NUMBERS:
                setattr(new, name, getattr(new, name) + getattr(old, name))

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except Unavailable as outage:
            _log.warning("funnel counts wait: %s", outage)


_NUMBERS = ("reached", "refused", "broken", "bytes_in", "bytes_out", "micros")


def _row(spot: Spot, count: Count) -> tuple[object, ...]:
    return (
        spot.day,
        spot.market,
        spot.channel,
        spot.flow,
        spot.version,
        spot.step,
        *(getattr(count, name) for name in _NUMBERS),
    )


def _order(flow: Flow | None, counts: dict[str, Count]) -> tuple[Step, ...]:
    if flow is not None:
        return flow.steps
    return tuple(Step(name) for name in sorted(counts, key=lambda name: -counts[name].reached))


def drawn(steps: Iterable[Step], counts: dict[str, Count]) -> list[Drawn]:
    """The steps with what of those before each of them came this far: a pure function."""
    found: list[Drawn] = []
    before: int | None = None
    for step in steps:
        count = counts.get(step.name, Count())
        exchanges = max(count.reached + count.refused + count.broken, 1)
        left = count.reached / before if before else None
        found.append(
            Drawn(
                step,
                count.reached,
                count.refused,
                count.broken,
                left,
                count.bytes_in // exchanges,
                count.bytes_out // exchanges,
                count.micros / exchanges / 1000,
            )
        )
        if not step.optional:
            before = count.reached
    return found
