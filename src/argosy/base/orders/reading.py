"""Reading orders. Only the gate writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from argosy.base.money import Money
from argosy.base.orders.facts import Order, State
from argosy.base.postings import LimitUse
from argosy.base.store import Database, Record, Together

BETWEEN_MAX = 64
PAGE_ORDERS_MAX = 200
OPEN_ORDERS_MAX = 100

_COLUMNS = """id, product, market, state, payer, payee, payer_account, payee_account, amount_minor,
    currency, created_at, fee_minor, fee_paid_by, refunded_minor, note, deadline_at, version,
    updated_at, data"""


@dataclass(frozen=True, slots=True)
class Counted:
    """An order with the limit uses that were counted for it."""

    order: Order
    uses: tuple[LimitUse, ...]


class Orders:
    """Reads orders. Simultaneous `get`s share queries; nothing is cached."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._together: Together[UUID, Counted] = Together(self._load)

    async def get(self, id: UUID) -> Order | None:
        """The order `id` as it stands; None where there is none."""
        found = await self._together.get(id)
        return found.order if found else None

    async def counted(self, id: UUID) -> Counted | None:
        """The order `id` with its limit uses."""
        return await self._together.get(id)

    async def many(self, ids: Iterable[UUID]) -> dict[UUID, Order]:
        """Those of the orders `ids` that exist; for a page of history, so at most PAGE_ORDERS_MAX."""
        wanted = list(dict.fromkeys(ids))[:PAGE_ORDERS_MAX]
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM orders.orders WHERE id = ANY($1)", wanted
        )
        return {row["id"]: order_of(row) for row in rows}

    async def between(self, first: UUID, last: UUID) -> list[Order]:
        """The orders with ids from `first` to `last`, both included, the first `BETWEEN_MAX` of them."""
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM orders.orders WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3",
            first,
            last,
            BETWEEN_MAX,
        )
        return [order_of(row) for row in rows]

    async def open_for(self, party: UUID, limit: int = OPEN_ORDERS_MAX) -> list[Order]:
        """Orders that wait for something and have `party` on either side, newest first."""
        rows = await self._db.all(
            f"""
            SELECT * FROM (
                (SELECT {_COLUMNS} FROM orders.orders
                  WHERE payer = $1 AND state IN ('awaiting', 'held', 'review')
                  ORDER BY id DESC LIMIT $2)
                UNION ALL
                (SELECT {_COLUMNS} FROM orders.orders
                  WHERE payee = $1 AND state IN ('awaiting', 'held', 'review')
                  ORDER BY id DESC LIMIT $2)
            ) both_sides ORDER BY id DESC LIMIT $2
            """,
            party,
            min(limit, OPEN_ORDERS_MAX),
        )
        return [order_of(row) for row in rows]

    async def asked_by(
        self, payee: UUID, before: UUID | None = None, limit: int = PAGE_ORDERS_MAX
    ) -> list[Order]:
        """What `payee` asked for (dynamic codes, links, requests) in any state, newest first; go on
        with `before` the last id of the page before."""
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM orders.orders
             WHERE payee = $1 AND data ? 'asked' AND ($2::uuid IS NULL OR id < $2)
             ORDER BY id DESC LIMIT $3
            """,
            payee,
            before,
            min(limit, PAGE_ORDERS_MAX),
        )
        return [order_of(row) for row in rows]

    async def by_reference(
        self,
        payee: UUID,
        reference: str,
        before: UUID | None = None,
        limit: int = PAGE_ORDERS_MAX,
    ) -> list[Order]:
        """What `payee` asked for under its own `reference`, newest first; `before` as in `asked_by`."""
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM orders.orders
             WHERE payee = $1 AND data->>'reference' = $2 AND data ? 'reference'
               AND ($3::uuid IS NULL OR id < $3)
             ORDER BY id DESC LIMIT $4
            """,
            payee,
            reference,
            before,
            min(limit, PAGE_ORDERS_MAX),
        )
        return [order_of(row) for row in rows]

    async def waiting_for(self, phone_hash: str, limit: int = OPEN_ORDERS_MAX) -> list[Order]:
        """Money held for a phone that had no wallet when it was sent, oldest first."""
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM orders.orders
             WHERE data->>'waits_for' = $1 AND data ? 'waits_for' AND state = 'held'
             ORDER BY id LIMIT $2
            """,
            phone_hash,
            limit,
        )
        return [order_of(row) for row in rows]

    async def due(self, now: datetime, limit: int) -> list[Order]:
        """Orders whose deadline has passed, the most overdue first."""
        return await self.due_of(now, limit)

    async def due_of(
        self,
        now: datetime,
        limit: int,
        products: tuple[str, ...] | None = None,
        states: tuple[State, ...] | None = None,
    ) -> list[Order]:
        """As `due`, of some products and states only."""
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM orders.orders
             WHERE deadline_at <= $1
               AND ($3::text[] IS NULL OR product = ANY($3))
               AND ($4::text[] IS NULL OR state = ANY($4))
             ORDER BY deadline_at LIMIT $2
            """,
            now,
            limit,
            products,
            states,
        )
        return [order_of(row) for row in rows]

    async def overdue(
        self, market: str, product: str, before: datetime, limit: int, done: str
    ) -> list[Order]:
        """Orders of `product` made before a moment whose money is still on its way, oldest first, but for
        what waits for a phone without a wallet and those whose data says `done`."""
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM orders.orders
             WHERE market = $1 AND product = $2 AND created_at < $3
               AND (state = 'review' OR state = 'held' AND NOT data ? 'waits_for')
               AND NOT data ? $5
             ORDER BY created_at LIMIT $4
            """,
            market,
            product,
            before,
            limit,
            done,
        )
        return [order_of(row) for row in rows]

    async def on_its_way(
        self, market: str, product: str, before: datetime
    ) -> tuple[int, int, datetime] | None:
        """How many such orders there are, how much money (minor units), and since when; None: none.
        Money that the operator has stood in for is not on its way for the customer."""
        row = await self._db.one(
            """
            SELECT count(*) AS orders, sum(amount_minor)::bigint AS minor, min(created_at) AS oldest
              FROM orders.orders
             WHERE market = $1 AND product = $2 AND created_at < $3
               AND (state = 'review' OR state = 'held' AND NOT data ? 'waits_for')
               AND NOT data ? 'stands_in'
            """,
            market,
            product,
            before,
        )
        if row is None or not row["orders"]:
            return None
        return row["orders"], row["minor"], row["oldest"]

    async def _load(self, ids: list[UUID]) -> dict[UUID, Counted]:
        rows = await self._db.all(
            f"SELECT {_COLUMNS}, uses FROM orders.orders WHERE id = ANY($1)", ids
        )
        return {row["id"]: Counted(order_of(row), uses_of(row["uses"])) for row in rows}


def order_of(row: Record) -> Order:
    """The order of a row that has all columns but `uses`."""
    return Order(
        id=row["id"],
        product=row["product"],
        market=row["market"],
        state=State(row["state"]),
        payer=row["payer"],
        payee=row["payee"],
        payer_account=row["payer_account"],
        payee_account=row["payee_account"],
        amount=Money(row["amount_minor"], row["currency"]),
        created_at=row["created_at"],
        fee_minor=row["fee_minor"],
        fee_paid_by=row["fee_paid_by"],
        refunded_minor=row["refunded_minor"],
        note=row["note"],
        deadline_at=row["deadline_at"],
        version=row["version"],
        updated_at=row["updated_at"],
        data=row["data"],
    )


def uses_of(kept: Iterable[Mapping[str, Any]]) -> tuple[LimitUse, ...]:
    """The limit uses that an order's `uses` column keeps, without their bounds: what is counted for
    the order now, less what was given back already."""
    net: dict[tuple[UUID, str, date], tuple[int, int]] = {}
    for use in kept:
        key = UUID(use["party"]), use["key"], date.fromisoformat(use["day"])
        minor, count = net.get(key, (0, 0))
        net[key] = minor + use["minor"], count + use["count"]
    return tuple(
        LimitUse(
            party, key, minor, day, day.replace(day=1), day.replace(month=1, day=1), count=count
        )
        for (party, key, day), (minor, count) in net.items()
        if minor or count
    )
