from __future__ import annotations

from uuid import UUID, uuid5

import pytest

from argosy.ctu.brain import Brain
from argosy.ctu.cases import Cases
from argosy.management.approvals.facts import Proposal
from argosy.management.risk import Risk, risk_handlers
from argosy.management.staff.facts import Member, Right, rights_of
from tests.ctu.cases.desk import Office, Reviews

_SPACE = UUID("0d8d4f3c-9f37-4b79-8a3a-0c7f3b6a1c55")


@pytest.fixture
def reviews() -> Reviews:
    return Reviews()


@pytest.fixture
def cases(db, clock, ids, reviews) -> Cases:
    return Cases(db, clock, ids, reviews.release, reviews.give_back)


@pytest.fixture
def office(db, clock, ids, cases) -> Office:
    return Office(db, clock, ids, cases)


@pytest.fixture
def risk(db, clock, ids, cases) -> Risk:
    return Risk(db, clock, ids, cases, {"india": 19_800})


@pytest.fixture
async def brain(db, clock, ids):
    made = Brain(db, clock, ids)
    await made.start()
    yield made
    await made.close()


def member(name: str, *roles: str) -> Member:
    """Somebody of the staff."""
    return Member(uuid5(_SPACE, name), name, roles, rights_of(roles), "en")


class Agreed:
    """Two people agree, as `Approvals` has them do; the second one is another."""

    def __init__(self, risk: Risk, clock, ids) -> None:
        self._handlers = risk_handlers(risk)
        self._clock = clock
        self._ids = ids

    def proposal(self, first: str, kind: str, body: dict, reason: str = "it is good") -> Proposal:
        now = self._clock.now()
        who = member(first, "risk_lead")
        right = Right.MODELS_PUBLISH if kind.startswith("model") else Right.RULES_PUBLISH
        return Proposal(
            self._ids.new(), kind, body.get("name", ""), body, reason, right, who.id, first, now, now
        )  # fmt: skip

    async def on(self, proposal: Proposal, second: str):
        return await self._handlers[proposal.kind](proposal, member(second, "risk_lead"))


@pytest.fixture
def agreed(risk, clock, ids) -> Agreed:
    return Agreed(risk, clock, ids)
