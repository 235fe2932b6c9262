"""A demo town in every market that is found: people and shops with names, phones and papers of the place."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from argosy.app import build, set_up
from argosy.base.clock import SystemClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.markets import load
from argosy.sandbox.town import lay_out
from argosy.settings import Settings

CUSTOMERS = 8


@pytest.mark.parametrize("name", sorted(set(load()) - {"india"}))  # India's has tests of its own
async def test_a_town_is_laid_out(
    db: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    settings = Settings(data=Path("unused"), key=b"a" * 32, demo=True, market=name)
    wallet = await build(settings, db, clock=clock, ids=Ids(clock))
    await set_up(wallet)
    assert wallet.market.code == name
    with caplog.at_level(logging.WARNING, "argosy.sandbox"):
        town = await lay_out(wallet, wallet.market, customers=CUSTOMERS)
    unsettled = [r.message for r in caplog.records if "did not move in" in r.message]
    assert not unsettled
    market = wallet.market
    assert len(town.accounts()) == 6
    for resident in town.census.customers:
        party = await wallet.parties.get(resident.id)
        assert party is not None
        assert party.level == resident.level
        assert str(market.phone(resident.phone)).startswith(f"+{market.calling_code}")
