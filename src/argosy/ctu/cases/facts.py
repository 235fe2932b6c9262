"""The words of a case: what waits for a human, what is known of it, and what may be decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from argosy.base.money import Money
from argosy.base.refusals import Kind, Reason

WHY_CHARS_MAX = 500
BY_CHARS_MAX = 100
SCHEME_CHARS_MAX = 60
PAGE_MAX = 200
GANG_MAX = 200
"""So many cases are decided at once at most."""


class CaseReason(Reason):
    """Why a case could not be decided."""

    CASE_NOT_FOUND = 300, Kind.UNKNOWN, "There is no such case."
    CASE_ALREADY_DECIDED = 301, Kind.CONFLICT, "Somebody else has decided this case."
    CASE_REASON_MISSING = 302, Kind.INPUT, "A decision needs a reason of at most 500 characters."
    CASE_CLAIMED = 304, Kind.CONFLICT, "Somebody else is at work on this case."
    CASE_BY_MISSING = 305, Kind.INPUT, "Who decides must be named, in at most 100 characters."
    CASE_NEEDS_ANOTHER = 306, Kind.FORBIDDEN, "For this amount a second, different person decides."
    CASE_SCHEME_UNREADABLE = (
        307,
        Kind.INPUT,
        "A scheme is a word of at most 60 small letters, digits and underscores.",
    )
    CASES_TOO_MANY = 308, Kind.INPUT, "At most 200 cases can be decided at once."
    EVENT_NOT_KNOWN = 309, Kind.UNKNOWN, "No event with this id is known to the brain."
    LABEL_SOURCE_UNKNOWN = (
        310,
        Kind.INPUT,
        "A label comes from a customer, a chargeback, a merchant or the sender.",
    )
    POLICY_UNKNOWN = 311, Kind.INPUT, "There is no such term of the policy on cases."


class CaseState(StrEnum):
    """Where a case stands. Where no money waits, released says that the event was genuine and
    returned that it was fraud."""

    OPEN = "open"
    RELEASED = "released"  # the money went on its way
    RETURNED = "returned"  # the money went back


class Cause(StrEnum):
    """Why there is a case."""

    REVIEW = "review"  # a verdict reserved the money
    PATTERN = "pattern"  # denied or challenged again and again
    REPORT = "report"  # somebody complained


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that waits for a second person. `bad` is what is learned, None: as `decision` says."""

    decision: CaseState
    by: str
    why: str
    scheme: str
    at: datetime
    bad: bool | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `event` is the operation it is about, `order` the wallet's order whose money waits,
    None where none does. `reasons` are the verdict's hits: dicts of rule, decision (a number) and
    values. `at_risk_minor` is probability times amount; the higher `rank`, the sooner it is looked at.
    `claimed_by` is at work on it until `claimed_until`."""

    id: UUID
    cause: Cause
    event: UUID
    order: UUID | None
    verdict: UUID | None
    account: str
    payee: str | None
    device: str | None
    network: str | None
    market: str
    kind: str
    money: Money
    probability: float
    at_risk_minor: int
    rank: float
    reasons: list[dict[str, Any]]
    opened_at: datetime
    state: CaseState
    decided_by: str | None
    decided_why: str | None
    decided_at: datetime | None
    scheme: str
    claimed_by: str | None
    claimed_until: datetime | None
    proposal: Proposal | None

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that hit."""
        return tuple(str(reason["rule"]) for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a case or around it, for the timeline."""

    at: datetime
    what: str
    by: str = ""
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """An event that somebody around the case was in. `bad` is the latest label, None where there is
    none."""

    id: UUID
    at: datetime
    kind: str
    money: Money | None
    account: str
    payee: str | None
    device: str | None
    network: str | None
    outcome: str
    decision: str | None
    bad: bool | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything there is to look at: the verdict's hits with what they read, what account, device
    and payee did before, earlier cases of any of them, what was reported. Lists are bounded, the
    latest first."""

    case: Case
    score: float
    version: str
    unevaluated: tuple[str, ...]
    event: Mapping[str, Any]
    account_history: tuple[Past, ...]
    device_history: tuple[Past, ...]
    payee_history: tuple[Past, ...]
    earlier_cases: tuple[Case, ...]
    labels: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """Somebody or something in the link graph. `depth` counts steps from the case's account."""

    id: str
    entity: str
    key: str
    depth: int
    bad: int = 0  # labels that say so
    cases: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes met in `count` events for `minor` in all, between two moments."""

    source: str
    target: str
    count: int
    minor: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Graph:
    """Who is linked with whom around a case; `cut` where there was more than is shown."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Similar:
    """A case like this one: how much (0 to 1), and what they share (`device`, `rule x.y`, ...)."""

    case: Case
    likeness: float
    shared: tuple[str, ...]


RUPEE = 100

SCALES: Mapping[str, float] = MappingProxyType(
    {
        "INR": 1.0,
        "THB": 0.4,
        "PHP": 0.7,
        "IDR": 190.0,
        "USD": 0.012,
        "EUR": 0.011,
        "JPY": 0.018,
        "KWD": 0.037,
    }
)
"""How many minor units of a currency are worth one paisa, roughly."""


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """How cases are ranked, and when a second person is asked. Amounts are in paise and brought to
    other currencies by `scales`; `four_eyes_minor` may name a currency's own amount.

    A case's weight doubles every `ageing` that it waits, so that nothing waits for ever. A claim is
    given up after `lease`. `denied_many` refusals or challenges of one account, device or network in
    `denied_window` open a case of their own (0: never).
    """

    four_eyes_paise: int = 50_000 * RUPEE
    four_eyes_minor: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=lambda: SCALES)
    ageing: timedelta = timedelta(hours=12)
    lease: timedelta = timedelta(minutes=30)
    denied_many: int = 5
    denied_window: timedelta = timedelta(hours=1)

    def four_eyes(self, currency: str) -> int:
        """From so many minor units of `currency` on, a second person decides too."""
        own = self.four_eyes_minor.get(currency)
        return round(self.four_eyes_paise * self.scale(currency)) if own is None else own

    def scale(self, currency: str) -> float:
        """How many minor units of `currency` are worth one paisa."""
        return self.scales.get(currency, 1.0)
