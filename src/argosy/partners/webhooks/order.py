"""Whose turn it is: of all deliveries that wait for one endpoint and subject, only the first is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from argosy.base.store import Connection

Line = tuple[UUID, UUID, UUID]
"""Party, endpoint, subject."""


async def lock(conn: Connection, lines: Sequence[Line]) -> None:
    """Wait until nobody else ends or adds deliveries in these lines, until the transaction ends."""
    await conn.fetch(
        """
        SELECT FROM webhooks.deliveries d
          JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (party_id, endpoint_id, subject)
            USING (party_id, endpoint_id, subject)
         WHERE d.state = 'waiting' ORDER BY d.party_id, d.id FOR UPDATE OF d
        """,
        *_columns(lines),
    )


async def arrange(conn: Connection, lines: Sequence[Line], now: datetime) -> None:
    """Give the first that waits in each line its time, and take it from those behind.

    Whoever adds to a line or ends one in it calls this afterwards, in the same transaction: the locks
    on the waiting ones make two that do so take turns.
    """
    await lock(conn, lines)
    # a statement of its own: it must see what the last holder of the locks committed
    await conn.execute(
        """
        WITH waiting AS (
            SELECT d.party_id, d.id, d.next_at,
                   d.turn = min(d.turn) OVER (PARTITION BY d.party_id, d.endpoint_id, d.subject)
                       AS is_first
              FROM webhooks.deliveries d
              JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (party_id, endpoint_id, subject)
                USING (party_id, endpoint_id, subject)
             WHERE d.state = 'waiting'
        )
        UPDATE webhooks.deliveries d
           SET next_at = CASE WHEN w.is_first THEN $4::timestamptz END
          FROM waiting w
         WHERE (d.party_id, d.id) = (w.party_id, w.id)
           AND w.is_first IS DISTINCT FROM (w.next_at IS NOT NULL)
        """,
        *_columns(lines),
        now,
    )


def _columns(lines: Sequence[Line]) -> list[list[UUID]]:
    return [list(column) for column in zip(*sorted(set(lines)), strict=True)]
