"""Who is on the other side of an order, as its viewer may see them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from argosy.base.orders.facts import Order
from argosy.channels.lite.visits import Visit


@dataclass(frozen=True, slots=True)
class Side:
    """The other side: a name, or for a bank account or a phone without a wallet its last signs.

    `kind` is `party`, `bank`, `phone` or `nobody`.
    """

    kind: str
    name: str
    party: UUID | None = None


async def other_side(visit: Visit, order: Order, purpose: str) -> Side:
    """Who stands in `order` beside the one who looks."""
    return (await other_sides(visit, [order], purpose))[order.id]


async def other_sides(visit: Visit, orders: Iterable[Order], purpose: str) -> dict[UUID, Side]:
    """As `other_side` for a page of orders: one read of all names."""
    orders = list(orders)
    mine = visit.session.party_id if visit.session else None
    beside = {
        order.id: order.payer if order.payee == mine and mine is not None else order.payee
        for order in orders
    }
    names = await names_of(visit, (p for p in beside.values() if p is not None), purpose)
    return {order.id: _side(order, beside[order.id], names) for order in orders}


async def names_of(visit: Visit, parties: Iterable[UUID], purpose: str) -> dict[UUID, str]:
    """What others see of each party; every reading is in the log of accesses."""
    wanted = list(dict.fromkeys(parties))
    read = visit.lite.parties.display_name
    found = await asyncio.gather(*(read(party, visit.reader, purpose) for party in wanted))
    return {party: name or "" for party, name in zip(wanted, found, strict=True)}


def _side(order: Order, party: UUID | None, names: dict[UUID, str]) -> Side:
    if party is not None:
        return Side("party", names.get(party, ""), party)
    masked = str(order.data.get("to", "")).replace("...", "…")
    if order.product in ("top_up", "withdraw"):
        return Side("bank", masked)
    return Side("phone", masked) if masked else Side("nobody", "")
