from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from tests.management.customers.house import House


@pytest.fixture
async def house(db: Database, clock: SetClock, ids: Ids) -> AsyncIterator[House]:
    """The wired wallet, and the desks of customers over it."""
    made = await House.built(db, clock, ids)
    yield made
    await made.wallet.commit.close()
    await made.wallet.brain.close()
