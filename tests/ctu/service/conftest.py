from __future__ import annotations

import pytest

from tests.ctu.service.desk import Hired


@pytest.fixture
def hired(db, clock, ids) -> Hired:
    return Hired(db, clock, ids)


@pytest.fixture
async def wallet(hired):
    async with await hired.wallet() as client:
        yield client
