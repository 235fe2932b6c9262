"""A bank that takes its time: nobody waits for it, and what comes of it arrives by itself, once."""

from __future__ import annotations

import asyncio
import time

import pytest

from argosy.app import sweeps
from argosy.banks.simulator import Behaviour
from argosy.base.money import Money
from argosy.base.orders import banking
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from tests.banks.wallet import People

TEN = Money(10_00, "INR")


@pytest.fixture
async def people(db, clock, ids, monkeypatch) -> People:
    monkeypatch.setattr(banking, "WAIT_SECONDS_MAX", 0.2)
    people = await People.come(db, clock, ids, "anita")
    people.wallet.rails["simulator"].rail.bank._pause = asyncio.sleep
    await people.give("anita", 100)
    return people


async def calls(people: People) -> int:
    """The bank's own calls come in, as the clock takes them."""
    found = [s for s in sweeps(people.wallet) if s.name == "rail.simulator.calls"]
    assert len(found) == 1
    return await found[0].run(people.clock.now(), 10)


@pytest.mark.parametrize("ending", ["12", "33", "44", "66"])
async def test_nobody_waits_for_a_bank_that_does_not_answer(people, ending):
    command = TopUp(people.ids.new(), TEN, f"5010{ending}")
    began = time.monotonic()
    said = await people.ask("anita", command)
    assert time.monotonic() - began < 2
    assert said.order.state.value == "held"
    assert (await people.order(command.id)).state.value == "held"


async def test_a_late_answer_is_recorded_while_nobody_waits(people):
    bank = people.wallet.rails["simulator"].rail.bank
    await bank.behave(Behaviour.LATE, seconds=0.5)
    command = Withdraw(people.ids.new(), TEN, "501000")
    assert (await people.ask("anita", command)).order.state.value == "held"
    for _ in range(100):
        await asyncio.sleep(0.05)
        if (await people.order(command.id)).state.value == "paid":
            break
    assert (await people.order(command.id)).state.value == "paid"
    people.clock.advance(seconds=1)
    assert await calls(people) == 1  # and now it calls as well: nothing moves twice
    assert (await people.purse("anita")).minor == 85_00  # 10.00, and 5.00 for it
    await people.prove()


async def test_a_bank_that_calls_late_is_heard(people):
    command = TopUp(people.ids.new(), TEN, "501012")
    await people.ask("anita", command)
    assert await calls(people) == 0
    people.clock.advance(seconds=31)
    assert await calls(people) == 1
    assert (await people.order(command.id)).state.value == "paid"
    assert (await people.purse("anita")).minor == 110_00
    assert await calls(people) == 0
    await people.prove()


@pytest.mark.parametrize("kind", [TopUp, Withdraw])
async def test_a_bank_that_says_it_twice_is_booked_once(people, kind):
    command = kind(people.ids.new(), TEN, "501022")
    assert (await people.ask("anita", command)).order.state.value == "paid"
    before = await people.purse("anita")
    people.clock.advance(seconds=3)
    assert await calls(people) == 1
    assert await people.purse("anita") == before
    said = await people.wallet.db.value(
        "SELECT count(*) FROM outbox.events WHERE kind LIKE '%contradicted'"
    )
    assert said == 0
    await people.prove()


async def test_a_customer_who_leaves_does_not_stop_the_asking(people):
    bank = people.wallet.rails["simulator"].rail.bank
    await bank.behave(Behaviour.LATE, seconds=0.4)
    command = TopUp(people.ids.new(), TEN, "501000")
    asking = asyncio.ensure_future(people.ask("anita", command))
    for _ in range(100):
        await asyncio.sleep(0.02)
        if await people.wallet.orders.get(command.id) is not None:
            break
    await asyncio.sleep(0.05)
    asking.cancel()
    for _ in range(100):
        await asyncio.sleep(0.05)
        if (await people.order(command.id)).state.value == "paid":
            break
    assert (await people.order(command.id)).state.value == "paid"
