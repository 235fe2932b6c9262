"""Graph facts written: by the learning job for everybody, by a new label for those near it.

What is written is in force `LEAD_MS` later, and never changed: training reads what was in force at an
event's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from argosy.base.clock import Clock
from argosy.base.store import Connection, Database
from argosy.ctu.facts.graph.columns import DIMENSIONS, HOPS_MAX, LAYOUT, STORED
from argosy.ctu.facts.graph.reading import LEAD_MS

if TYPE_CHECKING:
    from argosy.ctu.facts.graph.building import Graph

REACHED_MAX: Final = 20_000
"""So many accounts around newly confirmed ones are told at once; the next refresh tells the rest."""

KEYS_MAX: Final = 5_000
"""A refresh of more accounts than these is told as one of all."""

_DISTANCE = STORED.index("bad_distance")
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ctu graph', 0))"
_LATEST = """
    SELECT DISTINCT ON (key) key, facts FROM ctu.graph_facts WHERE layout = $1
     ORDER BY key, since_ms DESC
"""
_LATEST_OF = """
    SELECT DISTINCT ON (key) key, facts FROM ctu.graph_facts WHERE layout = $1 AND key = ANY ($2)
     ORDER BY key, since_ms DESC
"""
_LATEST_PLACES = (
    "SELECT DISTINCT ON (key) key, place FROM ctu.embeddings ORDER BY key, since_ms DESC"
)
_PUT = """
    INSERT INTO ctu.graph_facts (key, since_ms, layout, facts) VALUES ($1, $2, $3, $4)
    ON CONFLICT (key, since_ms) DO UPDATE SET layout = excluded.layout, facts = excluded.facts
"""
_PUT_PLACE = """
    INSERT INTO ctu.embeddings (key, since_ms, place) VALUES ($1, $2, $3)
    ON CONFLICT (key, since_ms) DO UPDATE SET place = excluded.place
"""
_TOLD = """
    INSERT INTO ctu.graph_refreshes (number, since_ms, made_at, kind, keys, rows)
    SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5 FROM ctu.graph_refreshes
"""
_AFTER = "SELECT coalesce(max(since_ms), 0) FROM ctu.graph_refreshes"
_NEAR = "SELECT key, near FROM ctu.graph_edges WHERE key = ANY ($1)"
_FORGET = """
    DELETE FROM ctu.{table} t WHERE since_ms < $1
       AND EXISTS (SELECT FROM ctu.{table} n
                    WHERE n.key = t.key AND n.since_ms > t.since_ms AND n.since_ms <= $1)
"""

Row = np.ndarray[Any, np.dtype[np.float64]]


class Refreshing:
    """Writes graph facts. `full` is the learning job's; `confirmed` is for whoever learns of a label."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def full(self, graph: Graph) -> int:
        """Write what `graph` says of each account, where it says something new; how many accounts.

        Embeddings are turned to fit the last ones and written whole, so that all are of one refresh.
        """
        from argosy.ctu.facts.graph.embedding import embed

        old = {row["key"]: row["facts"] for row in await self._db.all(_LATEST, LAYOUT)}
        rows = {
            key: values
            for key, values in zip(graph.accounts, graph.values, strict=True)
            if key not in old or not _same(old[key], values)
        }
        told = await self._db.all(_LATEST_PLACES)
        before = {row["key"]: np.array(row["place"], dtype=np.float64) for row in told}
        before = {key: place for key, place in before.items() if place.shape == (DIMENSIONS,)}
        places = embed(graph.accounts, graph.transfers, before)
        near = graph.near()
        async with self._db.work() as conn:
            since_ms = await self._since(conn)
            await self._put(conn, since_ms, rows)
            await conn.executemany(
                _PUT_PLACE,
                [
                    (key, since_ms, place.tolist())
                    for key, place in zip(graph.accounts, places, strict=True)
                    if np.isfinite(place).all()
                ],
            )
            await conn.execute("DELETE FROM ctu.graph_edges")
            await conn.copy_records_to_table(
                "graph_edges",
                schema_name="ctu",
                columns=["key", "near"],
                records=list(near.items()),
            )
            await self._tell(conn, since_ms, "refresh", None, len(rows))
        return len(rows)

    async def confirmed(self, accounts: Iterable[str]) -> int:
        """These accounts were found bad: tell everybody within `HOPS_MAX` steps; how many."""
        hops = await self._around(list(dict.fromkeys(accounts)))
        async with self._db.work() as conn:
            since_ms = await self._since(conn)
            known = {
                row["key"]: np.array(row["facts"], dtype=np.float64)
                for row in await conn.fetch(_LATEST_OF, LAYOUT, list(hops))
            }
            rows = {}
            for key, distance in hops.items():
                values = known.get(key, np.full(len(STORED), np.nan))
                if not values[_DISTANCE] <= distance:  # farther so far, or not known
                    values[_DISTANCE] = distance
                    rows[key] = values
            await self._put(conn, since_ms, rows)
            if rows:
                await self._tell(conn, since_ms, "confirmed", list(rows), len(rows))
        return len(rows)

    async def _around(self, bad: Sequence[str]) -> dict[str, int]:
        hops = dict.fromkeys(bad, 0)
        edge = list(bad)
        for distance in range(1, HOPS_MAX + 1):
            found: list[str] = []
            for row in await self._db.all(_NEAR, edge):
                for key in row["near"]:
                    if key not in hops and len(hops) < REACHED_MAX:
                        hops[key] = distance
                        found.append(key)
            edge = found
            if not edge:
                break
        return hops

    async def _since(self, conn: Connection) -> int:
        """From when on what is written now is in force: later than anything before."""
        await conn.execute(_LOCK)
        now_ms = int(self._clock.now().timestamp() * 1_000)
        return max(now_ms + LEAD_MS, int(await conn.fetchval(_AFTER)) + 1)

    async def _put(self, conn: Connection, since_ms: int, rows: Mapping[str, Row]) -> None:
        await conn.executemany(
            _PUT, [(key, since_ms, LAYOUT, values.tolist()) for key, values in rows.items()]
        )

    async def _tell(
        self, conn: Connection, since_ms: int, kind: str, keys: list[str] | None, rows: int
    ) -> None:
        keys = None if keys is None or len(keys) > KEYS_MAX else keys
        made_at = datetime.fromtimestamp(self._clock.now().timestamp(), UTC)
        await conn.execute(_TOLD, since_ms, made_at, kind, keys, rows)


async def forget(db: Database, before_ms: int) -> None:
    """Drop values that were no longer in force at `before_ms`: nobody trains on so old events."""
    for table in ("graph_facts", "embeddings"):
        await db.run(_FORGET.format(table=table), before_ms)


def _same(old: Sequence[float], new: Row) -> bool:
    return np.array_equal(np.array(old, dtype=np.float64), new, equal_nan=True)
