"""The whole wallet over a real database, with the brain that judges and the bank that has moods."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from argosy.app import Wallet, build, set_up
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.products import Asker, Command
from argosy.base.store import Database
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.ctu.history import settle
from argosy.public_services.cashier.facts import Shown
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.settings import Settings
from tests.people import make_chance

PIN = "582913"
SECRET = b"a secret of the tests of banks!!"


async def at_once(_seconds: float) -> None:
    """How the bank waits here."""


@dataclass
class People:
    """Everybody has a wallet, a PIN and a phone."""

    wallet: Wallet
    clock: SetClock
    ids: Ids
    parties: dict[str, Party] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def come(cls, db: Database, clock: SetClock, ids: Ids, *names: str) -> People:
        settings = Settings(data=Path("unused"), key=SECRET, demo=True)
        wallet = await build(settings, db, clock=clock, ids=ids, chance=make_chance())
        await set_up(wallet)
        await wallet.brain.start()
        wallet.rails["simulator"].rail.bank._pause = at_once
        people = cls(wallet, clock, ids)
        for n, name in enumerate(names):
            await people.join(name, f"+9198000000{n:02}")
        return people

    async def join(self, name: str, phone: str) -> None:
        """Whoever is called a shop is a merchant."""
        shop = name.endswith("shop")
        kind = PartyKind.MERCHANT if shop else PartyKind.CUSTOMER
        level, business = ("merchant", name.title()) if shop else ("full", None)
        new = NewParty(
            self.ids.new(), kind, "india", level, "en", name.title(), phone, business_name=business
        )
        async with self.wallet.db.work() as conn:
            party = await self.wallet.parties.open(new, conn)
            assert isinstance(party, Party), party
            assert await self.wallet.signin.set_pin(party.id, PIN, conn) is None
        signed_in = await self.wallet.signin.admit(party, DeviceClaim("a phone"))
        assert isinstance(signed_in, SignedIn)
        self.parties[name], self.tokens[name] = party, signed_in.token

    async def give(self, name: str, rupees: int) -> None:
        """Money from nowhere, for a test to begin with."""
        opening = system_account("india", OPENING, "INR")
        to = self.parties[name].account
        gift = Transfer(self.ids.new(), opening, to, rupees * 100, "INR", "gift")
        (said,) = await self.wallet.ledger.post([gift])
        assert isinstance(said, Posted), said

    async def ask(self, name: str, command: Command, **shown: Any) -> Any:
        session = await self.wallet.signin.session(self.tokens[name])
        asker = Asker(session.party, "lite", session.id, session.device.id, "203.0.113.7")
        return await self.wallet.cashier.carry_out(
            command, asker, Shown(session, **{"pin": PIN, **shown})
        )

    async def order(self, order: UUID) -> Order:
        found = await self.wallet.orders.get(order)
        assert found is not None
        return found

    async def purse(self, name: str) -> Money:
        account = await self.wallet.ledger.account(self.parties[name].account)
        assert account is not None
        return Money(account.balance_minor, account.currency)

    async def sweep(self, **later: float) -> None:
        """Let time pass and the clock act."""
        now = self.clock.advance(**later)
        for sweep in self.wallet.cashier.sweeps():
            await sweep.run(now, 100)

    async def settle(self) -> None:
        """Have the brain learn, and cases opened and closed, by everything that the log holds now."""
        for relay in self.wallet.relays:
            await settle(self.wallet.db, relay)
        await self.wallet.brain.settle()

    async def prove(self) -> None:
        report = await verify(self.wallet.db)
        assert report.sound, report.text()
