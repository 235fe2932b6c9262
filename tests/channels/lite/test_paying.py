"""Paying a shop in pages without script: what moves, what is said, and that it moves once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import quote

import pytest

from argosy.base.markets import PayCode
from argosy.base.parties.numbers import reads
from tests.channels.lite.visitors import BASE, PIN, WRONG_PIN, House, Page


async def link(house: House) -> str:
    return f"/p/{house.shop_number}"


async def test_amount_and_pin_on_one_page_and_it_is_paid(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill(await link(house), "/pay", amount="120.50", pin=PIN)
    assert page.path.startswith("/orders/")
    assert "Paid ₹120.50 to Chai Adda" in page.text
    assert (await house.balance("asha"), await house.balance("tea")) == ("9879.50", "120.50")
    await house.prove()


async def test_a_number_a_link_and_a_code_lead_to_the_same_page(house: House) -> None:
    asha, tea = house.visitor("asha"), house.visitor("tea")
    code = (await tea.json("GET", "/till/code")).json()["code"]
    for typed in (house.shop_number, f"{BASE}/p/{house.shop_number}", code, f" {code} "):
        page = await asha.fill("/pay", code=typed)
        assert page.path == f"/p/{house.shop_number}", typed
        assert "Chai Adda" in page.text


async def test_a_form_that_is_sent_twice_pays_once_and_shows_the_same_receipt(house: House) -> None:
    asha = house.visitor("asha")
    form = (await asha.open(await link(house))).form("/pay")
    first = await asha.send(form, amount="10", pin=PIN)
    again = await asha.send(form, amount="10", pin=PIN)
    assert first.path == again.path
    assert await house.balance("tea") == "10.00"


async def test_twenty_at_once_pay_once(house: House) -> None:
    asha = house.visitor("asha")
    form = (await asha.open(await link(house))).form("/pay")
    pages = await asyncio.gather(*(asha.send(form, amount="10", pin=PIN) for _ in range(20)))
    assert len({page.path for page in pages}) == 1
    assert await house.balance("tea") == "10.00"
    await house.prove()


async def test_a_form_sent_again_with_another_amount_is_refused(house: House) -> None:
    asha = house.visitor("asha")
    form = (await asha.open(await link(house))).form("/pay")
    await asha.send(form, amount="10", pin=PIN)
    page = await asha.send(form, amount="99", pin=PIN)
    assert page.status == 422
    assert "sent before with other content" in page.text
    assert page.form("/pay").fields["id"] != form.fields["id"]
    assert await house.balance("tea") == "10.00"


async def test_a_wrong_pin_stands_beside_its_field_and_the_rest_is_kept(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill(await link(house), "/pay", amount="10", note="two teas", pin=WRONG_PIN)
    assert page.status == 422
    assert "You have 4 tries left" in page.text
    kept = page.form("/pay").fields
    assert (kept["amount"], kept["note"], kept["pin"]) == ("10", "two teas", "")
    page = await asha.send(page.form("/pay"), pin=PIN)
    assert "Paid ₹10.00" in page.text
    assert "two teas" in page.text


async def test_five_wrong_pins_make_a_wait_in_which_the_right_one_does_not_help(
    house: House,
) -> None:
    asha = house.visitor("asha")
    page = await asha.open(await link(house))
    for _ in range(5):
        page = await asha.send(page.form("/pay"), amount="10", pin=WRONG_PIN)
    page = await asha.send(page.form("/pay"), amount="10", pin=PIN)
    assert page.status == 422
    assert "please wait 1 minute" in page.text
    assert await house.balance("tea") == "0.00"
    house.clock.advance(seconds=61)
    page = await asha.send(page.form("/pay"), amount="10", pin=PIN)
    assert "Paid ₹10.00" in page.text


WRONG_AMOUNTS = [
    ("", "Please enter an amount."),
    ("0", "above zero"),
    ("-5", "above zero"),
    ("0.001", "fewer decimals"),
    ("12.345", "fewer decimals"),
    ("1" + "0" * 30, "too large"),
    ("1e3", "in digits"),
    ("ten", "in digits"),
    ("1,2,3", "in digits"),
    ("١٢", "in digits"),
    ("<b>1</b>", "in digits"),
    ("9" * 200, "too large"),
    ("10000000000000000", "too large"),
    ("NaN", "in digits"),
    ("10001", "not enough money"),
]


@pytest.mark.parametrize("amount,said", WRONG_AMOUNTS)
async def test_a_wrong_amount_is_told_in_words_and_moves_nothing(
    house: House, amount: str, said: str
) -> None:
    asha = house.visitor("asha")
    page = await asha.fill(await link(house), "/pay", amount=amount, pin=PIN)
    if amount == "10001":  # the brain asks first: a large amount to a new payee
        page = await asha.send(page.form("/pay"), otp=await house.code("+919800000001"))
    assert page.status == 422, page.text
    assert said in page.text
    assert "Traceback" not in page.answer.text
    assert await house.balance("asha") == "10000.00"


WRONG_CODES = [
    ("", "scan a code or type"),
    ("hello", "not a payment code"),
    ("1234567891", "wrong digit"),
    ("upi://pay?pa=teashop@okbank&pn=Tea&cu=INR", "of a kind we cannot pay yet"),
    ("https://evil.example/p/123", "not a payment code"),
    ("http://[", "not a payment code"),
    ("x" * 2000, "not a payment code"),
    ("000201" + "\u202e" * 40, "not a payment code"),
]


@pytest.mark.parametrize("code,said", WRONG_CODES)
async def test_a_wrong_code_is_told_in_words(house: House, code: str, said: str) -> None:
    page = await house.visitor("asha").fill("/pay", code=code)
    assert (page.status, page.path) == (422, "/pay")
    assert said in page.text
    assert page.form("/pay").fields["code"] == code.strip()


async def test_a_code_with_one_wrong_character_is_refused(house: House) -> None:
    code = (await house.visitor("tea").json("GET", "/till/code")).json()["code"]
    altered = code.replace("Pune", "Puna")
    page = await house.visitor("asha").fill("/pay", code=altered)
    assert page.status == 422
    assert "was not read in full" in page.text


# --- a code that carries its own end -------------------------------------------------------------


def ending(house: House, payee: str, minutes: int, amount: str = "") -> str:
    until = quote((house.clock.now() + timedelta(minutes=minutes)).isoformat())
    shop = "mc=5411&" if payee == house.shop_number else ""
    fixed = f"am={amount}&" if amount else ""
    return f"upi://pay?pa={payee}@argosy&pn=Somebody&{shop}{fixed}cu=INR&QRexpire={until}"


async def test_a_code_whose_own_end_is_over_leads_nowhere(house: House) -> None:
    asha = house.visitor("asha")
    for payee in (house.shop_number, "9800000002"):
        for minutes in (0, -1):
            page = await asha.fill("/pay", code=ending(house, payee, minutes))
            assert (page.status, page.path) == (422, "/pay")
            assert "The time for this code is over. Please ask for a new one." in page.text
    sent = {"id": str(house.ids.new()), "amount": "5", "pin": PIN}
    said = await asha.json("POST", "/pay", **sent, code=ending(house, house.shop_number, 0))
    assert (said.status_code, said.json()["code"]) == (409, "code_expired")
    assert await house.balance("asha") == "10000.00"


async def test_twin_before_its_end_it_is_paid(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/pay", code=ending(house, house.shop_number, 5, "30.00"))
    form = page.form("/pay")
    assert form.fields["amount"] == "30.00"
    paid = await asha.send(form, pin=PIN)
    assert paid.path.startswith("/orders/")
    house.clock.advance(minutes=6)
    again = await asha.send(form, pin=PIN)  # made in time, so it is the same receipt again
    assert (again.path, await house.balance("tea")) == (paid.path, "30.00")


async def test_its_end_passes_while_the_form_is_open(house: House) -> None:
    asha = house.visitor("asha")
    shop = (await asha.fill("/pay", code=ending(house, house.shop_number, 5))).form("/pay")
    person = (await asha.fill("/pay", code=ending(house, "9800000002", 5, "7.00"))).form("/send")
    confirm = (await asha.send(person)).form("/send")
    house.clock.advance(minutes=5)
    for form in (shop, person, confirm):
        page = await asha.send(form, amount="7.00", pin=PIN)
        assert "The time for this code is over" in page.text, page.text
    assert await house.balance("asha") == "10000.00"


@pytest.mark.parametrize("until", ["", "soon", "2026-11-22", "9999-99-99T00:00:00Z"])
async def test_an_end_that_nobody_can_read_is_none(house: House, until: str) -> None:
    """The field is ours; whoever fills it in by hand only binds themselves."""
    asha = house.visitor("asha")
    page = await asha.open(f"/p/{house.shop_number}?until={until}")
    assert (await asha.send(page.form("/pay"), amount="1", pin=PIN)).path.startswith("/orders/")


UNKNOWN = next(n for n in map(str, range(5_000_000_000, 5_000_000_010)) if reads(n))


async def test_an_unknown_shop_a_person_and_oneself(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/pay", code=UNKNOWN)
    assert (page.status, "cannot find a shop" in page.text) == (422, True)
    page = await asha.fill("/pay", code=house.people["ravi"].number)
    assert page.forms[-1].action == "/send"
    assert page.form("/send").fields["to"] == house.people["ravi"].number
    page = await asha.open(f"/p/{house.people['ravi'].number}")
    assert (page.status, "does not belong to a shop" in page.text) == (422, True)
    own = await house.visitor("tea").open(f"/p/{house.shop_number}")
    assert "This is your own shop." in own.text


# --- a code for one amount -----------------------------------------------------------------------


async def waiting(house: House, amount: str = "75") -> str:
    """The id of a payment that the tea stall asks for."""
    page = await house.visitor("tea").fill("/till", amount=amount)
    assert page.path.startswith("/orders/"), page.text
    assert "<svg" in page.answer.text
    return page.path.removeprefix("/orders/")


async def test_a_payment_with_its_amount_fixed_needs_the_pin_alone(house: House) -> None:
    order = await waiting(house)
    asha = house.visitor("asha")
    page = await asha.open(f"/p/{order}")
    assert "Chai Adda ₹75.00" in page.text
    assert "amount" not in page.form("/pay").fields
    page = await asha.send(page.form("/pay"), pin=PIN)
    assert page.path == f"/orders/{order}"
    assert "Paid ₹75.00 to Chai Adda" in page.text
    shown = await house.visitor("tea").open(f"/orders/{order}")
    assert "Received ₹75.00 from Asha R." in shown.text


async def test_an_amount_that_is_slipped_in_changes_nothing(house: House) -> None:
    order = await waiting(house)
    asha = house.visitor("asha")
    form = (await asha.open(f"/p/{order}")).form("/pay")
    await asha.send(form, amount="0.01", amount_minor="1", pin=PIN)
    assert await house.balance("tea") == "75.00"


async def test_a_second_payer_and_a_late_one_are_told(house: House) -> None:
    order = await waiting(house)
    asha, ravi = house.visitor("asha"), house.visitor("ravi")
    held = (await ravi.open(f"/p/{order}")).form("/pay")
    await asha.fill(f"/p/{order}", "/pay", pin=PIN)
    page = await ravi.send(held, pin=PIN)
    assert page.status == 422
    assert "This is paid already." in page.text
    assert "This is paid already." in (await ravi.open(f"/p/{order}")).text
    late = await waiting(house, "20")
    held = (await ravi.open(f"/p/{late}")).form("/pay")
    house.clock.advance(minutes=16)
    page = await ravi.send(held, pin=PIN)
    assert page.status == 422
    assert await house.balance("ravi") == "500.00"


async def test_the_code_of_a_payment_leads_to_it_until_its_time_is_over(house: House) -> None:
    order = await waiting(house)
    pay = PayCode(house.shop_number, "Chai Adda", "Pune", amount_minor=75_00, order_reference=order)
    code = house.wallet.market.encode_code(pay)
    assert isinstance(code, str)
    asha = house.visitor("asha")
    assert (await asha.fill("/pay", code=code)).path == f"/p/{order}"
    said = await asha.json("POST", "/pay", id=str(house.ids.new()), code=code, pin=PIN)
    assert (said.json()["state"], said.json()["amount_minor"]) == ("paid", 75_00)
    page = await asha.fill("/pay", code=code)
    assert (page.status, "The time for this code is over" in page.text) == (422, True)
    late = await waiting(house, "20")
    house.clock.advance(minutes=16)
    page = await asha.open(f"/p/{late}")
    assert "The time for this payment is over" in page.text
    assert page.forms == []


async def test_who_is_not_signed_in_sees_what_it_is_and_comes_back_after_signing_in(
    house: House,
) -> None:
    order = await waiting(house)
    visitor = house.visitor()
    page = await visitor.open(f"/p/{order}")
    assert "Chai Adda ₹75.00" in page.text
    assert f"/enter?next=/p/{order}" in page.links
    await visitor.fill(f"/enter?next=/p/{order}", "/enter", phone="98000 00001")
    page = await visitor.fill("/enter/code", code=await house.code("+919800000001"))
    page = await visitor.send(page.form("/enter/pin"), pin=PIN)
    assert page.path == f"/p/{order}"
    assert page.form("/pay").fields["order"] == order


# --- the brain asks ------------------------------------------------------------------------------


async def test_a_large_amount_to_a_new_payee_needs_a_code_once(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill(await link(house), "/pay", amount="6000", pin=PIN)
    assert "One more check" in page.text
    assert PIN not in page.answer.text
    assert await house.balance("tea") == "0.00"
    page = await asha.send(page.form("/pay"), otp="000000")
    assert page.status == 422
    assert "not the code we sent" in page.text
    page = await asha.send(page.form("/pay"), otp=await house.code("+919800000001"))
    assert "Paid ₹6,000.00" in page.text
    await house.prove()


async def test_a_code_of_one_payment_is_worth_nothing_for_another(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill(await link(house), "/pay", amount="6000", pin=PIN)
    code = await house.code("+919800000001")
    changed = page.form("/pay")
    page = await asha.send(changed, otp=code, amount="7000")
    assert page.status == 422
    assert await house.balance("tea") == "0.00"


async def test_what_a_human_must_look_at_is_shown_as_being_checked(house: House) -> None:
    await house.join("meera", "Meera Shah", "full", 1_00_000_00)
    meera = house.visitor("meera")
    page = await meera.fill(await link(house), "/pay", amount="30000", pin=PIN)
    assert "Being checked" in page.text
    assert await house.balance("meera") == "100000.00 (30000.00 held)"


# --- programs ------------------------------------------------------------------------------------


async def test_a_program_pays_in_one_request(house: House) -> None:
    asha = house.visitor("asha")
    order = str(house.ids.new())
    body = {"id": order, "to": house.shop_number, "amount_minor": 1250, "pin": PIN}
    said = await asha.json("POST", "/pay", **body)
    assert said.status_code == 200
    assert said.json() | {"number": "", "at": ""} == {
        "id": order, "number": "", "product": "pay", "state": "paid", "amount_minor": 1250,
        "currency": "INR", "fee_minor": 0, "refunded_minor": 0, "at": "", "existed": False,
    }  # fmt: skip
    assert "set-cookie" not in said.headers
    again = await asha.json("POST", "/pay", **body)
    assert again.json()["existed"] is True
    assert again.json()["number"] == said.json()["number"]
    known = await asha.json("GET", f"/outcome/{order}")
    assert (
        await asha.client.get(f"/orders/{order}", headers={"accept": "application/json"})
    ).json()["state"] == "paid"
    assert known.json()["state"] == "paid"


PROBLEMS = [
    ({"pin": WRONG_PIN}, 401, "pin_wrong"),
    ({"pin": ""}, 401, "pin_missing"),
    ({"amount_minor": -1}, 422, "amount_not_positive"),
    ({"amount_minor": 10**30}, 422, "amount_unreadable"),
    ({"amount_minor": 10**16}, 422, "amount_too_large"),
    ({"amount_minor": None, "amount": "0.001"}, 422, "amount_too_precise"),
    ({"to": "1234567890"}, 422, "number_unreadable"),
    ({"id": "not-an-id"}, 422, "command_id_missing"),
    ({"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, 422, "id_not_uuid7"),
    ({"amount_minor": 20_000_00}, 401, "proof_needed"),
    ({"note": "x" * 201}, 422, "note_too_long"),
]


@pytest.mark.parametrize("change,status,code", PROBLEMS)
async def test_a_program_hears_a_stable_code(
    house: House, change: dict[str, object], status: int, code: str
) -> None:
    body = {"id": str(house.ids.new()), "to": house.shop_number, "amount_minor": 100, "pin": PIN}
    said = await house.visitor("asha").json("POST", "/pay", **{**body, **change})
    assert said.headers["content-type"] == "application/problem+json"
    assert (said.status_code, said.json()["code"]) == (status, code), said.text
    assert await house.balance("asha") == "10000.00"


async def test_a_payment_that_was_not_made_is_known_not_to_be(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.open(f"/outcome/{house.ids.new()}")
    assert (page.status, "Nothing was moved" in page.text) == (404, True)


async def test_nobody_pays_without_a_session(house: House) -> None:
    visitor = house.visitor()
    said = await visitor.json("POST", "/pay", to=house.shop_number, amount_minor=100, pin=PIN)
    assert (said.status_code, said.json()["code"]) == (401, "signed_out")
    page = Page(await visitor.client.post("/pay", data={"to": house.shop_number}))
    assert page.path == "/enter"
