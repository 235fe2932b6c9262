"""A relay carries the event log to one durable consumer: at least once, in order, never skipping.

A batch is read, handled and ticked off in one transaction under an advisory lock, so that of all
processes one at a time works for a consumer, and a kill in mid-batch undoes the tick with the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from argosy.base.outbox.events import (
    COLUMNS,
    FINISHED,
    Announced,
    Position,
    announced,
    misplaced,
    rebase,
)
from argosy.base.refusals import Unavailable, must
from argosy.base.store import Connection, Database

BATCH_EVENTS_MAX = 500
POLL_SECONDS = 0.25
PAUSE_SECONDS = 0.1
RETRY_SECONDS_FIRST = 0.25
RETRY_SECONDS_MAX = 60.0
ERROR_CHARS_MAX = 500

Handler = Callable[[Sequence[Announced], Connection], Awaitable[None]]

_BEGIN = "INSERT INTO outbox.cursors (consumer) VALUES ($1) ON CONFLICT DO NOTHING"
_BEGIN_NOW = f"""
    INSERT INTO outbox.cursors (consumer, xact, place)
    VALUES ($1, (({FINISHED})::text::bigint - 1)::text::xid8, {2**63 - 1})
    ON CONFLICT DO NOTHING
"""
_ANYTHING_NEW = f"""
    SELECT EXISTS (
        SELECT FROM outbox.cursors c, LATERAL (
            SELECT FROM outbox.events e
             WHERE (e.xact, e.place) > (c.xact, c.place) AND e.xact < {FINISHED}
             ORDER BY e.xact, e.place LIMIT 1
        ) n
        WHERE c.consumer = $1 AND (c.retry_at IS NULL OR c.retry_at <= clock_timestamp())
    )
"""
_READ = f"""
    SELECT {COLUMNS} FROM outbox.events e
     WHERE (e.xact, e.place) > ($1, $2) AND e.xact < {FINISHED}
     ORDER BY e.xact, e.place LIMIT $3
"""
_END = f"""
    SELECT xact, place, count(*) OVER () AS passed FROM (
        SELECT xact, place FROM outbox.events e
         WHERE (e.xact, e.place) > ($1, $2) AND e.xact < {FINISHED}
         ORDER BY e.xact, e.place LIMIT $3
    ) page ORDER BY xact DESC, place DESC LIMIT 1
"""
_READ_ONLY = f"""
    SELECT {COLUMNS} FROM outbox.events e
     WHERE (e.xact, e.place) > ($1, $2) AND (e.xact, e.place) <= ($3, $4) AND
"""
_TICK_OFF = """
    UPDATE outbox.cursors
       SET xact = $2, place = $3, moved_at = clock_timestamp(),
           failures = 0, retry_at = NULL, last_error = NULL
     WHERE consumer = $1
"""
_FAILED = """
    UPDATE outbox.cursors
       SET failures = failures + 1, last_error = $2,
           retry_at = clock_timestamp()
                    + least($3 * 2 ^ least(failures, 30), $4) * interval '1 second'
     WHERE consumer = $1 RETURNING failures
"""

log = logging.getLogger(__name__)


class _Page(NamedTuple):
    events: list[Announced]
    passed: int
    end: Position


class Relay:
    """Runs `handler(events, conn)` for every event after `consumer`'s cursor, batch by batch.

    What the handler writes through `conn` shares the transaction that ticks the batch off, so it
    happens exactly once; what it does elsewhere happens at least once. The handler must be quick and
    call nobody outside: a transaction that has written holds back every reader of the log.

    A handler that raises gets the same batch again after a wait that doubles up to
    `RETRY_SECONDS_MAX`, each time with an error in the log and in `lag`; nothing is skipped. A new
    consumer begins with the oldest event there is, or with `from_now` at the end. Between batches that
    are not full it rests for `pause_seconds`, so that a busy log is read in fewer, larger batches.

    `only` is a condition in SQL on `outbox.events e`, a constant of the consumer's: what does not meet
    it is ticked off without leaving the database.
    """

    def __init__(
        self,
        db: Database,
        consumer: str,
        handler: Handler,
        *,
        batch_events_max: int = BATCH_EVENTS_MAX,
        poll_seconds: float = POLL_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        from_now: bool = False,
        only: str | None = None,
    ) -> None:
        must(bool(consumer) and batch_events_max > 0, "a relay needs a name and a batch size")
        self.consumer = consumer
        self._db = db
        self._handler = handler
        self._batch_events_max = batch_events_max
        self._poll_seconds = poll_seconds
        self._pause_seconds = pause_seconds
        self._from_now = from_now
        self._only = only
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be something new: look at once. Cheap, and lost without harm."""
        self._woken.set()

    async def run(self) -> None:
        """Carry events until cancelled. Survives outages, its own and the handler's."""
        prepared = False
        while True:
            self._woken.clear()
            handled = 0
            try:
                if not prepared:
                    await self.prepare()
                    prepared = True
                handled = await self.turn()
            except Unavailable as outage:
                log.warning("outbox %s: waiting for the database: %s", self.consumer, outage)
            if handled < self._batch_events_max:
                await asyncio.sleep(self._pause_seconds)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._woken.wait()

    async def prepare(self) -> None:
        """Make the consumer's cursor where it has none; `run` does this by itself."""
        if await misplaced(self._db):
            count = await rebase(self._db)
            log.error("outbox: the log was restored from another cluster; %s renumbered", count)
        await self._db.run(
            _BEGIN_NOW if self._from_now else _BEGIN,
            self.consumer,
        )

    async def step(self) -> int:
        """Handle one batch now, if it is our turn, and say how many events it had.

        What the handler raises is raised here, with everything undone. Needs `prepare` once.
        """
        async with self._db.work() as conn:
            ours = await conn.fetchval(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('outbox ' || $1, 0))",
                self.consumer,
            )
            if not ours:
                return 0
            # a statement of its own: it must see what the last holder of the lock committed
            cursor = await conn.fetchrow(
                "SELECT xact, place, retry_at > clock_timestamp() AS waiting"
                " FROM outbox.cursors WHERE consumer = $1",
                self.consumer,
            )
            if cursor is None or cursor["waiting"]:
                return 0
            page = await self._page(conn, Position(cursor["xact"], cursor["place"]))
            if page.passed == 0:
                return 0
            if page.events:
                await self._handler(page.events, conn)
            await conn.execute(_TICK_OFF, self.consumer, *page.end)
        return page.passed

    async def _page(self, conn: Connection, after: Position) -> _Page:
        """The next events, how many were passed with them, and up to where."""
        if self._only is None:
            rows = await conn.fetch(_READ, *after, self._batch_events_max)
            events = [announced(row) for row in rows]
            return _Page(events, len(events), events[-1].position if events else after)
        end = await conn.fetchrow(_END, *after, self._batch_events_max)
        if end is None:
            return _Page([], 0, after)
        rows = await conn.fetch(
            f"{_READ_ONLY} ({self._only}) ORDER BY e.xact, e.place",
            *after,
            end["xact"],
            end["place"],
        )
        events = [announced(row) for row in rows]
        return _Page(events, end["passed"], Position(end["xact"], end["place"]))

    async def turn(self) -> int:
        """As `step`, but cheap where nothing is new, and a failure is written down and not raised."""
        if not await self._db.value(_ANYTHING_NEW, self.consumer):
            return 0
        try:
            return await self.step()
        except Unavailable:
            raise
        except Exception as error:
            failures = await self._db.value(
                _FAILED,
                self.consumer,
                f"{type(error).__name__}: {error}"[:ERROR_CHARS_MAX],
                RETRY_SECONDS_FIRST,
                RETRY_SECONDS_MAX,
            )
            log.exception("outbox %s: failed %s times, tries again", self.consumer, failures)
            return 0


Fold = Callable[[Connection, Position, Position], Awaitable[None]]
"""Folds the events after the first position, up to and with the second, within the database."""


class Folding(Relay):
    """A relay whose events never leave the database: `fold(conn, after, end)` reads them there, by SQL,
    in the transaction that ticks them off. For totals of a busy log, at a fraction of the cost."""

    def __init__(
        self,
        db: Database,
        consumer: str,
        fold: Fold,
        *,
        batch_events_max: int = BATCH_EVENTS_MAX,
        poll_seconds: float = POLL_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        super().__init__(
            db,
            consumer,
            _nothing,
            batch_events_max=batch_events_max,
            poll_seconds=poll_seconds,
            pause_seconds=pause_seconds,
        )
        self._fold = fold

    async def _page(self, conn: Connection, after: Position) -> _Page:
        end = await conn.fetchrow(_END, *after, self._batch_events_max)
        if end is None:
            return _Page([], 0, after)
        last = Position(end["xact"], end["place"])
        await self._fold(conn, after, last)
        return _Page([], end["passed"], last)


async def _nothing(_events: Sequence[Announced], _conn: Connection) -> None:
    """The events were folded where they lie."""
