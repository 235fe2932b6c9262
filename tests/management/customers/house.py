"""A wallet house for the tests of Customers: the wired wallet of India, people in it, and staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from argosy.app import Wallet, build, console_services, set_up
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.money import Money
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.products import Asker
from argosy.base.store import Database
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.management.approvals.facts import Proposal
from argosy.management.customers import Acts, OwnWallets, Reading, Searching
from argosy.management.services import Services
from argosy.management.staff.facts import Member, Right, rights_of
from argosy.products.top_up.facts import TopUp
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.identity.facts import Evidence, IdentityReason
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.settings import Settings
from tests.people import ASHA_NAME, ASHA_PHONE

PIN = "271845"
BANK = "IFSC0001234567"
PHONE = DeviceClaim("Chrome on Android")
_SPACE = UUID("3f1f3b54-8f0e-4b1c-9d65-4f3d5b6d1a11")
SETTINGS = Settings(data=Path("unused"), key=b"a secret of the customers' tests", demo=False)


def member(name: str, *roles: str) -> Member:
    """Somebody of the staff."""
    return Member(uuid5(_SPACE, name), name, roles, rights_of(roles), "en")


SUE = member("sue support", "support")
LEO = member("leo lead", "risk_lead")
ANN = member("ann analyst", "analyst")


@dataclass
class House:
    wallet: Wallet
    services: Services
    ids: Ids
    clock: SetClock
    tokens: dict[UUID, str] = field(default_factory=dict)

    @classmethod
    async def built(cls, db: Database, clock: SetClock, ids: Ids) -> House:
        wallet = await build(SETTINGS, db, clock=clock, ids=ids)
        await set_up(wallet)
        await wallet.brain.start()
        return cls(wallet, console_services(wallet), ids, clock)

    @property
    def acts(self) -> Acts:
        return Acts(self.services)

    @property
    def reading(self) -> Reading:
        return Reading(self.services)

    @property
    def own(self) -> OwnWallets:
        return OwnWallets(self.services)

    def search(self, who: Member = SUE) -> Searching:
        return Searching(self.services, who)

    async def join(
        self,
        name: str = ASHA_NAME,
        phone: str = ASHA_PHONE,
        purse: int = 0,
        *,
        kind: PartyKind = PartyKind.CUSTOMER,
        **more: Any,
    ) -> Party:
        """Somebody opens a wallet, with a PIN and a signed-in phone; `purse` in minor units."""
        market = self.wallet.markets["india"]
        new = NewParty(
            self.ids.new(),
            kind,
            "india",
            market.ladder(kind)[0].name,
            "en",
            name,
            phone=phone,
            **more,
        )
        async with self.wallet.db.work() as conn:
            party = await self.wallet.parties.open(new, conn)
            assert isinstance(party, Party), party
            assert await self.wallet.signin.set_pin(party.id, PIN, conn) is None
        entered = await self.wallet.signin.admit(party, PHONE)
        assert isinstance(entered, SignedIn)
        self.tokens[party.id] = entered.token
        if purse:
            await self.give(party, purse)
        return party

    async def give(self, party: Party, minor: int) -> None:
        """Money from nowhere, as a town's beginning has it."""
        opening = system_account("india", OPENING, "INR")
        transfer = Transfer(self.ids.new(), opening, party.account, minor, "INR", "opening")
        (said,) = await self.wallet.ledger.post([transfer])
        assert isinstance(said, Posted), said

    async def top_up(self, party: Party, minor: int) -> Receipt:
        """From the owner's bank account `BANK`."""
        session = await self.wallet.signin.session(self.tokens[party.id])
        assert session is not None
        asker = Asker(session.party, "lite", session=session.id, device=session.device.id)
        said = await self.wallet.cashier.carry_out(
            TopUp(self.ids.new(), Money(minor, "INR"), BANK), asker, Shown(pin=PIN, session=session)
        )
        assert isinstance(said, Receipt), said
        return said

    async def shows_document(self, party: Party, number: str = "ABCDE1234F") -> UUID:
        """Evidence that waits for a person."""
        evidence = Evidence(self.ids.new(), "id_document", number)
        said = await self.wallet.identity.raise_level(party.id, evidence)
        assert getattr(said, "reason", None) is IdentityReason.LEVEL_NEEDS_REVIEW, said
        return evidence.id

    async def propose(self, who: Member, kind: str, party: Party, **body: str) -> Proposal:
        said = await self.services.approvals.propose(
            who,
            kind,
            f"party:{party.id}",
            {"party": str(party.id), **body},
            "the owner asked",
            right=Right.CUSTOMERS_DECIDE,
        )
        assert isinstance(said, Proposal), said
        return said

    async def agree(self, who: Member, proposal: Proposal) -> Any:
        return await self.services.approvals.decide(who, proposal.id, True, "seen the paper")

    async def party(self, party: Party) -> Party:
        found = await self.wallet.parties.get(party.id)
        assert found is not None
        return found
