"""What the tests of public services stand on."""

from __future__ import annotations

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from tests.public_services.desk import Desk


@pytest.fixture
def desk(db: Database, clock: SetClock, ids: Ids) -> Desk:
    """Sign-in, messages and parties of India, wired as the program wires them."""
    return Desk.over(db, clock, ids)
