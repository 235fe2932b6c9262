"""What one run comes to: loss, the four rates, time to interception."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from argosy.sandbox.simulate.facts import DAY, NOTICE, Attempt, Book, Fate, Mode, Terms

HUNDRED_THOUSAND = 100_000
LATER_SHARE = 0.5
STOPPED_SHARE = 0.8
STREAK = 5


@dataclass(frozen=True, slots=True)
class Loss:
    """Money lost and money moved, in minor units. Bad payments are none of the volume."""

    lost_minor: int
    volume_minor: int
    lost_count: int
    count: int

    @property
    def basis_points(self) -> float:
        """Of ten thousand units of volume, how many were lost."""
        return 10_000 * self.lost_minor / self.volume_minor if self.volume_minor else 0.0

    @property
    def per_hundred_thousand(self) -> float:
        """Of a hundred thousand units of volume, how many were lost."""
        share = self.lost_minor / self.volume_minor if self.volume_minor else 0.0
        return HUNDRED_THOUSAND * share


@dataclass(frozen=True, slots=True)
class Interception:
    """One gang: when it first did harm, when that was first found out, when it was first stopped after
    that, and when it was stopped for good (days since the beginning; None: never)."""

    gang: str
    scheme: str
    harmed_at: float | None
    known_at: float | None
    stopped_at: float | None
    held_down_at: float | None
    attempts: int
    harm_minor: int
    lost_minor: int
    given_up: bool

    @property
    def hours_from_known(self) -> float | None:
        """From the first that was found out to the first that was stopped after it."""
        if self.known_at is None or self.stopped_at is None:
            return None
        return 24 * (self.stopped_at - self.known_at)


@dataclass(frozen=True, slots=True)
class Score:
    """One run. The four rates are shares: disturbance (of honest operations, those that were not simply
    let through), coverage (of bad money, what was not let through), failure (of honest operations that were
    challenged, those that never went through), limit (of honest operations, those held or refused)."""

    mode: str
    whole: Loss
    later: Loss
    disturbance: float
    coverage: float
    failure: float
    limit: float
    operations: int
    bad_attempts: int
    cases_decided: int
    wallets_frozen: int
    newcomers: int
    seconds: float
    gangs: tuple[Interception, ...]
    by_day: tuple[float, ...]
    learnings: tuple[str, ...]
    notice: str = NOTICE

    @property
    def hours_to_interception(self) -> float | None:
        """The median over the gangs that were found out and stopped after it."""
        hours = [g.hours_from_known for g in self.gangs if g.hours_from_known is not None]
        return statistics.median(hours) if hours else None

    def told(self) -> dict[str, Any]:
        """As JSON, with what is computed."""
        return {
            **asdict(self),
            "loss_basis_points": self.whole.basis_points,
            "loss_per_100000": self.whole.per_hundred_thousand,
            "loss_basis_points_later": self.later.basis_points,
            "loss_per_100000_later": self.later.per_hundred_thousand,
            "hours_to_interception": self.hours_to_interception,
        }


def scored(
    book: Book, terms: Terms, mode: Mode, seconds: float, given_up: frozenset[str] = frozenset()
) -> Score:
    """The score of a run whose last fates are written down."""
    honest = [a for a in book.attempts if not a.is_bad and a.fate is not Fate.REFUSED]
    bad = [a for a in book.attempts if a.harm_minor and a.fate is not Fate.REFUSED]
    challenged = [a for a in honest if a.challenged]
    stopped = [a for a in honest if a.fate is not Fate.DONE]
    middle = terms.days * DAY * (1 - LATER_SHARE)
    return Score(
        mode.value,
        loss_of(book.attempts),
        loss_of(a for a in book.attempts if a.at >= middle),
        _share(len([a for a in honest if a.challenged or a.fate is not Fate.DONE]), len(honest)),
        _share(
            sum(a.harm_minor for a in bad if a.fate is not Fate.DONE),
            sum(a.harm_minor for a in bad),
        ),
        _share(len([a for a in challenged if a.fate is not Fate.DONE]), len(challenged)),
        _share(len([a for a in stopped if not a.challenged]), len(honest)),
        len(honest),
        len(bad),
        book.cases_decided,
        book.frozen,
        book.newcomers,
        seconds,
        tuple(_interceptions(book.attempts, given_up)),
        tuple(
            loss_of(a for a in book.attempts if day * DAY <= a.at < (day + 1) * DAY).basis_points
            for day in range(terms.days)
        ),
        tuple(book.learnings),
    )


def loss_of(attempts: Iterable[Attempt]) -> Loss:
    """Of what went through: what was harm, and what was honest trade."""
    lost = volume = lost_count = count = 0
    for attempt in attempts:
        if attempt.fate is not Fate.DONE:
            continue
        if attempt.is_bad:
            lost += attempt.harm_minor
            lost_count += attempt.harm_minor > 0
        else:
            volume += attempt.minor
            count += 1
    return Loss(lost, volume, lost_count, count)


def _interceptions(attempts: Sequence[Attempt], given_up: frozenset[str]) -> Iterable[Interception]:
    for gang in sorted({a.gang for a in attempts if a.gang}):
        own = [a for a in attempts if a.gang == gang and a.fate is not Fate.REFUSED]
        if not own:
            continue
        harm = [a for a in own if a.harm_minor and a.fate is Fate.DONE]
        known = min((a.known_at for a in own if a.known_at is not None), default=None)
        stops = [a.at for a in own if a.fate is not Fate.DONE]
        after = [at for at in stops if known is not None and at >= known]
        yield Interception(
            gang,
            own[0].scheme.value if own[0].scheme else "",
            _days(harm[0].at if harm else None),
            _days(known),
            _days(min(after, default=None)),
            _days(_held_down(own)),
            len(own),
            sum(a.harm_minor for a in own),
            sum(a.harm_minor for a in harm),
            gang in given_up,
        )


def _held_down(own: Sequence[Attempt]) -> float | None:
    """From when on four of five harmful attempts are stopped, to the end."""
    harmful = [a for a in own if a.harm_minor]
    for at in range(len(harmful)):
        rest = harmful[at:]
        if len(rest) < STREAK:
            return None
        if sum(a.fate is not Fate.DONE for a in rest) >= STOPPED_SHARE * len(rest):
            return rest[0].at
    return None


def _days(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / DAY, 3)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
