"""A day at a counter, through the pages, by the browser of somebody without script."""

from __future__ import annotations

import re
from datetime import date

import pytest

from argosy.base.money import Money
from argosy.base.orders.cash import new_code
from argosy.base.products import Asker
from argosy.channels.agent.counting import day_of
from argosy.markets import load
from argosy.products.cash_in.facts import AgreeBack
from argosy.products.cash_out.facts import MakeCode
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.words.words import Words
from tests.channels.agent.conftest import Counter
from tests.channels.lite.visitors import PHONES, PIN

ASHA = PHONES["asha"].removeprefix("+91")


async def as_asha(counter: Counter, command: object) -> Receipt:
    house = counter.house
    session = await house.wallet.signin.session(house.tokens["asha"])
    asker = Asker(house.people["asha"], "lite", session.id, session.device.id, "203.0.113.7")
    said = await house.wallet.cashier.carry_out(command, asker, Shown(session, pin=PIN))
    assert isinstance(said, Receipt), said
    return said


async def code_of(counter: Counter) -> tuple[str, Receipt]:
    id_ = counter.house.ids.new()
    code = new_code(counter.house.wallet.keys, id_)
    return code, await as_asha(counter, MakeCode(id_, Money(500_00, "INR"), code))


async def offered(counter: Counter, amount: str = "300"):
    page = await counter.browser.fill("/agent/in", to=ASHA, amount=amount)
    assert "Asha R." in page.text
    assert "Commission ₹1.00" in page.text
    page = await counter.browser.send(page.form("/agent/in"), pin=PIN)
    assert page.path.startswith("/agent/orders/")
    assert "Waiting for Asha R. to confirm" in page.text
    return page


async def told_code(counter: Counter) -> str:
    """The code as it reaches the customer's phone."""
    order_id = (await counter.house.wallet.orders.open_for(counter.agent.id))[0].id
    return new_code(counter.house.wallet.keys, order_id)


async def test_cash_in_with_the_customers_code(counter: Counter) -> None:
    page = await offered(counter)
    wrong = await counter.browser.send(page.form(page.path), code="000000")
    assert wrong.status == 422
    assert "That code does not fit this phone. 4 tries left." in wrong.text
    done = await counter.browser.send(page.form(page.path), code=await told_code(counter))
    assert "Done. The money is in the customer's wallet." in done.text
    assert await counter.house.balance("asha") == "10300.00"
    home = await counter.browser.open("/agent")
    assert "₹4,701.00" in home.text
    assert "Cash in 1 ₹300.00" in home.text


async def test_the_customer_is_sent_the_code_with_the_agents_name(counter: Counter) -> None:
    await counter.house.wallet.relays[0].prepare()
    await offered(counter)
    while await counter.house.wallet.relays[0].step():
        pass
    letters = await counter.house.wallet.notify.inbox("india", PHONES["asha"])
    assert letters[0].secret
    assert "Station Road Recharge is putting ₹300.00 into your wallet." in letters[0].text
    assert await told_code(counter) in letters[0].text


async def test_a_form_sent_twice_is_one_offer(counter: Counter) -> None:
    page = await counter.browser.fill("/agent/in", to=ASHA, amount="300")
    form = page.form("/agent/in")
    first = await counter.browser.send(form, pin=PIN)
    second = await counter.browser.send(form, pin=PIN)
    assert first.path == second.path
    assert await counter.house.balance("agent") == "5000.00 (300.00 held)"


async def test_what_is_wrong_is_said_on_the_form(counter: Counter) -> None:
    for typed, says in (
        ({"to": ASHA, "amount": "x"}, "digits"),
        ({"to": "12", "amount": "10"}, "mobile number"),
        ({"to": "98000 00099", "amount": "10"}, "no wallet with this number"),
        ({"to": PHONES["sunil"].removeprefix("+91"), "amount": "10"}, "cannot take"),
    ):
        page = await counter.browser.fill("/agent/in", **typed)
        assert (page.status, says in page.text) == (422, True), page.text
    page = await counter.browser.fill("/agent/in", to=ASHA, amount="10")
    page = await counter.browser.send(page.form("/agent/in"), pin="000001")
    assert "That PIN is not right" in page.text
    assert page.form("/agent/in").fields["amount"] == "10.00"


async def test_an_offer_is_dropped(counter: Counter) -> None:
    page = await offered(counter)
    drop = page.forms[1]
    done = await counter.browser.send(drop)
    assert "Nothing was moved. Give any cash back." in done.text
    assert await counter.house.balance("agent") == "5000.00"


async def test_cash_out_with_a_code(counter: Counter) -> None:
    code, _ = await code_of(counter)
    page = await counter.browser.fill("/agent/out", whose=ASHA, code="000000", pin=PIN)
    assert "That code does not fit" in page.text
    page = await counter.browser.fill("/agent/out", whose=ASHA, code=code, pin="000001")
    assert "PIN is not right" in page.text
    form = (await counter.browser.open("/agent/out")).form("/agent/out")
    page = await counter.browser.send(form, whose=ASHA, code=code, pin=PIN)
    assert "Hand over the cash now." in page.text
    assert "₹500.00 Asha R." in page.text
    again = await counter.browser.send(form, whose=ASHA, code=code, pin=PIN)
    assert again.path == page.path
    assert await counter.house.balance("agent") == "5502.00"
    await counter.house.prove()


async def test_guessing_codes_ends_them(counter: Counter) -> None:
    code, _ = await code_of(counter)
    for n in range(5):
        page = await counter.browser.fill("/agent/out", whose=ASHA, code=f"00000{n}", pin=PIN)
    assert "Too many wrong codes" in page.text
    page = await counter.browser.fill("/agent/out", whose=ASHA, code=code, pin=PIN)
    assert "That code does not fit" in page.text
    assert await counter.house.balance("asha") == "10000.00"


async def test_the_day_is_closed_and_the_sums_prove_the_float(counter: Counter) -> None:
    page = await offered(counter)
    await counter.browser.send(page.form(page.path), code=await told_code(counter))
    code, _ = await code_of(counter)
    await counter.browser.fill("/agent/out", whose=ASHA, code=code, pin=PIN)
    page = await counter.browser.open("/agent/day")
    assert "Float at the beginning ₹0.00" in page.text
    assert "Cash in 1 -₹300.00" in page.text
    assert "Cash out 1 ₹500.00" in page.text
    assert "Commission ₹3.00" in page.text
    assert "Float at the end ₹5,203.00" in page.text
    assert "against the morning -₹200.00" in page.text
    assert "The sums prove the float." in page.text
    counter.house.clock.advance(days=1)
    tomorrow = await counter.browser.open("/agent/day")
    assert "Float at the beginning ₹5,203.00" in tomorrow.text
    yesterday = await counter.browser.open("/agent/day?day=2026-11-22")
    assert "Float at the end ₹5,203.00" in yesterday.text
    history = await counter.browser.open("/agent/float")
    assert "commission ₹2.00" in history.text
    earned = await counter.browser.open("/agent/commission")
    assert "In all ₹3.00" in earned.text


async def test_a_mistake_is_undone_by_both_sides(counter: Counter) -> None:
    page = await offered(counter)
    done = await counter.browser.send(page.form(page.path), code=await told_code(counter))
    counter.house.clock.advance(minutes=3)
    asked = await counter.browser.send(done.form(done.path), pin=PIN)
    assert "The customer must agree" in asked.text
    order_id = re.search(r"[0-9a-f-]{36}", done.path)
    house = counter.house
    await as_asha(counter, AgreeBack(house.ids.new(), (await house.order(order_id[0])).id))
    page = await counter.browser.open(done.path)
    assert "Undone. Everything has gone back." in page.text
    day = await counter.browser.open("/agent/day")
    assert "Undone 1 ₹300.00" in day.text
    assert "Commission ₹0.00" in day.text
    assert "The sums prove the float." in day.text
    await house.prove()


async def test_a_customer_makes_a_code_and_lets_it_go(counter: Counter) -> None:
    asha = counter.house.visitor("asha")
    page = await asha.fill("/cash", amount="500", pin="000001")
    assert "PIN is not right" in page.text
    page = await asha.fill("/cash", amount="500", pin=PIN)
    code = re.search(r"Cash code for ₹500.00 (\d{6})", page.text)
    assert code is not None, page.text
    paid = await counter.browser.fill("/agent/out", whose=ASHA, code=code[1], pin=PIN)
    assert "Hand over the cash now." in paid.text
    page = await asha.fill("/cash", amount="20", pin=PIN)
    page = await asha.send(page.forms[0])
    assert "Cash code for" not in page.text
    assert await counter.house.balance("asha") == "9495.00"


async def test_a_customer_says_yes_to_cash_and_to_undoing_it(counter: Counter) -> None:
    order = (await offered(counter)).path
    asha = counter.house.visitor("asha")
    page = await asha.open("/cash")
    assert "Station Road Recharge puts ₹300.00 into your wallet" in page.text
    await asha.send(page.forms[0])
    assert await counter.house.balance("asha") == "10300.00"
    counter.house.clock.advance(minutes=1)
    done = await counter.browser.open(order)
    await counter.browser.send(done.form(order), pin=PIN)
    page = await asha.open("/cash")
    assert "wants to undo ₹300.00" in page.text
    await asha.send(page.forms[0], pin=PIN)
    assert await counter.house.balance("asha") == "10000.00"


async def test_only_agents_come_to_the_counter(counter: Counter) -> None:
    page = await counter.house.visitor().open("/agent")
    assert page.path == "/enter"
    page = await counter.house.visitor("asha").open("/agent")
    assert (page.status, "This is for agents" in page.text) == (422, True)
    order = (await offered(counter)).path
    stranger = await counter.house.visitor("asha").open(order)
    assert "This is for agents" in stranger.text
    assert (await counter.browser.open("/agent/nothing")).status == 404
    page = await counter.browser.open("/agent/orders/018f0000-0000-7000-8000-000000000000")
    assert "cannot find" in page.text


async def test_a_foreign_form_is_refused(counter: Counter) -> None:
    form = (await counter.browser.open("/agent/in")).form("/agent/in")
    form.fields["csrf"] = "00"
    page = await counter.browser.send(form, to=ASHA, amount="10")
    assert page.status == 422
    assert "out of date" in page.text


async def test_pages_have_no_script_and_ask_nobody_else(counter: Counter) -> None:
    for path in ("/agent", "/agent/in", "/agent/out", "/agent/day", "/agent/float"):
        answer = await counter.browser.client.get(path)
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.search(r"(src|href)=.?https?:", answer.text)


@pytest.mark.parametrize("language", ["hi"])
def test_every_language_says_all_that_english_says(language: str) -> None:
    words = Words(load())
    mine = {k for k in words.keys("en") if k.startswith("agent.")}
    assert len(mine) > 50
    assert {k for k in words.keys(language) if k.startswith("agent.")} == mine


def test_a_day_without_anything_stands_as_it_stood() -> None:
    day = day_of(date(2026, 11, 22), "Asia/Kolkata", [], 700)
    assert (day.opened_minor, day.closed_minor, day.is_proved) == (700, 700, True)
