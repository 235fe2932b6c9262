"""Payments that do not move, and what is right to do about each.

An order whose bank said neither yes nor no is asked about again, never given back on a guess; one whose
time is over is let go by its own product's clock; what waits for a decision goes to the case. Where none of
these helps, somebody is asked to look at it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.reading import order_of
from argosy.base.orders.review import Reviews
from argosy.base.products import Product, Tools
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.management.money.facts import MoneyReason

PAGE: Final = 50
LOOKED_AT: Final = 5_000
CLOCK_LATE: Final = timedelta(minutes=2)
"""So long after its time the clock has surely had its turns."""
NEAR_END: Final = timedelta(hours=6)
_SWEPT: Final = 200

_OPEN = """
    SELECT o.*, h.id IS NOT NULL AS handed FROM (
        SELECT * FROM orders.orders WHERE deadline_at IS NOT NULL AND deadline_at > $1
         ORDER BY deadline_at LIMIT $2
    ) o LEFT JOIN money.handed h ON h.order_id = o.id AND h.ended_at IS NULL
     WHERE {0} ORDER BY o.deadline_at, o.id LIMIT $3
"""
_UNKNOWN = "o.state = 'held' AND o.data ? 'rail' AND (o.data ? 'escalated' OR o.data ? 'tries')"
_LATE = "o.deadline_at < $4 AND NOT (o.state = 'held' AND o.data ? 'rail')"
_NEAR = """o.state IN ('held', 'review') AND NOT (o.state = 'held' AND o.data ? 'rail')
           AND o.deadline_at BETWEEN $4 AND $5"""
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Why(StrEnum):
    """Why an order is on the list."""

    BANK = "bank"  # the bank said neither yes nor no
    LATE = "late"  # its time is over, and the clock has not let it go
    NEAR = "near"  # money is reserved, and soon goes back by itself
    HANDED = "handed"  # somebody was asked to look at it


class Help(StrEnum):
    """What may be done about it."""

    ASK_BANK = "ask_bank"
    LET_GO = "let_go"  # the product's own clock, now: expires, claims or returns it
    OPEN_CASE = "open_case"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Stuck:
    """An order that does not move. `help` is what is right for it, the best first; `late` says that its
    bank is unknown even after the instruction's deadline."""

    order: Order
    why: Why
    help: tuple[Help, ...]
    handed: bool
    late: bool
    tries: int


@dataclass(frozen=True, slots=True)
class Handed:
    """Somebody was asked to look at an order."""

    order: UUID
    why: str
    by: str
    at: datetime


class StuckDesk:
    """Lists what is stuck and does what helps."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        tools: Tools,
        products: Mapping[str, Product],
        reviews: Reviews,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._tools = tools
        self._products = products
        self._reviews = reviews

    # --- reading -----------------------------------------------------------------------------

    async def page(
        self, why: Why, after: datetime | None = None, limit: int = PAGE
    ) -> tuple[list[Stuck], datetime | None]:
        """Orders of one sort, those whose time is nearest first, from the deadline `after` on; and the
        cursor of the next page."""
        now, begin = self._clock.now(), after or _LONG_AGO
        if why is Why.HANDED:
            rows = await self._db.all(
                """
                SELECT o.*, true AS handed FROM money.handed h JOIN orders.orders o ON o.id = h.order_id
                 WHERE h.ended_at IS NULL AND h.at > $1 ORDER BY h.at LIMIT $2
                """,
                begin,
                limit + 1,
            )
        elif why is Why.BANK:
            rows = await self._db.all(_OPEN.format(_UNKNOWN), begin, LOOKED_AT, limit + 1)
        elif why is Why.LATE:
            rows = await self._db.all(
                _OPEN.format(_LATE), begin, LOOKED_AT, limit + 1, now - CLOCK_LATE
            )
        else:
            begin = max(begin, now)
            rows = await self._db.all(
                _OPEN.format(_NEAR), begin, LOOKED_AT, limit + 1, now, now + NEAR_END
            )
        found = [self._stuck(order_of(row), why, now, handed=row["handed"]) for row in rows[:limit]]
        more = found[-1].order.deadline_at if len(rows) > limit else None
        return found, more

    async def of(self, order: Order) -> Stuck | None:
        """Whether and how this order is stuck."""
        now, handed = self._clock.now(), await self.handed(order.id)
        if order.state is State.HELD and "rail" in order.data:
            why = Why.BANK
        elif order.deadline_at is not None and order.deadline_at < now - CLOCK_LATE:
            why = Why.LATE
        elif order.state in (State.HELD, State.REVIEW):
            why = Why.NEAR
        elif handed is not None:
            why = Why.HANDED
        else:
            return None
        return self._stuck(order, why, now, handed=handed is not None)

    async def handed(self, order: UUID) -> Handed | None:
        """Who asked whom to look at it, while that is open."""
        row = await self._db.one(
            "SELECT * FROM money.handed WHERE order_id = $1 AND ended_at IS NULL", order
        )
        return None if row is None else Handed(row["order_id"], row["why"], row["by"], row["at"])

    def _stuck(self, order: Order, why: Why, now: datetime, *, handed: bool) -> Stuck:
        help_: list[Help] = []
        product = self._products.get(order.product)
        if order.state is State.HELD and product is not None and product.asked is not None:
            help_.append(Help.ASK_BANK)
        elif order.state is State.REVIEW:
            help_.append(Help.OPEN_CASE)
        if _is_over(order, now) and Help.ASK_BANK not in help_:
            help_.append(Help.LET_GO)
        if not handed:
            help_.append(Help.HAND)
        tries = int(order.data.get("tries", 0))
        return Stuck(order, why, tuple(help_), handed, "escalated" in order.data, tries)

    # --- doing -------------------------------------------------------------------------------

    async def ask_bank(self, id: UUID) -> Order | Refused:
        """Ask the bank once more, with the same id as before; the order as it then stands."""
        order = await self._tools.orders.get(id)
        product = self._products.get(order.product) if order is not None else None
        if order is None or product is None:
            return Refused(OrderReason.ORDER_NOT_FOUND)
        if order.state is not State.HELD or product.asked is None:
            return Refused(MoneyReason.ORDER_NOT_STUCK, {"state": order.state.value})
        return await product.asked(self._tools, order)

    async def let_go(self, id: UUID) -> Order | Refused:
        """Have the clock of the order's own product act now on what is overdue; the order as it then
        stands. What the clock would do is done, and nothing else: money never goes another way."""
        order = await self._tools.orders.get(id)
        if order is None:
            return Refused(OrderReason.ORDER_NOT_FOUND)
        now = self._clock.now()
        if not _is_over(order, now) or (order.state is State.HELD and "rail" in order.data):
            return Refused(MoneyReason.ORDER_NOT_STUCK, {"state": order.state.value})
        product = self._products.get(order.product)
        swept = product.sweeps(self._tools) if product is not None else ()
        for sweep in (*swept, *self._reviews.sweeps()):
            await sweep.run(now, _SWEPT)
        after = await self._tools.orders.get(id)
        if after is None or _is_over(after, now):
            return Refused(MoneyReason.ORDER_NOT_STUCK, {"state": order.state.value})
        return after

    async def hand(self, id: UUID, why: str, by: str) -> Refused | None:
        """Ask for somebody to look at the order by hand."""
        if await self._tools.orders.get(id) is None:
            return Refused(OrderReason.ORDER_NOT_FOUND)
        try:
            await self._db.run(
                "INSERT INTO money.handed (order_id, id, why, by, at) VALUES ($1, $2, $3, $4, $5)",
                id,
                self._ids.new(),
                why,
                by,
                self._clock.now(),
            )
        except asyncpg.UniqueViolationError:
            return Refused(MoneyReason.HANDED_ALREADY)
        return None

    async def take_off(self, id: UUID, why: str, by: str) -> Refused | None:
        """It was looked at."""
        tag = await self._db.run(
            "UPDATE money.handed SET ended_at = $2, ended_by = $3, ended_why = $4"
            " WHERE order_id = $1 AND ended_at IS NULL",
            id,
            self._clock.now(),
            by,
            why,
        )
        return None if tag == "UPDATE 1" else Refused(MoneyReason.NOT_HANDED)


def _is_over(order: Order, now: datetime) -> bool:
    waits = order.state in (State.AWAITING, State.HELD, State.REVIEW)
    return waits and order.deadline_at is not None and order.deadline_at <= now
