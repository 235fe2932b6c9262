"""Sending, asking, adding, withdrawing, giving back, the till and the history, without script."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from argosy.base.orders.facts import State
from tests.channels.lite.visitors import BANK, PIN, WRONG_PIN, House, Page


async def sent(house: House, to: str = "98000 00002", amount: str = "300", **more: str) -> Page:
    asha = house.visitor("asha")
    page = await asha.fill("/send", to=to, amount=amount, **more)
    return await asha.send(page.form("/send"), pin=PIN)


# --- sending -------------------------------------------------------------------------------------


async def test_sending_shows_name_amount_and_fee_before_it_asks_for_the_pin(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/send", to="98000 00002", amount="1,300.5", note="rent")
    assert "To Ravi K. Amount ₹1,300.50 Fee No fee In all ₹1,300.50 Note rent" in page.text
    assert await house.balance("ravi") == "500.00"
    page = await asha.send(page.form("/send"), pin=PIN)
    assert "Paid ₹1,300.50 to Ravi K." in page.text
    assert await house.balance("ravi") == "1800.50"
    assert "Received ₹1,300.50 from Asha R." in (await house.visitor("ravi").open(page.path)).text


async def test_sending_to_a_wallet_number(house: House) -> None:
    page = await sent(house, house.people["ravi"].number)
    assert "to Ravi K." in page.text


async def test_money_for_a_phone_without_a_wallet_waits_and_can_be_taken_back(
    house: House,
) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/send", to="98765 00000", amount="300")
    assert "98765 00000 has no wallet yet. The money waits until 29 Nov 2026" in page.text
    page = await asha.send(page.form("/send"), pin=PIN)
    assert "Waiting for its receiver ₹300.00 to …0000" in page.text
    assert await house.balance("asha") == "10000.00 (300.00 held)"
    back = page.form(f"{page.path}/take-back")
    house.clock.advance(minutes=1)
    page = await asha.send(back, pin=WRONG_PIN)
    assert (page.status, "That PIN is not right" in page.text) == (422, True)
    page = await asha.send(page.form(back.action), pin=PIN)
    assert "Taken back" in page.text
    assert await house.balance("asha") == "10000.00"
    history = await asha.open("/history")
    assert "came back" in history.text


@pytest.mark.parametrize(
    "to,said",
    [
        ("", "phone number"),
        ("98000 00001", "cannot pay yourself"),
        ("abc", "does not look like a phone number"),
        ("+1 202 555 0100", "another country"),
        ("<script>alert(1)</script>", "does not look like a phone number"),
    ],
)
async def test_a_wrong_receiver_is_told_and_the_amount_is_kept(
    house: House, to: str, said: str
) -> None:
    page = await house.visitor("asha").fill("/send", to=to, amount="300")
    assert (page.status, said in page.text) == (422, True), page.text
    assert page.form("/send").fields["amount"] in ("300", "300.00")
    assert page.form("/send").fields["to"] == to


async def test_a_small_wallet_cannot_send_and_is_told_how_it_could(house: House) -> None:
    page = await house.visitor("sunil").open("/send")
    assert "/me/level" in page.links
    said = await house.visitor("sunil").json(
        "POST", "/send", id=str(house.ids.new()), to="9800000002", amount="5", pin=PIN
    )
    assert (said.status_code, said.json()["code"]) == (403, "level_not_allowed")


# --- asking --------------------------------------------------------------------------------------


async def asked(house: House, amount: str = "60") -> str:
    page = await house.visitor("ravi").fill("/request", to="98000 00001", amount=amount)
    assert "Request sent" in page.text
    assert "Asha R. can pay it until 29 Nov 2026" in page.text
    return page.path


async def test_a_request_shows_at_home_and_is_paid(house: House) -> None:
    path = await asked(house)
    asha = house.visitor("asha")
    page = await asha.open("/")
    assert "Ravi K. asks you for ₹60.00" in page.text
    page = await asha.fill(path, f"{path}/pay", pin=PIN)
    assert "Paid ₹60.00 to Ravi K." in page.text
    assert await house.balance("ravi") == "560.00"
    assert "asks you" not in (await asha.open("/")).text


async def test_a_request_is_declined_cancelled_or_runs_out(house: House) -> None:
    path = await asked(house)
    page = await house.visitor("asha").fill(path, f"{path}/decline")
    assert "Cancelled" in page.text
    path = await asked(house, "61")
    page = await house.visitor("ravi").fill(path, f"{path}/cancel")
    assert "Cancelled" in page.text
    path = await asked(house, "62")
    house.clock.advance(days=8)
    await house.admit("asha")
    page = await house.visitor("asha").open(path)
    assert "Not paid in time" in page.text
    assert page.forms == []
    assert await house.balance("asha") == "10000.00"


async def test_who_has_no_wallet_cannot_be_asked(house: House) -> None:
    page = await house.visitor("asha").fill("/request", to="98765 00000", amount="5")
    assert (page.status, "nobody can be asked" in page.text) == (422, True)


async def test_what_waits_stands_on_one_page(house: House) -> None:
    await asked(house)
    await sent(house, "98765 00000")
    page = await house.visitor("asha").open("/waiting")
    assert "Others ask you Ravi K." in page.text
    assert "On its way …0000" in page.text
    page = await house.visitor("ravi").open("/waiting")
    assert "You ask others Asha R." in page.text


# --- the bank ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bank,said,balance",
    [
        (BANK, "Added ₹500.00", "10500.00"),
        ("1234567855", "The bank said no ₹500.00", "10000.00"),
    ],
)
async def test_adding_money(house: House, bank: str, said: str, balance: str) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/add", bank_account=bank, amount="500")
    assert f"Bank account …{bank[-4:]}" in page.text
    page = await asha.send(page.form("/add"), pin=PIN)
    assert said in page.text
    assert await house.balance("asha") == balance
    assert bank not in page.answer.text


async def test_a_bank_that_stays_silent_is_shown_as_unknown_and_the_page_asks_again(
    house: House,
) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/withdraw", bank_account="1234567877", amount="100")
    assert "Fee ₹5.00 In all ₹105.00" in page.text
    page = await asha.send(page.form("/withdraw"), pin=PIN)
    assert "The bank has not answered yet" in page.text
    assert 'http-equiv="refresh"' in page.answer.text
    assert await house.balance("asha") == "10000.00 (105.00 held)"


async def test_withdrawing(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/withdraw", bank_account=BANK, amount="100")
    page = await asha.send(page.form("/withdraw"), pin=PIN)
    assert "Sent to your bank ₹100.00" in page.text
    assert await house.balance("asha") == "9895.00"


async def test_a_wallet_that_would_be_too_full_and_a_wrong_account(house: House) -> None:
    sunil = house.visitor("sunil")
    page = await sunil.open("/add")
    assert "Your wallet can take ₹9,800.00 more." in page.text
    page = await sunil.fill("/add", bank_account="12", amount="5")
    assert (page.status, "does not look like a bank account" in page.text) == (422, True)
    page = await sunil.fill("/add", bank_account=BANK, amount="9801")
    if page.status == 200:
        page = await sunil.send(page.form("/add"), pin=PIN)
    if "One more check" in page.text:
        page = await sunil.send(page.form("/add"), otp=await house.code("+919800000003"))
    assert page.status == 422
    assert await house.balance("sunil") == "200.00"


# --- giving back ---------------------------------------------------------------------------------


async def bought(house: House, amount: str = "100") -> str:
    page = await house.visitor("asha").fill(
        f"/p/{house.shop_number}", "/pay", amount=amount, pin=PIN
    )
    assert "Paid" in page.text
    return page.path


async def test_giving_back_in_parts_up_to_the_whole(house: House) -> None:
    path = await bought(house)
    tea = house.visitor("tea")
    page = await tea.open(path)
    assert f"{path}/refund" in page.links
    page = await tea.fill(f"{path}/refund", amount="30", note="cold tea", pin=PIN)
    assert "Partly given back" in page.text
    assert "₹30.00 given back" in page.text
    page = await tea.fill(f"{path}/refund", amount="71", pin=PIN)
    assert (page.status, "at most ₹70.00" in page.text) == (422, True)
    page = await tea.open(f"{path}/refund")
    assert page.form(f"{path}/refund").fields["amount"] == "70.00"
    page = await tea.send(page.form(f"{path}/refund"), pin=PIN)
    assert "Given back ₹100.00" in page.text
    assert f"{path}/refund" not in page.links
    assert (await house.balance("asha"), await house.balance("tea")) == ("10000.00", "0.00")
    seen = await house.visitor("asha").open(path)
    assert "cold tea" in seen.text
    assert "Back from Chai Adda" in (await house.visitor("asha").open("/history")).text
    await house.prove()


async def test_a_refund_sent_twice_is_given_once(house: House) -> None:
    path = await bought(house)
    tea = house.visitor("tea")
    form = (await tea.open(f"{path}/refund")).form(f"{path}/refund")
    for _ in range(3):
        await tea.send(form, amount="10", pin=PIN)
    assert await house.balance("tea") == "90.00"


async def test_only_the_shop_gives_back(house: House) -> None:
    path = await bought(house)
    asha, ravi = house.visitor("asha"), house.visitor("ravi")
    assert (await asha.open(f"{path}/refund")).path == path
    form = (await asha.open(path)).forms
    assert form == []
    for visitor, code in ((asha, "order_not_found"), (ravi, "order_not_found")):
        said = await visitor.json(
            "POST", f"{path}/refund", id=str(house.ids.new()), amount="1", pin=PIN
        )
        assert (said.status_code, said.json()["code"]) == (404, code)


async def test_an_order_is_nobody_elses_business(house: House) -> None:
    path = await bought(house)
    for act in ("", "/refund"):
        page = await house.visitor("ravi").open(path + act)
        assert (page.status, "₹100" in page.text) == (404, False)
    assert (await house.visitor("ravi").json("GET", path)).status_code == 404
    assert (await house.visitor().open(path)).path == "/enter"


# --- receipts, history, till -----------------------------------------------------------------------


async def test_a_receipt_is_checked_by_anyone_who_has_its_number(house: House) -> None:
    path = await bought(house)
    page = await house.visitor("asha").open(path)
    number = next(link for link in page.links if link.startswith("/r/")).removeprefix("/r/")
    stranger = house.visitor()
    page = await stranger.open(f"/r/{number}")
    assert "Paid ₹100.00 From Asha R. To Chai Adda" in page.text
    assert "Raghunathan" not in page.text
    page = await stranger.open(f"/r?number={number.lower().replace('-', ' ')}")
    assert page.path.startswith("/r/")
    assert "Paid ₹100.00" in page.text
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    page = await stranger.open(f"/r/{wrong}")
    assert (page.status, "cannot find a receipt" in page.text) == (404, True)
    data = (await stranger.json("GET", f"/r/{number}")).json()
    assert (data["state"], data["amount_minor"], data["payee"]) == ("paid", 100_00, "Chai Adda")


async def test_the_history_is_read_page_by_page_and_loses_nothing(house: House) -> None:
    for amount in range(1, 26):
        house.clock.advance(seconds=10)
        await bought(house, str(amount))
    asha = house.visitor("asha")
    page, seen, pages = await asha.open("/history"), [], 0
    while True:
        pages += 1
        seen += re.findall(r"−₹([0-9]+)\.00", page.text)
        older = [link for link in page.links if "before=" in link]
        if not older:
            break
        page = await asha.open(older[0])
    assert seen == [str(n) for n in range(25, 0, -1)]
    assert pages == 2
    page = await asha.open("/history?before=rubbish")
    assert (page.status, "not there any more" in page.text or "cannot be found" in page.text) == (
        422,
        True,
    )


async def test_nobody_makes_up_a_place_in_the_history_that_shows_another_balance(
    house: House,
) -> None:
    for amount in range(1, 26):
        house.clock.advance(seconds=10)
        await bought(house, str(amount))
    asha = house.visitor("asha")
    older = next(link for link in (await asha.open("/history")).links if "before=" in link)
    place, _, mark = parse_qs(urlsplit(older).query)["before"][0].partition(".")
    entry = base64.urlsafe_b64decode(place + "==").decode().partition(".")[0]
    rich = base64.urlsafe_b64encode(f"{entry}.0.0.0.99999999900".encode()).decode().rstrip("=")
    for made_up in (rich, f"{rich}.", f"{rich}.{mark}", place, f"{place}.{'0' * len(mark)}"):
        page = await asha.open(f"/history?before={made_up}")
        assert (page.status, "999,999,999" in page.text) == (422, False), made_up
    for other in ("ravi", "sunil"):
        assert (await house.visitor(other).open(older)).status == 422
    assert (await asha.open(older)).status == 200


async def test_the_till_counts_the_day_in_the_markets_own_zone(house: House) -> None:
    house.clock.advance(hours=14, minutes=20)  # 18:50 in UTC, 00:20 in Kolkata: a new day
    await house.admit("asha")
    await house.admit("tea")
    await bought(house, "40")
    house.clock.advance(hours=23, minutes=30)  # 23:50 of that day
    await house.admit("asha")
    await house.admit("tea")
    await bought(house, "60")
    page = await house.visitor("tea").open("/till")
    assert "Received today, 23 Nov 2026 ₹100.00" in page.text
    house.clock.advance(minutes=20)  # past midnight
    page = await house.visitor("tea").open("/till")
    assert "Received today, 24 Nov 2026 ₹0.00" in page.text
    assert "₹100.00 in the wallet" in page.text


async def test_the_till_is_for_shops(house: House) -> None:
    page = await house.visitor("asha").open("/till")
    assert (page.status, "for shops" in page.text) == (403, True)
    assert (await house.visitor("tea").open("/")).path == "/till"


async def test_a_payment_that_waits_can_be_taken_back_by_its_shop(house: House) -> None:
    tea = house.visitor("tea")
    page = await tea.fill("/till", amount="20")
    page = await tea.send(page.form(f"{page.path}/cancel"))
    assert "Cancelled" in page.text
    order = await house.order(page.path.removeprefix("/orders/"))
    assert order.state is State.CANCELLED
    seen = await house.visitor("asha").open(f"/p/{order.id}")
    assert "The shop has taken this back" in seen.text


async def test_messages_tell_what_happened(house: House) -> None:
    page = await house.visitor("asha").open("/messages")
    assert page.status == 200
    me = await house.visitor("asha").open("/me")
    assert "+919800000001" in me.text.replace(" ", "")
    assert "<svg" in me.answer.text
