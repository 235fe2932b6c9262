"""Lines of a history as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argosy.base.orders.facts import Order, State
from argosy.base.parties.facts import PartyKind
from argosy.base.wallet.statement import Line
from argosy.channels.lite.naming import Side, names_of, other_sides
from argosy.channels.lite.visits import Visit

_MOVED = frozenset({State.PAID, State.PARTLY_REFUNDED, State.REFUNDED})
PAYEES_MAX = 3
_PAY_AGAIN = {PartyKind.MERCHANT: "/p/", PartyKind.CUSTOMER: "/send?to="}
_PLAIN = frozenset(
    {"top_up", "withdraw", "cash_in", "cash_out", "commission", "compensation", "other"}
)
"""Kinds that are said alike whichever way the money goes."""
_KINDS = _PLAIN | {"pay", "send", "request", "refund"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `tone` is `in`, `out` or `wait` (reserved, or on its way); `tag` says what more
    there is to know, empty where nothing is."""

    at: datetime
    kind: str
    title: str
    minor: int
    tone: str
    tag: str
    order: UUID | None
    balance_minor: int


async def rows_of(visit: Visit, lines: Iterable[Line]) -> list[Row]:
    """The lines with names, titles and signs. What was only reserved is left out once the money itself
    has moved and stands in a line of its own."""
    lines = [line for line in lines if not _is_past(line)]
    orders = {line.order.id: line.order for line in lines if line.order is not None}
    sides = await other_sides(visit, orders.values(), "show history")
    return [_row(visit, line, sides) for line in lines]


@dataclass(frozen=True, slots=True)
class Payee:
    """Somebody who was paid before: a name, and the page that pays them again."""

    name: str
    path: str


async def payees_of(visit: Visit, lines: Iterable[Line]) -> list[Payee]:
    """Whom the visitor paid in these lines, the latest first, at most `PAYEES_MAX`."""
    me = visit.me.id
    paid = (
        order.payee
        for order in (line.order for line in lines)
        if order is not None and order.product in ("pay", "send") and order.payer == me
    )
    wanted = [p for p in dict.fromkeys(paid) if p is not None][:PAYEES_MAX]
    names = await names_of(visit, wanted, "show whom to pay again")
    found = [await visit.lite.parties.get(payee) for payee in wanted]
    return [
        Payee(names[party.id], f"{_PAY_AGAIN[party.kind]}{party.number}")
        for party in found
        if party is not None and party.kind in _PAY_AGAIN and names[party.id]
    ]


def _is_past(line: Line) -> bool:
    reserved = line.pending_minor and not line.moved_minor
    return bool(reserved) and line.order is not None and line.order.state in _MOVED


def _row(visit: Visit, line: Line, sides: dict[UUID, Side]) -> Row:
    order = line.order
    moved = line.moved_minor
    minor = moved or line.pending_minor
    name = sides[order.id].name if order is not None else ""
    kind = line.kind if line.kind in _KINDS else "other"
    coming = _is_coming(order, visit.me.id, kind, minor)
    way = "in" if coming else "out"
    key = f"lite.line.{kind}" if kind in _PLAIN else f"lite.line.{kind}_{way}"
    tag = "" if moved else _tag(visit, coming, minor)
    tone = "wait" if not moved else "in" if minor > 0 else "out"
    return Row(
        line.at,
        kind,
        visit.say(key, name=name or visit.say("lite.line.somebody")),
        minor,
        tone,
        tag,
        order.id if order else None,
        line.balance_minor,
    )


def _is_coming(order: Order | None, me: UUID, kind: str, minor: int) -> bool:
    """Whether this order brings money to `me`: what was reserved of it has the other sign when it
    is let go, so the sign alone does not say."""
    if order is None or (order.payer is None and order.payee is None):
        return minor > 0
    is_payee = order.payee == me
    return not is_payee if kind == "refund" else is_payee


def _tag(visit: Visit, coming: bool, minor: int) -> str:
    reserved = (minor > 0) == coming
    if reserved:
        return visit.say("lite.line.on_its_way" if coming else "lite.line.reserved")
    return visit.say("lite.line.not_arrived" if coming else "lite.line.free_again")
