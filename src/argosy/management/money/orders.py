"""Finding orders: the newest first, by cursor, in bounded steps however many there are.

There is no index by state, product or amount, because a payment would pay for it. So a page looks at no
more than `LOOKED_AT` orders, says how far back it came, and goes on from there when it is asked to. By party
the search walks the party's own account instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from argosy.base.ledger.books import Cursor, Ledger
from argosy.base.orders.facts import Order, State
from argosy.base.orders.planning import DONE
from argosy.base.orders.reading import Orders, order_of
from argosy.base.parties.facts import main_account
from argosy.base.store import Database

PAGE: Final = 50
LOOKED_AT: Final = 10_000
WALKS_MAX: Final = 5
_WALKED: Final = 200
CALLER_CLOCK = timedelta(days=1)
"""An order's id has its caller's time in it, which may be so far from ours."""

_HIGHEST = UUID(int=(1 << 128) - 1)
_COLUMNS = """id, product, market, state, payer, payee, payer_account, payee_account, amount_minor,
    currency, created_at, fee_minor, fee_paid_by, refunded_minor, note, deadline_at, version,
    updated_at, data"""
_FIND = f"""
    SELECT * FROM (
        SELECT {_COLUMNS} FROM orders.orders WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3
    ) looked_at
     WHERE ($4::text[] IS NULL OR state = ANY ($4)) AND ($5::text[] IS NULL OR product = ANY ($5))
       AND ($6::text IS NULL OR market = $6)
       AND ($7::bigint IS NULL OR amount_minor >= $7) AND ($8::bigint IS NULL OR amount_minor <= $8)
       AND ($9::timestamptz IS NULL OR created_at >= $9)
       AND ($10::timestamptz IS NULL OR created_at < $10)
       AND ($11::text IS NULL OR EXISTS (
           SELECT FROM ctu.events e WHERE e.channel = $11 AND (e.id = looked_at.id OR e.id IN (
               SELECT k::uuid FROM jsonb_object_keys(
                   coalesce(looked_at.data -> '{DONE}', '{{}}'::jsonb)) k))))
     ORDER BY id DESC LIMIT $12
"""
_LAST = """
    SELECT id, count FROM (
        SELECT id, count(*) OVER () AS count FROM (
            SELECT id FROM orders.orders WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3
        ) looked_at
    ) numbered ORDER BY id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty or None does not narrow. Amounts in minor units, `until` is not
    included; `party` is either side."""

    states: tuple[State, ...] = ()
    products: tuple[str, ...] = ()
    market: str | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    minor_min: int | None = None
    minor_max: int | None = None
    party: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An order and the channel it came by, where the brain was asked about it."""

    order: Order
    channel: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, newest first. `after` goes into the next `page`, None at the end; `looked_to` is how
    far back this one came, where it stopped before the page was full."""

    found: tuple[Found, ...]
    after: str | None
    looked_to: datetime | None = None


class OrderSearch:
    """Looks for orders."""

    def __init__(self, db: Database, ledger: Ledger, orders: Orders) -> None:
        self._db = db
        self._ledger = ledger
        self._orders = orders

    async def page(self, wanted: Wanted, after: str | None = None, limit: int = PAGE) -> Page:
        """One page of what is `wanted`; a cursor that cannot be read begins anew."""
        if wanted.party is not None:
            return await self._of_party(wanted, wanted.party, after, limit)
        last = _read(after) or _begin(wanted.until)
        first = _first(wanted.since)
        rows = await self._db.all(
            _FIND,
            last,
            first,
            LOOKED_AT,
            [s.value for s in wanted.states] or None,
            list(wanted.products) or None,
            wanted.market,
            wanted.minor_min,
            wanted.minor_max,
            wanted.since,
            wanted.until,
            wanted.channel,
            limit + 1,
        )
        orders = [order_of(row) for row in rows]
        if len(orders) > limit:
            return Page(await self._with_channels(orders[:limit]), str(orders[limit - 1].id))
        reached = await self._db.one(_LAST, last, first, LOOKED_AT)
        if reached is None or reached["count"] < LOOKED_AT:
            return Page(await self._with_channels(orders), None)
        looked_to = _time(reached["id"])
        return Page(await self._with_channels(orders), str(reached["id"]), looked_to)

    async def _of_party(self, wanted: Wanted, party: UUID, after: str | None, limit: int) -> Page:
        """Along the entries of the party's account; what waits to be paid has none, and comes first."""
        cursor = Cursor.decode(after) if after else None
        found: dict[UUID, Order] = {}
        if cursor is None:
            found = {o.id: o for o in await self._orders.open_for(party) if _fits(o, wanted)}
        for _ in range(WALKS_MAX):
            page = await self._ledger.statement(main_account(party), cursor, _WALKED)
            ids = dict.fromkeys(e.order for e in page.entries if e.order is not None)
            orders = await self._orders.many(ids)
            for order in (orders[one] for one in ids if one in orders):
                if _fits(order, wanted):
                    found.setdefault(order.id, order)
            cursor = page.next
            if cursor is None or len(found) >= limit:
                break
        named = await self._with_channels(sorted(found.values(), key=lambda o: o.id, reverse=True))
        kept = tuple(f for f in named if wanted.channel in (None, f.channel))
        return Page(kept, cursor.encode() if cursor else None)

    async def _with_channels(self, orders: Sequence[Order]) -> tuple[Found, ...]:
        channels = await channels_of(self._db, orders)
        return tuple(Found(order, channels.get(order.id)) for order in orders)


async def channels_of(db: Database, orders: Iterable[Order]) -> dict[UUID, str]:
    """By which channel each order came, as far as the brain was asked about it: the first step's."""
    step_of = {step: order.id for order in orders for step in steps_of(order)}
    rows = await db.all("SELECT id, channel FROM ctu.events WHERE id = ANY ($1)", list(step_of))
    found: dict[UUID, str] = {}
    for row in sorted(rows, key=lambda row: row["id"], reverse=True):
        found[step_of[row["id"]]] = row["channel"]
    return found


def steps_of(order: Order) -> list[UUID]:
    """The ids of the commands that made the order and moved it on; what a step wrote has ids beside
    these, for they are derived from them."""
    more = [*order.data.get(DONE, ()), *(r["id"] for r in order.data.get("refunds", ()))]
    return list(dict.fromkeys([order.id, *(UUID(str(one)) for one in more)]))


def _fits(order: Order, wanted: Wanted) -> bool:
    minor = order.amount.minor
    return (
        (not wanted.states or order.state in wanted.states)
        and (not wanted.products or order.product in wanted.products)
        and wanted.market in (None, order.market)
        and (wanted.minor_min is None or minor >= wanted.minor_min)
        and (wanted.minor_max is None or minor <= wanted.minor_max)
        and (wanted.since is None or order.created_at >= wanted.since)
        and (wanted.until is None or order.created_at < wanted.until)
    )


def _read(after: str | None) -> UUID | None:
    try:
        return UUID(after) if after else None
    except ValueError:
        return None


def _begin(until: datetime | None) -> UUID:
    return _HIGHEST if until is None else _at(until + CALLER_CLOCK)


def _first(since: datetime | None) -> UUID:
    return UUID(int=0) if since is None else _at(since - CALLER_CLOCK)


def _at(moment: datetime) -> UUID:
    """The lowest UUIDv7 of a moment."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _time(id: UUID) -> datetime:
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
