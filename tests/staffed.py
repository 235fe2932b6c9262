"""A wired wallet with some people in it, and staff: for tests of what staff see and do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from argosy.app import Wallet, build, set_up
from argosy.base.clock import Clock
from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.parties.facts import Party
from argosy.base.refusals import must
from argosy.base.store import Database
from argosy.management.staff.facts import Member, rights_of
from argosy.products.pay.facts import PayMerchant
from argosy.public_services.cashier.facts import Receipt
from argosy.sandbox.census import Census
from argosy.sandbox.hand import Hand
from argosy.sandbox.settling import move_in
from argosy.settings import Settings

_SPACE = UUID("0d8d4f3c-9f37-4b79-8a3a-0c7f3b6a1c55")


def member(name: str, *roles: str) -> Member:
    """Somebody of the staff."""
    return Member(uuid5(_SPACE, name), name, roles, rights_of(roles), "en")


@dataclass
class Street:
    """A wallet with two customers and a shop who have moved in."""

    wallet: Wallet
    anita: Hand
    ravi: Hand
    shop: Hand

    async def party(self, hand: Hand) -> Party:
        found = await self.wallet.parties.get(hand.resident.id)
        must(found is not None, "nobody has moved in")
        return found  # type: ignore[return-value]

    async def pay(self, minor: int) -> Order:
        """Anita pays the shop."""
        shop = await self.party(self.shop)
        said = await self.anita.do(
            PayMerchant(self.wallet.ids.new(), Money(minor, "INR"), shop.number)
        )
        must(isinstance(said, Receipt), "no payment", said=said)
        return said.order  # type: ignore[union-attr]

    async def available(self, hand: Hand) -> int:
        found = await self.wallet.ledger.account((await self.party(hand)).account)
        must(found is not None, "no account")
        return found.available_minor  # type: ignore[union-attr]


async def street(db: Database, clock: Clock, folder: Path) -> Street:
    """Wire a wallet and let people move in."""
    settings = Settings(data=folder, key=b"a key for tests of the console!!", demo=True)
    wallet = await build(settings, db, clock=clock)
    await set_up(wallet)
    await wallet.own_brain.start()
    for relay in wallet.relays:
        await relay.prepare()
    census = Census(wallet.market, 1, 6)
    hands = [Hand(wallet, one) for one in (*census.customers[3:5], census.shops[0])]
    for hand in hands:
        said = await move_in(wallet, wallet.market, hand)
        must(isinstance(said, Receipt), "nobody moved in", said=said)
    return Street(wallet, *hands)
