"""What every code says around the country's template."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.ids import Ids
from argosy.base.markets import PayCode
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant
from argosy.channels.qr.emv import Code, leaf, template
from argosy.channels.qr.merchant import Place, Said
from argosy.channels.qr.schemes import schemes

RUPEES = Place("IN", "INR", "356", "hi")
YEN = Place("JP", "JPY", "392")
DINARS = Place("KW", "KWD", "414", "ar")
OWN = [template("26", [leaf("00", "x.y"), leaf("01", "7")])]


def said(text: str | Refused, place: Place = RUPEES) -> Said | Refused:
    code = emv.parse(str(text))
    assert isinstance(code, Code), code
    return merchant.read(code, place)


def sealed(body: str) -> str:
    return f"{body}6304{emv.crc(body + '6304')}"


@pytest.mark.parametrize(
    "place, minor, field",
    [
        (RUPEES, 1, "54040.01"),
        (RUPEES, 100, "54041.00"),
        (RUPEES, 999_999_999_999, "54139999999999.99"),
        (YEN, 5, "54015"),
        (YEN, 1000, "54041000"),
        (DINARS, 1, "54050.001"),
        (DINARS, 1500, "54051.500"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(place: Place, minor: int, field: str) -> None:
    text = merchant.build(PayCode("7", "Shop", "Town", amount_minor=minor), place, OWN)
    assert isinstance(text, str)
    assert field in text
    answer = said(text, place)
    assert isinstance(answer, Said)
    assert answer.amount_minor == minor


def test_an_amount_too_large_for_a_code_is_refused() -> None:
    pay = PayCode("7", "Shop", "Town", amount_minor=1_000_000_000_000)
    assert merchant.build(pay, RUPEES, OWN).code == "code_field_too_long"  # type: ignore[union-attr]


def test_a_static_code_has_no_amount_and_says_so() -> None:
    text = merchant.build(PayCode("7", "Shop", "Town"), RUPEES, OWN)
    assert isinstance(text, str)
    assert text[6:12] == "010211"
    assert said(text) == Said(None, "Shop", "Town", "0000", None)


def test_a_dynamic_code_says_so() -> None:
    text = merchant.build(PayCode("7", "Shop", "Town", amount_minor=1), RUPEES, OWN)
    assert str(text)[6:12] == "010212"


def test_long_names_are_cut_to_what_a_code_holds() -> None:
    text = merchant.build(
        PayCode("7", "An Extraordinarily Long Name", "Thiruvananthapuram"), RUPEES, OWN
    )
    assert said(text) == Said(None, "An Extraordinarily Long N", "Thiruvananthapu", "0000", None)


def test_a_name_in_another_script_is_kept_beside_its_spelling() -> None:
    text = merchant.build(PayCode("7", "राम मिठाई भंडार", "वाराणसी"), RUPEES, OWN)
    code = emv.parse(str(text))
    assert isinstance(code, Code)
    assert (code.get("59"), code.get("60")) == ("Ram Mithai Bhandar", "Varanasi")
    assert (code.get("64", "00"), code.get("64", "01")) == ("hi", "राम मिठाई भंडार")
    assert said(text) == Said(None, "राम मिठाई भंडार", "Varanasi", "0000", None)


def test_a_name_that_cannot_be_spelled_gives_way_to_the_number() -> None:
    code = emv.parse(str(merchant.build(PayCode("1234567890", "茶館", ""), RUPEES, OWN)))
    assert isinstance(code, Code)
    assert (code.get("59"), code.get("60")) == ("MERCHANT 1234567890", "IN")
    assert code.get("64", "01") == "茶館"


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=40))
def test_no_name_breaks_a_code(name: str, city: str) -> None:
    text = merchant.build(PayCode("7", name, city, "5411", 100), RUPEES, OWN)
    assert isinstance(text, str), text
    assert isinstance(said(text), Said)


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_an_orders_id_fits_and_comes_back(noise: bytes) -> None:
    order = str(UUID(bytes=noise, version=4))
    order = f"{order[:14]}7{order[15:]}"
    folded = merchant.fold_reference(order)
    assert len(folded) == 25
    assert merchant.unfold_reference(folded) == order


def test_an_id_born_here_comes_back(ids: Ids) -> None:
    order = str(ids.new())
    text = merchant.build(PayCode("7", "Shop", "Town", "5411", 5, order), RUPEES, OWN)
    assert said(text) == Said(5, "Shop", "Town", "5411", order)


@pytest.mark.parametrize("reference", ["ORD-1", "A" * 25, "0" * 25, "Z" * 25, "a" * 25, "x"])
def test_other_references_stay_as_they_are(reference: str) -> None:
    assert merchant.unfold_reference(merchant.fold_reference(reference)) == reference


def test_a_reference_that_is_too_long_is_refused() -> None:
    answer = merchant.build(PayCode("7", "S", "T", order_reference="r" * 26), RUPEES, OWN)
    assert isinstance(answer, Refused)
    assert answer.facts == {"field": "62.05", "most": 25}


@pytest.mark.parametrize(
    "amount, minor",
    [
        ("1", 100),
        ("1.5", 150),
        ("1.50", 150),
        ("0.01", 1),
        ("007", 700),
        ("9999999999.99", 999999999999),
    ],
)
def test_amounts_that_are_read(amount: str, minor: int) -> None:
    assert merchant.read_amount(amount, "INR") == minor


@pytest.mark.parametrize(
    "amount",
    ["", "0", "0.00", "-1", "+1", "1.", ".5", "1.234", "1,00", "1e3", " 1", "1 ", "1\n", "１", "१", "٣",
     "1_0", "0x1", "inf", "1.0.0", "9" * 17],
)  # fmt: skip
def test_amounts_that_are_refused(amount: str) -> None:
    answer = merchant.read_amount(amount, "INR")
    assert isinstance(answer, Refused)
    assert answer.code == "code_amount_unreadable"


def test_decimals_of_a_currency_without_any_are_refused() -> None:
    assert isinstance(merchant.read_amount("1.0", "JPY"), Refused)


@pytest.mark.parametrize(
    "body, code",
    [
        ("0002015303840", "code_currency_not_taken"),
        ("0002015303356540410,0", "code_amount_unreadable"),
        ("00020153033565502015802IN", "code_tip_not_taken"),
        ("0002015303356550202560510.005802IN", "code_tip_not_taken"),
    ],
)
def test_what_is_not_taken(body: str, code: str) -> None:
    answer = said(sealed(body))
    assert isinstance(answer, Refused)
    assert answer.code == code


def test_what_is_not_read_is_kept() -> None:
    body = "00020126120003x.y010175802IN61064000016206" + "0702T1"
    code = emv.parse(sealed(body))
    assert isinstance(code, Code)
    assert merchant.kept(code, {"26.00", "26.01"}) == {"61": "400001", "62.07": "T1"}


def test_schemes_are_named() -> None:
    row = [
        leaf("02", "4"),
        leaf("06", "6"),
        leaf("17", "x"),
        template("26", [leaf("00", "a000000524")]),
        template("27", [leaf("00", "ID.CO.QRIS.WWW")]),
        template("28", [leaf("00", "org.new")]),
        template("29", [leaf("01", "no id")]),
    ]
    code = emv.parse(str(emv.build(row)))
    assert isinstance(code, Code)
    assert schemes(code, {"06": "RuPay"}) == (
        "Visa", "RuPay", "card scheme 17", "UPI", "QRIS", "org.new", "scheme 29"
    )  # fmt: skip
