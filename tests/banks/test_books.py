"""Money between the wallet and a bank of many moods: in the end the bank's books equal ours."""

from __future__ import annotations

import pytest

from argosy.banks.simulator import Behaviour
from argosy.base.ids import derive
from argosy.base.money import Money
from argosy.base.wallet.accounts import float_account
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from tests.banks.wallet import People


@pytest.fixture
async def people(db, clock, ids) -> People:
    return await People.come(db, clock, ids, "anita")


def rupees(amount: int) -> Money:
    return Money(amount * 100, "INR")


async def ours(people: People) -> int:
    """What our books say we have at the bank."""
    account = float_account("india", "simulator", "INR")
    found = await people.wallet.ledger.account(account)
    assert found is not None
    return found.balance_minor


async def theirs(people: People) -> int:
    return await people.wallet.rails["simulator"].rail.bank.balance_minor("INR")


# what the number does: how the order stands at once, and once the clock has asked again
MOODS = {
    "00": ("paid", "paid"),
    "11": ("paid", "paid"),
    "22": ("paid", "paid"),
    "33": ("held", "paid"),
    "44": ("held", "returned"),
    "55": ("returned", "returned"),
    "56": ("returned", "returned"),
    "66": ("held", "held"),
    "77": ("held", "returned"),
    "78": ("held", "paid"),
    "88": ("held", "paid"),
}


@pytest.mark.parametrize("kind", [TopUp, Withdraw])
@pytest.mark.parametrize("ending", MOODS)
async def test_a_bank_in_every_mood(people, kind, ending):
    await people.give("anita", 1_000)
    command = kind(people.ids.new(), rupees(300), f"5010{ending}")
    await people.ask("anita", command)
    at_once, at_last = MOODS[ending]
    assert (await people.order(command.id)).state.value == at_once
    for _ in range(12):
        await people.sweep(minutes=2)
    assert (await people.order(command.id)).state.value == at_last
    if at_last != "held":
        assert await ours(people) == await theirs(people)
        fee = (await people.order(command.id)).fee_minor
        moved = 30_000 if kind is TopUp else -30_000
        expected = 100_000 + (moved - fee if at_last == "paid" else 0)
        assert (await people.purse("anita")).minor == expected
    await people.prove()


async def test_a_day_of_chaos_ends_with_equal_books(people):
    await people.join("ravi", "+919800000077")
    for name in ("anita", "ravi"):  # nobody withdraws so often in a day that it looks strange
        await people.give(name, 1_000)
    bank = people.wallet.rails["simulator"].rail.bank
    made = []
    for n in range(14):
        kind = TopUp if n % 2 else Withdraw
        command = kind(people.ids.new(), rupees(10 + n), "501099")
        await people.ask("anita" if n < 8 else "ravi", command)
        made.append(command.id)
        people.clock.advance(minutes=100)  # fourteen in an hour would look strange
    for _ in range(10):
        await people.sweep(minutes=10)
    stood = {(await people.order(one)).state.value for one in made}
    assert {"paid", "returned", "held"} >= stood >= {"paid", "returned"}
    for one in made:  # those that are silent speak at last
        await bank.behave(Behaviour.NORMAL, instruction=derive(one, "rail"))
    for _ in range(4):
        await people.sweep(hours=2)
    assert {(await people.order(one)).state.value for one in made} == {"paid", "returned"}
    assert await ours(people) == await theirs(people)
    await people.prove()
