"""Cash at an agent's counter is called by its name in the history."""

from __future__ import annotations

import pytest

from argosy.base.money import Money
from argosy.base.orders.cash import new_code
from argosy.base.products import Asker
from argosy.products.cash_out.facts import MakeCode
from argosy.public_services.cashier.facts import Receipt, Shown
from tests.channels.lite.visitors import PIN, House

KINDS = ("cash_in", "cash_out", "commission", "compensation")


async def test_a_cash_code_stands_in_the_history_as_cash(house: House) -> None:
    asha, wallet = house.people["asha"], house.wallet
    session = await wallet.signin.session(house.tokens["asha"])
    id_ = house.ids.new()
    command = MakeCode(id_, Money(100_00, "INR"), new_code(wallet.keys, id_))
    assert session is not None
    asker = Asker(asha, "lite", session.id, session.device.id, "203.0.113.9")
    said = await wallet.cashier.carry_out(command, asker, Shown(session, pin=PIN))
    assert isinstance(said, Receipt), said
    page = await house.visitor("asha").open("/history")
    assert "Cash taken out" in page.text


@pytest.mark.parametrize("language", ["en", "hi"])
def test_each_kind_has_its_words(house: House, language: str) -> None:
    for kind in KINDS:
        assert house.wallet.words.has(f"lite.line.{kind}", language)
