"""Fact sets as they are published: one is live, a new one is filled before it takes over."""

from __future__ import annotations

import logging
from typing import Final

from argosy.base.outbox import forget
from argosy.base.store import Database
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.filling import clear_rows, consumer_of, fill

STARTER: Final = "starter"
KEPT_SECONDS: Final = 600
"""A set that was replaced is kept so long, for processes that still read by it."""

_LIVE = "SELECT version, body, source FROM ctu.fact_sets WHERE replaced_at IS NULL"
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('ctu fact sets', 0))"
_REPLACE = """
    UPDATE ctu.fact_sets SET replaced_at = clock_timestamp()
     WHERE replaced_at IS NULL AND version <> $1
"""
_PUBLISH = """
    INSERT INTO ctu.fact_sets (version, body, source) VALUES ($1, $2, $3)
    ON CONFLICT (version) DO UPDATE
       SET replaced_at = NULL, body = excluded.body, source = excluded.source,
           published_at = clock_timestamp()
"""
_OLD = """
    SELECT version FROM ctu.fact_sets f
     WHERE replaced_at < clock_timestamp() - $1 * interval '1 second'
       AND EXISTS (SELECT FROM outbox.cursors WHERE consumer = 'ctu.facts ' || f.version)
"""

log = logging.getLogger(__name__)


async def live(db: Database) -> FactSet | None:
    """The set by which facts are read now; None where none was ever published."""
    row = await db.one(_LIVE)
    return None if row is None else FactSet.decode(row["body"])


async def live_version(db: Database) -> str | None:
    """The version of the live set."""
    row = await db.one(_LIVE)
    return None if row is None else str(row["version"])


async def prepare(db: Database, fact_set: FactSet, url: str | None) -> None:
    """Fill `fact_set` from history where its states live (`url`: in Redis), unless that was done."""
    if url is None:
        await fill(db, fact_set)
        return
    from argosy.ctu.facts.in_redis import RedisStates
    from argosy.ctu.facts.kernel import Kernel

    version = fact_set.version
    states = RedisStates(db, Kernel(fact_set), consumer_of(version), lambda _: None, url)
    try:
        await states.fill()
    finally:
        await states.close()


async def publish(db: Database, fact_set: FactSet, source: str, url: str | None = None) -> None:
    """Fill `fact_set` from history, then make it the live one. Processes follow by themselves.

    Again, or after another set, is the same. Raises `Unavailable`: then do it again.
    """
    await prepare(db, fact_set, url)
    async with db.work() as conn:
        await conn.execute(_TURN)
        await conn.execute(_REPLACE, fact_set.version)
        await conn.execute(_PUBLISH, fact_set.version, fact_set.encode(), source)
    log.info("facts %s are live: %s columns", fact_set.version, len(fact_set.columns))


async def ensure(db: Database, starter: FactSet, url: str | None = None) -> FactSet:
    """The live set, filled; where nobody has published one of their own, that is `starter`."""
    row = await db.one(_LIVE)
    if row is None or (row["source"] == STARTER and row["version"] != starter.version):
        await publish(db, starter, STARTER, url)
        return starter
    fact_set = FactSet.decode(row["body"])
    await prepare(db, fact_set, url)
    return fact_set


async def retire(db: Database) -> int:
    """Give up the states of sets that were replaced long enough ago; of how many."""
    rows = await db.all(_OLD, KEPT_SECONDS)
    for row in rows:
        await forget(db, consumer_of(row["version"]))
        await clear_rows(db, row["version"])
    return len(rows)
