"""A relay carries the event log to one durable consumer: at least once, in order, never skipping.

A batch is read, handled and ticked off in one transaction under an advisory lock, so that of all
processes one at a time works for a consumer, and a kill in mid-batch undoes the tick with the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from argosy.base.outbox.events import (
    BEGINNING,
    COLUMNS,
    FINISHED,
    Announced,
    Position,
    announced,
    misplaced,
)
from argosy.base.refusals import Unavailable, must
from argosy.base.store import Connection, Database

BATCH_EVENTS_MAX = 500
POLL_SECONDS = 0.25
PAUSE_SECONDS = 0.03
RETRY_SECONDS_FIRST = 0.25
RETRY_SECONDS_MAX = 60.0

Handler = Callable[[Sequence[Announced], Connection], Awaitable[None]]

log = logging.getLogger(__name__)


class Relay:
    """Runs `handler(events, conn)` for every event after `consumer`'s cursor, batch by batch.

    What the handler writes through `conn` shares the transaction that ticks the batch off, so it
    happens exactly once; what it does elsewhere happens at least once. The handler must be quick and
    call nobody outside: a transaction that has written holds back every reader of the log.

    A handler that raises gets the same batch again after a wait that doubles up to
    `RETRY_SECONDS_MAX`, each time with an error in the log and in `lag`; nothing is skipped. A new
    consumer begins with the oldest event there is, or with `from_now` at the end.
    """

    def __init__(
        self,
        db: Database,
        consumer: str,
        handler: Handler,
        *,
        batch_events_max: int = BATCH_EVENTS_MAX,
        poll_seconds: float = POLL_SECONDS,
        from_now: bool = False,
    ) -> None:
        must(bool(consumer) and batch_events_max > 0, "a relay needs a name and a batch size")
        self.consumer = consumer
        self._db = db
        self._handler = handler
        self._batch_events_max = batch_events_max
        self._poll_seconds = poll_seconds
        self._from_now = from_now
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be something new: look at once. Cheap, and lost without harm."""
        self._woken.set()

    async def run(self) -> None:
        """Carry events until cancelled. Survives outages; raises `Bug` on a log it cannot read."""
        raise NotImplementedError

    async def step(self) -> int:
        """Handle one batch now, if it is our turn; how many events it had. Handler errors raise."""
        raise NotImplementedError
