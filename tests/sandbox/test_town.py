"""The demo town is laid out once, by the same doors as everybody's, and found again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

from argosy.app import build
from argosy.base.ledger.verify import verify
from argosy.base.parties.facts import PartyKind
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.public_services.signin.facts import DeviceClaim, Purpose, SignedIn
from argosy.sandbox import town as laying
from argosy.sandbox.census import AGENTS, CUSTOMERS, LARGE, SHOPS, Census
from argosy.sandbox.hand import DEMO_PIN
from argosy.sandbox.history import History
from argosy.sandbox.town import lay_out

TABLES = (
    "parties.party", "parties.handle", "signin.pin", "signin.session", "signin.device",
    "identity.evidence", "ledger.accounts", "ledger.transfers", "orders.orders", "outbox.events",
    "gate.usage", "notify.message",
)  # fmt: skip


FEW = 24  # enough of everything that happens in a town


class PowerGone(Exception):
    """In the middle of something."""


async def rows(db: Database) -> dict[str, int]:
    return {table: await db.value(f"SELECT count(*) FROM {table}") for table in TABLES}


async def test_a_town_is_laid_out_and_its_books_are_sound(house, db):
    town = await lay_out(house, house.market)

    kinds = Counter(row["kind"] for row in await db.all("SELECT kind FROM parties.party"))
    assert kinds == {"customer": CUSTOMERS, "merchant": SHOPS, "agent": AGENTS}
    levels = Counter(
        row["level"]
        for row in await db.all("SELECT level FROM parties.party WHERE kind = $1", "customer")
    )
    assert levels == {"full": 100, "small": 20}
    large = await db.value("SELECT count(*) FROM parties.party WHERE merchant_class = $1", LARGE)
    assert large == 2

    done = await db.all("SELECT product, state, count(*) AS n FROM orders.orders GROUP BY 1, 2")
    stands = {(row["product"], row["state"]): row["n"] for row in done}
    assert stands["top_up", "paid"] == CUSTOMERS + SHOPS + AGENTS
    assert stands["request", "awaiting"] == 1
    assert {"paid", "partly_refunded", "refunded"} == {s for p, s in stands if p == "pay"}
    assert {"paid", "cancelled", "awaiting"} == {s for p, s in stands if p == "request"}
    assert stands["send", "paid"] > 20
    assert not {s for _, s in stands} & {"held", "review", "returned"}

    assert await db.value("SELECT sum(debits_posted - credits_posted) FROM ledger.accounts") == 0
    assert not (await verify(db)).findings
    assert str(town.accounts()[0]).startswith("98765 00001  PIN 481516  ")


async def test_what_visitors_are_told_is_so(house):
    town = await lay_out(house, house.market, customers=FEW)

    told = [account.about for account in town.accounts()]
    assert told[0].startswith("full wallet, ₹4,812.50;")
    assert told[1].startswith("full wallet, ₹2,800.00;")
    assert told[2].startswith("small wallet, ₹740.00;")
    assert told[3].startswith("small shop, number ")
    assert told[4].startswith("large shop, number ")
    assert told[5].startswith("agent, number ")
    for account in town.accounts():  # as the sign-in page does it
        sent = await house.signin.start("india", account.phone, Purpose.ENTER, None, "en")
        phone = house.market.phone(account.phone)
        letter = (await house.notify.inbox("india", phone))[0]
        confirmed = await house.signin.confirm(sent.id, letter.text.split()[0])
        assert confirmed.known
        signed_in = await house.signin.sign_in(confirmed.ticket, account.pin, DeviceClaim())
        assert isinstance(signed_in, SignedIn), signed_in
        assert await house.parties.display_name(signed_in.party.id, "a test", "to see the name")


async def test_the_second_start_changes_nothing_and_is_quick(house, db):
    first = await lay_out(house, house.market, customers=FEW)
    before = await rows(db)
    later = await build(house.settings, db, clock=house.clock)

    begun = time.perf_counter()
    second = await lay_out(later, later.market, customers=FEW)
    seconds = time.perf_counter() - begun

    assert await rows(db) == before
    assert second == first
    assert seconds < 1  # a sign that nothing was built anew; some milliseconds in truth


@pytest.mark.parametrize("settled", [0, 1, 25])
async def test_what_a_crash_cut_short_is_finished(house, db, settled, monkeypatch):
    """The power goes while people move in; the next start makes the very same town."""
    moved = 0
    move_in = laying.move_in

    async def until_the_power_goes(*args):
        nonlocal moved
        if moved >= settled:
            raise PowerGone
        moved += 1
        return await move_in(*args)

    monkeypatch.setattr(laying, "move_in", until_the_power_goes)
    with pytest.raises(ExceptionGroup) as gone:
        await lay_out(house, house.market, customers=FEW)
    assert any(isinstance(error, PowerGone) for error in gone.value.exceptions)
    monkeypatch.undo()
    house.clock.skip(20)  # until somebody notices

    town = await lay_out(house, house.market, customers=FEW)

    assert await db.value("SELECT count(*) FROM parties.party") == FEW + SHOPS + AGENTS
    topped_up = "SELECT count(*) FROM orders.orders WHERE product = 'top_up' AND state = 'paid'"
    assert await db.value(topped_up) == FEW + SHOPS + AGENTS
    assert town.accounts()[0].about.startswith("full wallet, ₹4,812.50;")
    assert not (await verify(db)).findings


async def test_what_a_crash_between_rounds_cut_short_is_finished(house, db, monkeypatch):
    fourth = History._fourth

    def the_power_goes(_self):
        raise PowerGone

    monkeypatch.setattr(History, "_fourth", the_power_goes)
    with pytest.raises(PowerGone):
        await lay_out(house, house.market, customers=FEW)
    monkeypatch.setattr(History, "_fourth", fourth)
    before = await rows(db)

    town = await lay_out(house, house.market, customers=FEW)

    after = await rows(db)
    assert after["parties.party"] == before["parties.party"]
    assert after["orders.orders"] > before["orders.orders"]
    assert town.accounts()[0].about.startswith("full wallet, ₹4,812.50;")
    assert not (await verify(db)).findings


async def test_two_starts_at_once_make_one_town(house, db):
    other = await build(house.settings, db, clock=house.clock, first_lane=2)

    towns = await asyncio.gather(
        lay_out(house, house.market, customers=FEW), lay_out(other, other.market, customers=FEW)
    )

    assert towns[0] == towns[1]
    assert await db.value("SELECT count(*) FROM parties.party") == FEW + SHOPS + AGENTS
    assert towns[0].accounts()[0].about.startswith("full wallet, ₹4,812.50;")
    assert not (await verify(db)).findings


async def test_a_seed_is_a_town(house):
    india = house.market
    one, again, two = Census(india, 1), Census(india, 1), Census(india, 2)

    assert one.everyone == again.everyone
    assert {r.id for r in one.everyone}.isdisjoint(r.id for r in two.everyone)
    assert [r.phone for r in one.everyone] == [r.phone for r in two.everyone]
    assert len({r.phone for r in one.everyone}) == len(one.everyone)
    assert len({r.bank_account for r in one.everyone}) == len(one.everyone)
    assert len({s.business_name for s in one.shops}) == SHOPS
    assert {a.kind for a in one.agents} == {PartyKind.AGENT}


async def test_the_pin_of_the_town_is_one_that_people_may_choose(house):
    town = await lay_out(house, house.market, customers=4)
    assert await house.signin.check_pin(town.census.customers[3].id, DEMO_PIN) is None


async def test_an_outage_says_so_and_the_next_start_goes_on(house, monkeypatch):
    def gone(*_args):
        raise Unavailable("the database went away")

    monkeypatch.setattr(laying, "move_in", gone)
    with pytest.raises(Unavailable, match="start again"):
        await lay_out(house, house.market, customers=FEW)
    monkeypatch.undo()

    town = await lay_out(house, house.market, customers=FEW)
    assert town.accounts()[0].about.startswith("full wallet, ₹4,812.50;")


async def test_another_town_cannot_have_the_same_phones(house):
    await lay_out(house, house.market, customers=4)
    with pytest.raises(Unavailable, match="phone_taken"):
        await lay_out(house, house.market, seed=2, customers=4)
