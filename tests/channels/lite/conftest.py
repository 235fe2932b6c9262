"""A house that answers on paper, and one that is served to a browser."""

from __future__ import annotations

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from tests.channels.lite.visitors import House


@pytest.fixture
async def house(db: Database, clock: SetClock, ids: Ids) -> House:
    """Asha has 10,000.00, Ravi 500.00, Sunil (small wallet) 200.00; the tea stall has nothing."""
    return await House.opened(db, clock, ids)
