"""A staff of a few people, with a clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.store import Database
from argosy.management.staff import second_factor
from argosy.management.staff.audit import Audit
from argosy.management.staff.entering import Enrolled, Entering
from argosy.management.staff.people import Invitation, People
from argosy.management.staff.sessions import Sessions
from tests.people import make_chance

PASSWORD = "correct horse battery"
HOME = "203.0.113.7"


@dataclass
class House:
    """The staff's services, and people who come in."""

    db: Database
    clock: SetClock
    keys: Keys
    audit: Audit
    people: People
    sessions: Sessions
    entering: Entering

    async def invited(self, name: str, *roles: str) -> Invitation:
        said = await self.people.add(name, roles or ("analyst",), "the tests")
        assert isinstance(said, Invitation), said
        return said

    async def enrolled(self, name: str, *roles: str) -> tuple[Enrolled, str]:
        """Somebody who has gone all the way; with the secret of the second factor."""
        invitation = await self.invited(name, *roles)
        chosen = await self.entering.choose_password(invitation.token, PASSWORD)
        secret = chosen.secret
        done = await self.entering.enrol(invitation.token, self.code(secret), HOME, "a test")
        assert isinstance(done, Enrolled), done
        self.clock.advance(seconds=90)
        return done, secret

    def code(self, secret: str) -> str:
        return second_factor.code_at(secret, self.clock.now())

    async def sign_in(self, name: str, code: str, password: str = PASSWORD, address: str = HOME):
        return await self.entering.sign_in(name, password, code, address, "a test")

    async def said(self, action: str) -> list[str]:
        return [entry.outcome for entry in (await self.audit.search(action=action)).entries]


@pytest.fixture
def staff(db: Database, clock: SetClock, ids: Ids) -> House:
    keys = Keys(b"k" * 32, b"s" * 32)
    audit = Audit(db, clock, keys)
    chance = make_chance(7)
    sessions = Sessions(db, clock, ids, keys, chance)
    return House(
        db,
        clock,
        keys,
        audit,
        People(db, clock, ids, keys, audit, chance),
        sessions,
        Entering(db, clock, keys, audit, sessions, chance),
    )
