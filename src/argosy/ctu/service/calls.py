"""Senders are called when a case about one of their events is decided: at least once, signed, in time
with ever longer pauses, until they answer with success."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import httpx
import msgspec
from standardwebhooks.webhooks import Webhook

from argosy.base.clock import Clock
from argosy.base.outbox import Announced, Relay
from argosy.base.refusals import Unavailable
from argosy.base.store import Connection, Database, Record
from argosy.ctu.cases import DECIDED
from argosy.ctu.service.facts import Bounds
from argosy.ctu.service.keys import RiskKeys

CONSUMER = "ctu.service.calls"
AT_ONCE = 16
POLL_SECONDS = 0.5
SAID_CHARS_MAX = 200

_NOTE = """
    INSERT INTO ctu.service_calls (key_id, id, body, next_at)
    SELECT k.id, $1, $2, $3 FROM ctu.service_keys k
     WHERE k.webhook IS NOT NULL AND k.revoked_at IS NULL
       AND k.sender = (SELECT sender FROM ctu.service_events WHERE id = $4
                        ORDER BY attempt DESC LIMIT 1)
    ON CONFLICT DO NOTHING
"""
_CLAIM = """
    UPDATE ctu.service_calls c SET tries = c.tries + 1, next_at = $3
      FROM (SELECT key_id, id FROM ctu.service_calls
             WHERE state = 'waiting' AND next_at <= $1
             ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
      JOIN ctu.service_keys k ON k.id = due.key_id
     WHERE (c.key_id, c.id) = (due.key_id, due.id)
    RETURNING c.key_id, c.id, c.body, c.tries, k.webhook, k.secret
"""
_DONE = """
    UPDATE ctu.service_calls SET state = $3, said = $4, next_at = $5
     WHERE (key_id, id) = ($1, $2)
"""

log = logging.getLogger(__name__)


class Calls:
    """Notes who is to be told of a decision, and tells them."""

    def __init__(self, db: Database, clock: Clock, keys: RiskKeys, bounds: Bounds) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._bounds = bounds
        self.relay = Relay(db, CONSUMER, self._note, only=f"e.kind = '{DECIDED}'")

    async def run(self) -> None:
        """Call until cancelled."""
        while True:
            made = 0
            try:
                made = await self.call_due()
            except Unavailable as outage:
                log.warning("calls wait for the database: %s", outage)
            if made < AT_ONCE:
                await asyncio.sleep(POLL_SECONDS)

    async def call_due(self) -> int:
        """Make the calls that are due, some at once; how many there were."""
        now = self._clock.now()
        lease = now + 2 * self._bounds.call_wait_first
        rows = await self._db.all(_CLAIM, now, AT_ONCE, lease)
        if rows:
            # The operator names the addresses at the terminal, so inner ones are called as well.
            async with httpx.AsyncClient(
                timeout=self._bounds.call_seconds_max, follow_redirects=False, trust_env=False
            ) as client:
                await asyncio.gather(*(self._call(client, row) for row in rows))
        return len(rows)

    # within

    async def _note(self, events: Sequence[Announced], conn: Connection) -> None:
        for event in events:
            body = {
                "type": "case.decided",
                "timestamp": event.at.astimezone(UTC).isoformat(timespec="milliseconds"),
                "data": event.body,
            }
            await conn.execute(_NOTE, event.id, body, event.at, UUID(event.body["event"]))

    async def _call(self, client: httpx.AsyncClient, row: Record) -> None:
        said, is_done = await self._try(client, row)
        now = self._clock.now()
        state = "done" if is_done else "waiting"
        wait = min(
            self._bounds.call_wait_first * 2 ** min(row["tries"], 20), self._bounds.call_wait_max
        )
        if not is_done and row["tries"] >= self._bounds.call_tries_max:
            state = "given_up"
            log.error("the sender's address %s was called in vain: %s", row["webhook"], said)
        await self._db.run(
            _DONE, row["key_id"], row["id"], state, said[:SAID_CHARS_MAX], now + wait
        )

    async def _try(self, client: httpx.AsyncClient, row: Record) -> tuple[str, bool]:
        body = msgspec.json.encode(row["body"]).decode()
        headers = self._signed(row, body, self._clock.now())
        try:
            answer = await client.post(row["webhook"], content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"{type(error).__name__}: {error}", False
        return f"status {answer.status_code}", answer.is_success

    def _signed(self, row: Record, body: str, at: datetime) -> dict[str, str]:
        secret = self._keys.secret(row["key_id"], row["secret"])
        id_ = f"msg_{row['id'].hex}"
        return {
            "content-type": "application/json",
            "user-agent": "Argosy",
            "webhook-id": id_,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(id_, at, body),
        }
