"""What is remembered of one account, and of everybody: how often which value was seen, fading with time.

Counts halve every `HALF_LIFE_DAYS`, and of an account's values the rarest go when there are more than
`VALUES_MAX`, so that what is remembered is small and follows the owner's life.
"""

from __future__ import annotations

import struct
from array import array
from typing import Final
from uuid import UUID

from argosy.base.refusals import must
from argosy.ctu.events import Event
from argosy.ctu.owner.traits import (
    ADDRESS,
    DEVICE,
    FAMILIES,
    FAMILY_OF,
    LEVELS,
    PAYEE,
    ROOT,
    ROOTS,
    Steps,
    steps,
)

HALF_LIFE_DAYS: Final = 60.0
VALUES_MAX: Final = 128
CROWD_MAX: Final = 20_000
CROWD_HALF_LIFE_EVENTS: Final = 2_000_000
RECENT_MAX: Final = 8
_FADED = 0.05
_DAY_MS = 86_400_000
_CHILDREN = 1 << 40  # added to a value's number: how many different values were seen below it
_HEAD = struct.Struct("<BBHI")
_FORMAT = 1

NOVEL = 0.5
"""The share of what was new once that is expected to be new again: d of a Pitman-Yor process."""

# For each level: how many events' worth of doubt an account begins with, and how probable one value is
# for anybody where the crowd has never seen it. None of it is fitted to anyone's figures.
STRENGTH: Final = (0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 4.0, 8.0, 2.0, 4.0, 2.0)
RARE: Final = (1e-4, 5e-3, 1e-3, 1e-2, 2e-2, 1e-2, 2e-2, 5e-2, 0.06, 0.2, 0.1, 0.08, 1e-3)
PRIVATE: Final = frozenset({DEVICE, ADDRESS, PAYEE})
"""Levels with as many values as there are people: the crowd does not count them."""


class Habits:
    """The counts of one account. `recent` are marks of the newest events in it."""

    __slots__ = ("counts", "day", "recent")

    def __init__(self) -> None:
        self.counts: dict[int, float] = {}
        self.day = 0
        self.recent: list[int] = []

    def add(self, event: Event, offset_ms: int = 0) -> None:
        """Count one event of the account."""
        self._fade(event.at_ms // _DAY_MS)
        counts = self.counts
        found = steps(event, offset_ms)
        for family in {FAMILY_OF[level] for level, _, _ in found}:
            counts[ROOTS[family]] = counts.get(ROOTS[family], 0.0) + 1.0
        _count(counts, found)
        self.recent = [mark(event.id), *self.recent[: RECENT_MAX - 1]]
        if len(counts) > VALUES_MAX:
            rarest = sorted(counts, key=counts.__getitem__)[: len(counts) - VALUES_MAX * 3 // 4]
            for value in rarest:
                del counts[value]

    def _fade(self, day: int) -> None:
        if self.day and day > self.day:
            left = 0.5 ** ((day - self.day) / HALF_LIFE_DAYS)
            self.counts = {v: n * left for v, n in self.counts.items() if n * left > _FADED}
        self.day = max(self.day, day)

    def pack(self) -> bytes:
        """As bytes, for `unpack`: about twelve for a value."""
        head = _HEAD.pack(_FORMAT, len(self.recent), len(self.counts), self.day)
        return b"".join(
            (
                head,
                array("Q", self.recent).tobytes(),
                array("Q", self.counts.keys()).tobytes(),
                array("f", self.counts.values()).tobytes(),
            )
        )

    @staticmethod
    def unpack(state: bytes) -> Habits:
        """Habits from their bytes."""
        form, recent, count, day = _HEAD.unpack_from(state)
        must(form == _FORMAT, "habits of another format", form=form)
        made = Habits()
        made.day = day
        view = memoryview(state)
        values = _HEAD.size + 8 * recent
        shares = values + 8 * count
        made.recent = view[_HEAD.size : values].cast("Q").tolist()
        made.counts = dict(
            zip(
                view[values:shares].cast("Q").tolist(),
                view[shares:].cast("f").tolist(),
                strict=True,
            )
        )
        return made


class Crowd:
    """The counts of everybody together: what is usual, and what would be a coincidence."""

    def __init__(self) -> None:
        self.counts: dict[int, float] = {}

    def add(self, event: Event, offset_ms: int = 0) -> None:
        """Count one event of anybody."""
        counts = self.counts
        found = [step for step in steps(event, offset_ms) if step[0] not in PRIVATE]
        for family in {FAMILY_OF[level] for level, _, _ in found}:
            total = counts[ROOTS[family]] = counts.get(ROOTS[family], 0.0) + 1.0
            if total > CROWD_HALF_LIFE_EVENTS:
                self.counts = counts = {v: n / 2 for v, n in counts.items()}
        _count(counts, found)
        if len(counts) > CROWD_MAX:
            rarest = sorted(counts, key=counts.__getitem__)[: CROWD_MAX // 5]
            for value in rarest:
                if value >> 32 < ROOT:
                    del counts[value]

    def share(self, level: int, parent: int, value: int) -> float:
        """How probable `value` is for anybody of whom `parent` is true."""
        if level in PRIVATE:
            return RARE[level]
        counts = self.counts
        total = counts.get(parent, 0.0)
        children = counts.get(parent + _CHILDREN, 0.0)
        seen = counts.get(value, 0.0) - NOVEL
        rare = (1.0 + NOVEL * children) * RARE[level]
        return (max(seen, 0.0) + rare) / (total + 1.0)

    def pack(self) -> bytes:
        """As bytes, for `unpack`."""
        counts = self.counts
        return array("Q", counts.keys()).tobytes() + array("d", counts.values()).tobytes()

    @staticmethod
    def unpack(state: bytes) -> Crowd:
        """A crowd from its bytes."""
        made = Crowd()
        half = len(state) // 2
        made.counts = dict(zip(array("Q", state[:half]), array("d", state[half:]), strict=True))
        return made


def doubts(habits: Habits, crowd: Crowd, found: Steps) -> list[float]:
    """For each value, how many times likelier anybody shows it than the owner: p(x) / p(x | owner),
    each given its parent. 1 where nothing is known."""
    own, everybody = habits.counts.get, crowd.counts.get
    made = []
    for level, parent, value in found:
        total = own(parent)
        if total is None:
            made.append(1.0)  # the surprise was counted at the parent
            continue
        usual = RARE[level]
        children = parent + _CHILDREN
        if level not in PRIVATE:  # as Crowd.share, once more for speed
            seen = everybody(value, 0.0) - NOVEL
            usual *= 1.0 + NOVEL * everybody(children, 0.0)
            usual = (usual + seen if seen > 0.0 else usual) / (everybody(parent, 0.0) + 1.0)
        strength = STRENGTH[level]
        fresh = (strength + NOVEL * own(children, 0.0)) * usual
        seen = own(value, 0.0) - NOVEL
        made.append(usual * (total + strength) / (fresh + seen if seen > 0.0 else fresh))
    return made


def mark(id_: UUID) -> int:
    """64 bits that stand for an event."""
    return (id_.int ^ id_.int >> 64) & 0xFFFFFFFFFFFFFFFF


def _count(counts: dict[int, float], found: Steps) -> None:
    for _, parent, value in found:
        before = counts.get(value, 0.0)
        counts[value] = before + 1.0
        if before == 0.0:
            children = parent + _CHILDREN
            counts[children] = counts.get(children, 0.0) + 1.0


must(len(LEVELS) == len(FAMILY_OF) == len(STRENGTH) == len(RARE), "a number for each level")
must(max(FAMILY_OF) + 1 == len(FAMILIES) == len(ROOTS), "a root for each family")
