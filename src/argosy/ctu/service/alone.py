"""The brain alone: a database of its own, and what is needed to open it.

The wiring says once where things lie (`given_by`); nothing of the wallet is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from argosy.base.clock import SystemClock
from argosy.base.ids import Ids
from argosy.base.refusals import must
from argosy.base.store import Database, installation
from argosy.base.store.durability import durable
from argosy.base.store.migrations import Migration, migrate
from argosy.base.store.postgres import Postgres
from argosy.ctu.terminal import Place

POOL_CONNECTIONS = 10
FOLDERS = ("base.store", "base.outbox")
"""What the brain needs of the base's schema, beside its own."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Means:
    """Where the brain alone lives: `database_url`, or an embedded server in `folder`."""

    folder: Path
    database_url: str | None
    subkey: Callable[[str], bytes] = field(repr=False)
    demo: bool
    host: str
    port: int
    public_url: str
    log: str
    offsets: Mapping[str, int] = field(default_factory=dict)
    policy: Path | None = None
    facts_url: str | None = None
    settings: Any = None


_given: list[Callable[[bool], Means]] = []


def given_by(means: Callable[[bool], Means]) -> None:
    """Called once by the wiring: how settings become means; its argument is `--demo`."""
    _given[:] = [means]


def means_of(demo: bool) -> Means:
    """The means as they are set."""
    must(bool(_given), "nobody has said where the brain lives")
    return _given[0](demo)


def is_needed(folder: str) -> bool:
    """Whether the migrations of a folder are the brain's."""
    return folder in FOLDERS or folder == "ctu" or folder.startswith("ctu.")


async def migrate_alone(db: Database) -> list[Migration]:
    """Bring a database of the brain's own up to date: no table of the wallet's is made."""
    return await migrate(db, only=is_needed)


@asynccontextmanager
async def place_of(means: Means, url: str) -> AsyncIterator[Place]:
    """The brain's place in the database at `url`, brought up to date, until the block ends."""
    db = await Database.open(url, POOL_CONNECTIONS)
    try:
        if not means.demo:
            await durable(db)
        await migrate_alone(db)
        await installation.claim(db, means.subkey("installation"), demo=means.demo)
        clock = SystemClock()
        yield Place(
            db=db,
            url=url,
            clock=clock,
            ids=Ids(clock),
            data=means.folder,
            subkey=means.subkey,
            policy=means.policy,
            offsets=means.offsets,
            facts_url=means.facts_url,
            demo=means.demo,
            settings=means.settings,
        )
    finally:
        await db.close()


def work_alone(demo: bool, doing: Callable[[Place], Coroutine[Any, Any, T]]) -> T:
    """Do it in the brain's own database, beside a running server or without one."""
    means = means_of(demo)

    async def inside() -> T:
        if means.database_url is not None:
            async with place_of(means, means.database_url) as place:
                return await doing(place)
        server = Postgres(means.folder / "postgres")
        server.start(join=True)
        try:
            async with place_of(means, server.url()) as place:
                return await doing(place)
        finally:
            server.stop()

    return uvloop.run(inside())
