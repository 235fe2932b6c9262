"""Live screens: events of a party, as they happen, to whoever is looking. Nothing is kept for them.

It works the same when another process commits: each process reads the log for itself, from now on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, Self
from uuid import UUID

from argosy.base.outbox.events import BEGINNING, COLUMNS, FINISHED, Announced, Position, announced
from argosy.base.refusals import Unavailable
from argosy.base.store import Database

QUEUE_EVENTS_MAX = 100
LISTENERS_MAX = 40
"""So many listeners one party has at once in a process; one more ends the oldest."""
BATCH_EVENTS_MAX = 1_000
FILTER_PARTIES_MAX = 500
"""Up to so many parties the database picks their events; beyond, all are read and picked here."""
POLL_SECONDS = 0.25
PAUSE_SECONDS = 0.03

_NOW = f"SELECT {FINISHED}"
_READ = f"""
    SELECT s.finished, e.* FROM (SELECT {FINISHED} AS finished) s
      LEFT JOIN LATERAL (
        SELECT {COLUMNS} FROM outbox.events e
         WHERE (e.xact, e.place) > ($1, $2) AND e.xact < s.finished
           AND ($4::uuid[] IS NULL OR e.parties && $4)
         ORDER BY e.xact, e.place LIMIT $3
      ) e ON TRUE
"""

log = logging.getLogger(__name__)


class Refresh:
    """What a listener gets instead of events it was too slow for: load the page anew. It is the last
    thing that a subscription yields."""


REFRESH: Final = Refresh()


class Subscription:
    """One listener: an async iterator of `Announced` in order; ends after `REFRESH` or `close`."""

    def __init__(
        self, broadcast: Broadcast, parties: frozenset[UUID], queue_events_max: int
    ) -> None:
        self.parties = parties
        self._broadcast = broadcast
        self._queue: asyncio.Queue[Announced | Refresh | None] = asyncio.Queue()
        self._queue_events_max = queue_events_max
        self._open = True

    def __aiter__(self) -> AsyncIterator[Announced | Refresh]:
        return self

    async def __anext__(self) -> Announced | Refresh:
        item = await self._queue.get()
        if item is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return item

    def close(self) -> None:
        """Stop listening: what waits is dropped and the iterator ends."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def refresh(self) -> None:
        """Called by the broadcast: end, and have the listener load the page anew."""
        self._end(REFRESH)

    def offer(self, event: Announced) -> None:
        """Called by the broadcast: hand over an event, or drop the listener who is too slow."""
        if not self._open:
            return
        if self._queue.qsize() >= self._queue_events_max:
            self.refresh()
        else:
            self._queue.put_nowait(event)

    def _end(self, *last: Refresh) -> None:
        if not self._open:
            return
        self._open = False
        self._broadcast.drop(self)
        while not self._queue.empty():
            self._queue.get_nowait()
        for item in (*last, None):
            self._queue.put_nowait(item)


class Broadcast:
    """Fans the log out to subscriptions by party; one read of the log serves them all."""

    def __init__(
        self,
        db: Database,
        *,
        queue_events_max: int = QUEUE_EVENTS_MAX,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._db = db
        self._queue_events_max = queue_events_max
        self._poll_seconds = poll_seconds
        self._listeners: dict[UUID, dict[Subscription, None]] = {}  # the oldest first
        self._cursor: Position | None = None
        self._woken = asyncio.Event()

    def subscribe(self, *parties: UUID) -> Subscription:
        """Listen to every event of any of `parties` that commits from now on (and perhaps to some of
        the last quarter of a second)."""
        subscription = Subscription(self, frozenset(parties), self._queue_events_max)
        for party in subscription.parties:
            listeners = self._listeners.get(party, {})
            if len(listeners) >= LISTENERS_MAX:
                next(iter(listeners)).refresh()
            self._listeners.setdefault(party, {})[subscription] = None
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Called by a subscription that ends."""
        for party in subscription.parties:
            listeners = self._listeners.get(party, {})
            listeners.pop(subscription, None)
            if not listeners:
                self._listeners.pop(party, None)

    def wake(self) -> None:
        """There may be something new: look at once, if anybody listens."""
        if self._listeners:
            self._woken.set()

    async def run(self) -> None:
        """Read and fan out until cancelled; an outage delays and loses nothing."""
        while True:
            self._woken.clear()
            count = 0
            try:
                count = await self.step()
            except Unavailable as outage:
                log.warning("live screens: waiting for the database: %s", outage)
            if count < BATCH_EVENTS_MAX:
                await asyncio.sleep(PAUSE_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._woken.wait()

    async def step(self) -> int:
        """Read what is new once, hand it over, and say how many events were read.

        The first step, and each one while nobody listens, only moves on to now.
        """
        if self._cursor is None or not self._listeners:
            self._cursor = Position(await self._db.value(_NOW), 0)
            return 0
        wanted = list(self._listeners) if len(self._listeners) <= FILTER_PARTIES_MAX else None
        rows = await self._db.all(_READ, *self._cursor, BATCH_EVENTS_MAX, wanted)
        events = [announced(row) for row in rows if row["id"] is not None]
        for event in events:
            self._hand_over(event)
        if len(events) < BATCH_EVENTS_MAX:
            # nothing else can appear before the oldest transaction that was still open
            self._cursor = max(self._cursor, Position(rows[0]["finished"], BEGINNING.place))
        else:
            self._cursor = events[-1].position
        return len(events)

    def _hand_over(self, event: Announced) -> None:
        listeners: set[Subscription] = set()
        for party in event.parties:
            listeners.update(self._listeners.get(party, ()))
        for listener in listeners:
            listener.offer(event)
