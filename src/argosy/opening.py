"""How a command comes to the wallet: its database, started or given; its keys; the wallet wired over it."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from argosy.app import Wallet, build
from argosy.base.parties import ring
from argosy.base.store import Database, StoreError, nodes
from argosy.base.store.durability import durable
from argosy.base.store.migrations import Migration, pending
from argosy.base.store.postgres import Postgres
from argosy.settings import Settings

POOL_CONNECTIONS = 12

T = TypeVar("T")

Demo = Annotated[bool, typer.Option("--demo", help="Work on the demo town; needs no key.")]


def say(*lines: str) -> None:
    """Tell the person at the terminal, at once even where the output goes to a file."""
    for line in lines:
        print(line, flush=True)


def stop(*lines: str) -> None:
    """End the command, and say why."""
    print("\n  ".join(lines), file=sys.stderr)
    raise SystemExit(2)


@asynccontextmanager
async def address(settings: Settings) -> AsyncIterator[str]:
    """The address of the database: the given one, or the embedded one, started if it is not up."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    server = Postgres(settings.postgres_folder)
    server.start(join=True)
    try:
        yield server.url()
    finally:
        server.stop()


@asynccontextmanager
async def wired(
    settings: Settings,
    url: str,
    first_lane: int = 0,
    *,
    takes_money: bool = False,
    brain_at: Path | None = None,
    migrated: Callable[[list[Migration]], None] | None = None,
) -> AsyncIterator[Wallet]:
    """The wallet over the database at `url`, and its connections, until the block ends.

    `migrated` brings the schema up to date first and is told of it; without it a schema that is behind is
    refused. `takes_money` refuses a database that may lose what it commits, but for a demo's. `brain_at`
    is as in `build`. Raises `StoreError` for each of these, and where the database belongs to another key.
    """
    database = await Database.open(url, POOL_CONNECTIONS)
    try:
        if takes_money and not settings.demo:
            await durable(database)
        if migrated is not None:
            migrated(await nodes.migrate(database, settings.markets))
        elif waiting := await pending(database, settings.markets):
            raise StoreError(
                f"The database lacks {len(waiting)} migrations: run `argosy db migrate`."
            )
        claimed = await ring.claim(database, settings.ring, demo=settings.demo)
        yield await build(
            settings, database, first_lane=first_lane, ring=claimed, brain_at=brain_at
        )
    finally:
        await database.close()


def with_wallet(
    settings: Settings,
    work: Callable[[Wallet], Coroutine[Any, Any, T]],
    *,
    takes_money: bool = False,
) -> T:
    """Do `work` over the wired wallet, beside a running server or without one."""
    logging.basicConfig(level="WARNING")

    async def inside() -> T:
        async with (
            address(settings) as url,
            wired(settings, url, takes_money=takes_money) as wallet,
        ):
            return await work(wallet)

    return uvloop.run(inside())
