"""The one-time code: its form, its minute, and how hard it is to guess."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from argosy.public_services.presented import codes

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
SECRET = bytes(range(32))
SELECTOR = "4085227361"
DIGITS = st.text("0123456789", min_size=10, max_size=10)


def taken(code: str, now: datetime, secret: bytes = SECRET) -> bool:
    """Whether the server would take `code` at `now`."""
    read = codes.read(code)
    assert read is not None
    slot = codes.slot_proven(read, secret, now)
    return slot is not None and codes.is_good(slot, now)


def test_a_code_is_what_its_description_says() -> None:
    code = codes.make(SELECTOR, SECRET, NOW)
    slot = int(NOW.timestamp()) // 6
    digest = hmac.new(SECRET, b"argosy-code-1" + slot.to_bytes(8, "big"), "sha256").digest()
    proof = int.from_bytes(digest[:8], "big") % 10**10
    body = f"71{SELECTOR}{slot % 10}{proof:010d}"
    total = 0
    for place, digit in enumerate(body[::-1]):
        double = int(digit) * (2 if place % 2 == 0 else 1)
        total += double // 10 + double % 10
    assert code == f"{body}{(10 - total % 10) % 10}"
    assert len(code) == codes.DIGITS == 24
    assert codes.read(codes.grouped(code)) == codes.read(code)


def test_a_code_is_good_for_a_minute_and_a_clock_may_be_a_minute_wrong() -> None:
    code = codes.make(SELECTOR, SECRET, NOW)
    for seconds, good in [
        (-61, False),
        (-60, True),
        (0, True),
        (59, True),
        (119, True),
        (126, False),
    ]:
        assert taken(code, NOW + timedelta(seconds=seconds)) is good, seconds


def test_a_code_that_is_over_is_told_apart_from_one_that_never_was() -> None:
    read = codes.read(codes.make(SELECTOR, SECRET, NOW))
    assert read is not None
    assert codes.slot_proven(read, SECRET, NOW + timedelta(minutes=9)) is not None
    assert codes.slot_proven(read, b"another secret of thirty-two byte", NOW) is None


@given(DIGITS, st.binary(min_size=32, max_size=32), st.integers(86_400, 4_000_000_000))
def test_every_code_is_read_and_proven(selector: str, secret: bytes, second: int) -> None:
    at = datetime.fromtimestamp(second, UTC)
    code = codes.make(selector, secret, at)
    read = codes.read(code)
    assert read is not None
    assert (read.selector, codes.slot_proven(read, secret, at)) == (selector, codes.slot_of(at))


def test_every_single_wrong_digit_and_every_neighbours_swapped_but_09_is_seen() -> None:
    code = codes.make(SELECTOR, SECRET, NOW)
    for at, right in enumerate(code):
        for digit in "0123456789":
            if digit != right:
                assert codes.read(code[:at] + digit + code[at + 1 :]) is None
    for at in range(len(code) - 1):
        pair = code[at : at + 2]
        if pair[0] != pair[1] and set(pair) != {"0", "9"}:
            assert codes.read(code[:at] + pair[::-1] + code[at + 2 :]) is None


def test_who_knows_the_selector_guesses_among_ten_thousand_million() -> None:
    """At most four proofs are good for one tick at one moment."""
    for seconds in range(60):
        now = NOW + timedelta(seconds=seconds)
        for tick in range(10):
            slots = range(codes.slot_of(now) - 60, codes.slot_of(now) + 60)
            assert sum(codes.is_good(s, now) for s in slots if s % 10 == tick) <= 4


@given(st.text(max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    codes.read(text)
    codes.read("71" + text)
