"""What became of each telling: looked at, delivered again, tidied away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.partners.webhooks.facts import Delivery, DeliveryState, Terms, WebhookReason
from argosy.partners.webhooks.order import arrange, lock

PAGE_DELIVERIES_MAX = 100
TOO_LONG = "waited too long"
_COLUMNS = """id, endpoint_id, event_id, subject, kind, state, tries, next_at, status, problem, answer,
    created_at, ended_at"""


class Deliveries:
    """Reads deliveries, and makes them again on request."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def page(
        self,
        party: UUID,
        before: UUID | None = None,
        limit: int = PAGE_DELIVERIES_MAX,
        state: DeliveryState | None = None,
        endpoint: UUID | None = None,
    ) -> list[Delivery]:
        """Deliveries of a party, newest first, from before the id `before` on; of one state (the dead
        ones are the dead-letter list) or one endpoint, where that is given."""
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM webhooks.deliveries
             WHERE party_id = $1 AND ($2::uuid IS NULL OR id < $2)
               AND ($4::text IS NULL OR state = $4) AND ($5::uuid IS NULL OR endpoint_id = $5)
             ORDER BY id DESC LIMIT $3
            """,
            party,
            before,
            min(limit, PAGE_DELIVERIES_MAX),
            None if state is None else state.value,
            endpoint,
        )
        return [_delivery(row) for row in rows]

    async def get(self, party: UUID, delivery_id: UUID) -> Delivery | Refused:
        """One delivery."""
        row = await self._db.one(
            f"SELECT {_COLUMNS} FROM webhooks.deliveries WHERE party_id = $1 AND id = $2",
            party,
            delivery_id,
        )
        return Refused(WebhookReason.DELIVERY_NOT_FOUND) if row is None else _delivery(row)

    async def redeliver(self, party: UUID, delivery_id: UUID) -> Delivery | Refused:
        """Deliver again what was delivered or given up, with all its tries before it.

        What waits for the same payment behind it waits for it again. DELIVERY_WAITING where it is
        not over yet.
        """
        async with self._db.work() as conn:
            row = await conn.fetchrow(
                f"SELECT {_COLUMNS} FROM webhooks.deliveries WHERE party_id = $1 AND id = $2",
                party,
                delivery_id,
            )
            if row is None:
                return Refused(WebhookReason.DELIVERY_NOT_FOUND)
            line = (party, row["endpoint_id"], row["subject"])
            await lock(conn, [line])
            again = await conn.fetchval(
                """
                UPDATE webhooks.deliveries SET state = 'waiting', tries = 0, ended_at = NULL,
                    next_at = NULL, status = NULL, problem = NULL, answer = NULL, waiting_since = $3
                WHERE party_id = $1 AND id = $2 AND state <> 'waiting' RETURNING true
                """,
                party,
                delivery_id,
                self._clock.now(),
            )
            if not again:
                return Refused(WebhookReason.DELIVERY_WAITING)
            await arrange(conn, [line], self._clock.now())
            row = await conn.fetchrow(
                f"SELECT {_COLUMNS} FROM webhooks.deliveries WHERE party_id = $1 AND id = $2",
                party,
                delivery_id,
            )
        return _delivery(row)

    async def tidy(self, now: datetime, limit: int, terms: Terms) -> int:
        """Give up what has waited too long (its endpoint is paused), and delete what ended long ago.
        How many there were of both."""
        old = await self._db.all(
            """
            SELECT party_id, id, endpoint_id, subject FROM webhooks.deliveries
             WHERE state = 'waiting' AND waiting_since < $1 ORDER BY waiting_since LIMIT $2
            """,
            now - terms.waiting_max,
            limit,
        )
        lines = [(row["party_id"], row["endpoint_id"], row["subject"]) for row in old]
        if lines:
            async with self._db.work() as conn:
                await lock(conn, lines)
                await conn.execute(
                    """
                    UPDATE webhooks.deliveries d
                       SET state = 'dead', next_at = NULL, ended_at = $3, problem = $4
                      FROM unnest($1::uuid[], $2::uuid[]) AS old (party_id, id)
                     WHERE (d.party_id, d.id) = (old.party_id, old.id) AND d.state = 'waiting'
                    """,
                    [row["party_id"] for row in old],
                    [row["id"] for row in old],
                    now,
                    TOO_LONG,
                )
                await arrange(conn, lines, now)
        deleted = await self._db.run(
            """
            DELETE FROM webhooks.deliveries d
             USING (SELECT party_id, id FROM webhooks.deliveries WHERE ended_at < $1
                     ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED) old
             WHERE (d.party_id, d.id) = (old.party_id, old.id)
            """,
            now - terms.kept,
            limit,
        )
        return len(old) + int(deleted.split()[1])


def _delivery(row: Record) -> Delivery:
    return Delivery(
        row["id"],
        row["endpoint_id"],
        row["event_id"],
        row["subject"],
        row["kind"],
        DeliveryState(row["state"]),
        row["tries"],
        row["next_at"],
        row["status"],
        row["problem"],
        row["answer"],
        row["created_at"],
        row["ended_at"],
    )
