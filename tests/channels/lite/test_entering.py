"""Signing up, signing in, a new PIN, devices: in pages without script."""

from __future__ import annotations

import pytest

from argosy.base.parties.facts import PartyKind
from argosy.public_services.signin.facts import Purpose
from tests.channels.lite.visitors import BASE, PHONES, PIN, WRONG_PIN, House, Page, Visitor

NEW = "98000 12345"
NEW_E164 = "+919800012345"


async def proven(house: House, visitor: Visitor, phone: str = NEW, way: str = "/enter") -> Page:
    """The page after phone and code."""
    page = await visitor.fill(way, phone=phone)
    assert page.path == "/enter/code", page.text
    read = house.wallet.market.phone(phone)
    return await visitor.send(page.form("/enter/code"), code=await house.code(str(read)))


async def test_a_new_person_opens_a_wallet(house: House) -> None:
    visitor = house.visitor()
    page = await proven(house, visitor)
    assert page.path == "/enter/new"
    page = await visitor.send(page.form("/enter/new"), name="Nila Bose", pin=PIN, pin_again=PIN)
    assert page.path == "/"
    assert "Your money ₹0.00" in page.text
    party = await house.wallet.parties.by_phone("india", NEW_E164)
    assert party is not None
    assert (party.kind, party.level) == (PartyKind.CUSTOMER, "small")


async def test_the_demo_shows_the_code_in_the_in_box(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.fill("/enter", phone=NEW)
    box = next(link for link in page.links if link.startswith("/inbox?phone="))
    assert await house.code(NEW_E164) in (await visitor.open(box)).text


async def test_outside_the_demo_there_is_no_in_box(db, clock, ids) -> None:
    house = await House.opened(db, clock, ids, demo=False)
    page = await house.visitor().open("/inbox?phone=9800000001")
    assert page.status == 404
    asha = house.visitor("asha")
    await house.wallet.signin.start("india", "9800000001", Purpose.ENTER, None, "en")
    await asha.fill(f"/p/{house.shop_number}", "/pay", amount="6000", pin=PIN)
    code = await house.code("+919800000001")
    assert code not in (await asha.open("/messages")).text


async def test_a_shop_opens_and_has_its_code_at_once(house: House) -> None:
    visitor = house.visitor()
    await visitor.open("/enter?as=shop")
    page = await proven(house, visitor)
    page = await visitor.open("/enter/new?as=shop")
    page = await visitor.send(
        page.form("/enter/new"),
        business_name="Nila's Flowers",
        city="Pune",
        name="Nila Bose",
        pin=PIN,
        pin_again=PIN,
    )
    assert page.path == "/till/code"
    assert "Nila's Flowers" in page.text
    assert "<svg" in page.answer.text
    for name, start in (("sticker.pdf", b"%PDF"), ("stand.svg", b"<svg"), ("sticker.svg", b"<svg")):
        sheet = await visitor.client.get(f"/till/print/{name}")
        assert sheet.content.startswith(start), name
        assert "attachment" in sheet.headers["content-disposition"]
    assert (await visitor.client.get("/till/print/../secret")).status_code == 404


async def test_money_that_waited_is_there_after_sign_up(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/send", to=NEW, amount="300")
    page = await asha.send(page.form("/send"), pin=PIN)
    assert "Waiting for its receiver" in page.text
    visitor = house.visitor()
    page = await proven(house, visitor)
    page = await visitor.send(page.form("/enter/new"), name="Nila Bose", pin=PIN, pin_again=PIN)
    assert "Your money ₹300.00" in page.text


async def sent_before_the_wallet(house: House) -> None:
    """Asha sends money to a phone without a wallet, which then gets one at an agent's counter."""
    asha = house.visitor("asha")
    page = await asha.fill("/send", to=NEW, amount="300")
    page = await asha.send(page.form("/send"), pin=PIN)
    assert "Waiting for its receiver" in page.text
    house.clock.advance(seconds=1)
    party = await house.join("nila", "Nila Bose", "small", 0)
    assert await house.wallet.parties.by_phone("india", NEW_E164) == party


async def test_money_that_waited_is_there_after_sign_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PHONES, "nila", NEW_E164)
    await sent_before_the_wallet(house)
    assert await house.balance("nila") == "0.00"
    visitor = house.visitor()
    page = await proven(house, visitor)
    page = await visitor.send(page.form("/enter/pin"), pin=PIN)
    assert "Your money ₹300.00" in page.text
    await house.prove()


async def test_money_that_cannot_be_fetched_keeps_nobody_outside(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(PHONES, "nila", NEW_E164)
    await sent_before_the_wallet(house)
    await house.wallet.db.run("UPDATE orders.orders SET market = 'nowhere'")
    visitor = house.visitor()
    page = await proven(house, visitor)
    page = await visitor.send(page.form("/enter/pin"), pin=PIN)
    assert (page.status, "Your money ₹0.00" in page.text) == (200, True), page.text
    assert "was not claimed" in caplog.text


@pytest.mark.parametrize(
    "typed,said",
    [
        ({"pin_again": "999999"}, "not the same"),
        ({"pin": "123456", "pin_again": "123456"}, "guess this PIN first"),
        ({"pin": "12", "pin_again": "12"}, "6 digits"),
        ({"name": ""}, "enter your name"),
        ({"name": "\u202enila"}, "in letters"),
        ({"name": "x" * 61}, "in letters"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    house: House, typed: dict[str, str], said: str
) -> None:
    visitor = house.visitor()
    page = await proven(house, visitor)
    good = {"name": "Nila Bose", "pin": PIN, "pin_again": PIN}
    page = await visitor.send(page.form("/enter/new"), **{**good, **typed})
    assert page.status == 422
    assert said in page.text
    fields = page.form("/enter/new").fields
    assert (fields["pin"], fields["pin_again"]) == ("", "")
    if "name" not in typed:
        assert fields["name"] == "Nila Bose"
    page = await visitor.send(page.form("/enter/new"), **good)
    assert page.path == "/"


@pytest.mark.parametrize(
    "phone,said",
    [
        ("", "enter a phone number"),
        ("12345", "mobile number"),
        ("+44 7700 900123", "another country"),
        ("<script>", "does not look like a phone number"),
        ("9" * 300, "does not look like a phone number"),
    ],
)
async def test_a_wrong_phone_is_told(house: House, phone: str, said: str) -> None:
    page = await house.visitor().fill("/enter", phone=phone)
    assert (page.status, said in page.text) == (422, True), page.text
    assert page.form("/enter").fields["phone"] == phone


async def test_a_wrong_code_leaves_four_tries_and_a_new_one_can_be_sent(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.fill("/enter", phone=NEW)
    page = await visitor.send(page.form("/enter/code"), code="000000")
    assert (page.status, "4 tries left" in page.text) == (422, True)
    old = await house.code(NEW_E164)
    house.clock.advance(minutes=1)
    page = await visitor.send(page.form("/enter"))
    assert page.path == "/enter/code"
    fresh = await house.code(NEW_E164)
    page = await visitor.send(page.form("/enter/code"), code=fresh)
    assert page.path == "/enter/new"
    assert old != fresh


async def test_signing_in_takes_phone_code_and_pin(house: House) -> None:
    visitor = house.visitor()
    page = await proven(house, visitor, "98000 00001")
    assert page.path == "/enter/pin"
    page = await visitor.send(page.form("/enter/pin"), pin=WRONG_PIN)
    assert (page.status, "4 tries left" in page.text) == (422, True)
    page = await visitor.send(page.form("/enter/pin"), pin=PIN)
    assert "Your money ₹10,000.00" in page.text
    cookies = {c.name: c for c in visitor.client.cookies.jar}
    assert cookies["device"].path == "/enter"
    assert cookies["argosy"].has_nonstandard_attr("HttpOnly")


async def test_strangers_asking_for_codes_do_not_stop_a_known_browser(house: House) -> None:
    owner, stranger = house.visitor(), house.visitor()
    page = await proven(house, owner, "98000 00001")
    page = await owner.send(page.form("/enter/pin"), pin=PIN)
    await owner.send((await owner.open("/me")).form("/out"))
    for _ in range(6):
        house.clock.advance(minutes=1)
        last = await stranger.fill("/enter", phone="98000 00001")
    assert "Your money" not in last.text
    assert last.path == "/enter"  # the strangers' budget is used up
    page = await proven(house, owner, "98000 00001", "/enter/forgotten")
    assert page.path == "/enter/reset"
    house.clock.advance(minutes=1)
    page = await proven(house, owner, "98000 00001")
    page = await owner.send(page.form("/enter/pin"), pin=PIN)
    assert "Your money ₹10,000.00" in page.text


async def test_cookies_over_https_are_held_to_this_host(db, clock, ids) -> None:
    house = await House.opened(db, clock, ids, url="https://wallet.test")
    visitor = Visitor(house.app, "https://wallet.test")
    page = await proven(house, visitor, "98000 00001")
    answer = await visitor.client.post(
        page.form("/enter/pin").action,
        data={**page.form("/enter/pin").fields, "pin": PIN},
        follow_redirects=False,
    )
    kept = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in kept if cookie.startswith("__Host-argosy="))
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert word in session
    assert any(cookie.startswith("__Secure-device=") for cookie in kept)
    page = await visitor.open("/")
    assert "Your money" in page.text
    assert "strict-transport-security" in page.answer.headers


async def test_a_new_pin_by_code_ends_every_other_session(house: House) -> None:
    asha, visitor = house.visitor("asha"), house.visitor()
    page = await proven(house, visitor, "98000 00001", "/enter/forgotten")
    assert page.path == "/enter/reset"
    page = await visitor.send(page.form("/enter/reset"), pin="739152", pin_again="739152")
    assert "Your money" in page.text
    assert (await asha.open("/history")).path == "/enter"


async def test_changing_the_pin(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.fill("/me/pin", pin=WRONG_PIN, new_pin="739152", new_pin_again="739152")
    assert (page.status, "That PIN is not right" in page.text) == (422, True)
    page = await asha.send(page.form("/me/pin"), pin=PIN, new_pin="111111", new_pin_again="111111")
    assert (page.status, "guess this PIN first" in page.text) == (422, True)
    page = await asha.send(page.form("/me/pin"), pin=PIN, new_pin="739152", new_pin_again="1")
    assert (page.status, "not the same" in page.text) == (422, True)
    page = await asha.send(page.form("/me/pin"), pin=PIN, new_pin="739152", new_pin_again="739152")
    assert "Your PIN is changed." in page.text
    page = await asha.fill(f"/p/{house.shop_number}", "/pay", amount="1", pin="739152")
    assert "Paid ₹1.00" in page.text


async def test_phones_and_browsers_are_listed_and_ended(house: House) -> None:
    here = house.visitor("asha")
    await house.admit("asha")
    elsewhere = house.visitor("asha")
    page = await here.open("/me/security")
    assert page.text.count("Sign out") >= 2
    other = next(f for f in page.forms if f.fields.get("session") not in (None, "all"))
    await here.send(other)
    assert (await elsewhere.open("/history")).path == "/enter"
    await house.admit("asha")
    third = house.visitor("asha")
    await here.fill("/me/security", session="all")
    assert (await third.open("/history")).path == "/enter"
    assert (await here.open("/history")).path == "/history"


async def test_a_session_of_somebody_else_cannot_be_ended(house: House) -> None:
    ravi = house.visitor("ravi")
    lines = await house.wallet.signin.sessions(house.people["ravi"].id)
    form = (await house.visitor("asha").open("/me/security")).forms[-1]
    assert form.action == "/me/security"
    page = await house.visitor("asha").fill("/me/security", session=str(lines[0].id))
    assert page.status == 404
    assert (await ravi.open("/history")).path == "/history"


async def test_signing_out(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.open("/me")
    page = await asha.send(page.form("/out"))
    assert "Sign in or open a wallet" in page.text
    assert (await house.visitor("asha").open("/history")).path == "/enter"


async def test_a_session_goes_on_over_its_rotation(house: House) -> None:
    asha = house.visitor("asha")
    before = asha.client.cookies.get("argosy")
    house.clock.advance(minutes=20)
    await asha.open("/")
    after = asha.client.cookies.get("argosy", domain="wallet.test")
    names = [c.value for c in asha.client.cookies.jar if c.name == "argosy"]
    assert any(value != before for value in names), after
    asha.client.cookies.delete("argosy", domain="wallet.test")
    asha.client.cookies.set("argosy", names[-1] if names[-1] != before else names[0])
    assert "Your money" in (await asha.open("/")).text


async def test_the_way_back_leads_nowhere_else(house: House) -> None:
    for evil in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
    ):
        house.clock.advance(seconds=1)
        visitor = house.visitor()
        await visitor.client.get("/enter", params={"next": evil})
        page = await proven(house, visitor, "98000 00001")
        page = await visitor.send(page.form("/enter/pin"), pin=PIN)
        assert (page.path, str(page.answer.url.host)) == ("/", "wallet.test")


async def test_raising_the_level_opens_what_was_closed(house: House) -> None:
    sunil = house.visitor("sunil")
    page = await sunil.open("/send")
    assert "Show a document" in page.text
    assert not [form for form in page.forms if form.action == "/send"]
    page = await sunil.fill("/me/level", value="abc")
    assert (page.status, "look like a document" in page.text) == (422, True)
    assert page.form("/me/level").fields["value"] == "abc"
    page = await sunil.send(page.form("/me/level"), value="ABCPE1234F")
    assert "You have the highest level." in page.text
    assert [f for f in (await sunil.open("/send")).forms if f.action == "/send"]


async def test_a_language_is_kept_and_the_browsers_is_taken_first(house: House) -> None:
    visitor = house.visitor()
    visitor.client.headers["accept-language"] = "hi-IN,hi;q=0.9,en;q=0.5"
    assert 'lang="hi"' in (await visitor.open("/")).answer.text
    page = await visitor.open("/")
    await visitor.send(page.form("/language"), language="en")
    assert '<html lang="en"' in (await visitor.open("/")).answer.text
    asha = house.visitor("asha")
    page = await asha.open("/me")
    await asha.send(page.form("/language"), language="hi")
    party = await house.wallet.parties.get(house.people["asha"].id)
    assert party is not None
    assert party.language == "hi"


async def test_who_is_signed_in_is_not_asked_again(house: House) -> None:
    page = await house.visitor("asha").open("/enter")
    assert page.path == "/"
    assert str(page.answer.url) == f"{BASE}/"
