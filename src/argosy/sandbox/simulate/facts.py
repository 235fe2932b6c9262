"""The words of the simulated town."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

NOTICE = (
    "A simulation: it shows that the loop closes. It is not evidence of quality on its own, because"
    " whoever wrote the thieves knew the guards."
)
"""Stands beside every figure that comes out of here."""

BEGIN = datetime(2026, 6, 1, 18, 30, tzinfo=UTC)  # midnight in Kolkata
DAY = 86_400.0
HOUR = 3_600.0


class Scheme(StrEnum):
    """What a gang lives on."""

    TAKEOVER = "takeover"
    CARDS = "card_testing"
    MULES = "mule"
    COLLUSION = "collusion"
    REFUNDS = "refund_abuse"
    BONUSES = "bonus_abuse"


class Mode(StrEnum):
    """Who guards the town."""

    NOBODY = "nobody"  # everything is let through: the starting rate
    FIXED = "loop off"  # the brain as it was published, which learns nothing
    LEARNING = "loop on"


@dataclass(frozen=True, slots=True)
class Terms:
    """One town. `gangs` is how many of each scheme there are, the first from `gangs_from` days on, the
    others later; `patience` is after how many stops in a row a gang gives up for good."""

    seed: int = 1
    days: int = 60
    customers: int = 240
    shops: int = 24
    agents: int = 4
    gangs: int = 2
    gangs_from: float = 8.0
    patience: int = 40
    learn_days: float = 3.0
    cases_an_hour: int = 12
    analyst_errors: float = 0.03
    schemes: tuple[Scheme, ...] = tuple(Scheme)


class Fate(StrEnum):
    """What became of something that somebody tried."""

    DONE = "done"
    HELD = "held"  # it waits for a human
    STOPPED = "stopped"  # denied, or challenged and not answered
    REFUSED = "refused"  # by a limit or for want of money, whatever the brain thinks


@dataclass(slots=True)
class Attempt:
    """Something that somebody tried. `gang` is empty for honest people. `harm_minor` is what is lost if it
    goes through: nothing where no money of others is at stake. `id` is the command's, and the event's."""

    id: UUID
    at: float
    kind: str
    minor: int
    fate: Fate
    gang: str = ""
    scheme: Scheme | None = None
    harm_minor: int = 0
    challenged: bool = False
    known_at: float | None = None  # when it was first found out

    @property
    def is_bad(self) -> bool:
        return self.gang != ""


@dataclass(slots=True)
class Book:
    """Everything that was tried in one run, in order; and what the machinery said."""

    attempts: list[Attempt] = field(default_factory=list)
    by_id: dict[UUID, Attempt] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    newcomers: int = 0
    cases_decided: int = 0
    frozen: int = 0
    learnings: list[str] = field(default_factory=list)

    def add(self, attempt: Attempt) -> Attempt:
        """Write one down."""
        self.attempts.append(attempt)
        self.by_id[attempt.id] = attempt
        return attempt
