"""A shop's tax numbers: typed at sign-up or later, read by the market, shown where the law wants them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from argosy.markets import load
from argosy.public_services.receipts.tax import TaxNumbers
from tests.channels.lite.visitors import PIN, House

GSTIN = "29ABCDE1234F1ZW"


async def paid(house: House) -> str:
    """The page of the receipt of a payment of Asha's at the tea shop."""
    asha = house.visitor("asha")
    page = await asha.fill(f"/p/{house.people['tea'].number}", "/pay", amount="10", pin=PIN)
    return next(link for link in page.links if link.startswith("/r/"))


async def last_order(house: House) -> UUID:
    found = await house.wallet.db.value("SELECT id FROM orders.orders ORDER BY id DESC LIMIT 1")
    assert isinstance(found, UUID)
    return found


async def test_a_shop_enters_its_number_and_receipts_from_then_on_carry_it(house: House) -> None:
    tea = house.visitor("tea")
    before = await paid(house)
    house.clock.advance(seconds=1)
    assert "/me/tax" in (await tea.open("/me")).links
    page = await tea.fill("/me/tax", tax_gstin="29 abcde 1234 f1zw")
    assert "Saved" in page.text
    assert page.form("/me/tax").fields["tax_gstin"] == GSTIN
    house.clock.advance(seconds=1)
    after = await paid(house)
    assert GSTIN in (await house.visitor("asha").open(f"/orders/{await last_order(house)}")).text
    assert GSTIN in (await house.visitor().open(after)).text
    page = await house.visitor().open(before)
    assert GSTIN not in page.text
    assert page.status == 200
    sheet = await tea.open("/till/print/sticker.svg")
    assert f"GSTIN {GSTIN}" in sheet.answer.text


async def test_a_shop_that_opens_may_say_its_number_at_once(house: House) -> None:
    new = house.visitor()
    page = await new.fill("/enter", phone="9800000077")
    code = await house.code("+919800000077")
    page = await new.send(page.form("/enter/code"), code=code)
    form = (await new.open("/enter/new?as=shop")).form("/enter/new")
    shop = {
        "business_name": "Pen House",
        "city": "Pune",
        "name": "Om",
        "pin": PIN,
        "pin_again": PIN,
    }
    page = await new.send(form, **shop, tax_gstin="nonsense")
    assert "not look like a tax number" in page.text
    page = await new.send(page.form("/enter/new"), pin=PIN, pin_again=PIN, tax_gstin=GSTIN)
    assert (await new.open("/me/tax")).form("/me/tax").fields["tax_gstin"] == GSTIN


async def test_what_is_no_tax_number_is_said_beside_its_field(house: House) -> None:
    page = await house.visitor("tea").fill("/me/tax", tax_gstin="29ABCDE1234F1ZX")
    assert page.status == 422
    assert "not look like a tax number" in page.text
    assert page.form("/me/tax").fields["tax_gstin"] == "29ABCDE1234F1ZX"


async def test_customers_have_none(house: House) -> None:
    assert "/me/tax" not in (await house.visitor("asha").open("/me")).links
    assert (await house.visitor("asha").open("/me/tax")).status == 403


async def test_what_is_taken_off_is_on_no_later_receipt(house: House) -> None:
    tax, market, tea = house.wallet.receipts.tax, house.wallet.market, house.people["tea"].id
    await tax.enter(tea, {"gstin": GSTIN})
    house.clock.advance(minutes=1)
    await tax.enter(tea, {"gstin": ""})
    now = house.clock.now()
    assert await tax.on_receipt(tea, market, now) == ()
    (line,) = await tax.on_receipt(tea, market, now - timedelta(seconds=30))
    assert (line.key, line.number) == ("gstin", GSTIN)


@pytest.mark.parametrize("name", ["india", "thailand", "philippines", "indonesia"])
def test_every_market_reads_its_own_example_and_refuses_another(house: House, name: str) -> None:
    market = load()[name]
    tax = TaxNumbers(house.wallet.db, house.clock)
    for field in tax.fields(market):
        read = tax.read(market, {field.key: field.example})
        assert isinstance(read, dict)
        assert read[field.key]
        assert getattr(tax.read(market, {field.key: "x"}), "field", "") == f"tax_{field.key}"
    assert any(field.needed for field in tax.fields(market))
