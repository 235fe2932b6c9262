"""Customer-presented codes: BER-TLV in base64, written and read."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.refusals import Refused
from argosy.channels.qr import cpm, tlv
from argosy.channels.qr.cpm import Application, CustomerCode
from argosy.channels.qr.tlv import Item

# The example of EMVCo's specification (QRCPS-CPM, annex): two applications and common data.
EXAMPLE = (
    "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4"
    "kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="
)


def read(text: str) -> CustomerCode:
    code = cpm.decode(text)
    assert isinstance(code, CustomerCode), code
    return code


def test_the_example_of_the_specification_is_read_and_written_back() -> None:
    code = read(EXAMPLE)
    assert cpm.names(code) == ("Product1", "Product2")
    assert [one.aid.hex() for one in code.applications] == ["a0000000555555", "a0000000666666"]
    number = tlv.find(code.common, "5A")
    assert number is not None
    assert number.value.hex() == "1234567890123458"
    assert [one.tag for one in code.common] == ["5A", "5F20", "5F2D", "64"]
    assert cpm.encode(code) == EXAMPLE


def test_a_card_number_and_a_track_come_back_with_odd_digits_too() -> None:
    one = Application(bytes.fromhex("A0000000031010"), "Card", number="400012345678901")
    two = Application(bytes.fromhex("A0000000041010"), track="5100000000000008D25122010000000000")
    text = cpm.encode(CustomerCode((one, two), (tlv.item("9F26", b"12345678"),)))
    assert isinstance(text, str)
    code = read(text)
    assert code.applications == (one, two)
    assert [a.payer for a in code.applications] == ["400012345678901", "5100000000000008"]


def test_a_wallets_one_time_code_travels_in_it() -> None:
    text = cpm.wallet_code("714085227361391204844176")
    assert isinstance(text, str)
    assert cpm.is_presented(text)
    assert cpm.one_time_of(text) == "714085227361391204844176"
    assert cpm.one_time_of(EXAMPLE) is None
    assert cpm.one_time_of("714085227361391204844176") is None


@pytest.mark.parametrize(
    "code, field",
    [
        (CustomerCode(()), "61"),
        (CustomerCode((Application(b"1234"),)), "4F"),
        (CustomerCode((Application(b"12345", "x" * 17),)), "50"),
        (CustomerCode((Application(b"12345", number="12a45678"),)), "5A"),
        (CustomerCode((Application(b"12345", number="1" * 20),)), "5A"),
        (CustomerCode((Application(b"12345", track="4000"),)), "57"),
        (CustomerCode((Application(b"12345"),), (tlv.item("9F10", b"x" * 520),)), "code"),
    ],
)
def test_what_does_not_fit_is_refused(code: CustomerCode, field: str) -> None:
    said = cpm.encode(code)
    assert isinstance(said, Refused)
    assert said.facts["field"] == field


@pytest.mark.parametrize(
    "data, problem",
    [
        (b"", "does not come first"),
        (b"\x85\x05CPV02", "CPV01"),
        (b"\x85\x05CPV01", "no application"),
        (b"\x85\x05CPV01\x61\x02\x50\x00", "without an AID"),
        (b"\x85\x05CPV01\x61\x05\x4f\x10", "longer than what is left"),
        (b"\x85\x05CPV01\x61\x81", "length"),
        (b"\x85\x05CPV01\x61\x84\x00\x00\x00\x01x", "length"),
        (b"\x85\x05CPV01\x9f", "not whole"),
        (b"\x85\x05CPV01\x61\x0b\x4f\x0512345\x5a\x02\xab\xcd", "other signs"),
    ],
)
def test_what_is_none_is_refused_with_its_problem(data: bytes, problem: str) -> None:
    said = cpm.decode(base64.b64encode(data).decode())
    assert isinstance(said, Refused), said
    assert problem in said.facts["problem"]


@pytest.mark.parametrize("text", ["%", "hQVDUFYwM", "x" * 685, "hQVDUFYwMQ=", "é"])
def test_what_is_no_base64(text: str) -> None:
    assert isinstance(cpm.decode(text), Refused)


VALUES = st.binary(max_size=150)
PLAIN = st.builds(tlv.item, st.sampled_from(["9F10", "9F26", "5F20", "C1", "DF8101"]), VALUES)
TEMPLATES = st.builds(
    tlv.template, st.sampled_from(["63", "64", "BF0C"]), st.lists(PLAIN, max_size=3)
)


@settings(deadline=None)
@given(st.lists(st.one_of(PLAIN, TEMPLATES), max_size=5))
def test_objects_of_any_length_come_back(row: list[Item]) -> None:
    assert tlv.read(b"".join(tlv.written(one) for one in row)) == tuple(row)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    tlv.read(data)
    cpm.decode(base64.b64encode(b"\x85\x05CPV01" + data).decode())


@given(st.text(max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    cpm.decode(text)
    cpm.one_time_of(text)


def test_templates_within_templates_end_somewhere() -> None:
    data = b""
    for _ in range(20):
        data = b"\x61" + bytes([len(data)]) + data
    assert tlv.read(data) == "templates lie too deep"
