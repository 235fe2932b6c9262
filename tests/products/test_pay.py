"""Paying merchants, on real books: static and dynamic codes, prices, refunds, and many at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from argosy.base.ports import Decision
from argosy.products.pay.facts import CancelPayment, CreatePayment, PayMerchant, PayOrder
from argosy.products.refund.facts import Refund
from tests.products.town import Town, count, money


async def pay(town: Town, amount: str, to: str = "tea", by: str = "anita") -> PayMerchant:
    command = PayMerchant(town.ids.new(), money(amount), town.people[to].number)
    assert await town.ask(by, command) == "paid"
    return command


async def ask_for(town: Town, amount: str, **facts: object) -> CreatePayment:
    command = CreatePayment(town.ids.new(), money(amount), **facts)
    assert await town.ask("tea", command) == "awaiting"
    return command


async def test_a_static_code_pays_the_merchant_less_the_price(town: Town) -> None:
    await pay(town, "100.00")
    assert await town.purse("anita") == "900.00"
    assert await town.purse("tea") == "99.00"
    assert await town.system("fees") == "1.00"


async def test_one_minor_unit_can_be_paid(town: Town) -> None:
    await pay(town, "0.01")
    assert await town.purse("tea") == "0.01"
    await town.prove()


async def test_a_price_is_split_to_the_last_unit(town: Town) -> None:
    await pay(town, "10.00", to="cinema")
    shares = [await town.system(name) for name in ("fees", "scheme", "remainder")]
    assert shares == ["0.16", "0.08", "0.01"]
    assert await town.purse("cinema") == "9.75"
    await town.prove()


async def test_a_dynamic_code_is_paid_once(town: Town) -> None:
    asked = await ask_for(town, "40.00", reference="A-7")
    command = PayOrder(town.ids.new(), asked.id)
    assert await town.ask("anita", command) == "paid"
    assert await town.ask("anita", command) == "paid again"
    assert await town.ask("anita", PayOrder(town.ids.new(), asked.id)) == "order_not_open"
    assert await town.purse("anita") == "960.00"
    assert await town.announced() == ["payment.created", "payment.paid"]


async def test_of_two_payers_at_once_one_wins(town: Town) -> None:
    asked = await ask_for(town, "40.00")
    answers = await asyncio.gather(
        town.ask("anita", PayOrder(town.ids.new(), asked.id)),
        town.ask("ravi", PayOrder(town.ids.new(), asked.id)),
    )
    assert sorted(answers) == ["order_not_open", "paid"]
    assert await town.purse("tea") == "39.60"
    await town.prove()


async def test_two_who_use_the_same_id_do_not_get_each_others_answer(town: Town) -> None:
    asked = await ask_for(town, "40.00")
    command = PayOrder(town.ids.new(), asked.id)
    assert await town.ask("anita", command) == "paid"
    assert await town.ask("ravi", command) == "order_exists_differently"


async def test_a_dynamic_code_expires_and_is_announced(town: Town) -> None:
    asked = await ask_for(town, "40.00", life=timedelta(minutes=5))
    assert await town.sweep(minutes=4) == 0
    assert await town.sweep(minutes=2) == 1
    assert (await town.order(asked.id)).state == "expired"
    assert await town.ask("anita", PayOrder(town.ids.new(), asked.id)) == "order_expired"
    assert await town.announced() == ["payment.created", "payment.expired"]


async def test_paying_and_cancelling_at_once_one_wins(town: Town) -> None:
    asked = await ask_for(town, "40.00")
    answers = await asyncio.gather(
        town.ask("anita", PayOrder(town.ids.new(), asked.id)),
        town.ask("tea", CancelPayment(town.ids.new(), asked.id)),
    )
    assert sorted(answers) in (["cancelled", "order_not_open"], ["order_not_open", "paid"])
    await town.prove()


async def test_a_failed_payment_leaves_the_code_open(town: Town) -> None:
    asked = await ask_for(town, "60.00")
    assert await town.ask("ravi", PayOrder(town.ids.new(), asked.id)) == "insufficient_funds"
    assert await town.ask("anita", PayOrder(town.ids.new(), asked.id)) == "paid"


async def test_a_merchant_lists_what_it_asked_for(town: Town) -> None:
    asked = [await ask_for(town, f"{n}.00") for n in range(1, 6)]
    await town.ask("anita", PayOrder(town.ids.new(), asked[0].id))
    orders, tea = town.tools.orders, town.people["tea"].id
    first = await orders.asked_by(tea, limit=3)
    rest = await orders.asked_by(tea, before=first[-1].id)
    assert {o.id for o in [*first, *rest]} == {a.id for a in asked}
    assert [o.id for o in [*first, *rest]] == sorted((a.id for a in asked), reverse=True)
    assert len(await orders.open_for(tea)) == 4


# --- refunds ------------------------------------------------------------------------------------------


async def test_a_payment_is_refunded_in_parts_and_the_price_is_kept(town: Town) -> None:
    paid = await pay(town, "100.00")
    first = Refund(town.ids.new(), paid.id, money("30.00"))
    assert await town.ask("tea", first) == "partly_refunded"
    assert await town.ask("tea", first) == "partly_refunded again"
    assert await town.purse("tea") == "69.00"
    assert await town.ask("tea", Refund(town.ids.new(), paid.id)) == "insufficient_funds"
    await town.give("tea", "1.00")
    assert await town.ask("tea", Refund(town.ids.new(), paid.id)) == "refunded"
    assert await town.purse("anita") == "1000.00"
    assert await town.system("fees") == "1.00"
    assert (await town.announced())[1:] == ["payment.refunded"] * 2
    await town.prove()


async def test_a_price_that_goes_back_makes_everybody_whole(town: Town) -> None:
    paid = await pay(town, "10.00", to="cinema")
    for amount in ("3.33", "3.33", "3.33", None):
        part = Refund(town.ids.new(), paid.id, money(amount) if amount else None)
        assert await town.ask("cinema", part) in ("partly_refunded", "refunded")
    assert await town.purse("anita") == "1000.00"
    assert await town.purse("cinema") == "0.00"
    assert [await town.system(name) for name in ("fees", "scheme", "remainder")] == ["0.00"] * 3


async def test_the_same_refund_id_with_another_amount_is_refused(town: Town) -> None:
    paid = await pay(town, "100.00")
    first = Refund(town.ids.new(), paid.id, money("30.00"))
    await town.ask("tea", first)
    other = Refund(first.id, paid.id, money("31.00"))
    assert await town.ask("tea", other) == "order_exists_differently"


async def test_fifty_refunds_at_once_cannot_exceed_the_payment(town: Town) -> None:
    await town.give("tea", "1000.00")
    paid = await pay(town, "100.00")
    parts = [Refund(town.ids.new(), paid.id, money("15.00")) for _ in range(50)]
    answers = await asyncio.gather(*(town.ask("tea", part) for part in parts))
    order = await town.order(paid.id)
    done = answers.count("partly_refunded")
    assert 1 <= done <= 6
    assert order.refunded_minor == done * 15_00
    assert set(answers) <= {"partly_refunded", "refund_too_large", "order_moved_on"}
    again = [await town.ask("tea", part) for part in parts]
    assert (await town.order(paid.id)).refunded_minor == 90_00
    assert count(again)["refund_too_large"] == 44
    assert await town.purse("anita") == "990.00"
    await town.prove()


async def test_fifty_times_the_same_refund_is_once(town: Town) -> None:
    paid = await pay(town, "100.00")
    part = Refund(town.ids.new(), paid.id, money("15.00"))
    answers = await asyncio.gather(*(town.ask("tea", part) for _ in range(50)))
    assert set(answers) <= {"partly_refunded", "partly_refunded again"}
    assert (await town.order(paid.id)).refunded_minor == 15_00


async def test_a_suspicious_refund_is_denied_for_the_payment_is_over(town: Town) -> None:
    paid = await pay(town, "100.00")
    town.brain.says = Decision.REVIEW
    assert await town.ask("tea", Refund(town.ids.new(), paid.id, money("40"))) == "denied_by_risk"
    assert (await town.order(paid.id)).state == "paid"


async def test_a_wallet_that_is_full_cannot_be_refunded_over_its_cap(town: Town) -> None:
    await town.give("sunil", "9980.00")
    paid = await pay(town, "50.00", by="sunil")
    await town.give("sunil", "50.00")
    await town.give("tea", "1.00")
    assert await town.ask("tea", Refund(town.ids.new(), paid.id)) == "ceiling_exceeded"
