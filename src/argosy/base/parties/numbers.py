"""Public numbers of parties: short to type, hard to mistype.

Ten digits: the first 1 to 5, so that no number looks like a phone's where phones begin with 6 to 9;
the last a check digit by Damm (2004), which finds every single wrong digit and every swap of
neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

DIGITS = 10
_FIRSTS = 5
_FREE = _FIRSTS * 10 ** (DIGITS - 2)
_TYPED_CHARS_MAX = 100
_GROUPING = frozenset({"Zs", "Pd", "Cf"})
"""Spaces, dashes and what is not seen at all, as it comes along where a number is copied."""
_SHAPE = re.compile(r"[1-5][0-9]{9}", re.ASCII)

# The quasigroup of Damm's thesis: totally anti-symmetric, zeros on the diagonal.
_TABLE = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_NEXT = {f"{row}{digit}": _TABLE[row][digit] for row in range(10) for digit in range(10)}


def draw(chance: Callable[[int], bytes]) -> str:
    """A number by chance; whether it is still free is for the caller to see."""
    value = int.from_bytes(chance(16)) % _FREE
    body = str(10 ** (DIGITS - 2) + value)
    return body + _check_digit(body)


def reads(text: str) -> str | None:
    """The number that a person typed, in digits of any script, with whatever spaces and dashes
    between; None when it is not one."""
    if len(text) > _TYPED_CHARS_MAX:
        return None
    digits = "".join(_plain(one) for one in text)
    if _SHAPE.fullmatch(digits) is None or _check_digit(digits) != "0":
        return None
    return digits


def _plain(one: str) -> str:
    """A digit as 0 to 9, nothing for what only groups digits; anything else stays."""
    kind = unicodedata.category(one)
    if kind == "Nd":
        return str(unicodedata.digit(one))
    return "" if kind in _GROUPING else one


def _check_digit(digits: str) -> str:
    carry = "0"
    for digit in digits:
        carry = _NEXT[carry + digit]
    return carry
