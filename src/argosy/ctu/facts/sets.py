"""Fact sets as they are published: one is live, a new one is filled before it takes over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from argosy.base.outbox import forget
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.facts.declared import FACTS_MAX, Fact, FactSet, Problem, check, refused
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


async def publish(
    db: Database,
    fact_set: FactSet,
    source: str,
    url: str | None = None,
    own: Iterable[str] = (),
) -> None:
    """Fill `fact_set` from history, then make it the live one. Processes follow by themselves.

    `own` names the facts that are not the starter's: a new release brings its starter facts beside them.
    Again, or after another set, is the same. Raises `Unavailable`: then do it again.
    """
    await prepare(db, fact_set, url)
    body = {**fact_set.encode(), "own": sorted(own)}
    async with db.work() as conn:
        await conn.execute(_TURN)
        await conn.execute(_REPLACE, fact_set.version)
        await conn.execute(_PUBLISH, fact_set.version, body, source)
    log.info("facts %s are live: %s columns", fact_set.version, len(fact_set.columns))


async def ensure(db: Database, starter: FactSet, url: str | None = None) -> FactSet:
    """The live set, filled. Where nobody has published one, that is `starter`; where facts were added to
    an older starter, it is `starter` with these."""
    row = await db.one(_LIVE)
    wanted, source = starter, STARTER
    if row is not None and row["source"] != STARTER:
        wanted, source = FactSet.decode(row["body"]), row["source"]
        if own := set(row["body"].get("own", ())):
            wanted = merged(starter, [fact for fact in wanted.facts if fact.name in own])
    if row is None or row["version"] != wanted.version:
        own = {f.name for f in wanted.facts if starter.by_name.get(f.name) != f}
        await publish(db, wanted, source, url, own)
    else:
        await prepare(db, wanted, url)
    return wanted


def merged(fact_set: FactSet, facts: Sequence[Fact]) -> FactSet:
    """`fact_set` with `facts` added, each in place of the one that has its name."""
    by_name = {**fact_set.by_name, **{fact.name: fact for fact in facts}}
    return FactSet(by_name.values(), fact_set.offsets)


async def add_facts(
    db: Database, facts: Sequence[Fact], source: str, starter: FactSet, url: str | None = None
) -> FactSet | Refused:
    """Publish the live set with `facts` added or, by their names, changed; or FACTS_WRONG."""
    row = await db.one(_LIVE)
    live_set = starter if row is None else FactSet.decode(row["body"])
    problems = check(facts)
    if len({*live_set.columns, *(fact.name for fact in facts)}) > FACTS_MAX:
        problems = [*problems, Problem("", "", f"more than {FACTS_MAX} facts with those there are")]
    if problems:
        return refused(problems)
    wanted = merged(live_set, facts)
    own = {fact.name for fact in wanted.facts if starter.by_name.get(fact.name) != fact}
    await publish(db, wanted, source, url, own)
    return wanted


async def retire(db: Database) -> int:
    """Give up the states of sets that were replaced long enough ago; of how many."""
    rows = await db.all(_OLD, KEPT_SECONDS)
    for row in rows:
        await forget(db, consumer_of(row["version"]))
        await clear_rows(db, row["version"])
    return len(rows)
