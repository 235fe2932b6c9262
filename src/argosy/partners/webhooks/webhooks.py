"""The door of webhooks: endpoints for the merchant, a reader of the event log, and what the clock does."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.outbox.relay import Relay
from argosy.base.parties.keys import Keys
from argosy.base.products import Sweep
from argosy.base.store import Database
from argosy.partners.webhooks.calling import Caller
from argosy.partners.webhooks.deliveries import Deliveries
from argosy.partners.webhooks.endpoints import Endpoints
from argosy.partners.webhooks.facts import Terms
from argosy.partners.webhooks.noting import Noting
from argosy.partners.webhooks.sending import Sender

CONSUMER = "webhooks"
CONCERNS = "EXISTS (SELECT FROM webhooks.endpoints w WHERE w.party_id = ANY (e.parties))"
CALL_EVERY_SECONDS = 0.5
TIDY_EVERY_SECONDS = 300.0


class Webhooks:
    """Everything about webhooks, wired.

    `endpoints` and `deliveries` are what a merchant sees. Run `relay()` and every one of `sweeps()`,
    each sweep in a task of its own, in as many processes as there are: they share the work.
    `sender` calls out; its default looks up names and refuses private addresses unless the terms
    allow them. `jitter` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        terms: Terms | None = None,
        *,
        sender: Sender | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.terms = terms or Terms()
        self._db = db
        self.endpoints = Endpoints(db, ids, clock, keys, self.terms)
        self.deliveries = Deliveries(db, clock)
        self._noting = Noting()
        self._sender = sender or Sender(self.terms)
        self._caller = Caller(db, clock, self.endpoints, self._sender, self.terms, jitter)

    def relay(self) -> Relay:
        """The reader that notes for each event whom it must be told to, exactly once."""
        return Relay(self._db, CONSUMER, self._noting, only=CONCERNS)

    def sweeps(self) -> tuple[Sweep, ...]:
        """What the clock does: call, and throw away what is old."""
        return (
            Sweep("webhooks.call", CALL_EVERY_SECONDS, self.call),
            Sweep("webhooks.tidy", TIDY_EVERY_SECONDS, self.tidy),
        )

    async def call(self, now: datetime, limit: int) -> int:
        """Make the deliveries that are due, at most `limit`; how many calls were made."""
        return await self._caller.sweep(now, limit)

    async def tidy(self, now: datetime, limit: int) -> int:
        """Give up what has waited too long, and forget what ended long ago."""
        return await self.deliveries.tidy(now, limit, self.terms)

    async def close(self) -> None:
        """Break off calls and give up the connections to receivers."""
        await self._caller.stop()
        await self._sender.close()
