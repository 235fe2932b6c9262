"""Nobody walks through numbers and writes down whose they are; who pays is not held up."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.refusals import Refused
from argosy.products.pay.facts import PayMerchant
from argosy.products.request.facts import Ask
from argosy.products.send.facts import Send
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.cashier.facts import CashierReason, Preview
from argosy.public_services.cashier.lookups import Lookups, Terms
from tests.products.town import PIN, Town, money

FEW = Terms(per_hour_max=3, per_day_max=5)


@pytest.fixture
def strict(town: Town) -> Town:
    """The town, where three looks an hour are the most and five a day."""
    town.cashier = Cashier(
        town.tools, town.cashier._products, town.signin, Lookups(town.db, town.clock, FEW)
    )
    return town


async def look(town: Town, n: int = 0, who: str = "anita"):
    command = Send(town.ids.new(), money("1"), phone=f"98000 {n:05d}")
    return await town.cashier.preview(command, town.asker(who))


def is_spent(said: object) -> bool:
    return isinstance(said, Refused) and said.reason is CashierReason.LOOKUPS_SPENT


async def test_three_looks_an_hour_and_five_a_day(strict: Town) -> None:
    said = [await look(strict, n) for n in range(4)]
    assert [is_spent(one) for one in said] == [False, False, False, True]
    assert 0 < said[3].facts["wait_seconds"] <= 3600
    strict.clock.advance(hours=1)
    said = [await look(strict, n) for n in range(3)]
    assert [is_spent(one) for one in said] == [False, True, True]  # the fourth counted too
    assert said[1].facts["wait_seconds"] > 3600
    strict.clock.advance(days=1)
    assert isinstance(await look(strict), Preview)


async def test_a_known_and_an_unknown_phone_count_alike(strict: Town) -> None:
    for n in (2, 77_777, 2):
        assert not is_spent(await look(strict, n))
    assert is_spent(await look(strict, 2))
    assert is_spent(await look(strict, 77_777))


async def test_each_party_for_itself_and_at_once(strict: Town) -> None:
    said = await asyncio.gather(*(look(strict, n) for n in range(20)))
    assert sum(not is_spent(one) for one in said) == 3
    assert not is_spent(await look(strict, who="ravi"))


async def test_asking_for_money_without_a_pin_is_a_look(strict: Town) -> None:
    for _ in range(3):
        await look(strict)
    command = Ask(strict.ids.new(), money("1"), phone="98000 00002")
    assert await strict.ask("anita", command, pin=None) == "lookups_spent"


async def test_a_command_without_its_pin_is_a_look_and_with_it_is_a_payment(strict: Town) -> None:
    for n in range(5):
        command = Send(strict.ids.new(), money("1"), phone="98000 00002")
        told = await strict.ask("anita", command, pin=None)
        assert told == ("pin_missing" if n < 3 else "lookups_spent")
    assert await strict.ask("anita", command) == "paid"
    shop = PayMerchant(strict.ids.new(), money("1"), strict.people["tea"].number)
    assert await strict.ask("anita", shop) == "paid"


async def test_with_a_pin_what_is_refused_is_a_look(strict: Town) -> None:
    """No PIN at all, and an amount that is never paid: both would tell for nothing who has a wallet."""
    for pin, amount, told in (("x", "1", "pin_malformed"), (PIN, "900000", "limit_payment")):
        strict.clock.advance(days=1)
        for n in range(4):
            command = Send(strict.ids.new(), money(amount), phone=f"98000 {n + 2:05d}")
            said = await strict.ask("anita", command, pin=pin)
            assert said == (told if n < 3 else "lookups_spent")


async def test_who_is_refused_often_still_pays(strict: Town) -> None:
    for _ in range(4):
        await strict.ask("anita", Send(strict.ids.new(), money("1"), phone="98000 00002"), pin="x")
    command = Send(strict.ids.new(), money("1"), phone="98000 00002")
    assert await strict.ask("anita", command) == "paid"


async def test_counts_that_are_over_are_forgotten(strict: Town) -> None:
    await look(strict)
    assert await Lookups(strict.db, strict.clock).prune() == 0
    strict.clock.advance(days=1)
    assert await Lookups(strict.db, strict.clock).prune() == 2
