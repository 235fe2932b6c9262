"""Payment links: read and written."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.refusals import Refused
from argosy.channels.qr import upi
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.upi import Link


def link(text: str) -> Link:
    answer = upi.parse(text)
    assert isinstance(answer, Link), answer
    return answer


def reason(text: str) -> CodeReason:
    answer = upi.parse(text)
    assert isinstance(answer, Refused), answer
    assert isinstance(answer.reason, CodeReason)
    return answer.reason


def test_a_link_says_what_stands_in_it() -> None:
    read = link(
        "upi://pay?pa=Tea.Shop@OkBank&pn=Ravi%20Tea%20%26%20Sons&mc=5411&tid=T9&tr=ORD-1&tn=two%20cups"
        "&am=12.50&cu=INR&mode=02&orgid=000000&sign=MEUC%2Bxy%3D&QRexpire=2026-11-22T10:00:00%2B05:30"
    )
    assert read == Link(
        "tea.shop@okbank",
        name="Ravi Tea & Sons",
        amount_minor=1250,
        currency="INR",
        reference="ORD-1",
        category="5411",
        note="two cups",
        expires_at=datetime(2026, 11, 22, 4, 30, tzinfo=UTC),
        unknown={
            "tid": "T9",
            "mode": "02",
            "orgid": "000000",
            "sign": "MEUC+xy=",
        },
    )
    assert (read.local, read.handle) == ("tea.shop", "okbank")


def test_the_scheme_is_read_in_any_case_and_rupees_are_assumed() -> None:
    read = link("UPI://PAY?pa=a@b1")
    assert (read.currency, read.amount_minor) == ("INR", None)


def test_an_empty_amount_is_none_and_a_plus_is_a_plus() -> None:
    read = link("upi://pay?pa=a@bc&pn=A+B&am=")
    assert (read.amount_minor, read.name) == (None, "A+B")


def test_names_of_any_script() -> None:
    assert link("upi://pay?pa=a@bc&pn=%E0%A4%B0%E0%A4%BE%E0%A4%AE").name == "राम"
    assert link("upi://pay?pa=a@bc&pn=राम").name == "राम"


@pytest.mark.parametrize("amount", ["1", "1.5", "1.50", "0.01", "0001.00", "10000000"])
def test_amounts_that_are_read(amount: str) -> None:
    assert link(f"upi://pay?pa=a@bc&am={amount}").amount_minor == round(float(amount) * 100)


@pytest.mark.parametrize(
    "amount",
    ["0", "0.00", "-1", "%2B1", "+1", "1.", ".5", "1.234", "1,000", "1e3", "0x10", "NaN", "inf", "%20 1",
     "1%20", "1_0", "%E0%A5%A7", "1.5.0", "9" * 17, "99999999999999.99"],
)  # fmt: skip
def test_amounts_that_are_refused(amount: str) -> None:
    assert reason(f"upi://pay?pa=a@bc&am={amount}") is CodeReason.CODE_AMOUNT_UNREADABLE


@pytest.mark.parametrize(
    "text",
    ["", "upi:pay?pa=a@bc", "https://pay?pa=a@bc", "upi://pay?", "upi://pay?pn=A", "upi://pay?pa=abc",
     "upi://pay?pa=a@bc&pa=a@bd", "upi://pay?pa=a@bc&am", "upi://pay?pa=a@bc&=1", "upi://pay?pa=a@bc&pn=%",
     "upi://pay?pa=a@bc&pn=%zz", "upi://pay?pa=a@bc&pn=%ff", "upi://pay?pa=a@bc&pn=%00",
     "upi://pay?pa=a@bc&pn=%E2%80%AE", "upi://pay?pa=a@b@c", "upi://pay?pa=@bc", "upi://pay?pa=%D1%80@bc",
     "upi://pay?pa=a@bc&pn=" + "x" * 1100],
)  # fmt: skip
def test_what_is_no_link(text: str) -> None:
    assert reason(text) is CodeReason.CODE_UNREADABLE


@pytest.mark.parametrize("until", ["soon", "2026-11-22T10:00:00", "9999-12-31T23:59:59-23:59", "1"])
def test_an_end_that_leaves_open_when_is_refused(until: str) -> None:
    assert reason(f"upi://pay?pa=a@bc&QRexpire={quote(until)}") is CodeReason.CODE_UNREADABLE


def test_other_verbs_are_named() -> None:
    answer = upi.parse("upi://mandate?pa=a@bc")
    assert isinstance(answer, Refused)
    assert (answer.code, answer.facts["scheme"]) == ("code_scheme_not_taken", "UPI (mandate)")


def test_a_currency_that_does_not_exist() -> None:
    assert reason("upi://pay?pa=a@bc&am=1&cu=XYZ") is CodeReason.CODE_CURRENCY_NOT_TAKEN


def test_spaces_are_written_as_percent_twenty() -> None:
    text = upi.build(
        {"pa": "shop@argosy", "pn": "Ravi & Sons", "am": "12.50", "tn": "", "cu": "INR"}
    )
    assert text == "upi://pay?pa=shop@argosy&pn=Ravi%20%26%20Sons&am=12.50&cu=INR"


def test_nothing_is_written_that_would_be_refused() -> None:
    assert isinstance(upi.build({"pn": "nobody"}), Refused)
    assert isinstance(upi.build({"pa": "a@bc", "pn": "a\nb"}), Refused)
    assert isinstance(upi.build({"pa": "a@bc", "pn": "x" * 2000}), Refused)


PRINTED = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"),
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(PRINTED, PRINTED)
def test_what_is_written_is_read_again(name: str, other: str) -> None:
    text = upi.build({"pa": "shop@argosy", "pn": name, "zz": other, "am": "1.00"})
    assert isinstance(text, str)
    read = link(text)
    assert (read.name, read.unknown["zz"], read.amount_minor) == (name, other, 100)
    # A second reading, by the standard library.
    assert dict(parse_qsl(urlsplit(text).query))["pn"] == name
    assert text.isascii()


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    upi.parse(text)
    upi.parse("upi://pay?" + text)
    upi.parse("upi://pay?pa=a@bc&" + text)
    upi.parse("upi://pay?pa=a@bc&pn=" + quote(text, errors="replace"))
