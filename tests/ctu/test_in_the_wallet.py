"""The brain behind the real gate: it learns from what was committed, and a human can be heard."""

from __future__ import annotations

import pytest

from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.postings import Challenged
from argosy.ctu.brain import Brain
from argosy.ctu.cases import CaseState
from argosy.products.pay.facts import PayMerchant
from argosy.public_services.cashier.facts import Receipt
from tests.banks.wallet import People


@pytest.fixture
async def people(db, clock, ids) -> People:
    made = await People.come(db, clock, ids, "anita", "tea shop")
    await made.give("anita", 100_000)
    return made


def pay(people: People, rupees: int) -> PayMerchant:
    to = people.parties["tea shop"].number
    return PayMerchant(people.ids.new(), Money(rupees * 100, "INR"), to)


async def test_a_small_payment_passes_and_is_learned_from_its_commit(people):
    said = await people.ask("anita", pay(people, 100))
    assert isinstance(said, Receipt)
    await people.wallet.brain.settle()
    party = people.parties["anita"].id
    other = Brain(people.wallet.db, people.clock, people.ids)  # it has nothing but the tables
    await other.start()
    await other.memory.load((("account", party),))
    assert other.memory.accounts[party].count == 1
    assert people.wallet.brain.memory.lost == 0


async def test_the_same_command_again_is_counted_once(people):
    command = pay(people, 100)
    for _ in range(3):
        assert isinstance(await people.ask("anita", command), Receipt)
    await people.wallet.brain.settle()
    party = people.parties["anita"].id
    await people.wallet.brain.memory.load((("account", party),))
    assert people.wallet.brain.memory.accounts[party].count == 1


async def test_a_large_one_to_a_stranger_is_challenged_and_nothing_moves(people):
    said = await people.ask("anita", pay(people, 6_000))
    assert isinstance(said, Challenged)
    assert said.proof == "otp"
    assert await people.purse("anita") == Money(10_000_000, "INR")
    kept = await people.wallet.brain.verdicts.of_operation(said.operation.id)
    assert [one.decision for one in kept] == ["challenge"]


@pytest.mark.parametrize(
    "decision, state", [(CaseState.RELEASED, State.PAID), (CaseState.RETURNED, State.RETURNED)]
)
async def test_what_is_for_a_human_waits_for_one(people, decision, state):
    command = pay(people, 30_000)
    await people.ask("anita", command)
    assert (await people.order(command.id)).state is State.REVIEW
    await people.wallet.brain.settle()
    (case,) = await people.wallet.cases.list("india")
    assert case.order == command.id
    closed = await people.wallet.cases.decide(case.id, decision, "staff:1", "looked at it")
    assert closed.state is decision
    assert (await people.order(command.id)).state is state
    await people.wallet.brain.settle()
    assert ((await people.purse("tea shop")).minor > 0) is (state is State.PAID)
    await people.prove()


async def test_what_nobody_decides_goes_back_and_closes_its_case(people):
    command = pay(people, 30_000)
    await people.ask("anita", command)
    await people.wallet.brain.settle()
    await people.sweep(hours=49)
    await people.wallet.brain.settle()
    (case,) = await people.wallet.cases.list(state=CaseState.RETURNED)
    assert (case.order, case.decided_by) == (command.id, "clock")
    assert (await people.order(command.id)).state is State.RETURNED
    await people.prove()
