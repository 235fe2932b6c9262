"""Sending, on real books: at once, to a phone without a wallet, back, and all of it twice."""

from __future__ import annotations

import asyncio

from argosy.base.parties.facts import PartyKind
from argosy.base.ports import Decision
from argosy.products.send.claims import claim
from argosy.products.send.facts import Send, TakeBack
from tests.products.town import Town, count, money

NEW_PHONE = "98000 00009"
NEW_PHONE_E164 = "+919800000009"


async def test_money_goes_from_wallet_to_wallet(town: Town) -> None:
    command = Send(town.ids.new(), money("100.50"), phone="98000 00002", note="tea")
    assert await town.ask("anita", command) == "paid"
    assert await town.purse("anita") == "899.50"
    assert await town.purse("ravi") == "150.50"
    assert await town.announced() == ["transfer.paid"]
    await town.prove()


async def test_the_same_command_again_is_the_first_answer(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone="98000 00002")
    assert await town.ask("anita", command) == "paid"
    town.clock.advance(hours=30)
    assert await town.ask("anita", command) == "paid again"
    assert await town.purse("anita") == "900.00"


async def test_the_same_id_with_another_content_is_refused(town: Town) -> None:
    first = Send(town.ids.new(), money("100"), phone="98000 00002")
    assert await town.ask("anita", first) == "paid"
    for other in (
        Send(first.id, money("101"), phone="98000 00002"),
        Send(first.id, money("100"), phone="98000 00003"),
        Send(first.id, money("100"), phone="98000 00002", note="other"),
        Send(first.id, money("100"), phone=NEW_PHONE),
    ):
        assert await town.ask("anita", other) in (
            "order_exists_differently",
            "payee_cannot_take",
        )
    same_by_another = Send(first.id, money("100"), phone="98000 00002")
    await town.join("meena", "+919800000006", "500")
    assert await town.ask("meena", same_by_another) == "order_exists_differently"
    assert await town.purse("anita") == "900.00"
    assert await town.purse("meena") == "500.00"


async def test_fifty_times_the_same_at_once_is_once(town: Town) -> None:
    command = Send(town.ids.new(), money("10"), phone="98000 00002")
    answers = await asyncio.gather(*(town.ask("anita", command) for _ in range(50)))
    assert set(answers) <= {"paid", "paid again"}
    assert answers.count("paid") == 1
    assert await town.purse("ravi") == "60.00"
    assert await town.used("anita", "send") == 10_00


async def test_a_broke_sender_stays_broke_and_nothing_is_counted(town: Town) -> None:
    command = Send(town.ids.new(), money("1000.01"), phone="98000 00002")
    assert await town.ask("anita", command) == "insufficient_funds"
    assert await town.purse("anita") == "1000.00"
    assert await town.used("anita", "send") == 0


async def test_fifty_at_once_cannot_pass_the_balance(town: Town) -> None:
    commands = [Send(town.ids.new(), money("30"), phone="98000 00002") for _ in range(50)]
    answers = await asyncio.gather(*(town.ask("anita", c) for c in commands))
    assert count(answers) == {"insufficient_funds": 17, "paid": 33}
    assert await town.purse("anita") == "10.00"
    assert await town.used("anita", "send") == 990_00
    await town.prove()


async def test_fifty_at_once_cannot_pass_a_limit(town: Town) -> None:
    await town.give("anita", "150000")
    commands = [Send(town.ids.new(), money("3000"), phone="98000 00002") for _ in range(50)]
    answers = await asyncio.gather(*(town.ask("anita", c) for c in commands))
    assert count(answers) == {"limit_day": 17, "paid": 33}
    assert await town.used("anita", "send") == 99_000_00
    town.clock.advance(hours=24)
    assert await town.ask("anita", commands[0]) in ("paid again", "paid")
    later = Send(town.ids.new(), money("3000"), phone="98000 00002")
    assert await town.ask("anita", later) == "paid"


async def test_a_wallet_cannot_be_filled_over_its_level(town: Town) -> None:
    await town.give("sunil", "9900")
    for amount, answer in (("80.01", "ceiling_exceeded"), ("80", "paid")):
        command = Send(town.ids.new(), money(amount), phone="98000 00003")
        assert await town.ask("anita", command) == answer


# --- a phone without a wallet ------------------------------------------------------------------------


async def test_money_waits_for_a_phone_and_is_claimed_at_sign_up(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    assert await town.ask("anita", command) == "held"
    assert await town.purse("anita") == "1000.00 (900.00 free)"
    new = await town.join("nila", NEW_PHONE_E164)
    (paid,) = await claim(town.tools, new, NEW_PHONE_E164)
    assert (paid.state, paid.payee) == ("paid", new.id)
    assert await town.purse("anita") == "900.00"
    assert await town.purse("nila") == "100.00"
    assert await claim(town.tools, new, NEW_PHONE_E164) == []
    assert await town.announced() == ["transfer.held", "transfer.paid"]
    await town.prove()


async def test_unclaimed_money_goes_back_by_itself(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await town.ask("anita", command)
    assert await town.used("anita", "send") == 100_00
    assert await town.sweep(days=6) == 0
    assert await town.sweep(days=1) == 1
    assert await town.purse("anita") == "1000.00"
    assert (await town.order(command.id)).state == "returned"
    assert await town.announced() == ["transfer.held", "transfer.returned"]
    assert await town.sweep(days=1) == 0
    assert await town.ask("anita", command) == "returned again"
    await town.prove()


async def test_what_was_counted_is_given_back_within_its_day(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await town.ask("anita", command)
    assert await town.ask("anita", TakeBack(town.ids.new(), command.id)) == "returned"
    assert await town.used("anita", "send") == 0
    assert await town.purse("anita") == "1000.00"


async def test_claim_and_take_back_at_once_one_wins(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await town.ask("anita", command)
    new = await town.join("nila", NEW_PHONE_E164)
    back = TakeBack(town.ids.new(), command.id)
    answer, claimed = await asyncio.gather(
        town.ask("anita", back), claim(town.tools, new, NEW_PHONE_E164)
    )
    assert (answer == "returned") != bool(claimed)
    assert await town.purse("nila") == ("100.00" if claimed else "0.00")
    await town.prove()


async def test_a_missed_claim_is_made_good_before_the_money_would_return(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await town.ask("anita", command)
    await town.join("nila", NEW_PHONE_E164)
    await town.sweep(days=7)
    assert await town.purse("nila") == "100.00"


async def test_a_merchant_may_claim_too(town: Town) -> None:
    await town.ask("anita", Send(town.ids.new(), money("5"), phone=NEW_PHONE))
    shop = await town.join("shop", NEW_PHONE_E164, "0", "merchant", PartyKind.MERCHANT)
    assert len(await claim(town.tools, shop, NEW_PHONE_E164)) == 1


async def test_the_brain_may_stop_a_claim_and_the_money_goes_back(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await town.ask("anita", command)
    new = await town.join("nila", NEW_PHONE_E164)
    town.brain.says = Decision.DENY
    assert await claim(town.tools, new, NEW_PHONE_E164) == []
    await town.sweep(days=7)
    assert await town.purse("anita") == "1000.00"
    assert await town.purse("nila") == "0.00"


async def test_a_claim_can_be_reviewed(town: Town) -> None:
    command = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await town.ask("anita", command)
    new = await town.join("nila", NEW_PHONE_E164)
    town.brain.says = Decision.REVIEW
    await claim(town.tools, new, NEW_PHONE_E164)
    assert (await town.order(command.id)).state == "review"
    assert await town.purse("anita") == "1000.00 (900.00 free)"
    await town.cashier.reviews.release(command.id, "meera")
    assert await town.purse("nila") == "100.00"
    await town.prove()


async def test_no_phone_number_stands_in_an_order(town: Town) -> None:
    await town.ask("anita", Send(town.ids.new(), money("100"), phone=NEW_PHONE))
    row = await town.db.value("SELECT orders::text FROM orders.orders")
    assert NEW_PHONE_E164[3:] not in row
    assert NEW_PHONE_E164[-4:] in row
