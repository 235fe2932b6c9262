"""A house with a counter in it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.store import Database
from argosy.base.wallet.accounts import OPENING, system_account
from tests.channels.lite.visitors import PIN, House, Visitor


@dataclass
class Counter:
    """Station Road Recharge, with a float of 5,000.00, and its browser."""

    house: House
    agent: Party
    browser: Visitor


@pytest.fixture
async def counter(db: Database, clock: SetClock, ids: Ids) -> Counter:
    house = await House.opened(db, clock, ids)
    new = NewParty(
        ids.new(), PartyKind.AGENT, "india", "agent", "en", "Gita Rao", "+919811155555",
        city="Pune", business_name="Station Road Recharge",
    )  # fmt: skip
    async with db.work() as conn:
        party = await house.wallet.parties.open(new, conn)
        assert isinstance(party, Party), party
        assert await house.wallet.signin.set_pin(party.id, PIN, conn) is None
    house.people["agent"] = party
    await house.admit("agent")
    opening = system_account("india", OPENING, "INR")
    gift = Transfer(ids.new(), opening, party.account, 5_000_00, "INR", "opening")
    (said,) = await house.wallet.ledger.post([gift])
    assert isinstance(said, Posted), said
    return Counter(house, party, house.visitor("agent"))
