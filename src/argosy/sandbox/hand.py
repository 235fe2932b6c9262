"""A resident with the phone in hand: asks as people do, with session, PIN and one-time codes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import datetime
from uuid import UUID

from argosy.base.parties.facts import Party, PartyReason
from argosy.base.postings import Challenged
from argosy.base.products import Asker, Command
from argosy.base.refusals import Refused
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.signin.facts import DeviceClaim, Session, SigninReason
from argosy.public_services.signin.tokens import encode
from argosy.sandbox.census import Resident
from argosy.sandbox.house import House

CHANNEL = "sandbox"
DEMO_PIN = "481516"
"""Everybody's PIN in the town: it is told to whoever starts it, so it guards nothing."""

LETTERS_READ = 5
_DEVICE = "A phone of the demo town"


class Hand:
    """One resident's phone, for one command at a time. What is refused is a value, as everywhere."""

    def __init__(self, house: House, resident: Resident) -> None:
        self.resident = resident
        self.challenges = 0  # how often a code was asked for
        self._house = house
        self._token: str | None = None
        self._turn = asyncio.Lock()

    async def do(self, command: Command) -> Receipt | Refused | Challenged:
        """Carry `command` out with the PIN, and with the code from the in-box where one is asked for.

        Challenged is the answer only where no code could be found.
        """
        async with self._turn:
            session = await self._session()
            return session if isinstance(session, Refused) else await self._ask(session, command)

    async def _ask(self, session: Session, command: Command) -> Receipt | Refused | Challenged:
        asker = Asker(session.party, CHANNEL, session.id, session.device.id)
        cashier = self._house.cashier
        said = await cashier.carry_out(command, asker, Shown(session, pin=DEMO_PIN))
        if not isinstance(said, Challenged):
            return said
        self.challenges += 1
        code = await code_for(self._house, session.party, said)
        if code is None:
            return said
        return await cashier.carry_out(command, asker, Shown(session, otp=code))

    async def _session(self) -> Session | Refused:
        claim = DeviceClaim(_DEVICE, _cookie(self.resident))
        session, self._token = await session_of(self._house, self.resident.id, self._token, claim)
        return session


async def session_of(
    house: House, who: UUID, token: str | None, device: DeviceClaim
) -> tuple[Session | Refused, str | None]:
    """The session of `token` and the token to show next: read fresh, as for every request, and signed in
    anew where the last one is over."""
    signin = house.signin
    session = await signin.session(token) if token else None
    if session is None:
        party = await house.parties.get(who)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND), token
        signed_in = await signin.admit(party, device)
        if isinstance(signed_in, Refused):
            return signed_in, token
        token = signed_in.token
        session = await signin.session(token)
    elif session.rotate_due:
        token = await signin.rotate(session) or token
    return session or Refused(SigninReason.SIGNED_OUT), token


async def code_for(house: House, party: Party, challenged: Challenged) -> str | None:
    """The code in the newest secret letter that came since the challenge."""
    digits = getattr(challenged.facts.get("sent"), "digits", 6)
    since: datetime = challenged.operation.at
    for letter in await house.notify.inbox_of(party.id, LETTERS_READ):
        if letter.secret and letter.at >= since:
            found = re.search(rf"(?<![\d.,]){digits * '[0-9]'}(?![.,]?\d)", letter.text)
            if found:
                return found.group()
    return None


def _cookie(resident: Resident) -> str:
    """The same phone after every start, and no two on one."""
    return encode(hashlib.sha256(b"town phone " + resident.id.bytes).digest())
