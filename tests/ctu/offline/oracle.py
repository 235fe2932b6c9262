"""Facts straight from `docs/risk/facts.md`: for each event look at every earlier entry. Slow and plain.

Written from the page alone and used by nobody but the tests: the third voice beside the two engines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from argosy.ctu.events import Event, Label
from argosy.ctu.facts.declared import DISTINCT_OF, Fact, FactSet
from argosy.ctu.facts.filters import compile_filter

BUCKETS = [
    (60, 1),
    (600, 10),
    (3_600, 60),
    (86_400, 900),
    (604_800, 7_200),
    (2_592_000, 43_200),
    (7_776_000, 86_400),
]


@dataclass(frozen=True)
class Entry:
    """One line of the log: an event and what became of it, or a label."""

    said: Event | Label
    outcome: str = "posted"


def facts_of(facts: FactSet, log: Sequence[Entry]) -> np.ndarray:
    """One row an event of `log`, in its order: float64 (events, columns), NaN is missing."""
    events = [(n, entry) for n, entry in enumerate(log) if isinstance(entry.said, Event)]
    made = np.full((len(events), len(facts.facts)), np.nan)
    for column, fact in enumerate(facts.facts):
        counted = compile_filter(fact.where) if fact.where else None
        pasts: dict[str, list[Entry]] = {}
        for row, (place, entry) in enumerate(events):
            key = (
                entry.said.account
                if fact.entity == "received"
                else getattr(entry.said, fact.entity)
            )
            if key:
                past = [e for e in pasts.get(key, ()) if in_window(fact, entry.said, e.said)]
                value = aggregate(fact, entry.said, past, log[:place], facts.offsets)
                made[row, column] = math.nan if value is None else value
            name = entry.said.payee if fact.entity == "received" else key
            if name and entry.outcome in fact.outcomes and (not counted or counted(entry.said)):
                pasts.setdefault(name, []).append(entry)
    return made


def in_window(fact: Fact, event: Event, other: Event) -> bool:
    if fact.window is None:
        return True
    grain = next(g for longest, g in BUCKETS if fact.window <= longest)
    until = (event.at_ms // 1000 - fact.delay) // grain
    return until - fact.window // grain < other.at_ms // 1000 // grain <= until


def value_of(event: Event, of: str) -> int | None:
    if of == "amount":
        return event.amount
    given = event.attributes.get(of)
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return math.floor(given * 1_000_000.0 + 0.5)


def name_of(event: Event, of: str) -> str | None:
    given = getattr(event, of) if of in DISTINCT_OF else event.attributes.get(of)
    return given if isinstance(given, str) and given else None


def is_bad(entry: Entry, past: Sequence[Entry]) -> bool:
    bad, met = False, False
    for other in past:
        met = met or other is entry
        if met and isinstance(other.said, Label) and other.said.event == entry.said.id:
            bad = other.said.bad
    return bad


def is_night(event: Event, offsets) -> bool:
    hour = (event.at_ms // 1000 + offsets.get(event.market, 0)) % 86_400 // 3_600
    return hour >= 23 or hour < 6


def aggregate(fact: Fact, event: Event, counted: Sequence[Entry], past, offsets) -> float | None:
    kind = fact.aggregate
    events = [entry.said for entry in counted]
    if kind == "count":
        return len(events)
    if kind in ("age", "since"):
        times = [e.at_ms for e in events]
        if not times:
            return None
        return max(0, event.at_ms - (min(times) if kind == "age" else max(times))) / 1000
    if kind == "distinct":
        return min(500, len({name_of(e, fact.of) for e in events} - {None}))
    if kind == "night_share":
        return sum(is_night(e, offsets) for e in events) / len(events) if events else None
    if kind in ("bad_count", "bad_share"):
        bad = sum(is_bad(entry, past) for entry in counted)
        if kind == "bad_count":
            return bad
        return bad / len(events) if events else None
    if kind == "decayed_count":
        return sum(weight(fact, event, e) for e in events)
    valued = [(e, v) for e in events if (v := value_of(e, fact.of)) is not None]
    scale = 1 if fact.of == "amount" else 1_000_000
    if kind == "decayed_sum":
        return sum(v * weight(fact, event, e) for e, v in valued) / scale
    return of_values(kind, event, fact, [v for _, v in valued], scale)


def weight(fact: Fact, event: Event, earlier: Event) -> float:
    return 2.0 ** (-(event.at_ms - earlier.at_ms) / 1000 / fact.half_life)


def of_values(kind: str, event: Event, fact: Fact, values: list[int], scale: int) -> float | None:
    if kind == "sum":
        return sum(values) / scale
    if not values:
        return None
    if kind == "mean":
        return sum(values) / len(values) / scale
    if kind == "max":
        return max(values) / scale
    if kind == "spread":
        squares = sum(v * v for v in values)
        return math.sqrt(len(values) * squares - sum(values) ** 2) / len(values) / scale
    own = value_of(event, fact.of)
    if own is None or not sum(values):
        return None
    return own / (sum(values) / len(values))
