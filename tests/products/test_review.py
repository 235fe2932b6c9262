"""Money in review: reserved, then released or given back by a human, or by the clock."""

from __future__ import annotations

import asyncio

from argosy.base.ports import Decision
from argosy.products.pay.facts import CreatePayment, PayMerchant, PayOrder
from argosy.products.send.facts import Send
from tests.products.town import Town, money, word


async def reviewed(town: Town, to: str = "98000 00002") -> Send:
    town.brain.says = Decision.REVIEW
    command = Send(town.ids.new(), money("100"), phone=to)
    assert await town.ask("anita", command) == "review"
    town.brain.says = Decision.ALLOW
    return command


async def test_in_review_the_money_is_reserved(town: Town) -> None:
    command = await reviewed(town)
    assert await town.purse("anita") == "1000.00 (900.00 free)"
    assert await town.purse("ravi") == "50.00"
    assert await town.announced() == ["transfer.review"]
    assert await town.ask("anita", command) == "review again"


async def test_released_money_arrives(town: Town) -> None:
    command = await reviewed(town)
    order = await town.cashier.reviews.release(command.id, "meera")
    assert (order.state, order.data["released_by"]) == ("paid", "meera")
    assert await town.purse("ravi") == "150.00"
    assert await town.announced() == ["transfer.review", "transfer.paid"]
    again = await town.cashier.reviews.release(command.id, "meera")
    assert word(again) == "order_not_in_review"
    await town.prove()


async def test_money_given_back_and_what_was_counted_with_it(town: Town) -> None:
    command = await reviewed(town)
    await town.cashier.reviews.give_back(command.id, "meera")
    assert await town.purse("anita") == "1000.00"
    assert await town.used("anita", "send") == 0
    assert await town.announced() == ["transfer.review", "transfer.returned"]


async def test_two_who_decide_at_once_one_is_heard(town: Town) -> None:
    command = await reviewed(town)
    reviews = town.cashier.reviews
    await asyncio.gather(
        reviews.release(command.id, "meera"), reviews.give_back(command.id, "john")
    )
    state = (await town.order(command.id)).state
    assert await town.purse("ravi") == ("150.00" if state == "paid" else "50.00")
    await town.prove()


async def test_what_nobody_decides_on_goes_back(town: Town) -> None:
    command = await reviewed(town)
    assert await town.sweep(hours=47) == 0
    assert await town.sweep(hours=1) == 1
    assert (await town.order(command.id)).state == "returned"


async def test_released_money_for_a_phone_without_a_wallet_goes_on_waiting(town: Town) -> None:
    command = await reviewed(town, "98000 00009")
    order = await town.cashier.reviews.release(command.id, "meera")
    assert order.state == "held"
    await town.sweep(days=8)
    assert (await town.order(command.id)).state == "returned"
    assert await town.purse("anita") == "1000.00"


async def test_a_merchants_price_is_reserved_too(town: Town) -> None:
    """Also where the merchant has nothing yet: the price comes out of the payment itself."""
    town.brain.says = Decision.REVIEW
    command = PayMerchant(town.ids.new(), money("100"), town.people["tea"].number)
    assert await town.ask("anita", command) == "review"
    await town.cashier.reviews.release(command.id, "meera")
    assert await town.purse("tea") == "99.00"
    assert await town.system("fees") == "1.00"


async def test_a_dynamic_code_in_review_cannot_be_paid_by_somebody_else(town: Town) -> None:
    asked = CreatePayment(town.ids.new(), money("40"))
    await town.ask("tea", asked)
    town.brain.says = Decision.REVIEW
    assert await town.ask("anita", PayOrder(town.ids.new(), asked.id)) == "review"
    town.brain.says = Decision.ALLOW
    assert await town.ask("ravi", PayOrder(town.ids.new(), asked.id)) == "order_not_open"
    await town.cashier.reviews.release(asked.id, "meera")
    assert await town.purse("tea") == "39.60"
    assert await town.purse("anita") == "960.00"
