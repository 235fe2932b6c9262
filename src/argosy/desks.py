"""The desks of Money and of Set-up over the wired wallet: what the staff console does to products, partners
and market packs, through these boards' own functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from argosy.base.money import Money
from argosy.base.orders.facts import OrderReason
from argosy.base.postings import Challenged
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.ctu.decide.store import Verdicts
from argosy.management.money.adjusting import Adjusting
from argosy.management.money.books import Books
from argosy.management.money.desk import MoneyDesk
from argosy.management.money.orders import OrderSearch
from argosy.management.money.story import Stories
from argosy.management.money.stuck import StuckDesk
from argosy.management.setup.desk import SetupDesk
from argosy.management.setup.partners import Partners
from argosy.markets import card
from argosy.partners.api.keys import ApiKeys
from argosy.partners.webhooks.facts import EndpointState
from argosy.partners.webhooks.webhooks import Webhooks
from argosy.products.refund.facts import Refund
from argosy.public_services.cashier.facts import Receipt

if TYPE_CHECKING:
    from argosy.app import Wallet

CHANNEL = "console"


def money_desk(wallet: Wallet) -> MoneyDesk:
    """What the pages of Money stand on."""
    db, clock, ids, ledger = wallet.db, wallet.clock, wallet.ids, wallet.ledger
    return MoneyDesk(
        OrderSearch(db, ledger, wallet.orders),
        Stories(
            db,
            wallet.orders,
            Verdicts(db, ids).of_event,
            wallet.notify.sent_between,
            wallet.following.ways.of_order,
        ),
        StuckDesk(db, clock, ids, wallet.tools, wallet.products, wallet.cashier.reviews),
        Books(db, clock, ledger, wallet.parties, wallet.markets),
        Adjusting(db, clock, ledger, wallet.parties, wallet.markets),
        wallet.checking,
        partial(refund, wallet),
    )


def setup_desk(wallet: Wallet) -> SetupDesk:
    """What the pages of Set-up stand on."""
    return SetupDesk(
        wallet.following,
        wallet.clockwork,
        Partners(wallet.db, PartnerActs(wallet.api_keys, wallet.webhooks)),
        partial(cards, wallet),
    )


async def refund(
    wallet: Wallet, refund_id: UUID, order: UUID, minor: int | None, note: str
) -> Receipt | Refused | Challenged:
    """Give a payment back on the word of staff, through the product, out of the merchant's account."""
    found = await wallet.orders.get(order)
    payee = await wallet.parties.get(found.payee) if found and found.payee else None
    if found is None or payee is None:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    amount = None if minor is None else Money(minor, found.amount.currency)
    asker = Asker(payee, CHANNEL, by_key=True)
    return await wallet.cashier.carry_out(Refund(refund_id, order, amount, note), asker)


@dataclass(frozen=True, slots=True)
class PackCard:
    """A card of a market pack as the console shows it."""

    name: str
    asks: str
    grade: str
    reason: str
    problems: tuple[str, ...]
    false: bool


def cards(wallet: Wallet, code: str, day: date) -> list[PackCard]:
    """The cards of the pack `code`, graded by running them."""
    market = wallet.markets[code]
    if market.folder is None:
        return []
    try:
        graded = card.grade(market, market.folder, day)
    except card.CardError as error:
        return [PackCard(card.CARD, "", "todo", str(error), (str(error),), True)]
    return [
        PackCard(one.card.name, one.card.asks, one.grade, one.reason, one.problems, one.false)
        for one in graded
    ]


@dataclass(frozen=True, slots=True)
class PartnerActs:
    """What staff do to merchants' programs, by the partner board's own functions."""

    keys: ApiKeys
    webhooks: Webhooks

    async def revoke(self, party: UUID, key: UUID) -> Refused | None:
        return await self.keys.revoke(party, key)

    async def pause(self, party: UUID, endpoint: UUID, paused: bool) -> Refused | None:
        state = EndpointState.PAUSED if paused else EndpointState.ACTIVE
        said = await self.webhooks.endpoints.change(party, endpoint, state=state)
        return said if isinstance(said, Refused) else None

    async def redeliver(self, party: UUID, delivery: UUID) -> Refused | None:
        said = await self.webhooks.deliveries.redeliver(party, delivery)
        return said if isinstance(said, Refused) else None
