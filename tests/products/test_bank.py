"""Top-up and withdrawal through a bank that answers late, twice, never, or no."""

from __future__ import annotations

import asyncio
import logging

import pytest

from argosy.base.orders.banking import record
from argosy.base.orders.facts import State
from argosy.base.ports import Decision, Instruction, RailReply, RailState
from argosy.products.top_up.facts import TopUp
from argosy.products.top_up.plan import TRADE as TOP_UP
from argosy.products.withdraw.facts import Withdraw
from argosy.products.withdraw.plan import TRADE as WITHDRAW
from tests.products.town import Town, money

ACCOUNT = "IFSC0001234567"
DONE = RailReply(RailState.DONE, reference="B-1")
REJECTED = RailReply(RailState.REJECTED, reason="account_closed")


def top_up(town: Town, amount: str = "200") -> TopUp:
    return TopUp(town.ids.new(), money(amount), ACCOUNT)


def withdrawal(town: Town, amount: str = "200") -> Withdraw:
    return Withdraw(town.ids.new(), money(amount), ACCOUNT)


async def test_a_top_up_that_the_bank_does_at_once(town: Town) -> None:
    command = top_up(town)
    assert await town.ask("anita", command) == "paid"
    assert await town.purse("anita") == "1200.00"
    assert await town.system("float.simulator") == "200.00"
    assert (await town.order(command.id)).data["reference"] == "B-1"
    assert await town.announced() == ["top_up.held", "top_up.paid"]
    assert await town.ask("anita", command) == "paid again"
    assert len(town.bank.sent) == 1
    await town.prove()


async def test_a_withdrawal_that_the_bank_does_at_once(town: Town) -> None:
    assert await town.ask("anita", withdrawal(town)) == "paid"
    assert await town.purse("anita") == "795.00"  # 5.00 is the price
    assert await town.system("fees") == "5.00"
    (sent,) = town.bank.sent
    assert (sent.money.minor, sent.bank_account) == (200_00, ACCOUNT)
    await town.prove()


@pytest.mark.parametrize("make", [top_up, withdrawal])
async def test_no_of_the_bank_lets_everything_go(town: Town, make: object) -> None:
    town.bank.mood = "no"
    command = make(town)
    assert await town.ask("anita", command) == "returned"
    assert await town.purse("anita") == "1000.00"
    order = await town.order(command.id)
    assert (order.data["reason"], order.deadline_at) == ("account_closed", None)
    assert await town.used("anita", "spend") == 0
    assert (await town.announced())[1].endswith(".returned")
    await town.prove()


async def test_a_late_answer_is_found_by_asking_again(town: Town) -> None:
    town.bank.mood = "late"
    command = top_up(town)
    assert await town.ask("anita", command) == "held"
    assert await town.purse("anita") == "1000.00"
    town.bank.mood = "yes"
    await town.sweep(seconds=31)
    assert await town.purse("anita") == "1200.00"
    assert len(town.bank.done) == 1


async def test_an_instruction_that_never_arrived_is_sent_again_with_the_same_id(town: Town) -> None:
    town.bank.mood = "lost"
    command = withdrawal(town)
    assert await town.ask("anita", command) == "held"
    town.bank.mood = "yes"
    await town.sweep(seconds=31)
    assert (await town.order(command.id)).state == "paid"
    assert len({sent.id for sent in town.bank.sent}) == 1
    assert len(town.bank.sent) == 2


async def test_a_line_that_breaks_is_unknown_and_no_no(town: Town) -> None:
    town.bank.mood = "broken"
    assert await town.ask("anita", withdrawal(town)) == "held"
    assert await town.purse("anita") == "1000.00 (795.00 free)"


async def test_a_crash_between_commit_and_call_is_picked_up_by_the_clock(town: Town) -> None:
    """The order is durable and the bank was never called: as when the process dies in between."""
    town.bank.mood = "lost"
    command = top_up(town)
    await town.ask("anita", command)
    town.bank.sent.clear()
    town.bank.mood = "yes"
    await town.sweep(seconds=31)
    assert (await town.order(command.id)).state == "paid"


async def test_unknown_stays_unknown_is_escalated_once_and_asked_on(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.bank.mood = "silent_after"
    command = withdrawal(town)
    town.bank.mood = "lost"
    await town.ask("anita", command)
    with caplog.at_level(logging.ERROR):
        for _ in range(60):
            await town.sweep(minutes=10)
    order = await town.order(command.id)
    assert order.state == "held"
    assert await town.purse("anita") == "1000.00 (795.00 free)"
    assert (await town.announced()).count("withdrawal.unknown") == 1
    assert sum("unknown past its deadline" in r.message for r in caplog.records) == 1
    assert order.data["tries"] > 5
    town.bank.mood = "yes"
    await town.sweep(hours=2)  # the bank says that it has never seen it, and its deadline is over
    assert (await town.order(command.id)).state == "returned"
    assert await town.purse("anita") == "1000.00"
    await town.prove()


async def test_never_seen_before_the_deadline_lets_nothing_go(town: Town) -> None:
    town.bank.mood = "lost"
    command = withdrawal(town)
    await town.ask("anita", command)
    never = RailReply(RailState.REJECTED, reason="never_seen")
    order = await record(WITHDRAW, town.tools, command.id, never)
    assert order.state == "held"
    town.clock.advance(minutes=11)
    order = await record(WITHDRAW, town.tools, command.id, never)
    assert order.state == "returned"


async def test_never_seen_that_was_said_in_time_and_heard_too_late_lets_nothing_go(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank is asked, says that it has seen nothing, takes the instruction from another server a moment
    later, in time; and its first answer is slow."""
    town.bank.mood = "lost"
    command = withdrawal(town)
    assert await town.ask("anita", command) == "held"
    (sent,) = town.bank.sent
    town.bank.mood = "yes"
    inquire = town.bank.inquire

    async def slow(instruction: Instruction) -> RailReply:
        said = await inquire(instruction)
        await town.bank.send(instruction)
        town.clock.advance(seconds=2)
        return said

    monkeypatch.setattr(town.bank, "inquire", slow)
    town.clock.advance(seconds=(sent.deadline_at - town.clock.now()).total_seconds() - 1)
    await town.sweep(seconds=0)
    assert (await town.order(command.id)).state is State.HELD
    monkeypatch.undo()
    await town.sweep(minutes=5)
    assert (await town.order(command.id)).state is State.PAID
    assert await town.purse("anita") == "795.00"
    await town.prove()


async def test_the_bank_answers_twice_and_from_two_sides_at_once(town: Town) -> None:
    town.bank.mood = "late"
    command = top_up(town)
    await town.ask("anita", command)
    orders = await asyncio.gather(
        *(record(TOP_UP, town.tools, command.id, DONE) for _ in range(20))
    )
    assert {order.state for order in orders} == {"paid"}
    assert await town.purse("anita") == "1200.00"
    assert (await town.announced()).count("top_up.paid") == 1
    assert "top_up.contradicted" not in await town.announced()


async def test_a_bank_that_contradicts_itself_is_announced_and_moves_nothing(town: Town) -> None:
    town.bank.mood = "no"
    command = withdrawal(town)
    await town.ask("anita", command)
    await record(WITHDRAW, town.tools, command.id, DONE)
    await record(WITHDRAW, town.tools, command.id, DONE)
    assert await town.purse("anita") == "1000.00"
    assert (await town.announced())[-1] == "withdrawal.contradicted"
    paid = top_up(town)
    town.bank.mood = "yes"
    await town.ask("anita", paid)
    await record(TOP_UP, town.tools, paid.id, REJECTED)
    assert await town.purse("anita") == "1200.00"
    assert (await town.announced())[-1] == "top_up.contradicted"


async def test_room_in_the_wallet_is_reserved_before_the_bank_is_asked(town: Town) -> None:
    town.bank.mood = "late"
    assert await town.ask("sunil", top_up(town, "9000")) == "held"
    assert await town.ask("sunil", top_up(town, "980.01")) == "ceiling_exceeded"
    await town.give("tea", "0.01")
    town.bank.mood = "yes"
    assert await town.ask("sunil", top_up(town, "980.00")) == "paid"
    await town.sweep(seconds=31)
    assert await town.purse("sunil") == "10000.00"


async def test_limits_of_a_top_up_come_back_when_the_bank_says_no(town: Town) -> None:
    town.bank.mood = "no"
    assert await town.ask("sunil", top_up(town, "9000")) == "returned"
    town.bank.mood = "yes"
    assert await town.ask("sunil", top_up(town, "9000")) == "paid"
    assert await town.ask("sunil", top_up(town, "1000.01")) == "limit_month"


async def test_the_clock_does_not_ask_before_its_time(town: Town) -> None:
    town.bank.mood = "late"
    await town.ask("anita", top_up(town))
    assert await town.sweep(seconds=10) == 0


async def test_a_wallet_frozen_meanwhile_makes_noise_and_keeps_the_hold(town: Town) -> None:
    town.bank.mood = "late"
    command = top_up(town)
    await town.ask("anita", command)
    await town.ledger.freeze(town.people["anita"].account, "court order")
    town.bank.mood = "yes"
    await town.sweep(seconds=31)
    assert (await town.order(command.id)).state == "held"
    assert (await town.announced())[-1] == "top_up.stuck"
    await town.ledger.thaw(town.people["anita"].account, "court order lifted")
    await town.sweep(hours=2)
    assert (await town.order(command.id)).state == "paid"


async def test_in_review_the_bank_hears_nothing_until_somebody_releases_it(town: Town) -> None:
    town.brain.says = Decision.REVIEW
    command = withdrawal(town)
    assert await town.ask("anita", command) == "review"
    await town.sweep(hours=24)
    assert town.bank.sent == []
    order = await town.cashier.reviews.release(command.id, "meera")
    assert order.state == "paid"
    assert await town.purse("anita") == "795.00"
    await town.prove()


async def test_no_bank_account_stands_in_clear(town: Town) -> None:
    await town.ask("anita", withdrawal(town))
    row = await town.db.value("SELECT orders::text FROM orders.orders")
    bodies = await town.db.all("SELECT body::text FROM outbox.events")
    assert ACCOUNT not in row
    assert all(ACCOUNT not in body["body"] for body in bodies)


async def test_an_order_that_cannot_be_read_does_not_stop_the_others(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.bank.mood = "lost"
    broken, sound = withdrawal(town), top_up(town)
    await town.ask("anita", broken)
    await town.ask("ravi", sound)
    await town.db.run(
        'UPDATE orders.orders SET data = data || \'{"bank_account": "00"}\' WHERE id = $1',
        broken.id,
    )
    town.bank.mood = "yes"
    await town.sweep(seconds=31)
    assert (await town.order(sound.id)).state == "paid"
    assert (await town.order(broken.id)).state == "held"
    assert "the clock cannot go on" in caplog.text


async def test_a_rail_that_was_taken_away_is_unknown(town: Town) -> None:
    town.bank.mood = "lost"
    command = withdrawal(town)
    await town.ask("anita", command)
    rails = town.tools.rails
    assert isinstance(rails, dict)
    rails.clear()
    await town.sweep(seconds=31)
    assert (await town.order(command.id)).state == "held"
    rails["simulator"] = town.bank
    town.bank.mood = "yes"
    await town.sweep(seconds=120)
    assert (await town.order(command.id)).state == "paid"
