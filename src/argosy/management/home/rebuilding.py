"""Making the totals anew while payments go on.

One snapshot is read. Orders and journal in it hold more than the log up to the cursor does: what
committed while older transactions were still open. That stretch of the log is in the snapshot too, so
what it will add once the relay comes to it is taken back first, and nothing is counted twice or lost.
"""

from __future__ import annotations

from typing import Final, Protocol

from argosy.base.outbox import OBSERVED, Position
from argosy.base.refusals import must
from argosy.base.store import Connection, Database
from argosy.ctu.history import CONSUMER as HISTORY

TABLES: Final = ("home_minutes", "home_days", "home_reasons", "home_merchants", "home_open")

_LOCK = "SELECT pg_advisory_lock(hashtextextended('outbox ' || $1, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('outbox ' || $1, 0))"
_PLACES = f"""
    SELECT ((pg_snapshot_xmin(pg_current_snapshot()))::text::bigint - 1)::text::xid8 AS xact,
           {2**63 - 1} AS place,
           coalesce((SELECT c.xact FROM outbox.cursors c WHERE c.consumer = $1), '0'::xid8)
               AS history_xact,
           coalesce((SELECT c.place FROM outbox.cursors c WHERE c.consumer = $1), 0)
               AS history_place
"""
_LAST = "SELECT xact, place FROM outbox.events ORDER BY xact DESC, place DESC LIMIT 1"
_TOLD = f"""
    CREATE TEMPORARY TABLE home_told ON COMMIT DROP AS
    SELECT id, (attributes ->> 'order')::uuid AS order_id, kind, channel, log_no AS no, outcome
      FROM ctu.events WHERE amount > 0 AND outcome IN ('posted', 'held')
    UNION ALL
    SELECT (b #>> '{{event,id}}')::uuid, (b #>> '{{event,attributes,order}}')::uuid,
           b #>> '{{event,kind}}', coalesce(b #>> '{{event,channel}}', ''), {2**62} + place,
           b ->> 'outcome'
      FROM (SELECT place, xact, body::jsonb AS b FROM outbox.events WHERE kind = '{OBSERVED}') e
     WHERE (b #>> '{{event,amount}}')::bigint > 0 AND b ->> 'outcome' IN ('posted', 'held')
       AND b ->> 'released' IS DISTINCT FROM 'true'
"""
_CHANNELS = """
    CREATE TEMPORARY TABLE home_channels ON COMMIT DROP AS
    SELECT DISTINCT ON (1) coalesce(order_id, id) AS order_id, channel
      FROM home_told WHERE kind <> 'refund' ORDER BY 1, no
"""
_REFUND_CHANNELS = """
    CREATE TEMPORARY TABLE home_refund_channels ON COMMIT DROP AS
    SELECT DISTINCT ON (id) id, order_id, channel
      FROM home_told WHERE kind = 'refund' ORDER BY id, no
"""
_OPEN = """
    INSERT INTO management.home_open (order_id, channel)
    SELECT o.id, c.channel FROM orders.orders o JOIN home_channels c ON c.order_id = o.id
     WHERE o.state IN ('held', 'review')
        OR o.id IN (SELECT subject FROM outbox.events WHERE (xact, place) > ($1, $2))
"""
_CURSOR = """
    INSERT INTO outbox.cursors (consumer, xact, place) VALUES ($1, $2, $3)
    ON CONFLICT (consumer) DO UPDATE SET xact = $2, place = $3, moved_at = clock_timestamp(),
        failures = 0, retry_at = NULL, last_error = NULL
"""


class Pouring(Protocol):
    """What fills the totals."""

    async def pour_books(self, conn: Connection) -> None: ...

    async def take_back(self, conn: Connection, after: Position, end: Position) -> None: ...

    async def pour_risk(
        self, conn: Connection, after: Position, end: Position, sign: int
    ) -> None: ...


async def rebuild(db: Database, consumer: str, totals: Pouring) -> None:
    """Empty the totals of `consumer`, make them anew by `totals` and put its cursor where they end."""
    async with db.connection() as conn:
        await conn.execute(_LOCK, consumer)  # before the snapshot: no relay of ours is at work
        try:
            async with conn.transaction(isolation="repeatable_read"):
                await _rebuilt(conn, consumer, totals)
        finally:
            await conn.execute(_UNLOCK, consumer)


async def _rebuilt(conn: Connection, consumer: str, totals: Pouring) -> None:
    found = await conn.fetchrow(_PLACES, HISTORY)
    must(found is not None, "a snapshot says where it stands")
    cursor = Position(found["xact"], found["place"])
    history = Position(found["history_xact"], found["history_place"])
    last = await conn.fetchrow(_LAST)
    end = max(cursor, Position(last["xact"], last["place"]) if last else cursor)
    for table in TABLES:
        await conn.execute(f"DELETE FROM management.{table}")
    await conn.execute("SET LOCAL statement_timeout = 0")
    for statement in (_TOLD, _CHANNELS, _REFUND_CHANNELS):
        await conn.execute(statement)
    await conn.execute("ANALYZE home_channels")
    await conn.execute(_OPEN, *cursor)
    await totals.pour_books(conn)
    if history < cursor:
        await totals.pour_risk(conn, history, cursor, 1)
    else:
        await totals.pour_risk(conn, cursor, history, -1)
    await totals.take_back(conn, cursor, end)
    await conn.execute(_CURSOR, consumer, *cursor)
