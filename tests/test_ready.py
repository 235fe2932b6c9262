"""Whether the program says that it takes money exactly when it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy.app import Wallet, build, not_ready
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.settings import Settings

SETTINGS = Settings(data=Path("unused"), key=b"a secret of the readiness tests!", demo=True)


async def wired(db: Database, clock: SetClock, ids: Ids) -> Wallet:
    wallet = await build(SETTINGS, db, clock=clock, ids=ids)
    await wallet.brain.start()
    return wallet


@pytest.fixture
async def standby(db: Database) -> AsyncIterator[Database]:
    """The same database as one that only lets itself be read, as a replica does."""
    joint = "&" if "?" in db.url else "?"
    database = await Database.open(f"{db.url}{joint}default_transaction_read_only=on", size=2)
    yield database
    await database.close()


async def test_a_database_that_is_only_read_takes_no_money(
    db: Database, standby: Database, clock: SetClock, ids: Ids
) -> None:
    wallet = await wired(db, clock, ids)
    assert await not_ready(wallet) is None
    read_only = await build(SETTINGS, standby, clock=clock, ids=ids)
    assert await not_ready(read_only) == "the database only lets itself be read"


async def test_twin_the_same_wallet_takes_money_where_it_can_write(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    assert await not_ready(await wired(db, clock, ids)) is None


async def test_a_brain_that_has_not_caught_up_takes_no_money(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    reason = await not_ready(await build(SETTINGS, db, clock=clock, ids=ids))
    assert reason == "the risk brain has not caught up with the event log"


async def test_an_empty_database_takes_no_money(
    bare_db: Database, clock: SetClock, ids: Ids
) -> None:
    reason = await not_ready(await build(SETTINGS, bare_db, clock=clock, ids=ids))
    assert reason == "the database is not migrated"


async def test_a_database_that_is_gone_takes_no_money(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    gone = await Database.open(db.url, size=1)
    wallet = await build(SETTINGS, gone, clock=clock, ids=ids)
    await gone.close()
    assert await not_ready(wallet) == "the database does not answer"
