"""Who is told what, and only once."""

from __future__ import annotations

from argosy.base.outbox import Relay
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask, Decline
from argosy.products.send.claims import claim
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.telling import Telling
from argosy.public_services.notify.notify import Notify
from argosy.public_services.words.words import Words
from tests.products.town import Town, money

NEW_PHONE = "+919800000009"


async def told(town: Town) -> Notify:
    """Let the relay carry everything that was announced so far."""
    markets = {town.market.code: town.market}
    words = Words(markets, strict=True)
    notify = Notify(town.db, town.clock, town.tools.keys, town.parties, words)
    relay = Relay(town.db, "telling", Telling(town.tools, notify).handle)
    await relay.prepare()
    while await relay.step():
        pass
    return notify


async def letters(town: Town, name: str) -> list[str]:
    notify = await told(town)
    return [letter.text for letter in await notify.inbox_of(town.people[name].id)]


async def test_the_receiver_is_told_once(town: Town) -> None:
    await town.ask("anita", Send(town.ids.new(), money("100.50"), phone="98000 00002"))
    await told(town)
    (text,) = await letters(town, "ravi")
    assert "100.50" in text
    assert await letters(town, "anita") == []


async def test_a_phone_without_a_wallet_is_told_and_so_are_both_when_it_goes_back(
    town: Town,
) -> None:
    await town.ask("anita", Send(town.ids.new(), money("100"), phone=NEW_PHONE))
    notify = await told(town)
    (waits,) = await notify.inbox("portland", NEW_PHONE)
    assert "Open a wallet" in waits.text
    await town.sweep(days=7)
    (back,) = await letters(town, "anita")
    assert "come back" in back
    gone = (await notify.inbox("portland", NEW_PHONE))[0]
    assert "gone back" in gone.text


async def test_the_sender_is_told_that_waiting_money_was_claimed(town: Town) -> None:
    await town.ask("anita", Send(town.ids.new(), money("100"), phone=NEW_PHONE))
    await claim(town.tools, await town.join("nila", NEW_PHONE), NEW_PHONE)
    (text,) = await letters(town, "anita")
    assert "claimed" in text


async def test_refunds_requests_and_banks_are_told(town: Town) -> None:
    paid = PayMerchant(town.ids.new(), money("100"), town.people["tea"].number)
    await town.ask("anita", paid)
    await town.ask("tea", Refund(town.ids.new(), paid.id, money("7.25")))
    asked = Ask(town.ids.new(), money("30"), phone="98000 00001")
    await town.ask("ravi", asked)
    await town.ask("anita", Decline(town.ids.new(), asked.id))
    town.bank.mood = "no"
    await town.ask("anita", Withdraw(town.ids.new(), money("5"), "IFSC0001234567"))
    for_anita = " ".join(await letters(town, "anita"))
    assert "given you back" in for_anita
    assert "7.25" in for_anita
    assert "asks you for" in for_anita
    assert "did not take" in for_anita
    assert "declined" in " ".join(await letters(town, "ravi"))


async def test_silence_of_a_bank_is_told_once(town: Town) -> None:
    town.bank.mood = "lost"
    await town.ask("anita", Withdraw(town.ids.new(), money("5"), "IFSC0001234567"))
    for _ in range(20):
        await town.sweep(minutes=10)
    assert sum("not answered yet" in text for text in await letters(town, "anita")) == 1
