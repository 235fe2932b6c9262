"""From labels to a training set that knows nothing but what was known at the time.

Facts are computed off line as of each event's own place in the log. A label counts if it was known when
the run began, weighs by its source, and an event that nobody spoke of counts as good only so far as it is
old enough to have been spoken of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from argosy.base.store import Database, Record
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.graph.past import graph_rows
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.history import event_of_row
from argosy.ctu.learn.terms import SOURCE_OTHER, SOURCES, Terms
from argosy.ctu.models.features import Features

Matrix = NDArray[np.float64]
Array = NDArray[Any]

STOPPED: Final = ("denied", "challenged", "refused")
UNSURE: Final = -1
"""The `y` of an event of which nobody can know yet: stopped before it could turn out bad."""

_EVENTS = """
    SELECT DISTINCT ON (id) * FROM ctu.events WHERE at_ms >= $1 AND at <= $2
     ORDER BY id, log_no DESC
"""
_LABELS = """
    SELECT DISTINCT ON (event) event, at_ms, bad, source, scheme, loss FROM ctu.labels
     WHERE at_ms <= $1 AND known_no IS NOT NULL
     ORDER BY event, turn_no DESC
"""


@dataclass(frozen=True)
class TrainingSet:
    """Events in the order of their time. `rows` is (n, len(columns)), NaN is missing; `y` is 1 bad, 0
    good, `UNSURE`; `weight` is of the row in learning; `known_ms` is when its label was known (NaN:
    nobody spoke of it); `served` says of what stopped it, 0 to 3."""

    columns: tuple[str, ...]
    rows: Matrix
    y: Array
    weight: Matrix
    at_ms: Array
    known_ms: Matrix
    scheme: Array
    events: tuple[Event, ...]
    decision: Array
    delay_ms: float
    until_ms: int
    facts_version: str = ""

    def __len__(self) -> int:
        return len(self.y)

    @property
    def bad(self) -> int:
        """Confirmed bad events."""
        return int((self.y == 1).sum())

    @property
    def fingerprint(self) -> str:
        """Names the data: the same events, labels, weights and columns have the same one."""
        digest = hashlib.blake2b(digest_size=12)
        digest.update(repr((self.columns, self.facts_version, self.until_ms)).encode())
        for part in (self.rows, self.y, self.weight, self.at_ms):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def take(self, where: Array) -> TrainingSet:
        """Only the rows that `where` (a mask or places) names."""
        places = np.flatnonzero(where) if where.dtype == np.bool_ else where
        return replace(
            self,
            rows=self.rows[places],
            y=self.y[places],
            weight=self.weight[places],
            at_ms=self.at_ms[places],
            known_ms=self.known_ms[places],
            scheme=self.scheme[places],
            events=tuple(self.events[i] for i in places),
            decision=self.decision[places],
        )

    def sure(self) -> TrainingSet:
        """Only rows that count in learning."""
        return self.take((self.y >= 0) & (self.weight > 0))

    def without(self, columns: Sequence[str]) -> TrainingSet:
        """The same with fewer columns."""
        kept = [i for i, name in enumerate(self.columns) if name not in set(columns)]
        return replace(self, columns=tuple(self.columns[i] for i in kept), rows=self.rows[:, kept])

    def column(self, name: str) -> Matrix:
        return self.rows[:, self.columns.index(name)]

    def split(self, later_share: float) -> tuple[TrainingSet, TrainingSet]:
        """The earlier events, and the latest `later_share` of them."""
        cut = np.quantile(self.at_ms, 1 - later_share) if len(self) else 0
        return self.take(self.at_ms <= cut), self.take(self.at_ms > cut)


async def read(
    db: Database, facts: FactSet, features: Features, known_until: datetime, terms: Terms
) -> TrainingSet:
    """The training set as it could be known at `known_until`."""
    from argosy.ctu.facts.offline.engine import OffLine
    from argosy.ctu.facts.offline.history import History

    until_ms = round(known_until.timestamp() * 1000)
    since = known_until - timedelta(days=terms.history_days)
    rows = await db.all(_EVENTS, round(since.timestamp() * 1000), known_until)
    said = {row["event"]: row for row in await db.all(_LABELS, until_ms)}
    history = await History.postgres(db, until_ms=until_ms + 1)
    matrix = OffLine(facts).matrix(history)
    # Of an event with several entries the last one is what became of it, and its facts are read there.
    place = {str(id_): n for n, id_ in enumerate(matrix.ids)}
    kept = _thinned([r for r in rows if str(r["id"]) in place], said, terms.rows_max)
    kept.sort(key=lambda row: (row["at_ms"], row["log_no"]))
    events = tuple(event_of_row(row) for row in kept)
    values = matrix.values[[place[str(event.id)] for event in events]]
    known = np.hstack((values, await graph_rows(db, events)))
    columns = vector_of(facts)
    order = [columns.index(name) for name in features.facts]
    made = features.matrix(events, known[:, order])
    return _labelled(kept, events, made, features.columns, said, until_ms, facts.version)


def _thinned(rows: list[Record], said: dict[UUID, Record], most: int) -> list[Record]:
    """All that somebody spoke of, and of the others as many as fit, evenly by id."""
    if len(rows) <= most:
        return list(rows)
    spoken = [row for row in rows if row["id"] in said]
    silent = sorted(
        (row for row in rows if row["id"] not in said),
        key=lambda row: hashlib.blake2b(row["id"].bytes, digest_size=8).digest(),
    )
    return spoken + silent[: max(0, most - len(spoken))]


def _labelled(
    rows: Sequence[Record],
    events: tuple[Event, ...],
    matrix: Matrix,
    columns: tuple[str, ...],
    said: dict[UUID, Record],
    until_ms: int,
    facts_version: str,
) -> TrainingSet:
    n = len(rows)
    at_ms = np.array([row["at_ms"] for row in rows], dtype=np.int64)
    known = np.full(n, np.nan)
    y = np.zeros(n, dtype=np.int8)
    weight = np.ones(n)
    scheme = np.full(n, "", dtype=object)
    for i, row in enumerate(rows):
        label = said.get(row["id"])
        if label is not None:
            known[i] = label["at_ms"]
            y[i] = 1 if label["bad"] else 0
            weight[i] = SOURCES.get(label["source"], SOURCE_OTHER)
            scheme[i] = label["scheme"] if label["bad"] else ""
        elif row["outcome"] in STOPPED:
            y[i] = UNSURE
    delays = np.sort((known - at_ms)[(y == 1) & ~np.isnan(known)])
    silent = np.isnan(known) & (y == 0)
    if len(delays):
        # The share of bad events that are known after so long: as sure is it that silence means good.
        age = until_ms - at_ms[silent]
        weight[silent] = np.searchsorted(delays, age, side="right") / len(delays)
    return TrainingSet(
        columns=columns,
        rows=matrix if n else np.empty((0, len(columns))),
        y=y,
        weight=weight,
        at_ms=at_ms,
        known_ms=known,
        scheme=scheme,
        events=events,
        decision=np.array([row["decision"] for row in rows], dtype=np.int8),
        delay_ms=float(np.quantile(delays, 0.9)) if len(delays) else 0.0,
        until_ms=until_ms,
        facts_version=facts_version,
    )
