"""The registry of models for a person who answers for it: cards, figures, drift, reasons, comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.facts import sets as fact_sets
from argosy.ctu.facts.declared import starter
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.learn.served import Served, read_served
from argosy.ctu.models import Features, Model, Registry
from argosy.ctu.models.drift import FAR, MOVED, drift
from argosy.ctu.models.facts import State, Version, Why

SERVED_MAX: Final = 2_000
"""So many of the latest verdicts are looked at for drift, reasons and comparisons."""
SHOWN_MAX: Final = 10
DAYS: Final = 30
BINS: Final = 20

_DAYS: Final = """
    WITH hit AS (
        SELECT v.event, min(v.at) AS at FROM ctu.verdict_rows v
         WHERE v.at >= $1
           AND v.hits @> jsonb_build_array(jsonb_build_object('rule', 'policy.cost',
               'values', jsonb_build_object('by', $2::text)))
         GROUP BY v.event),
    said AS (
        SELECT DISTINCT ON (l.event) l.event, l.bad FROM ctu.labels l JOIN hit USING (event)
         WHERE l.turn_no IS NOT NULL ORDER BY l.event, l.turn_no DESC)
    SELECT date_bin('1 day', h.at, 'epoch'::timestamptz) AS day, count(*) AS asked,
           count(*) FILTER (WHERE s.bad) AS bad, count(*) FILTER (WHERE NOT s.bad) AS good
      FROM hit h LEFT JOIN said s USING (event) GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Day:
    """What one model asked for on one day (UTC), and what was found out about that since."""

    day: datetime
    asked: int
    bad: int
    good: int


@dataclass(frozen=True)
class Named:
    """A model's name with its versions, the newest first."""

    name: str
    versions: tuple[Version, ...]

    @property
    def live(self) -> Version | None:
        return next((one for one in self.versions if one.state is State.LIVE), None)

    @property
    def shadow(self) -> Version | None:
        return next((one for one in self.versions if one.state is State.SHADOW), None)


@dataclass(frozen=True)
class Opened:
    """One version with the other versions of its name, what became of them, and what it asked for by day."""

    version: Version
    others: tuple[Version, ...]
    steps: tuple[Mapping[str, Any], ...]
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Column:
    """How far one column has moved away from the training data; `score` is the score itself."""

    name: str
    says: str
    psi: float

    @property
    def standing(self) -> str:
        """`stable`, `moved` or `far`."""
        return "far" if self.psi >= FAR else "moved" if self.psi >= MOVED else "stable"


@dataclass(frozen=True)
class Drift:
    """The columns, the farthest first, over `rows` verdicts between two moments."""

    rows: int
    since: datetime | None
    until: datetime | None
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Scored:
    """One of the latest verdicts with what a model says of it, and why."""

    event: str
    at_ms: int
    kind: str
    amount: int
    currency: str
    account: str
    score: float
    why: tuple[Why, ...]


@dataclass(frozen=True)
class Compared:
    """Two versions beside each other. `metrics` have both values by name, None where one has none; `scores`
    are shares of the latest verdicts in twenty equal bins of the score, for either; `agreement` is the rank
    correlation of both over these, `differ` those on which they differ most."""

    one: Version
    other: Version
    metrics: Mapping[str, tuple[float | None, float | None]]
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]
    rows: int
    scores: tuple[tuple[float, ...], tuple[float, ...]]
    agreement: float | None
    differ: tuple[tuple[str, float, float], ...]


class ModelDesk:
    """Reads the registry and what the brain read in line; publishing is for two people (`handlers`)."""

    def __init__(
        self, db: Database, clock: Clock, registry: Registry, utc_offset_minutes: int
    ) -> None:
        self._db = db
        self._clock = clock
        self._registry = registry
        self._offset = utc_offset_minutes

    # --- reading -----------------------------------------------------------------------------------

    async def listed(self) -> list[Named]:
        """All names with their versions; there are few of either."""
        found: dict[str, list[Version]] = {}
        for version in await self._registry.versions():
            found.setdefault(version.name, []).append(version)
        return [Named(name, tuple(some)) for name, some in sorted(found.items())]

    async def opened(self, name: str, version: str) -> Opened | Refused:
        """One version."""
        found = await self._registry.version(name, version)
        if isinstance(found, Refused):
            return found
        others = await self._registry.versions(name)
        steps = await self._registry.steps(name)
        days = await self.days(name)
        return Opened(found, tuple(others), tuple(reversed(steps)), tuple(days))

    async def days(self, name: str) -> list[Day]:
        """What a model asked for in the last thirty days, by day."""
        since = self._clock.now() - timedelta(days=DAYS)
        rows = await self._db.all(_DAYS, since, name)
        return [Day(row["day"], row["asked"], row["bad"], row["good"]) for row in rows]

    async def drift(self, name: str, version: str) -> Drift | Refused:
        """How far the latest verdicts have moved away from what the version learned from."""
        model = await self._registry.model(name, version)
        if isinstance(model, Refused):
            return model
        served, rows = await self._served(model)
        if not len(rows):
            return Drift(0, None, None, ())
        found = drift(model.card, model.columns, rows, np.asarray(model.score(rows)))
        columns = tuple(
            Column(name, model.card.words.get(name, ""), psi) for name, psi in found.items()
        )
        return Drift(
            len(rows), _moment(served.events[0].at_ms), _moment(served.events[-1].at_ms), columns
        )

    async def strongest(self, name: str, version: str) -> list[Scored] | Refused:
        """Of the latest verdicts those that the version scores highest, each with its reasons."""
        model = await self._registry.model(name, version)
        if isinstance(model, Refused):
            return model
        served, rows = await self._served(model)
        if not len(rows):
            return []
        scores = np.asarray(model.score(rows))
        order = np.argsort(-scores, kind="stable")[:SHOWN_MAX].tolist()
        return [
            Scored(
                event=str(served.events[n].id),
                at_ms=served.events[n].at_ms,
                kind=served.events[n].kind,
                amount=served.events[n].amount,
                currency=served.events[n].currency,
                account=served.events[n].account,
                score=float(scores[n]),
                why=tuple(model.reasons(rows[n])),
            )
            for n in order
        ]

    async def compared(self, name: str, one: str, other: str) -> Compared | Refused:
        """Two versions of a name beside each other, over the latest verdicts too."""
        first = await self._registry.version(name, one)
        second = await self._registry.version(name, other)
        if isinstance(first, Refused):
            return first
        if isinstance(second, Refused):
            return second
        models = [await self._registry.model(name, which) for which in (one, other)]
        told: list[Any] = []
        served: Served | None = None
        for model in models:
            if isinstance(model, Refused):
                return model
            served, rows = await self._served(model)
            told.append(np.asarray(model.score(rows)) if len(rows) else np.empty(0))
        return _compared(first, second, told[0], told[1], served)

    # --- publishing, by two people -------------------------------------------------------------------

    async def publish(self, name: str, version: str, by: str, why: str) -> Version | Refused:
        """Make a version live."""
        return await self._registry.publish(name, version, by, why)

    async def shadow(self, name: str, version: str, by: str, why: str) -> Version | Refused:
        """Score a version beside the live one; it decides nothing."""
        return await self._registry.shadow(name, version, by, why)

    async def roll_back(self, name: str, by: str, why: str) -> Version | Refused:
        """Take the live version back; the one before is live again."""
        return await self._registry.roll_back(name, by, why)

    # --- within ------------------------------------------------------------------------------------

    async def _served(self, model: Model) -> tuple[Served, Any]:
        """The latest verdicts, and the rows of what `model` reads of them."""
        facts = await fact_sets.live(self._db) or starter()
        columns = vector_of(facts)
        own = {f"event.{name}" for name in ("amount", "hour", "weekday")}
        attributes = [
            name.removeprefix("event.")
            for name in model.columns
            if name.startswith("event.") and name not in own
        ]
        features = Features(columns, attributes, self._offset)
        served = await read_served(self._db, features, SERVED_MAX)
        place = {name: n for n, name in enumerate(served.columns)}
        if not len(served) or any(name not in place for name in model.columns):
            return served, np.empty((0, len(model.columns)))
        rows = np.ascontiguousarray(served.rows[:, [place[name] for name in model.columns]])
        return served, rows


def _compared(one: Version, other: Version, a: Any, b: Any, served: Served | None) -> Compared:
    names = sorted(set(one.metrics) | set(other.metrics))
    both = min(len(a), len(b))
    a, b = a[:both], b[:both]
    differ: list[tuple[str, float, float]] = []
    if both and served is not None:
        order = np.argsort(-np.abs(a - b), kind="stable")[:SHOWN_MAX].tolist()
        differ = [
            (str(served.events[n].id), float(a[n]), float(b[n])) for n in order if a[n] != b[n]
        ]
    return Compared(
        one,
        other,
        {name: (one.metrics.get(name), other.metrics.get(name)) for name in names},
        tuple(c for c in one.columns if c not in other.columns),
        tuple(c for c in other.columns if c not in one.columns),
        both,
        (_shares(a), _shares(b)),
        _agreement(a, b),
        tuple(differ),
    )


def _shares(scores: Any) -> tuple[float, ...]:
    if not len(scores):
        return ()
    counts, _ = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    return tuple((counts / len(scores)).tolist())


def _agreement(a: Any, b: Any) -> float | None:
    """The rank correlation (Spearman, ties by their order); None where a score never differs."""
    if len(a) < 2 or a.min() == a.max() or b.min() == b.max():
        return None
    ranks = [np.argsort(np.argsort(some, kind="stable"), kind="stable") for some in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
