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

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded server keeps its files."""
        return self.folder / "postgres"


_ALONE = """
    SELECT to_regclass('ctu.service_keys') IS NOT NULL AND to_regclass('gate.usage') IS NULL
"""
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


@asynccontextmanager
async def opened_place(means: Means) -> AsyncIterator[Place]:
    """The brain's place: beside a running server, or with its database started for as long."""
    if means.database_url is not None:
        async with place_of(means, means.database_url) as place:
            yield place
        return
    server = Postgres(means.postgres_folder)
    server.start(join=True)
    try:
        async with place_of(means, server.url()) as place:
            yield place
    finally:
        server.stop()


async def stands_alone(means: Means, wallet_folder: Path) -> bool:
    """Whether there is a brain and no wallet: in the given database, or by the folders."""
    if means.database_url is None:
        return _is_database(means.postgres_folder) and not _is_database(wallet_folder)
    db = await Database.open(means.database_url, 1)
    try:
        return bool(await db.value(_ALONE))
    finally:
        await db.close()


def work_alone(demo: bool, doing: Callable[[Place], Coroutine[Any, Any, T]]) -> T:
    """Do it in the brain's own database, beside a running server or without one."""

    async def inside() -> T:
        async with opened_place(means_of(demo)) as place:
            return await doing(place)

    return uvloop.run(inside())


def _is_database(folder: Path) -> bool:
    return (folder / "PG_VERSION").exists()
