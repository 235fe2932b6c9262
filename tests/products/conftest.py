"""A town with a few people in it."""

from __future__ import annotations

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import PartyKind
from argosy.base.store import Database
from tests.products.town import Town


@pytest.fixture
async def town(db: Database, clock: SetClock, ids: Ids) -> Town:
    """Anita and Ravi with full wallets, Sunil with a small one, a tea stall and a cinema."""
    town = await Town.founded(db, clock, ids)
    await town.join("anita", "+919800000001", "1000.00")
    await town.join("ravi", "+919800000002", "50.00")
    await town.join("sunil", "+919800000003", "20.00", "small")
    await town.join("tea", "+919800000004", "0", "merchant", PartyKind.MERCHANT)
    await town.join("cinema", "+919800000005", "0", "merchant", PartyKind.MERCHANT, "cinema")
    return town
