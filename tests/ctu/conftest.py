from __future__ import annotations

import pytest

from argosy.ctu.brain import Brain
from tests.ctu.gatekeeper import Gatekeeper


@pytest.fixture
async def brain(db, clock, ids) -> Brain:
    made = Brain(db, clock, ids)
    await made.start()
    return made


@pytest.fixture
def gate(db, brain, clock, ids) -> Gatekeeper:
    return Gatekeeper(db, brain, clock, ids)
