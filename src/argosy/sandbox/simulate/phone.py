"""A phone in somebody's hand: whose wallet, which device, behind which address, and who reads the codes."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field
from uuid import UUID

from argosy.base.postings import Challenged
from argosy.base.products import Asker, Command
from argosy.base.refusals import Refused
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.signin.facts import DeviceClaim, Session
from argosy.public_services.signin.tokens import encode
from argosy.sandbox.hand import DEMO_PIN, code_for, session_of
from argosy.sandbox.house import House

CHANNEL = "lite"


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
            code = await code_for(self.house, session.party, said)
            if code is None:
                return said, True
            return await self.house.cashier.carry_out(
                command, asker, Shown(session, otp=code)
            ), True

    def move(self, device: str, network: str) -> None:
        """Another device, behind another address: signed in anew."""
        self.device, self.network, self._token = device, network, None

    async def _session(self) -> Session | Refused:
        claim = DeviceClaim("A phone", _cookie(self.device))
        session, self._token = await session_of(self.house, self.party, self._token, claim)
        return session


def _cookie(device: str) -> str:
    """The same device is the same browser, whosever wallet is opened on it."""
    return encode(hashlib.sha256(f"simulated device {device}".encode()).digest())
