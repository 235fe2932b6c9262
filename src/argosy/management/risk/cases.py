"""The queue of cases as one person sees it, one case with all that surrounds it, and what is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.cases import (
    Case,
    CasePolicy,
    CaseReason,
    Cases,
    CaseState,
    Cause,
    Desk,
    Evidence,
    Graph,
    Links,
    Similar,
    Step,
)

PAGE: Final = 50

SCHEMES: Final = (
    "takeover",
    "mule",
    "scam",
    "card_testing",
    "collusion",
    "refund_abuse",
    "bonus_abuse",
    "own_fraud",
)
"""Kinds of fraud that are offered; any other word of small letters is taken too."""


class Tray(StrEnum):
    """Which part of the queue is looked at."""

    ALL = "all"
    MINE = "mine"
    SECOND = "second"  # proposed by somebody, waiting for a second person
    RELEASED = "released"
    RETURNED = "returned"


class Act(StrEnum):
    """What an analyst decides; each says what happens to the money and what is learned."""

    RELEASE = "release"  # it was genuine, the money goes on
    RETURN = "return"  # it goes back, without a finding: nobody was shown to be a thief
    FRAUD = "fraud"  # it goes back, and it was fraud of a named kind


@dataclass(frozen=True)
class Meaning:
    """An act in the brain's words. `bad` is what is learned."""

    decision: CaseState
    bad: bool


MEANINGS: Final[Mapping[Act, Meaning]] = MappingProxyType(
    {
        Act.RELEASE: Meaning(CaseState.RELEASED, bad=False),
        Act.RETURN: Meaning(CaseState.RETURNED, bad=False),
        Act.FRAUD: Meaning(CaseState.RETURNED, bad=True),
    }
)


@dataclass(frozen=True)
class CasePage:
    """One page of the queue; `after` is the cursor of the next, None at the end."""

    cases: list[Case]
    after: UUID | None


@dataclass(frozen=True)
class Opened:
    """One case with all that is looked at before it is decided. `four_eyes` is whether its own amount asks
    for two people; `gang` are the open cases that hang together with it, itself first."""

    case: Case
    evidence: Evidence
    timeline: tuple[Step, ...]
    similar: tuple[Similar, ...]
    gang: tuple[Case, ...]
    four_eyes: bool


class CaseDesk:
    """Reads the queue and decides, always in the name of whoever is signed in."""

    def __init__(self, db: Database, clock: Clock, cases: Cases) -> None:
        self._cases = cases
        self._clock = clock
        self._desk = Desk(db)
        self._links = Links(db)

    # --- reading -----------------------------------------------------------------------------------

    async def queue(
        self,
        by: str,
        tray: Tray = Tray.ALL,
        *,
        market: str | None = None,
        after: UUID | None = None,
        limit: int = PAGE,
    ) -> CasePage:
        """One page: the open ones by money at risk and age, the decided ones the latest first."""
        state = CaseState(tray) if tray in (Tray.RELEASED, Tray.RETURNED) else CaseState.OPEN
        found = await self._cases.list(
            market,
            state,
            limit + 1,
            after,
            claimed_by=by if tray is Tray.MINE else None,
            waiting_for_second=tray is Tray.SECOND,
        )
        more = len(found) > limit
        return CasePage(found[:limit], found[limit - 1].id if more else None)

    async def opened(self, case_id: UUID) -> Opened | Refused:
        """One case with evidence, timeline, similar ones and its gang."""
        evidence = await self._desk.evidence(case_id)
        steps = await self._desk.timeline(case_id)
        similar = await self._desk.similar(case_id)
        gang = await self._links.gang(case_id)
        if isinstance(evidence, Refused):
            return evidence
        if isinstance(steps, Refused) or isinstance(similar, Refused) or isinstance(gang, Refused):
            return Refused(CaseReason.CASE_NOT_FOUND)
        case = evidence.case
        hanging = tuple(one for one in gang if one.state is CaseState.OPEN)
        policy = await self._cases.terms.read()
        large = case.money.minor >= policy.four_eyes(case.money.currency)
        return Opened(case, evidence, steps, similar, hanging, large)

    async def graph(self, case_id: UUID, depth: int = 1) -> Graph | Refused:
        """Who is linked with whom around a case."""
        return await self._links.around(case_id, depth)

    async def beside(self, node: str) -> Graph:
        """Who met the node with this id (`account 123`) lately: one step further in a graph."""
        entity, _, key = node.partition(" ")
        return await self._links.beside(entity, key, self._clock.now())

    async def asks_two(self, cases: Sequence[Case]) -> bool:
        """Whether these, decided together, ask for a second person."""
        policy = await self._cases.terms.read()
        return _asks_two(cases, policy)

    # --- doing -------------------------------------------------------------------------------------

    async def claim(self, case_id: UUID, by: str) -> Case | Refused:
        """Take a case."""
        return await self._cases.claim(case_id, by)

    async def claim_next(self, by: str, market: str | None = None) -> Case | None | Refused:
        """Take the first case of the queue that is free; None where there is none."""
        return await self._cases.claim_next(by, market)

    async def let_go(self, case_id: UUID, by: str) -> Case | Refused:
        """Give a case back to the queue."""
        return await self._cases.let_go(case_id, by)

    async def remark(self, case_id: UUID, by: str, why: str) -> Case | Refused:
        """Write something down about a case."""
        return await self._cases.remark(case_id, by, why)

    async def decide(
        self, case_id: UUID, act: Act, by: str, why: str, scheme: str = ""
    ) -> Case | Refused:
        """Decide one case; it stays open with a proposal where a second person must agree."""
        meaning = MEANINGS[act]
        kind = scheme if meaning.bad else ""
        return await self._cases.decide(case_id, meaning.decision, by, why, kind, bad=meaning.bad)

    async def decide_gang(
        self, case_ids: Sequence[UUID], act: Act, by: str, why: str, scheme: str = ""
    ) -> Mapping[UUID, Case | Refused] | Refused:
        """Decide many as one: each has its own record, and where their sum asks for two people each does.

        A gang is either genuine or a fraud: only these two can be said of many at once.
        """
        if act not in (Act.RELEASE, Act.FRAUD):
            return Refused(CaseReason.CASE_REASON_MISSING, field="decision")
        meaning = MEANINGS[act]
        kind = scheme if meaning.bad else ""
        return await self._cases.decide_all(case_ids, meaning.decision, by, why, kind)


def waits_for_second(case: Case) -> bool:
    """Whether somebody has decided and a second person is asked."""
    return case.state is CaseState.OPEN and case.proposal is not None


def is_claimed(case: Case, now: datetime) -> bool:
    """Whether somebody is at work on it now."""
    return case.claimed_by is not None and bool(case.claimed_until and case.claimed_until > now)


def why_here(case: Case) -> str:
    """The word for why there is a case: its first rule, or its cause."""
    return case.rules[0] if case.rules else Cause(case.cause).value


def _asks_two(cases: Sequence[Case], policy: CasePolicy) -> bool:
    sums: dict[str, int] = {}
    for case in cases:
        sums[case.money.currency] = sums.get(case.money.currency, 0) + case.money.minor
    return any(minor >= policy.four_eyes(currency) for currency, minor in sums.items())
