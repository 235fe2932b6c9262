"""What does not move is listed with what is right for it, and nothing else can be done to it."""

from __future__ import annotations

from datetime import timedelta

from argosy.base.ledger.verify import verify
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.refusals import Refused
from argosy.management.money.stuck import Help, Why
from argosy.products.pay.facts import CreatePayment
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt

BROKEN = "000000004778"  # the bank moves the money, and answers nonsense


async def withdrawn(town, account):
    said = await town.anita.do(Withdraw(town.wallet.ids.new(), Money(10_000, "INR"), account))
    assert isinstance(said, Receipt), said
    return said.order


async def test_an_unknown_bank_is_asked_again_and_never_returned(town, desk, clock, db):
    order = await withdrawn(town, BROKEN)
    assert order.state is State.HELD
    clock.advance(minutes=30)
    (stuck,), more = await desk.stuck.page(Why.BANK)
    assert (stuck.order.id, more) == (order.id, None)
    assert stuck.help == (Help.ASK_BANK, Help.HAND)

    said = await desk.stuck.let_go(order.id)
    assert isinstance(said, Refused)
    assert said.code == "order_not_stuck"
    town.wallet.rails["simulator"].paused = True
    still = await desk.stuck.ask_bank(order.id)
    assert still.state is State.HELD  # the rail is paused: nobody was asked
    town.wallet.rails["simulator"].paused = False
    after = await desk.stuck.ask_bank(order.id)
    assert after.state is State.PAID
    assert await desk.stuck.page(Why.BANK) == ([], None)
    assert (await verify(db)).sound


async def test_what_the_clock_has_left_is_let_go_its_own_way(town, desk, clock):
    sent = await town.anita.do(
        Send(town.wallet.ids.new(), Money(10_000, "INR"), phone="+919000000001")
    )
    assert sent.order.state is State.HELD
    near, _ = await desk.stuck.page(Why.NEAR)
    assert near == []
    clock.set(sent.order.deadline_at - timedelta(hours=1))
    (soon,), _ = await desk.stuck.page(Why.NEAR)
    assert soon.help == (Help.HAND,)  # its time is not over: nothing to let go
    early = await desk.stuck.let_go(sent.order.id)
    assert isinstance(early, Refused)
    clock.advance(hours=2)
    (late,), _ = await desk.stuck.page(Why.LATE)
    assert late.help == (Help.LET_GO, Help.HAND)

    after = await desk.stuck.let_go(sent.order.id)

    assert after.state is State.RETURNED
    assert await desk.stuck.page(Why.LATE) == ([], None)


async def test_an_order_nobody_paid_expires(town, desk, clock):
    said = await town.shop.do(CreatePayment(town.wallet.ids.new(), Money(10_000, "INR")))
    clock.set(said.order.deadline_at + timedelta(minutes=5))
    (late,), _ = await desk.stuck.page(Why.LATE)
    assert late.order.id == said.order.id
    after = await desk.stuck.let_go(said.order.id)
    assert after.state is State.EXPIRED


async def test_handed_to_a_human_and_taken_off(town, desk):
    order = await town.pay(10_000)
    assert await desk.stuck.hand(order.id, "the customer says the shop denies it", "farah") is None
    twice = await desk.stuck.hand(order.id, "again", "felix")
    assert twice.code == "handed_already"
    (one,), _ = await desk.stuck.page(Why.HANDED)
    assert one.order.id == order.id
    assert one.handed
    assert (await desk.stories.tell(order.id)).handed
    assert await desk.stuck.take_off(order.id, "the shop has it after all", "felix") is None
    assert (await desk.stuck.take_off(order.id, "again", "felix")).code == "not_handed"
    assert await desk.stuck.page(Why.HANDED) == ([], None)


async def test_reserved_money_is_listed(town, desk):
    sent = await town.anita.do(
        Send(town.wallet.ids.new(), Money(10_000, "INR"), phone="+919000000001")
    )
    holds = await desk.books.holds()
    mine = [one for one in holds if one.order == sent.order.id]
    assert mine
    assert mine[0].until == sent.order.deadline_at
    assert len(await desk.books.holds(limit=1)) == 1
    assert await desk.books.holds(after=holds[-1].id) == []
