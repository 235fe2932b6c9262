"""The brain behind the real gate: it learns from what was committed, and a human can be heard."""

from __future__ import annotations

import pytest

from argosy.app import offsets
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.ports import Decision
from argosy.base.postings import Challenged
from argosy.ctu.brain import Brain
from argosy.ctu.cases import CaseState
from argosy.ctu.decide.explain import explained
from argosy.ctu.decide.replay import Replaying
from argosy.ctu.events import Event
from argosy.ctu.models import Registry
from argosy.ctu.rules.publishing import rules_of
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


async def payments_of(brain: Brain, people: People) -> float:
    """How many payments of today `brain` knows of anita's."""
    event = Event(
        id=people.ids.new(),
        kind="pay",
        at_ms=round(people.clock.now().timestamp() * 1000),
        account=str(people.parties["anita"].id),
    )
    row = (await brain.facts.read([event]))[0]
    return float(row[brain.facts.columns.index("account.count_1d")])


async def test_a_small_payment_passes_and_is_learned_from_its_commit(people):
    said = await people.ask("anita", pay(people, 100))
    assert isinstance(said, Receipt)
    await people.settle()
    other = Brain(people.wallet.db, people.clock, people.ids)  # it has nothing but the tables
    await other.start()
    assert await payments_of(other, people) == 1
    assert people.wallet.brain.lost == 0


async def test_the_same_command_again_is_counted_once(people):
    command = pay(people, 100)
    for _ in range(3):
        assert isinstance(await people.ask("anita", command), Receipt)
    await people.settle()
    assert await payments_of(people.wallet.brain, people) == 1
    assert await people.wallet.db.value("SELECT count(*) FROM ctu.events") == 1


async def test_a_yes_is_explained_by_the_id_of_its_order_and_comes_out_the_same(people):
    command = pay(people, 100)
    await people.ask("anita", command)
    await people.settle()
    (kept,) = await people.wallet.brain.verdicts.find(command.id)
    again = await replaying(people).replay(kept)
    assert (again.differences, again.impossible) == ((), "")
    text = explained(again)
    assert f"account    {people.parties['anita'].id}" in text
    assert "same answer" in text


def replaying(people: People) -> Replaying:
    wallet = people.wallet
    registry = Registry(wallet.db, wallet.clock)
    minutes = offsets(wallet.markets, wallet.clock.now())["india"] // 60
    return Replaying(wallet.db, wallet.brain.verdicts, registry, rules_of(wallet.db), minutes)


async def test_a_large_one_to_a_stranger_is_challenged_and_nothing_moves(people):
    said = await people.ask("anita", pay(people, 6_000))
    assert isinstance(said, Challenged)
    assert said.proof == "otp"
    assert await people.purse("anita") == Money(10_000_000, "INR")
    kept = await people.wallet.brain.verdicts.of_event(said.operation.id)
    assert [one.decision for one in kept] == [Decision.CHALLENGE]


@pytest.mark.parametrize(
    "decision, state", [(CaseState.RELEASED, State.PAID), (CaseState.RETURNED, State.RETURNED)]
)
async def test_what_is_for_a_human_waits_for_one(people, decision, state):
    command = pay(people, 30_000)
    await people.ask("anita", command)
    assert (await people.order(command.id)).state is State.REVIEW
    await people.settle()
    (case,) = await people.wallet.cases.list("india")
    assert case.order == command.id
    closed = await people.wallet.cases.decide(case.id, decision, "staff:1", "looked at it")
    assert closed.state is decision
    assert (await people.order(command.id)).state is state
    await people.settle()
    assert ((await people.purse("tea shop")).minor > 0) is (state is State.PAID)
    await people.prove()


async def test_what_nobody_decides_goes_back_and_closes_its_case(people):
    command = pay(people, 30_000)
    await people.ask("anita", command)
    await people.settle()
    await people.sweep(hours=49)
    await people.settle()
    (case,) = await people.wallet.cases.list(state=CaseState.RETURNED)
    assert (case.order, case.decided_by) == (command.id, "clock")
    assert (await people.order(command.id)).state is State.RETURNED
    await people.prove()
