"""A front desk for tests: everything of signing in over one real database, and a phone to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.markets import Market
from argosy.base.parties.facts import PartyKind
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Reason, Refused
from argosy.base.store import Database
from argosy.markets import load
from argosy.public_services.notify.notify import Notify
from argosy.public_services.signin.facts import (
    Confirmed,
    DeviceClaim,
    OtpSent,
    Purpose,
    Session,
    SignedIn,
    Terms,
)
from argosy.public_services.signin.signin import Signin
from argosy.public_services.words.words import Words
from tests.people import ASHA_NAME, ASHA_PHONE, make_chance, make_keys

PIN = "582913"
PHONE = DeviceClaim("Chrome on Android")
_CODE = re.compile(r"\b[0-9]{6}\b")


@dataclass
class Desk:
    """The services, and the steps that people take, each of which must succeed."""

    db: Database
    clock: SetClock
    ids: Ids
    keys: Keys
    markets: Mapping[str, Market]
    parties: Parties
    notify: Notify
    signin: Signin

    @classmethod
    def over(
        cls, db: Database, clock: SetClock, ids: Ids, terms: Terms | None = None, seed: int = 7
    ) -> Desk:
        keys, markets, chance = make_keys(), load(), make_chance(seed)
        parties = Parties(db, ids, clock, keys, chance=chance)
        notify = Notify(db, clock, keys, parties, Words(markets, strict=True))
        signin = Signin(db, ids, clock, keys, parties, markets, notify, terms or Terms(), chance)
        return cls(db, clock, ids, keys, markets, parties, notify, signin)

    async def send(
        self,
        phone: str = ASHA_PHONE,
        purpose: Purpose = Purpose.ENTER,
        network: str | None = "203.0.113.7",
    ) -> OtpSent:
        sent = await self.signin.start("india", phone, purpose, network, "en")
        assert isinstance(sent, OtpSent), sent
        return sent

    async def code(self, phone: str = ASHA_PHONE) -> str:
        """The code that arrived on the phone last."""
        letters = await self.notify.inbox("india", phone)
        latest = next(letter for letter in letters if letter.secret)
        found = _CODE.search(latest.text)
        assert found is not None
        return found[0]

    async def prove(self, phone: str = ASHA_PHONE, purpose: Purpose = Purpose.ENTER) -> Confirmed:
        sent = await self.send(phone, purpose)
        confirmed = await self.signin.confirm(sent.id, await self.code(phone))
        assert isinstance(confirmed, Confirmed), confirmed
        return confirmed

    async def sign_up(
        self,
        name: str = ASHA_NAME,
        phone: str = ASHA_PHONE,
        device: DeviceClaim = PHONE,
        **more: Any,
    ) -> SignedIn:
        proof = await self.prove(phone)
        more = {"language": "en", "kind": PartyKind.CUSTOMER, **more}
        answer = await self.signin.sign_up(proof.ticket, name, PIN, device, **more)
        assert isinstance(answer, SignedIn), answer
        return answer

    async def sign_in(
        self, phone: str = ASHA_PHONE, pin: str = PIN, device: DeviceClaim = PHONE
    ) -> SignedIn:
        proof = await self.prove(phone)
        answer = await self.signin.sign_in(proof.ticket, pin, device)
        assert isinstance(answer, SignedIn), answer
        return answer

    async def session(self, token: str) -> Session:
        session = await self.signin.session(token)
        assert session is not None
        return session


def refused(answer: object) -> Reason:
    """The reason of a no; anything else fails the test."""
    assert isinstance(answer, Refused), answer
    return answer.reason


def other_than(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06d}"
