from __future__ import annotations

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from tests.partners.shop import Shop


@pytest.fixture
async def shop(db: Database, clock: SetClock, ids: Ids) -> Shop:
    """A tea house with an API key, and Asha with 5,000 rupees."""
    return await Shop.opened(db, clock, ids)
