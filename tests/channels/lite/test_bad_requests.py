"""What no form of ours would send: every page says so in plain words, moves nothing, leaks nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from argosy.base.refusals import Unavailable
from argosy.channels.lite.visits import BODY_BYTES_MAX
from tests.channels.lite.visitors import JSON, PIN, House, Page, Visitor

FORM = {"content-type": "application/x-www-form-urlencoded"}


def plain(page: Page | httpx.Response) -> None:
    """Nothing of the inside shows."""
    text = page.answer.text if isinstance(page, Page) else page.text
    for word in ("Traceback", "argosy/", "asyncpg", "Exception", "litestar"):
        assert word not in text


async def pay_form(house: House, visitor: Visitor) -> dict[str, str]:
    page = await visitor.open(f"/p/{house.shop_number}")
    return {**page.form("/pay").fields, "amount": "10", "pin": PIN}


# --- forms from elsewhere ------------------------------------------------------------------------


@pytest.mark.parametrize("csrf", [None, "", "00", "zz", "é", "0" * 64, "ab" * 500])
async def test_a_form_without_the_sessions_secret_is_foreign(
    house: House, csrf: str | None
) -> None:
    asha = house.visitor("asha")
    fields = await pay_form(house, asha)
    del fields["csrf"]
    if csrf is not None:
        fields["csrf"] = csrf
    page = Page(await asha.client.post("/pay", data=fields))
    assert (page.status, "out of date" in page.text) == (403, True)
    assert await house.balance("asha") == "10000.00"
    plain(page)


async def test_the_secret_of_another_session_or_of_a_visitor_is_worth_nothing(house: House) -> None:
    asha, ravi, visitor = house.visitor("asha"), house.visitor("ravi"), house.visitor()
    fields = await pay_form(house, asha)
    others = (await ravi.open("/me")).form("/out").fields["csrf"]
    strangers = (await visitor.open("/enter")).form("/enter").fields["csrf"]
    for csrf in (others, strangers):
        page = Page(await asha.client.post("/pay", data={**fields, "csrf": csrf}))
        assert page.status == 403
    page = Page(await visitor.client.post("/enter", data={"phone": "98000 00001", "csrf": others}))
    assert page.status == 403
    assert await house.balance("asha") == "10000.00"


async def test_the_secret_looks_different_each_time_and_all_of_them_fit(house: House) -> None:
    asha = house.visitor("asha")
    first, second = await pay_form(house, asha), await pay_form(house, asha)
    assert first["csrf"] != second["csrf"]
    page = Page(await asha.client.post("/pay", data=first))
    assert "Paid" in page.text


async def test_another_origin_is_foreign_whatever_it_carries(house: House) -> None:
    asha = house.visitor("asha")
    fields = await pay_form(house, asha)
    evil = {"origin": "https://evil.example"}
    page = Page(await asha.client.post("/pay", data=fields, headers=evil))
    assert page.status == 403
    body = {"id": str(house.ids.new()), "to": house.shop_number, "amount": "1", "pin": PIN}
    said = await asha.client.post("/pay", json=body, headers={**JSON, **evil})
    assert (said.status_code, said.json()["code"]) == (403, "form_foreign")
    text = {"content-type": "text/plain", **JSON}
    said = await asha.client.post("/pay", content='{"to":"1"}', headers=text)
    assert said.status_code == 415
    assert await house.balance("asha") == "10000.00"


async def test_a_session_that_is_made_up_is_no_session(house: House) -> None:
    real = house.tokens["asha"]
    for token in ("", "x", "a" * 64, real[:-1] + ("A" if real[-1] != "A" else "B"), "é" * 3):
        cookie = {"cookie": f"argosy={token}".encode()}
        page = Page(await house.visitor().client.get("/history", headers=cookie))
        assert page.path == "/enter", token


# --- bodies --------------------------------------------------------------------------------------


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    asha = house.visitor("asha")
    fields = await pay_form(house, asha)
    page = Page(await asha.client.post("/pay", data={**fields, "note": "x" * BODY_BYTES_MAX}))
    assert (page.status, "more than this form can take" in page.text) == (413, True)
    said = await asha.client.post("/pay", json={"note": "x" * 10**6}, headers=JSON)
    assert (said.status_code, said.json()["code"]) == (413, "form_too_large")


async def test_a_body_that_hides_its_length_is_cut_off(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"note=" + b"x" * 1000

    asha = house.visitor("asha")
    answer = await asha.client.post("/pay", content=endless(), headers=FORM)
    assert answer.status_code == 413
    plain(answer)


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "", "é"]
)
async def test_another_content_type_is_not_taken(house: House, kind: str) -> None:
    asha = house.visitor("asha")
    headers = {"content-type": kind.encode()} if kind else {}
    answer = await asha.client.post("/pay", content=b"amount=1", headers=headers)
    assert answer.status_code == 415
    assert "did not arrive as a form" in answer.text
    plain(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"amount=\xff\xfe",
        b"amount=%ff%fe",
        b"note=%ed%a0%80",
        b"note=a%00b",
        "&".join(f"f{n}=1" for n in range(100)).encode(),
    ],
)
async def test_broken_text_is_refused(house: House, body: bytes) -> None:
    answer = await house.visitor("asha").client.post("/pay", content=body, headers=FORM)
    assert (answer.status_code, "did not arrive whole" in answer.text) == (400, True)
    plain(answer)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b'{"a":{}}', b'{"a":1.5}', b'{"a":"\xff"}', b'{"a":"\\u0000"}',
     b'{"a":"\\ud800"}', b"[" * 5000],
)  # fmt: skip
async def test_broken_json_is_refused(house: House, body: bytes) -> None:
    headers = {"content-type": "application/json", **JSON}
    answer = await house.visitor("asha").client.post("/pay", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "form_unreadable")
    assert answer.headers["content-type"] == "application/problem+json"


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/nosuch",
        "/orders",
        "/orders/1/2/3",
        "/-/nothing.css",
        "/p/",
        "/r/x/y",
        "/%ff",
        "/..%2f..%2fetc",
    ],
)
async def test_an_address_that_there_is_none_of(house: House, path: str) -> None:
    for visitor in (house.visitor(), house.visitor("asha")):
        page = await visitor.open(path)
        assert page.status == 404, path
        assert "no page here" in page.text
        plain(page)
    said = await house.visitor().json("GET", path)
    assert (said.status_code, said.json()["code"]) == (404, "page_unknown")


@pytest.mark.parametrize(
    "id", ["1", "x" * 300, "00000000-0000-0000-0000-000000000000", "%00", "'--"]
)
async def test_an_order_that_there_is_none_of(house: House, id: str) -> None:
    asha = house.visitor("asha")
    for path in (f"/orders/{id}", f"/orders/{id}/refund", f"/outcome/{id}"):
        page = await asha.open(path)
        assert page.status == 404, path
        plain(page)


async def test_a_method_that_is_not_taken(house: House) -> None:
    asha = house.visitor("asha")
    for method in ("PUT", "DELETE", "PATCH"):
        answer = await asha.client.request(method, "/pay")
        assert answer.status_code == 405
        plain(answer)
    assert (await asha.client.post("/history")).status_code in (403, 405)


# --- what is typed into pages ----------------------------------------------------------------------


EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


async def test_what_people_type_is_shown_as_text(house: House) -> None:
    await house.join("evil", "Mal </b><i>x", "full", 100_00)
    await house.join("evil_shop", "Mal", "merchant", 0, 'Tea "><script>alert(3)</script>')
    shop = house.people["evil_shop"].number
    evil, asha = house.visitor("evil"), house.visitor("asha")
    page = await evil.fill("/send", to="98000 00001", amount="5", note=EVIL)
    page = await evil.send(page.form("/send"), pin=PIN)
    shown = [page, await asha.open(page.path), await asha.open("/history"), await asha.open("/")]
    shown.append(await asha.fill("/pay", code=EVIL))
    shown.append(await asha.open(f"/p/{shop}"))
    shown.append(await asha.fill(f"/p/{shop}", "/pay", amount=EVIL, note=EVIL, pin=EVIL))
    shown.append(await asha.fill("/enter/forgotten", phone=EVIL))
    shown.append(await asha.open(f"/r/{EVIL}"))
    shown.append(Page(await asha.client.get("/r", params={"number": EVIL})))
    shown.append(Page(await asha.client.get("/inbox", params={"phone": EVIL})))
    shown.append(Page(await asha.client.get(f"/p/{shop}", params={"amount": EVIL})))
    shown.append(await house.visitor("evil_shop").open("/till/code"))
    for page in shown:
        for word in ("<script>alert", "<img", "<i>x"):
            assert word not in page.answer.text, page.path
        assert "script-src 'self';" in page.answer.headers["content-security-policy"]
    assert EVIL in shown[1].text
    sheet = await house.visitor("evil_shop").client.get("/till/print/sticker.svg")
    assert "<script" not in sheet.text


async def test_every_page_is_kept_private_and_to_itself(house: House) -> None:
    asha = house.visitor("asha")
    for path in ("/", "/me", "/history", "/nosuch", "/enter"):
        headers = (await asha.open(path)).answer.headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
    style = (await asha.open("/")).answer.text.split('stylesheet" href="')[1].split('"')[0]
    kept = await asha.client.get(style)
    assert "immutable" in kept.headers["cache-control"]
    assert kept.headers["content-type"].startswith("text/css")


# --- a part that does not answer ---------------------------------------------------------------------


async def test_an_outage_in_the_middle_is_unknown_and_becomes_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = house.visitor("asha")
    fields = await pay_form(house, asha)
    submit = house.wallet.commit.submit

    async def answer_lost(posting: object) -> object:
        await submit(posting)  # type: ignore[arg-type]
        raise Unavailable("the line broke after the commit")

    monkeypatch.setattr(house.wallet.commit, "submit", answer_lost)
    page = Page(await asha.client.post("/pay", data=fields))
    assert (page.status, "We do not know yet" in page.text) == (503, True)
    assert page.answer.headers["retry-after"]
    monkeypatch.undo()
    page = await asha.open(f"/outcome/{fields['id']}")
    assert "Paid ₹10.00 to Chai Adda" in page.text
    page = Page(await asha.client.post("/pay", data=fields))
    assert "Paid ₹10.00 to Chai Adda" in page.text
    assert await house.balance("tea") == "10.00"


async def test_a_bug_is_told_without_its_inside_and_is_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(house.wallet.statement, "page", breaks)
    page = await house.visitor("asha").open("/history")
    assert (page.status, "Something broke on our side" in page.text) == (500, True)
    assert "secret inside" not in page.answer.text
    assert "secret inside" in caplog.text
    said = await house.visitor("asha").json("GET", "/history")
    assert (said.status_code, said.json()["code"]) == (500, "internal_error")


async def test_a_database_that_does_not_answer_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: str) -> None:
        raise Unavailable("nobody home")

    monkeypatch.setattr(house.wallet.signin, "session", gone)
    page = await house.visitor("asha").open("/")
    assert (page.status, "did not answer in time" in page.text) == (503, True)
    assert "nobody home" not in page.answer.text
