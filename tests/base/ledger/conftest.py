"""A ledger on an empty database."""

from __future__ import annotations

import pytest

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.store import Database
from tests.base.ledger.tables import Trade


@pytest.fixture
def commit(db: Database, clock: SetClock) -> GroupCommit:
    return GroupCommit(db, clock)


@pytest.fixture
def ledger(db: Database, commit: GroupCommit, clock: SetClock, ids: Ids) -> Ledger:
    return Ledger(db, commit, clock, ids)


@pytest.fixture
def trade(ledger: Ledger, clock: SetClock) -> Trade:
    return Trade(ledger, clock)
