"""One order's whole story: every step and transfer, what was judged, who was told, what banks said.

Nothing of this has an index of its own. What an order's steps write has ids that are derived from the
step's, and so lies beside it; announcements are found by their times, for the log is in order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from argosy.base.ledger.facts import Action
from argosy.base.orders.facts import Order
from argosy.base.orders.reading import Orders
from argosy.base.store import Database, Record
from argosy.ctu.decide.store import Kept
from argosy.management.money.orders import channels_of, steps_of
from argosy.management.setup.facts import RailCall

ROWS_MAX: Final = 200
MOMENTS_MAX: Final = 8
EVENTS_LOOKED_AT: Final = 20_000
_BEFORE, _AFTER = timedelta(seconds=2), timedelta(seconds=10)
_LOW_80 = (1 << 80) - 1

_TRANSFERS = """
    SELECT t.*, h.state AS hold_state, d.kind AS debit_kind, d.owner AS debit_owner,
           c.kind AS credit_kind, c.owner AS credit_owner
      FROM unnest($1::uuid[], $2::uuid[]) AS beside (first, last),
           LATERAL (SELECT * FROM ledger.transfers
                     WHERE id BETWEEN beside.first AND beside.last AND order_id = $3) t
      JOIN ledger.accounts d ON d.id = t.debit
      JOIN ledger.accounts c ON c.id = t.credit
      LEFT JOIN ledger.holds h ON h.id = t.id AND t.action = 1
     ORDER BY t.at, t.segment, t.position LIMIT $4
"""
_DELIVERIES = """
    SELECT d.id, d.party_id, d.endpoint_id, e.url, d.kind, d.state, d.tries, d.calls, d.status,
           d.problem, d.created_at, d.ended_at, d.next_at
      FROM webhooks.endpoints e
      JOIN webhooks.deliveries d ON d.party_id = e.party_id AND d.endpoint_id = e.id AND d.subject = $2
     WHERE e.party_id = ANY ($1) ORDER BY d.created_at, d.turn LIMIT $3
"""
_EVENT_AT = """
    SELECT xact::text::bigint AS xact, at FROM outbox.events
     WHERE xact >= ($1::bigint)::text::xid8 ORDER BY xact, place LIMIT 1
"""
_ENDS = """
    SELECT (SELECT xact::text::bigint FROM outbox.events ORDER BY xact, place LIMIT 1) AS first,
           (SELECT xact::text::bigint FROM outbox.events ORDER BY xact DESC, place DESC LIMIT 1) AS last
"""
_EVENTS = """
    SELECT id, kind, body, at, parties FROM (
        SELECT * FROM outbox.events WHERE xact >= ($1::bigint)::text::xid8
            AND xact <= ($2::bigint)::text::xid8 ORDER BY xact, place LIMIT $4
    ) e WHERE e.subject = $3
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer of the order. `what` is `move`, `hold`, `post`, `void` or `expire`; for a hold, `open`
    says that it still reserves. Accounts are told by kind; `owner` is None for the operator's own."""

    id: UUID
    at: datetime
    what: str
    kind: str
    minor: int
    currency: str
    debit: UUID
    debit_kind: str
    debit_owner: UUID | None
    credit: UUID
    credit_kind: str
    credit_owner: UUID | None
    open: bool
    hold: UUID | None


@dataclass(frozen=True, slots=True)
class Told:
    """A message to one side, without its text."""

    id: UUID
    party: UUID
    at: datetime
    template: str
    state: str
    way: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A webhook about the order to one endpoint of a merchant."""

    id: UUID
    party: UUID
    endpoint: UUID
    url: str
    kind: str
    state: str
    calls: int
    status: int | None
    problem: str | None
    at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Announced:
    """An event about the order, as long as the log is kept."""

    id: UUID
    kind: str
    at: datetime
    body: Any


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that is known of one order; each list in the order in which it happened."""

    order: Order
    channel: str | None
    moved: tuple[Moved, ...]
    verdicts: tuple[Kept, ...]
    case: UUID | None
    events: tuple[Announced, ...]
    messages: tuple[Told, ...]
    deliveries: tuple[Delivered, ...]
    calls: tuple[RailCall, ...]
    adjustments: tuple[UUID, ...]
    handed: bool


Messages = Callable[[UUID, UUID, UUID], Awaitable[Sequence[Any]]]
"""The messages to a party whose ids lie from one to another, without their texts."""


@dataclass(frozen=True)
class Stories:
    """Tells stories. `verdicts_of` are the verdicts kept on a command, `calls_of` a bank's calls."""

    db: Database
    orders: Orders
    verdicts_of: Callable[[UUID], Awaitable[Sequence[Kept]]]
    messages: Messages
    calls_of: Callable[[UUID], Awaitable[Sequence[RailCall]]]

    async def tell(self, id: UUID) -> Story | None:
        """The story of order `id`; None where there is none."""
        order = await self.orders.get(id)
        if order is None:
            return None
        steps = steps_of(order)
        moved = await self._moved(order, steps)
        verdicts = [kept for step in steps for kept in await self.verdicts_of(step)]
        told = [t for side in _sides(order) for t in await self._told(side, steps)]
        channels = await channels_of(self.db, [order])
        rows = await self.db.all(_DELIVERIES, _sides(order), order.id, ROWS_MAX)
        return Story(
            order,
            channels.get(order.id),
            moved,
            tuple(verdicts),
            await self.db.value(
                "SELECT id FROM ctu.case_files WHERE order_id = $1 LIMIT 1", order.id
            ),
            await self._announced(order, [m.at for m in moved]),
            tuple(sorted(told, key=lambda t: t.at)),
            tuple(_delivered(row) for row in rows),
            tuple(await self.calls_of(order.id)),
            tuple(
                row["id"]
                for row in await self.db.all(
                    "SELECT id FROM money.adjustments WHERE about = $1 ORDER BY id", order.id
                )
            ),
            bool(
                await self.db.value(
                    "SELECT true FROM money.handed WHERE order_id = $1 AND ended_at IS NULL",
                    order.id,
                )
            ),
        )

    async def _moved(self, order: Order, steps: Sequence[UUID]) -> tuple[Moved, ...]:
        firsts, lasts = zip(*dict.fromkeys(_beside(step) for step in steps), strict=True)
        rows = await self.db.all(_TRANSFERS, list(firsts), list(lasts), order.id, ROWS_MAX)
        return tuple(_transfer(row) for row in rows)

    async def _told(self, party: UUID, steps: Sequence[UUID]) -> list[Told]:
        found: dict[UUID, Told] = {}
        for step in steps:
            for one in await self.messages(party, *_beside(step)):
                found[one.id] = Told(
                    one.id, party, one.at, one.template, str(one.state), one.way, one.problem
                )
        return list(found.values())

    async def _announced(self, order: Order, moments: Sequence[datetime]) -> tuple[Announced, ...]:
        """What the log tells of the order around the moments at which it moved on."""
        ends = await self.db.one(_ENDS)
        if ends is None or ends["first"] is None:
            return ()
        wanted = [order.created_at, *moments, *([order.updated_at] if order.updated_at else [])]
        found: dict[UUID, Announced] = {}
        for since, until in _stretches(wanted):
            first = await self._place(ends["first"], ends["last"], since)
            last = await self._place(first, ends["last"], until)
            for row in await self.db.all(_EVENTS, first, last, order.id, EVENTS_LOOKED_AT):
                found[row["id"]] = Announced(row["id"], row["kind"], row["at"], row["body"])
        return tuple(sorted(found.values(), key=lambda e: e.at))

    async def _place(self, low: int, high: int, at: datetime) -> int:
        """About where in the log, by transaction, `at` lies: by halves, for times grow with the log."""
        while low < high:
            middle = (low + high) // 2
            row = await self.db.one(_EVENT_AT, middle)
            if row is None or row["at"] >= at:
                high = middle
            else:
                low = row["xact"] + 1
        return low


def beside(step: UUID) -> tuple[UUID, UUID]:
    """The first and the last id that can be derived from `step`."""
    return _beside(step)


def _beside(step: UUID) -> tuple[UUID, UUID]:
    head = step.int >> 80 << 80
    return UUID(int=head), UUID(int=head | _LOW_80)


def _sides(order: Order) -> list[UUID]:
    return [side for side in (order.payer, order.payee) if side is not None]


def _stretches(moments: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Stretches of time around the moments, those that touch taken together."""
    found: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        since, until = moment - _BEFORE, moment + _AFTER
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], until
        elif len(found) < MOMENTS_MAX:
            found.append((since, until))
    return found


def _transfer(row: Record) -> Moved:
    return Moved(
        row["id"],
        row["at"],
        Action(row["action"]).name.lower(),
        row["kind"],
        row["amount"] if row["action"] in (0, 1, 2) else row["released"],
        row["currency"],
        row["debit"],
        row["debit_kind"],
        row["debit_owner"],
        row["credit"],
        row["credit_kind"],
        row["credit_owner"],
        row["hold_state"] == 0,
        row["hold"],
    )


def _delivered(row: Record) -> Delivered:
    return Delivered(
        row["id"],
        row["party_id"],
        row["endpoint_id"],
        row["url"],
        row["kind"],
        row["state"],
        row["calls"],
        row["status"],
        row["problem"],
        row["created_at"],
        row["ended_at"],
    )
