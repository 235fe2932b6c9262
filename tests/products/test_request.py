"""Requests, on real books."""

from __future__ import annotations

import asyncio

from argosy.products.request.facts import Ask, CancelRequest, Decline, PayRequest
from tests.products.town import Town, money


async def asked(town: Town, amount: str = "30.00") -> Ask:
    command = Ask(town.ids.new(), money(amount), phone="98000 00001", note="lunch")
    assert await town.ask("ravi", command) == "awaiting"
    return command


async def test_a_request_shows_up_and_is_paid(town: Town) -> None:
    request = await asked(town)
    (waiting,) = await town.tools.orders.open_for(town.people["anita"].id)
    assert (waiting.id, waiting.note) == (request.id, "lunch")
    pay = PayRequest(town.ids.new(), request.id)
    assert await town.ask("anita", pay) == "paid"
    assert await town.ask("anita", pay) == "paid again"
    assert await town.purse("ravi") == "80.00"
    assert await town.tools.orders.open_for(town.people["anita"].id) == []
    assert await town.announced() == ["request.created", "request.paid"]


async def test_the_same_request_again_is_the_same_request(town: Town) -> None:
    request = await asked(town)
    assert await town.ask("ravi", request) == "awaiting again"
    assert len(await town.tools.orders.open_for(town.people["anita"].id)) == 1


async def test_paying_a_request_counts_as_sending(town: Town) -> None:
    await town.join("asha", "+919800000007", "500", "small")
    request = Ask(town.ids.new(), money("5"), phone="98000 00007")
    await town.ask("ravi", request)
    assert await town.ask("asha", PayRequest(town.ids.new(), request.id)) == "level_not_allowed"
    mine = await asked(town)
    await town.ask("anita", PayRequest(town.ids.new(), mine.id))
    assert await town.used("anita", "send") == 30_00


async def test_a_request_is_declined_cancelled_or_expires(town: Town) -> None:
    first, second, third = [await asked(town) for _ in range(3)]
    assert await town.ask("anita", Decline(town.ids.new(), first.id)) == "cancelled"
    assert await town.ask("ravi", CancelRequest(town.ids.new(), second.id)) == "cancelled"
    assert await town.sweep(days=7) == 1
    assert (await town.order(third.id)).state == "expired"
    for request in (first, second):
        assert await town.ask("anita", PayRequest(town.ids.new(), request.id)) == "order_not_open"
    assert await town.announced() == [
        *["request.created"] * 3,
        "request.declined",
        "request.cancelled",
        "request.expired",
    ]


async def test_paying_and_cancelling_at_once_one_wins(town: Town) -> None:
    request = await asked(town)
    answers = await asyncio.gather(
        town.ask("anita", PayRequest(town.ids.new(), request.id)),
        town.ask("ravi", CancelRequest(town.ids.new(), request.id)),
    )
    assert sorted(answers) in (["cancelled", "order_not_open"], ["order_not_open", "paid"])
    await town.prove()


async def test_a_stranger_cannot_touch_it(town: Town) -> None:
    request = await asked(town)
    for command in (PayRequest, Decline, CancelRequest):
        answer = await town.ask("sunil", command(town.ids.new(), request.id))
        assert answer == "order_not_found"
