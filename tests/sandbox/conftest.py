"""The whole wallet, wired as at start, for a town to stand in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from argosy.app import Wallet, build, set_up
from argosy.base.store import Database
from argosy.settings import Settings

MORNING = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


class MorningClock:
    """Begins at ten o'clock of a Monday in Kolkata, and goes on as time does; `skip` leaves some of
    it out."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=time.monotonic() - self._begun)

    def skip(self, seconds: float) -> None:
        self._begun -= seconds


@pytest.fixture
async def house(db: Database, tmp_path: Path) -> AsyncIterator[Wallet]:
    """A wallet with nobody in it yet."""
    settings = Settings(data=tmp_path, key=b"a key for tests of the town here", demo=True)
    wallet = await build(settings, db, clock=MorningClock())
    await set_up(wallet)
    yield wallet
    await wallet.commit.close()
