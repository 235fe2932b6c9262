"""How texts become short messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy.public_services.notify import gsm
from argosy.public_services.notify.gsm import fits_one, plain, short, size


@pytest.mark.parametrize(
    "text, coding, parts",
    [
        ("", 0, 1),
        ("a" * 160, 0, 1),
        ("a" * 161, 0, 2),
        ("a" * 306, 0, 2),
        ("a" * 307, 0, 3),
        ("€" * 80, 0, 1),  # each behind an escape
        ("€" * 81, 0, 2),
        ("क" * 70, 8, 1),
        ("क" * 71, 8, 2),
        ("क" * 134, 8, 2),
        ("क" * 135, 8, 3),
        ("😀" * 35, 8, 1),
        ("😀" * 36, 8, 2),
        ("a" * 100 + "ç", 8, 2),  # the small letter is not in the alphabet, the large one is
        ("ÇØåΔ_ΦΓΛΩΠΨΣΘΞ[]{}~^|\\", 0, 1),
    ],
)
def test_as_many_parts_as_phones_expect(text: str, coding: int, parts: int) -> None:
    made = short(text, 9)
    assert (made.coding, len(made.parts), made.with_header) == (coding, parts, parts > 1)
    assert all(len(part) <= (160 if coding == 0 else 140) for part in made.parts)
    assert fits_one(text) is (parts == 1)


def test_signs_of_currencies_and_fine_quotes_do_not_make_three_messages_of_one() -> None:
    text = "You received ₹1,23,456.00 from “Asha R.” – receipt 01KAD-3Q7H2-MBX4C-9TW0E…"
    made = short(text, 1)
    assert (made.coding, len(made.parts)) == (0, 1)
    assert plain(0, made.parts[0]) == (
        'You received Rs.1,23,456.00 from "Asha R." - receipt 01KAD-3Q7H2-MBX4C-9TW0E...'
    )
    assert size("रुपये ₹")[1] == 70  # beside letters of another script it stays as it is


def test_what_has_no_end_is_cut_and_says_so() -> None:
    made = short("a" * 5_000, 0)
    assert len(made.parts) == gsm.PARTS_MAX
    assert made.parts[-1].endswith(b"...")


@given(st.text(max_size=600), st.integers(0, 255))
def test_what_is_cut_is_put_together_again(text: str, reference: int) -> None:
    made = short(text, reference)
    assert all(len(part) <= (160 if made.coding == 0 else 140) for part in made.parts)
    bodies = [part[6:] if made.with_header else part for part in made.parts]
    said = b"".join(bodies)
    if made.coding == gsm.UCS2:
        whole = text.encode("utf-16-be", "replace")
        assert said == whole or (len(made.parts) == gsm.PARTS_MAX)
        for body in bodies:  # no character is torn apart
            body.decode("utf-16-be")
    else:
        assert plain(0, said) == text.translate(gsm._PLAIN)
