from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy.app import money_desk
from argosy.base.clock import SetClock
from argosy.base.store import Database
from argosy.management.money.desk import MoneyDesk
from tests.staffed import Street, street


@pytest.fixture
async def town(db: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Street]:
    made = await street(db, clock, tmp_path)
    yield made
    await made.wallet.commit.close()
    await made.wallet.brain.close()


@pytest.fixture
def desk(town: Street) -> MoneyDesk:
    return money_desk(town.wallet)
