"""One story for every command of every product: who asks for it, and what had to happen before.

A new product adds its commands here; the walk in test_every_product.py finds what is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from argosy.base.ids import Ids
from argosy.base.orders.cash import new_code
from argosy.base.parties.facts import PartyKind
from argosy.products.cash_in import facts as cash_in
from argosy.products.cash_out import facts as cash_out
from argosy.products.pay.facts import (
    AskPresented,
    CancelPayment,
    CreatePayment,
    PayMerchant,
    PayOrder,
    PayPresented,
)
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask, CancelRequest, Decline, PayRequest
from argosy.products.send.facts import Send, TakeBack
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Redeem, Withdraw
from tests.products.town import Town, money

BANK = "IFSC0001234567"
NEW_PHONE = "98000 00077"


@dataclass(frozen=True)
class Sample:
    """`name` asks for `command`. `source` is where the money is to come from, `payee` the other side as
    it is to be shown, `out` and `net` what leaves the payer and reaches the payee."""

    name: str
    command: Any
    source: str
    payee: str
    out: str
    net: str


async def did(town: Town, name: str, command: Any) -> Any:
    """Something that had to happen before."""
    said = await town.ask(name, command)
    assert said in ("paid", "held", "awaiting"), (type(command).__name__, said)
    return command


def id_of(town: Town) -> Any:
    ids: Ids = town.ids
    return ids.new()


async def agent(town: Town) -> None:
    await town.join("grocer", "+919800000006", "2000.00", "merchant", PartyKind.AGENT)


def offer(town: Town) -> cash_in.OfferCash:
    id_ = id_of(town)
    code = new_code(town.tools.keys, id_)
    return cash_in.OfferCash(id_, money("100"), code, phone="98000 00001")


def cash_code(town: Town) -> cash_out.MakeCode:
    id_ = id_of(town)
    return cash_out.MakeCode(id_, money("100"), new_code(town.tools.keys, id_))


async def pay_merchant(town: Town) -> Sample:
    command = PayMerchant(id_of(town), money("100"), town.people["tea"].number)
    return Sample("anita", command, "wallet", "tea", "100.00", "99.00")


async def create_payment(town: Town) -> Sample:
    command = CreatePayment(id_of(town), money("100"))
    return Sample("tea", command, "none", "", "100.00", "99.00")


async def pay_order(town: Town) -> Sample:
    asked = await did(town, "tea", CreatePayment(id_of(town), money("100")))
    return Sample("anita", PayOrder(id_of(town), asked.id), "wallet", "tea", "100.00", "99.00")


async def cancel_payment(town: Town) -> Sample:
    asked = await did(town, "tea", CreatePayment(id_of(town), money("100")))
    return Sample("tea", CancelPayment(id_of(town), asked.id), "none", "", "100.00", "99.00")


async def pay_presented(town: Town) -> Sample:
    number = town.people["tea"].number
    command = PayPresented(id_of(town), money("100"), number, day_minor_max=500_00)
    return Sample("anita", command, "wallet", "tea", "100.00", "99.00")


async def ask_presented(town: Town) -> Sample:
    command = AskPresented(id_of(town), money("100"), town.people["anita"].id)
    return Sample("tea", command, "none", "an…", "100.00", "99.00")


async def refund(town: Town) -> Sample:
    paid = await did(
        town, "anita", PayMerchant(id_of(town), money("100"), town.people["tea"].number)
    )
    command = Refund(id_of(town), paid.id, money("40"))
    return Sample("tea", command, "wallet", "an…", "100.00", "99.00")


async def send(town: Town) -> Sample:
    command = Send(id_of(town), money("100"), phone="98000 00002")
    return Sample("anita", command, "wallet", "ra…", "100.00", "100.00")


async def take_back(town: Town) -> Sample:
    sent = await did(town, "anita", Send(id_of(town), money("100"), phone=NEW_PHONE))
    command = TakeBack(id_of(town), sent.id)
    return Sample("anita", command, "set_aside", "...0077", "100.00", "100.00")


async def ask(town: Town) -> Sample:
    command = Ask(id_of(town), money("100"), phone="98000 00001")
    return Sample("ravi", command, "none", "an…", "100.00", "100.00")


async def asked_for(town: Town) -> Any:
    return await did(town, "ravi", Ask(id_of(town), money("100"), phone="98000 00001"))


async def pay_request(town: Town) -> Sample:
    asked = await asked_for(town)
    return Sample("anita", PayRequest(id_of(town), asked.id), "wallet", "ra…", "100.00", "100.00")


async def decline(town: Town) -> Sample:
    asked = await asked_for(town)
    return Sample("anita", Decline(id_of(town), asked.id), "none", "ra…", "100.00", "100.00")


async def cancel_request(town: Town) -> Sample:
    asked = await asked_for(town)
    return Sample("ravi", CancelRequest(id_of(town), asked.id), "none", "an…", "100.00", "100.00")


async def top_up(town: Town) -> Sample:
    command = TopUp(id_of(town), money("100"), BANK)
    return Sample("anita", command, "bank", "...4567", "100.00", "100.00")


async def withdraw(town: Town) -> Sample:
    command = Withdraw(id_of(town), money("100"), BANK)
    return Sample("anita", command, "wallet", "...4567", "", "100.00")


async def offer_cash(town: Town) -> Sample:
    await agent(town)
    return Sample("grocer", offer(town), "wallet", "an…", "100.00", "100.00")


async def take_cash(town: Town) -> Sample:
    await agent(town)
    given = await did(town, "grocer", offer(town))
    command = cash_in.TakeCash(id_of(town), given.id)
    return Sample("anita", command, "set_aside", "gr…", "100.00", "100.00")


async def drop_offer(town: Town) -> Sample:
    await agent(town)
    given = await did(town, "grocer", offer(town))
    command = cash_in.DropOffer(id_of(town), given.id)
    return Sample("grocer", command, "set_aside", "an…", "100.00", "100.00")


async def make_code(town: Town) -> Sample:
    return Sample("anita", cash_code(town), "wallet", "", "", "100.00")


async def pay_out(town: Town) -> Sample:
    await agent(town)
    made = await did(town, "anita", cash_code(town))
    command = cash_out.PayOut(id_of(town), made.id, made.code)
    return Sample("grocer", command, "set_aside", "an…", "", "100.00")


async def cancel_code(town: Town) -> Sample:
    made = await did(town, "anita", cash_code(town))
    command = cash_out.CancelCode(id_of(town), made.id)
    return Sample("anita", command, "set_aside", "", "", "100.00")


SAMPLES: dict[type, Callable[[Town], Awaitable[Sample]]] = {
    PayMerchant: pay_merchant,
    CreatePayment: create_payment,
    PayOrder: pay_order,
    CancelPayment: cancel_payment,
    PayPresented: pay_presented,
    AskPresented: ask_presented,
    Refund: refund,
    Send: send,
    TakeBack: take_back,
    Ask: ask,
    PayRequest: pay_request,
    Decline: decline,
    CancelRequest: cancel_request,
    TopUp: top_up,
    Withdraw: withdraw,
    cash_in.OfferCash: offer_cash,
    cash_in.TakeCash: take_cash,
    cash_in.DropOffer: drop_offer,
    cash_out.MakeCode: make_code,
    cash_out.PayOut: pay_out,
    cash_out.CancelCode: cancel_code,
}
TOLD_ELSEWHERE: dict[type, str] = {
    Redeem: "only a wallet that is being closed is redeemed: tests/markets",
    cash_in.AskBack: "two sides undo cash: tests/products/test_cash.py",
    cash_in.AgreeBack: "two sides undo cash: tests/products/test_cash.py",
    cash_out.AskBack: "two sides undo cash: tests/products/test_cash.py",
    cash_out.AgreeBack: "two sides undo cash: tests/products/test_cash.py",
}
"""Commands whose story is long and told in a test of its own; it must say which."""
