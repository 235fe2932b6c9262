"""From facts to what has to be kept for them: facts over the same entries share one track.

A track is a place in the state of an entity. Tracks with a window keep rows, one a bucket; the others keep
a few numbers. `kernel` writes the code for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from argosy.ctu.events import ENTITIES
from argosy.ctu.facts.declared import Fact, grain_of
from argosy.ctu.facts.windows import FAR

NUMBERS: Final = "numbers"  # count, sum, squares, night, bad, max in buckets, or ever
DIFFERENT: Final = "different"  # different values, in buckets or ever
TIMES: Final = "times"  # first and last
DECAYED: Final = "decayed"  # one float and its time

LATE_SECONDS: Final = 120
"""Buckets are kept so long beyond their window, or one bucket longer where that is more."""

FAST_SECONDS: Final = 86_400
"""What is in flight counts into windows, and half-lives, of at most this."""

# A row is its bucket, the count, and of these what the facts need, in this order; `m` is not a sum.
MEASURES: Final = "sqkbm"
_NEEDS = {
    "count": "",
    "sum": "s",
    "mean": "s",
    "ratio": "s",
    "spread": "sq",
    "max": "m",
    "night_share": "k",
    "bad_count": "b",
    "bad_share": "b",
}
_OF_VALUE = frozenset("sqm")

Condition = tuple[str, tuple[str, ...]]
"""Which entries count: the filter and the outcomes."""


@dataclass(slots=True, eq=False)
class Track:
    """`value` is the numeric attribute, "amount", or for DIFFERENT what is told apart. `at` is the first
    slot of the track in the entity's state."""

    kind: str
    condition: Condition
    value: str
    window: int | None
    delay: int
    half_life: int | None = None
    counts: bool = False  # DECAYED: of entries rather than of the value
    measures: str = ""
    bad_only: bool = False  # nobody asks how many there were, so that only bad ones have rows
    at: int = 0

    @property
    def grain(self) -> int:
        return grain_of(self.window or 0)

    @property
    def buckets(self) -> int:
        return (self.window or 0) // self.grain

    @property
    def kept(self) -> int:
        """So many buckets are kept, counted back from the newest."""
        late = max(LATE_SECONDS // self.grain, 1)
        return self.buckets + -(-self.delay // self.grain) + late

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return 2 + len(self.measures) if self.kind == NUMBERS else 2

    @property
    def fast(self) -> bool:
        """Whether what is in flight counts here."""
        span = self.half_life if self.kind == DECAYED else self.window
        return span is not None and span <= FAST_SECONDS and not self.delay

    @property
    def slots(self) -> int:
        if self.kind == NUMBERS:
            return 1 + len(self.measures) + (5 if self.window else 0)
        if self.kind == DIFFERENT:
            return 6 if self.window else 1
        return 2

    @property
    def nothing(self) -> list[Any]:
        """The slots of a track that has seen nothing."""
        window: list[Any] = [-FAR, FAR, None, 0, 0] if self.window is not None else []
        if self.kind == NUMBERS:
            return [*window, 0, *(None if m == "m" else 0 for m in self.measures)]
        if self.kind == DIFFERENT:
            return [*window, None]
        return [None, None] if self.kind == TIMES else [0.0, 0]

    def total(self, measure: str) -> int:
        """The slot of a total: of `n`, or of one of the measures."""
        first = self.at + (5 if self.window else 0)
        return first if measure == "n" else first + 1 + self.measures.index(measure)


class Slots(NamedTuple):
    """Where a track's part of a state lies and how it is packed, reckoned once. `kept` is 0 where there
    are no rows; `empty` is the track that has seen nothing."""

    at: int
    size: int
    width: int
    grain: int
    kept: int
    different: bool
    empty: tuple[Any, ...]


@dataclass(slots=True)
class EntityPlan:
    """What is kept of one entity. The first two slots of a state are the newest second seen and the
    number of the last change."""

    entity: str
    facts: list[tuple[Fact, Track]] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    size: int = 2
    slots: list[Slots] = field(default_factory=list)
    containers: list[int] = field(default_factory=list)  # slots that hold rows, sets or dicts

    def add(self, fact: Fact) -> None:
        wanted = _track(fact)
        for track in self.tracks:
            if _key(track) == _key(wanted):
                track.measures = _sorted(track.measures + wanted.measures)
                track.bad_only = track.bad_only and wanted.bad_only
                break
        else:
            self.tracks.append(track := wanted)
        self.facts.append((fact, track))

    def lay_out(self) -> None:
        for track in self.tracks:
            track.at = self.size
            self.size += track.slots
            kept = 0 if track.window is None else track.kept
            if kept:
                self.containers.append(track.at + 2)
            if track.kind == DIFFERENT:
                self.containers.append(track.at + (5 if kept else 0))
            self.slots.append(
                Slots(
                    track.at,
                    track.slots,
                    track.width,
                    track.grain,
                    kept,
                    track.kind == DIFFERENT,
                    tuple(track.nothing),
                )
            )


def plan(facts: Iterable[Fact]) -> list[EntityPlan]:
    """One plan for each entity that has facts, in the order of `ENTITIES`."""
    plans = {entity: EntityPlan(entity) for entity in ENTITIES}
    for fact in facts:
        plans[fact.entity].add(fact)
    found = [one for one in plans.values() if one.facts]
    for one in found:
        one.lay_out()
    return found


def _track(fact: Fact) -> Track:
    condition = fact.where, tuple(sorted(fact.outcomes))
    match fact.aggregate:
        case "distinct":
            return Track(DIFFERENT, condition, fact.of, fact.window, fact.delay)
        case "age" | "since":
            return Track(TIMES, condition, "", None, 0)
        case "decayed_count" | "decayed_sum":
            counts = fact.aggregate == "decayed_count"
            return Track(DECAYED, condition, fact.of, None, 0, fact.half_life, counts)
    needs = _NEEDS[fact.aggregate]
    value = fact.of if _OF_VALUE.intersection(needs) else "amount"
    bad_only = fact.aggregate == "bad_count"
    return Track(
        NUMBERS, condition, value, fact.window, fact.delay, measures=needs, bad_only=bad_only
    )


def _key(track: Track) -> tuple[object, ...]:
    return (
        track.kind,
        track.condition,
        track.value,
        track.window,
        track.delay,
        track.half_life,
        track.counts,
    )


def _sorted(measures: str) -> str:
    return "".join(m for m in MEASURES if m in measures)
