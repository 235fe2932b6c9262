"""Everything that Home shows, read once for all windows that look at the same place at the same time.

What is shown is at most `FRESH_SECONDS` old. Lines of days that are over, and what the brain's history must
be walked for, are kept longer, for they hardly change. Kept in the process, and small: for screens only.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from argosy.base.outbox import Lag
from argosy.base.store import Database
from argosy.management.home.figures import (
    Compared,
    Place,
    Point,
    Risk,
    choices,
    compared,
    day_so_far,
    line,
    risk,
)
from argosy.management.home.standing import (
    Float,
    Health,
    Job,
    Queue,
    database,
    floats,
    jobs,
    queues,
    readers,
)
from argosy.management.services import Services
from argosy.management.status import Part

T = TypeVar("T")
FRESH_SECONDS: Final = 4.0
RISK_SECONDS: Final = 30.0
SETTLED_SECONDS: Final = 600.0
PARTS_SECONDS: Final = 20.0
KEPT_MAX: Final = 400
PARTS_PATIENCE_SECONDS: Final = 0.02
"""So long a page waits for the processes' memory, which is slow to read; else the next one has it."""
BIN_MINUTES: Final = 10
LIVE_MINUTES: Final = 60
LOSS_DAYS: Final = 30


@dataclass(frozen=True)
class Lines:
    """The charts: today until now, yesterday and last week whole, by ten minutes; the last hour by the
    minute."""

    today: list[Point]
    yesterday: list[Point]
    last_week: list[Point]
    live: list[Point]


@dataclass(frozen=True)
class Rates:
    """The brain's rates and losses: today, yesterday and last week until this hour, and a month."""

    today: Risk
    yesterday: Risk
    last_week: Risk
    month: Risk
    month_minor: int


@dataclass(frozen=True)
class Room:
    """The machine room."""

    queues: list[Queue]
    floats: list[Float]
    jobs: list[Job]
    readers: list[Lag]
    health: list[Health]
    parts: list[Part]


@dataclass(frozen=True)
class Shown:
    """All of Home at one moment."""

    at: datetime
    zone: str
    sums: Compared
    lines: Lines
    rates: Rates
    room: Room


class Board:
    """Reads for Home. One for each process and database: `board_of`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: OrderedDict[Hashable, tuple[float, asyncio.Task[Any]]] = OrderedDict()

    async def show(self, place: Place) -> Shown:
        """Everything about `place`, at most a few seconds old. Raises `Unavailable`."""
        return await self._once(("show", place), FRESH_SECONDS, lambda: self._show(place))

    async def choices(self) -> dict[str, list[str]]:
        """Markets, channels and products that traded lately."""
        services = self._services
        return await self._once(
            "choices", SETTLED_SECONDS, lambda: choices(services.db, services.clock.now())
        )

    async def _show(self, place: Place) -> Shown:
        services = self._services
        now, db = services.clock.now(), services.db
        market = services.markets.get(place.market or "", services.market)
        sums, lines, rates, room = await asyncio.gather(
            compared(db, now, market.zone, place),
            self._lines(now, market.zone, place),
            self._rates(now, market.zone, place),
            self._room(place),
        )
        return Shown(now, market.zone, sums, lines, rates, room)

    async def _lines(self, now: datetime, zone: str, place: Place) -> Lines:
        db = self._services.db
        since = day_so_far(now, zone)[0]
        minute = now.replace(second=0, microsecond=0)

        async def day(ago: int) -> list[Point]:
            begin = day_so_far(now, zone, ago)[0]
            end = day_so_far(now, zone, ago - 1)[0]
            return await self._once(
                ("day", place, begin),
                SETTLED_SECONDS,
                lambda: line(db, begin, end, BIN_MINUTES, place),
            )

        live = minute - timedelta(minutes=LIVE_MINUTES - 1)
        return Lines(
            *await asyncio.gather(
                line(db, since, now, BIN_MINUTES, place),
                day(1),
                day(7),
                line(db, live, minute + timedelta(minutes=1), 1, place),
            )
        )

    async def _rates(self, now: datetime, zone: str, place: Place) -> Rates:
        return await self._once(
            ("rates", place), RISK_SECONDS, lambda: self._read_rates(now, zone, place)
        )

    async def _read_rates(self, now: datetime, zone: str, place: Place) -> Rates:
        db = self._services.db
        today, yesterday, last_week = [
            await risk(db, *day_so_far(now, zone, ago), place) for ago in (0, 1, 7)
        ]
        since = day_so_far(now, zone, LOSS_DAYS)[0]
        month = await self._once(
            ("month", place), SETTLED_SECONDS, lambda: risk(db, since, now, place)
        )
        minor = await self._once(
            ("volume", place), SETTLED_SECONDS, lambda: _volume(db, since, place)
        )
        return Rates(today, yesterday, last_week, month, minor)

    async def _room(self, place: Place) -> Room:
        return await self._once(
            ("room", place.market), FRESH_SECONDS, lambda: self._read_room(place)
        )

    async def _read_room(self, place: Place) -> Room:
        services = self._services
        markets = [m for m in services.markets.values() if place.market in (None, m.code)]
        why_not = await services.ready()
        health = [
            await database(services.db),
            Health("brain", services.brain.ready),
            Health("payments", why_not is None, says=why_not or ""),
        ]
        parts = asyncio.ensure_future(
            self._once("parts", PARTS_SECONDS, lambda: asyncio.to_thread(services.parts))
        )
        await asyncio.wait([parts], timeout=PARTS_PATIENCE_SECONDS)
        return Room(
            await queues(services.db),
            await floats(services.db, markets),
            await jobs(services.db),
            await readers(services.db),
            health,
            parts.result() if parts.done() else [],
        )

    async def _once(self, key: Hashable, seconds: float, load: Callable[[], Awaitable[T]]) -> T:
        """What `load` gives, shared by all who ask for `key` within `seconds`. A failure is not kept."""
        kept = self._kept.get(key)
        if kept is None or kept[0] < time.monotonic() or _failed(kept[1]):
            task = asyncio.ensure_future(load())
            self._kept[key] = kept = time.monotonic() + seconds, task
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        found: T = await asyncio.shield(kept[1])
        return found


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _volume(db: Database, since: datetime, place: Place) -> int:
    return int(
        await db.value(
            """
            SELECT coalesce(sum(done_minor), 0) FROM management.home_days
             WHERE day >= $1 AND ($2::text IS NULL OR market = $2)
               AND ($3::text IS NULL OR product = $3)
            """,
            since.date(),
            place.market,
            place.product,
        )
    )


_BOARDS: WeakKeyDictionary[Database, Board] = WeakKeyDictionary()


def board_of(services: Services) -> Board:
    """The board of this process."""
    found = _BOARDS.get(services.db)
    if found is None:
        found = _BOARDS[services.db] = Board(services)
    return found
