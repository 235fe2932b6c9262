"""Atlantis boots: a country that the program has never heard of, given by a setting alone, opens its
wallets, takes money in from the bank and pays, over the web and in its own currency of three decimals.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from argosy.app import Wallet, build, set_up
from argosy.base.ids import Ids
from argosy.base.ledger.verify import verify
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import Party
from argosy.base.products import Asker
from argosy.base.store import Database
from argosy.markets import load
from argosy.products.top_up.facts import TopUp
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.signin.facts import DeviceClaim
from argosy.settings import Settings
from argosy.web import web

DEVICE = DeviceClaim("a phone")
HERE = Path(__file__).parent
PHONE = "512 345"
SHOP = "512 346"
PIN = "583172"
JSON = {"accept": "application/json"}


@pytest.fixture
async def wallet(db: Database, clock: Any, ids: Ids) -> Wallet:
    settings = Settings(data=Path("unused"), key=b"a" * 32, demo=True, markets=(HERE,))
    wallet = await build(settings, db, clock=clock, ids=ids)
    await set_up(wallet)
    await wallet.brain.start()
    return wallet


def browser(wallet: Wallet) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(web(wallet)),
        base_url="http://triton.test",  # type: ignore[arg-type]
    )
    client.cookies.set("market", "atlantis", domain="triton.test")
    return client


async def code(wallet: Wallet, phone: str) -> str:
    for letter in await wallet.notify.inbox("atlantis", phone):
        if letter.secret and (found := re.search(r"\b[0-9]{6}\b", letter.text)):
            return found[0]
    raise AssertionError("no code has come")


async def sign_up(wallet: Wallet, phone: str, name: str, **more: str) -> httpx.AsyncClient:
    """As a person does: phone, code, name and PIN, all at the front door."""
    client = browser(wallet)
    page = await client.get("/enter?as=shop" if more else "/enter")
    for typed in ({"phone": phone}, {}, {"name": name, "pin": PIN, "pin2": PIN, **more}):
        form = re.search(
            r'<form method="post" action="(/enter[^"]*)"(.*?)</form>', page.text, re.DOTALL
        )
        assert form is not None, page.text
        fields = dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.group(2))
        )
        filled = typed or {"code": await code(wallet, str(wallet.markets["atlantis"].phone(phone)))}
        page = await client.post(form.group(1), data={**fields, **filled}, follow_redirects=True)
        assert page.status_code == 200, page.text
    return client


async def party(wallet: Wallet, phone: str) -> Party:
    found = await wallet.parties.by_phone("atlantis", str(wallet.markets["atlantis"].phone(phone)))
    assert found is not None
    return found


async def top_up(wallet: Wallet, phone: str, minor: int) -> Receipt:
    who = await party(wallet, phone)
    client_session = await wallet.signin.admit(who, DEVICE)
    session = await wallet.signin.session(client_session.token)  # type: ignore[union-attr]
    assert session is not None
    asker = Asker(who, "lite", session.id, session.device.id, "203.0.113.9")
    command = TopUp(wallet.ids.new(), Money(minor, "KWD"), "ATL0000000100")
    said = await wallet.cashier.carry_out(command, asker, Shown(session, pin=PIN))
    assert isinstance(said, Receipt), said
    return said


async def test_atlantis_is_found_beside_the_others_with_no_change_in_the_program(
    wallet: Wallet,
) -> None:
    assert sorted(wallet.markets) == sorted(["atlantis", *load()])
    assert len(wallet.markets) > len(load()) > 1
    books = await wallet.db.all("SELECT currency FROM ledger.accounts WHERE currency = 'KWD'")
    assert books, "the operator has no accounts there"


async def test_a_wallet_is_opened_filled_and_pays_a_shop_in_atlantis(wallet: Wallet) -> None:
    customer = await sign_up(wallet, PHONE, "Cleito Tritonides")
    await sign_up(wallet, SHOP, "Eumelos Nereides", business_name="Coral Bakery", city="Kerne")
    filled = await top_up(wallet, PHONE, 20_500)
    assert filled.order.state is State.PAID

    shop = await party(wallet, SHOP)
    payment = {"id": str(wallet.ids.new()), "to": shop.number, "amount": "1.005", "pin": PIN}
    paid = await customer.post("/pay", json=payment, headers=JSON)

    assert paid.status_code == 200, paid.text
    assert paid.json()["amount_minor"] == 1_005
    assert paid.json()["currency"] == "KWD"
    account = await wallet.ledger.account((await party(wallet, PHONE)).account)
    assert account is not None
    assert account.balance_minor == 20_500 - 1_005
    report = await verify(wallet.db)
    assert not report.findings, report.text()


async def test_too_many_decimals_are_refused_by_the_currency_of_atlantis(wallet: Wallet) -> None:
    customer = await sign_up(wallet, PHONE, "Cleito Tritonides")
    await sign_up(wallet, SHOP, "Eumelos Nereides", business_name="Coral Bakery", city="Kerne")
    shop = await party(wallet, SHOP)
    payment = {"id": str(wallet.ids.new()), "to": shop.number, "amount": "1.0005", "pin": PIN}
    said = await customer.post("/pay", json=payment, headers=JSON)
    assert (said.status_code, said.json()["code"]) == (422, "amount_too_precise")
