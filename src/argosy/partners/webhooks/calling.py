"""Making the deliveries that are due, many at once and fairly, so that one slow receiver holds up
nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.refusals import Unavailable
from argosy.base.store import Database, Record
from argosy.partners.webhooks.endpoints import Endpoints
from argosy.partners.webhooks.facts import Terms
from argosy.partners.webhooks.order import arrange, lock
from argosy.partners.webhooks.sending import Outgoing, Sender, Told

LOOK_AGAIN_SECONDS = 0.25

_log = logging.getLogger(__name__)

_CLAIM = """
    WITH due AS (
        SELECT d.party_id, d.id, e.url, e.secret, e.old_secret, e.old_until
          FROM webhooks.endpoints e, LATERAL (
            SELECT party_id, id, next_at FROM webhooks.deliveries
             WHERE party_id = e.party_id AND endpoint_id = e.id AND state = 'waiting'
               AND next_at <= $1
             ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
          ) d
         WHERE e.state = 'active' AND e.id <> ALL ($3::uuid[])
         ORDER BY d.next_at LIMIT $4
    )
    UPDATE webhooks.deliveries d
       SET next_at = $5, tries = d.tries + 1, calls = d.calls + 1
      FROM due WHERE (d.party_id, d.id) = (due.party_id, due.id)
    RETURNING d.party_id, d.id, d.endpoint_id, d.event_id, d.subject, d.body, d.tries, d.calls,
              due.url, due.secret, due.old_secret, due.old_until
"""


class Caller:
    """Claims what is due, calls, and writes down how it went.

    A claim is a lease: who dies in the middle of a call leaves it to be made again by whoever comes
    after the lease. Two processes never hold the same one.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        endpoints: Endpoints,
        sender: Sender,
        terms: Terms,
        jitter: Callable[[], float],
    ) -> None:
        self._db = db
        self._clock = clock
        self._endpoints = endpoints
        self._sender = sender
        self._terms = terms
        self._jitter = jitter
        self._running: dict[asyncio.Task[None], UUID] = {}

    async def sweep(self, _now: datetime, limit: int) -> int:
        """Call until nothing is due any more and every call is over, or `limit` calls were begun: the
        ones under way then go on meanwhile. How many were begun."""
        made, running = 0, self._running
        try:
            while made < limit:
                free = min(self._terms.calls_at_once - len(running), limit - made)
                rows = await self._claim(free, Counter(running.values())) if free > 0 else []
                for row in rows:
                    running[asyncio.create_task(self._deliver(row))] = row["endpoint_id"]
                made += len(rows)
                if not running:
                    return made
                done, _ = await asyncio.wait(
                    running, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    running.pop(task, None)
                    if not task.cancelled():
                        task.result()
        except BaseException:
            await self.stop()
            raise
        return made

    async def stop(self) -> None:
        """Break off the calls under way; their leases bring them back."""
        running, self._running = list(self._running), {}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _claim(self, most: int, busy: Counter[UUID]) -> list[Record]:
        each = self._terms.calls_at_once_each
        now = self._clock.now()
        return await self._db.all(
            _CLAIM,
            now,
            each,
            [endpoint for endpoint, count in busy.items() if count >= each],
            most,
            now + self._terms.lease,
        )

    async def _deliver(self, row: Record) -> None:
        at = self._clock.now()
        secrets = self._endpoints.secrets(row, at)
        outgoing = Outgoing(str(row["event_id"]), row["url"], row["body"], secrets)
        told = await self._sender.send(outgoing, at)
        try:
            await self._note(row, told)
        except Unavailable as outage:
            _log.warning("delivery %s: left to its lease: %s", row["id"], outage)

    async def _note(self, row: Record, told: Told) -> None:
        now = self._clock.now()
        party, endpoint = row["party_id"], row["endpoint_id"]
        line = (party, endpoint, row["subject"])
        state, next_at = self._next(row["tries"], told, now)
        async with self._db.work() as conn:
            await lock(conn, [line])
            ours = await conn.fetchval(
                """
                UPDATE webhooks.deliveries
                   SET state = $4, next_at = $5, status = $6, problem = $7, answer = $8,
                       ended_at = CASE WHEN $4 <> 'waiting' THEN $9::timestamptz END
                 WHERE party_id = $1 AND id = $2 AND calls = $3 AND state = 'waiting'
                RETURNING true
                """,
                party,
                row["id"],
                row["calls"],
                state,
                next_at,
                told.status,
                told.problem,
                told.answer,
                now,
            )
            if not ours:  # the lease ran out, and somebody else is at it
                return
            await arrange(conn, [line], now)
            if told.problem is None:
                await self._endpoints.noted_success(conn, party, endpoint)
            elif told.gone:
                await self._endpoints.noted_gone(conn, party, endpoint)
            else:
                await self._endpoints.noted_failure(conn, party, endpoint)

    def _next(self, tries: int, told: Told, now: datetime) -> tuple[str, datetime | None]:
        """State and next time after a call."""
        if told.problem is None:
            return "delivered", None
        if tries > len(self._terms.waits):
            return "dead", None
        wait: timedelta = self._terms.waits[tries - 1]
        wait += wait * (self._terms.jitter_part * self._jitter())
        return "waiting", now + max(wait, told.again_after or wait)
