from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy.app import Wallet, build, set_up
from argosy.base.clock import SetClock
from argosy.base.store import Database
from argosy.settings import Settings
from tests.staffed import Street, street


@pytest.fixture
async def town(db: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Street]:
    made = await street(db, clock, tmp_path)
    yield made
    await made.wallet.commit.close()
    await made.wallet.brain.close()


@pytest.fixture
async def house(db: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Wallet]:
    """One process: a wallet without people."""
    wallet = await process(db, clock, tmp_path)
    yield wallet
    await wallet.commit.close()


async def process(db: Database, clock: SetClock, folder: Path) -> Wallet:
    """A further process over the same database."""
    settings = Settings(data=folder, key=b"a key for tests of the console!!", demo=True)
    wallet = await build(settings, db, clock=clock)
    await set_up(wallet)
    return wallet
