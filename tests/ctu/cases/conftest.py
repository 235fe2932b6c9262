from __future__ import annotations

import pytest

from argosy.ctu.cases import Cases
from tests.ctu.cases.desk import Office, Reviews


@pytest.fixture
def reviews() -> Reviews:
    return Reviews()


@pytest.fixture
def cases(db, clock, ids, reviews) -> Cases:
    return Cases(db, clock, ids, reviews.release, reviews.give_back)


@pytest.fixture
def office(db, clock, ids, cases) -> Office:
    return Office(db, clock, ids, cases)
