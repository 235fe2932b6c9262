"""The figures of a stretch of time, and the lines of its charts, from the totals by the minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from argosy.base.store import Database, Record
from argosy.ctu.decide.rates import Rates, read_rates
from argosy.management.home.folding import BUCKETS_MS, MEASURES

POINTS_MAX: Final = 1_500
_WORDS = tuple(MEASURES)
_SUMS = ", ".join(f"coalesce(sum(m.{name}), 0)::bigint AS {name}" for name in _WORDS)
_PLACE = """
    AND ($4::text IS NULL OR m.market = $4) AND ($5::text IS NULL OR m.channel = $5)
    AND ($6::text IS NULL OR m.product = $6)
"""
_STRETCHES = f"""
    SELECT w.n, m.market, {_SUMS}
      FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS w (n, since, until)
      JOIN management.home_minutes m ON m.minute >= w.since AND m.minute < w.until {_PLACE}
     GROUP BY w.n, m.market
"""
_REFUSED = f"""
    SELECT w.n, m.market, sum(m.count)::bigint AS count
      FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS w (n, since, until)
      JOIN management.home_refusals m ON m.minute >= w.since AND m.minute < w.until {_PLACE}
     GROUP BY w.n, m.market
"""
_LINE = f"""
    SELECT date_bin($3 * interval '1 minute', m.minute, $1) AS at, {_SUMS}
      FROM management.home_minutes m WHERE m.minute >= $1 AND m.minute < $2 {_PLACE}
     GROUP BY 1 ORDER BY 1
"""
_LINE_REFUSED = f"""
    SELECT date_bin($3 * interval '1 minute', m.minute, $1) AS at, sum(m.count)::bigint AS count
      FROM management.home_refusals m WHERE m.minute >= $1 AND m.minute < $2 {_PLACE}
     GROUP BY 1
"""
_CHOICES = """
    SELECT DISTINCT market, channel, product FROM management.home_days WHERE day >= $1
"""


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked at; None is all of it."""

    market: str | None = None
    channel: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class Sum:
    """What happened in one stretch, as counted in `home_minutes`; `refused` was refused before anything
    became durable. Amounts are minor units of the market's currency."""

    done: int = 0
    done_minor: int = 0
    fee_minor: int = 0
    timed: int = 0
    took_ms: int = 0
    le_10: int = 0
    le_30: int = 0
    le_100: int = 0
    le_300: int = 0
    le_1000: int = 0
    le_3000: int = 0
    returned: int = 0
    returned_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    fee_back_minor: int = 0
    lapsed: int = 0
    tried: int = 0
    proven: int = 0
    held: int = 0
    challenged: int = 0
    denied: int = 0
    denied_minor: int = 0
    refused: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Sum)))

    @property
    def unproven(self) -> int:
        """Challenged, and never went through."""
        return max(0, self.challenged - self.proven)

    @property
    def not_done(self) -> int:
        """What came to an end without being paid: refused, denied, never proven, given back."""
        return self.refused + self.denied + self.unproven + self.returned

    @property
    def success(self) -> float | None:
        """Of all that came to an end, the share that was paid; None where nothing did."""
        ends = self.done + self.not_done
        return self.done / ends if ends else None

    @property
    def mean_ms(self) -> float | None:
        """Mean time from request to commit of what was paid in one go."""
        return self.took_ms / self.timed if self.timed else None

    def took(self, share: float) -> float | None:
        """In how many milliseconds that share of the payments was done: within its bucket by a straight
        line, so a close estimate. Beyond the last bucket it is that bucket's bound."""
        if not self.timed:
            return None
        wanted, before, low = share * self.timed, 0, 0.0
        for bound in BUCKETS_MS:
            here: int = getattr(self, f"le_{bound}")
            if here and before + here >= wanted:
                return low + (bound - low) * (wanted - before) / here
            before, low = before + here, float(bound)
        return float(BUCKETS_MS[-1])


@dataclass(frozen=True)
class Stretch:
    """The sum of one stretch over all markets, and of each market by itself."""

    since: datetime
    until: datetime
    all: Sum = field(default_factory=Sum)
    markets: Mapping[str, Sum] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """One point of a chart, the stretch that begins at `at`."""

    at: datetime
    sum: Sum


@dataclass(frozen=True)
class Compared:
    """Today until now, yesterday until this hour, the same day last week until this hour."""

    today: Stretch
    yesterday: Stretch
    last_week: Stretch


def day_so_far(now: datetime, zone: str, days_ago: int = 0) -> tuple[datetime, datetime]:
    """From local midnight `days_ago` days ago until the wall clock shows what it shows now."""
    here = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    until = here.replace(tzinfo=None) - timedelta(days=days_ago)
    since = until.replace(hour=0, minute=0)
    tz = ZoneInfo(zone)
    return since.replace(tzinfo=tz), until.replace(tzinfo=tz)


async def compared(db: Database, now: datetime, zone: str, place: Place) -> Compared:
    """How the day goes beside yesterday and the same day last week, each until this hour."""
    spans = [day_so_far(now, zone, ago) for ago in (0, 1, 7)]
    spans[0] = spans[0][0], now
    return Compared(*await stretches(db, spans, place))


async def stretches(
    db: Database, spans: Sequence[tuple[datetime, datetime]], place: Place
) -> list[Stretch]:
    """The sums of some stretches (`since` with it, `until` without), by one walk of the totals."""
    args = (
        list(range(len(spans))),
        [since for since, _ in spans],
        [until for _, until in spans],
        place.market,
        place.channel,
        place.product,
    )
    found: list[dict[str, Sum]] = [{} for _ in spans]
    for row in await db.all(_STRETCHES, *args):
        found[row["n"]][row["market"]] = _sum(row)
    for row in await db.all(_REFUSED, *args):
        here = found[row["n"]]
        here[row["market"]] = here.get(row["market"], Sum()) + Sum(refused=row["count"])
    return [
        Stretch(since, until, sum(markets.values(), Sum()), markets)
        for (since, until), markets in zip(spans, found, strict=True)
    ]


async def line(
    db: Database, since: datetime, until: datetime, every_minutes: int, place: Place
) -> list[Point]:
    """What happened in each `every_minutes` from `since` to `until`, empty ones with it; at most
    `POINTS_MAX` points."""
    every = max(every_minutes, 1 + int((until - since).total_seconds() // 60) // POINTS_MAX)
    args = (since, until, every, place.market, place.channel, place.product)
    found = {row["at"]: _sum(row) for row in await db.all(_LINE, *args)}
    for row in await db.all(_LINE_REFUSED, *args):
        found[row["at"]] = found.get(row["at"], Sum()) + Sum(refused=row["count"])
    points, at = [], since
    while at < until:
        points.append(Point(at, found.get(at, Sum())))
        at += timedelta(minutes=every)
    return points


async def choices(db: Database, now: datetime) -> dict[str, list[str]]:
    """Which markets, channels and products have traded in the last month, for the filters."""
    rows = await db.all(_CHOICES, (now - timedelta(days=31)).date())
    return {
        name: sorted({row[name] for row in rows if row[name]})
        for name in ("market", "channel", "product")
    }


@dataclass(frozen=True)
class Risk:
    """The four rates of a stretch, and what was lost: let through, and found bad later."""

    rates: Rates
    lost_minor: Mapping[str, int]

    @property
    def lost(self) -> int:
        """How many of those were let through."""
        return self.rates.bad - self.rates.bad_stopped


async def risk(db: Database, since: datetime, until: datetime, place: Place) -> Risk:
    """The brain's rates of a stretch by market and product; it does not count channels apart."""
    rows = await read_rates(db, since, until, market=place.market, kind=place.product, apart=True)
    sums: dict[str, Any] = {}
    lost: dict[str, int] = {}
    for row in rows:
        for one in fields(Rates):
            if one.name not in ("at", "market", "kind"):
                sums[one.name] = sums.get(one.name, 0) + getattr(row, one.name)
        gone = row.bad_minor - row.bad_stopped_minor
        lost[row.market] = lost.get(row.market, 0) + gone
    return Risk(Rates(since, place.market or "", place.product or "", **sums), lost)


def _sum(row: Record) -> Sum:
    return Sum(**{name: row[name] for name in _WORDS})
