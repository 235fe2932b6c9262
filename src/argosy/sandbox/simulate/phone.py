"""A phone in somebody's hand: whose wallet, which device, behind which address, and who reads the codes."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from argosy.base.parties.facts import Party, PartyReason
from argosy.base.postings import Challenged
from argosy.base.products import Asker, Command
from argosy.base.refusals import Refused
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.signin.facts import DeviceClaim, Session, SigninReason
from argosy.public_services.signin.tokens import encode
from argosy.sandbox.hand import DEMO_PIN
from argosy.sandbox.house import House

CHANNEL = "lite"
LETTERS_READ = 5


@dataclass(eq=False, slots=True)
class Phone:
    """Acts for the wallet `party` from `device` behind `network`. `answers` is how likely a one-time code
    that is asked for is shown: nearly always by the owner, seldom by a thief."""

    house: House
    party: UUID
    device: str
    network: str
    answers: float = 0.97
    challenges: int = 0
    _token: str | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def do(
        self, command: Command, chance: random.Random
    ) -> tuple[Receipt | Refused | Challenged, bool]:
        """Carry `command` out with the PIN, and with the code where one is asked for; and whether one
        was asked for. Challenged is the answer where nobody shows the code."""
        async with self._turn:
            session = await self._session()
            if isinstance(session, Refused):
                return session, False
            asker = Asker(session.party, CHANNEL, session.id, session.device.id, self.network)
            said = await self.house.cashier.carry_out(command, asker, Shown(session, pin=DEMO_PIN))
            if not isinstance(said, Challenged):
                return said, False
            self.challenges += 1
            if chance.random() >= self.answers:
                return said, True
            code = await self._code(session.party, said)
            if code is None:
                return said, True
            return await self.house.cashier.carry_out(
                command, asker, Shown(session, otp=code)
            ), True

    def move(self, device: str, network: str) -> None:
        """Another device, behind another address: signed in anew."""
        self.device, self.network, self._token = device, network, None

    async def _session(self) -> Session | Refused:
        signin = self.house.signin
        session = await signin.session(self._token) if self._token else None
        if session is None:
            party = await self.house.parties.get(self.party)
            if party is None:
                return Refused(PartyReason.PARTY_NOT_FOUND)
            signed_in = await signin.admit(party, DeviceClaim("A phone", _cookie(self.device)))
            if isinstance(signed_in, Refused):
                return signed_in
            self._token = signed_in.token
            session = await signin.session(self._token)
        elif session.rotate_due:
            self._token = await signin.rotate(session) or self._token
        return session or Refused(SigninReason.SIGNED_OUT)

    async def _code(self, party: Party, challenged: Challenged) -> str | None:
        """The code in the newest secret letter that came since the challenge."""
        digits = getattr(challenged.facts.get("sent"), "digits", 6)
        since: datetime = challenged.operation.at
        for letter in await self.house.notify.inbox_of(party.id, LETTERS_READ):
            if letter.secret and letter.at >= since:
                found = re.search(rf"(?<![\d.,]){digits * '[0-9]'}(?![.,]?\d)", letter.text)
                if found:
                    return found.group()
        return None


def _cookie(device: str) -> str:
    """The same device is the same browser, whosever wallet is opened on it."""
    return encode(hashlib.sha256(f"simulated device {device}".encode()).digest())
