"""A customer shows a code, a till charges it; and a photograph of a code is read on the server."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from argosy.base.markets import PayCode
from argosy.channels.lite import uploads
from argosy.channels.qr import draw
from argosy.channels.qr.photo import decode_photo
from argosy.public_services.presented import codes
from tests.channels.lite.visitors import PIN, WRONG_PIN, House, Page, Visitor

DIGITS = re.compile(r"(?:[0-9]{4} ){5}[0-9]{4}")


async def shows(visitor: Visitor) -> str:
    """The digits on the page of a phone without script."""
    page = await visitor.open("/code")
    if not DIGITS.search(page.text):
        page = await visitor.send(page.form("/code"), pin=PIN)
    found = DIGITS.search(page.text)
    assert found is not None, page.text
    return found[0]


async def charges(visitor: Visitor, photo: bytes | None = None, **typed: str) -> Page:
    """The till's form, sent as a browser sends one that may hold a file."""
    form = (await visitor.open("/till/charge")).form("/till/charge")
    given = {**form.fields, **typed}
    given.pop("photo")
    files: Any = {"photo": ("code.png", photo or b"", "image/png")}
    return Page(await visitor.client.post(form.action, data=given, files=files))


async def test_a_shown_code_is_charged_without_any_script(house: House) -> None:
    code = await shows(house.visitor("asha"))
    page = await charges(house.visitor("tea"), amount="45", code=code)
    assert page.path.startswith("/orders/")
    assert "45.00" in page.text
    assert await house.balance("tea") == "45.00"
    again = await charges(house.visitor("tea"), amount="45", code=code)
    assert "used already" in again.text
    await house.prove()


async def test_codes_are_switched_on_with_the_pin_and_off_again(house: House) -> None:
    asha = house.visitor("asha")
    page = await asha.open("/code")
    assert not DIGITS.search(page.text)
    page = await asha.send(page.form("/code"), pin=WRONG_PIN)
    assert "not right" in page.text
    code = await shows(asha)
    page = await asha.fill("/code", "/code/off")
    assert not DIGITS.search(page.text)
    page = await charges(house.visitor("tea"), amount="45", code=code)
    assert "We do not know this code" in page.text


async def test_a_larger_amount_waits_for_the_pin_on_the_customers_phone(house: House) -> None:
    asha = house.visitor("asha")
    page = await charges(house.visitor("tea"), amount="450", code=await shows(asha))
    assert "The customer confirms" in page.text
    assert "<path stroke" not in page.answer.text  # no code for others to scan
    order = page.path.rpartition("/")[2]
    shown = await asha.open("/code")
    assert f"/p/{order}" in shown.links
    assert (await asha.open(f"/orders/{order}")).path == f"/p/{order}"
    page = await asha.fill(f"/p/{order}", "/pay", pin=PIN)
    assert "Paid" in page.text
    assert await house.balance("tea") == "450.00"


async def test_the_till_takes_a_photograph_too(house: House) -> None:
    code = (await shows(house.visitor("asha"))).replace(" ", "")
    page = await charges(house.visitor("tea"), draw.png(code), amount="45")
    assert page.path.startswith("/orders/"), page.text
    assert await house.balance("tea") == "45.00"


async def test_what_the_till_forgets_is_said(house: House) -> None:
    tea = house.visitor("tea")
    assert "24 digits" in (await charges(tea, amount="45")).text
    page = await charges(tea, b"no picture", amount="45")
    assert "not a photo" in page.text
    page = await charges(tea, amount="", code="1")
    assert page.status == 422
    assert (await house.visitor("asha").open("/till/charge")).status == 403
    assert (await tea.open("/code")).path == "/till/charge"


async def test_the_secret_is_told_once_to_the_script(house: House) -> None:
    asha = house.visitor("asha")
    await shows(asha)
    told = await asha.json("POST", "/code/key")
    assert set(told.json()) == {"selector", "secret"}
    again = await asha.json("POST", "/code/key")
    assert (again.status_code, again.json()["code"]) == (409, "presented_off")


# --- photographs ---------------------------------------------------------------------------------


async def sends(visitor: Visitor, data: bytes) -> Page:
    form = (await visitor.open("/pay/photo")).form("/pay/photo")
    fields = {name: value for name, value in form.fields.items() if name != "photo"}
    files = {"photo": ("photo.jpg", data, "image/jpeg")}
    return Page(await visitor.client.post(form.action, data=fields, files=files))


def shop_code(house: House, **more: Any) -> str:
    pay = PayCode(house.shop_number, "Chai Adda", "Pune", **more)
    text = house.wallet.markets["india"].encode_code(pay)
    assert isinstance(text, str)
    return text


async def test_a_photograph_of_a_shops_code_leads_to_the_shop(house: House) -> None:
    asha = house.visitor("asha")
    sheet = Image.open(io.BytesIO(draw.png(shop_code(house), 5))).convert("RGB")
    table = Image.new("RGB", (1600, 1200), "#7a6a55")
    table.paste(sheet.rotate(8, expand=True, fillcolor="#fff"), (500, 300))
    taken = io.BytesIO()
    table.save(taken, "JPEG", quality=55)
    page = await sends(asha, taken.getvalue())
    assert page.path == f"/p/{house.shop_number}"
    assert "Chai Adda" in page.text


async def test_a_code_of_another_scheme_on_a_photograph_is_named(house: House) -> None:
    link = "upi://pay?pa=shop@okbank&pn=Shop"
    page = await sends(house.visitor("asha"), draw.png(link))
    assert page.status == 422
    assert "@okbank" in page.text


@pytest.mark.parametrize(
    "data, words",
    [(b"", "choose a photo"), (b"GIF89a", "not a photo"), (draw.png("hello"), "payment code")],
)
async def test_what_no_photograph_says(house: House, data: bytes, words: str) -> None:
    page = await sends(house.visitor("asha"), data)
    assert (page.status, page.path) == (422, "/pay/photo")
    assert words in page.text


async def test_nobody_sends_a_large_body_without_a_session(house: House) -> None:
    files = {"photo": ("x.jpg", b"x" * 100_000, "image/jpeg")}
    answer = await house.visitor().client.post("/pay/photo", files=files)
    assert answer.status_code == 401


async def test_a_body_larger_than_any_photograph_is_stopped(house: House) -> None:
    files = {"photo": ("x.jpg", b"x" * (uploads.UPLOAD_BYTES_MAX + 1), "image/jpeg")}
    answer = await house.visitor("asha").client.post("/pay/photo", files=files)
    assert answer.status_code == 413


async def test_a_file_sent_elsewhere_and_a_foreign_form_are_refused(house: House) -> None:
    asha = house.visitor("asha")
    files = {"photo": ("x.png", draw.png(shop_code(house)), "image/png")}
    assert (await asha.client.post("/pay", files=files)).status_code == 415
    assert (await asha.client.post("/pay/photo", files=files)).status_code == 403


@pytest.mark.parametrize(
    "kind, body",
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nno head\r\n--b--"),
        ("multipart/form-data; boundary=b", b'--b\r\nx: name="a"\r\n\r\n\xff\r\n--b--'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nx: name="a"\r\n\r\n' + b"a" * 5000 + b"\r\n--b--",
        ),
        ("multipart/form-data; boundary=b", b'--b\r\nx: name="a"\r\n\r\n1\r\n' * 13 + b"--b--"),
    ],
)
def test_a_body_that_is_not_whole(kind: str, body: bytes) -> None:
    assert uploads.read(kind, body) is None


def test_a_body_that_is_whole() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="amount"\r\n\r\n12\r\n'
        b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        b"\r\n\x00\r\n\r\n--b--\r\n"
    )
    upload = uploads.read('multipart/form-data; boundary="b"', body)
    assert upload is not None
    assert (upload.fields, upload.files) == ({"amount": "12"}, {"photo": b"\r\n\x00\r\n"})


# --- with script, and without a connection -------------------------------------------------------


@pytest.mark.browser
async def test_the_phone_makes_its_codes_itself_and_off_line(screens: Any) -> None:
    screens.line_may_die = True
    screen = await screens.screen("asha")
    await screen.open("/code")
    await screen.type(pin=PIN)
    await screen.press("Switch codes on")
    figure = screen.page.locator("#show svg")
    await screen.page.wait_for_selector('#show svg[viewBox="0 0 29 29"]')
    said = (await screen.page.locator("#show .number").inner_text()).replace(" ", "")
    assert codes.read(said) is not None
    # What stands under the symbol is what a reader sees in it.
    assert decode_photo(await figure.screenshot()) == (said,)
    await screen.page.reload()
    await screen.page.wait_for_function("navigator.serviceWorker.controller")
    await screen.page.reload()
    await screen.page.wait_for_selector('#show svg[viewBox="0 0 29 29"]')
    await screen.page.context.set_offline(True)
    await screen.page.reload()
    await screen.page.wait_for_selector('#show svg[viewBox="0 0 29 29"]')
    code = (await screen.page.locator("#show .number").inner_text()).replace(" ", "")
    assert decode_photo(await figure.screenshot()) == (code,)
    page = await charges(screens.house.visitor("tea"), amount="45", code=code)
    assert page.path.startswith("/orders/"), page.text
    assert await screens.house.balance("tea") == "45.00"
