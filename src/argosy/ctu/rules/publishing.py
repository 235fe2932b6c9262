"""Versions of rules and of the whole set: draft, shadow, percent, live, withdrawn; dated, who and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary


class State(StrEnum):
    """How far a version of a rule has come."""

    DRAFT = "draft"
    SHADOW = "shadow"
    PERCENT = "percent"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One text of one rule."""

    id: UUID
    name: str
    number: int
    text: str
    written_by: str
    written_at: datetime
    why: str


class SetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One dated set: which version of which rule counts how far, from `at` until the next one."""

    number: int
    at: datetime
    by: str
    why: str


class Publishing:
    """The road of a rule from a draft to the payments and back. Every verb says who and why."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, vocabulary: Vocabulary, *, single: bool = False
    ) -> None: ...

    async def draft(
        self, name: str, text: str, by: str, why: str
    ) -> RuleVersion | Refused:
        """Keep a new version of a rule; refused with the linter's findings where it has mistakes."""
        raise NotImplementedError

    async def publish(
        self, name: str, number: int, state: State, by: str, why: str, percent: int = 100
    ) -> SetVersion | Refused:
        """Bring a version to shadow, percent or live; by a second person unless policy says single."""
        raise NotImplementedError

    async def withdraw(self, name: str, by: str, why: str) -> SetVersion | Refused:
        """Take a rule out at once. One person is enough."""
        raise NotImplementedError

    async def back_to(self, number: int, by: str, why: str) -> SetVersion | Refused:
        """Make the set of that number the set of today again."""
        raise NotImplementedError


class Live:
    """The set of today in this process; follows the database within a second.

    Where a new set does not load, the old one stays and `trouble` says why, loudly.
    """

    rules: RuleSet
    trouble: str

    def __init__(
        self, db: Database, vocabulary: Vocabulary, thresholds: Thresholds
    ) -> None: ...

    async def start(self) -> None:
        """Load the set of today; with an empty table the starter set is it."""

    async def run(self) -> None:
        """Follow until cancelled."""
