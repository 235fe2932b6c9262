"""The EMVCo merchant-presented code (QRCPS-MPM): read and written.

A code is a row of fields: id (two digits), length (two digits, in characters), value. `00` is "01" and
comes first, `63` is a check sum over all that stands before its value and comes last, and in between
the order is free. Some fields are templates: rows of fields themselves. What is not known is kept.

A code is refused where its check sum disagrees, and where a field of any depth is doubled, empty,
longer than its text, or longer than the standard allows; positions count characters from 0.
"""

from __future__ import annotations

import binascii
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from argosy.base.refusals import Refused
from argosy.channels.qr.reasons import CodeReason

CODE_CHARS_MAX = 512
VALUE_CHARS_MAX = 99
START = "000201"
CRC_HEAD = "6304"

STATIC = "11"
DYNAMIC = "12"

_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789ABCDEFabcdef")
_TEMPLATES = frozenset(f"{n:02d}" for n in (*range(26, 52), 62, 64, *range(80, 100)))
# The standard leaves these open, and some countries put plain text there.
_OPEN = frozenset(f"{n:02d}" for n in range(80, 100))
_EXACT_CHARS: Mapping[str, int] = {"00": 2, "01": 2, "52": 4, "53": 3, "55": 2, "58": 2}
_MOST_CHARS: Mapping[str, int] = {"54": 13, "56": 13, "57": 5, "59": 25, "60": 15, "61": 10}
_MOST_CHARS_WITHIN: Mapping[tuple[str, str], int] = {
    **{("62", f"{n:02d}"): 25 for n in range(1, 9)},
    ("62", "09"): 3,
    ("64", "00"): 2,
    ("64", "01"): 25,
    ("64", "02"): 15,
}
# Marks that turn the direction of writing could make a name on a screen read as another one.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. A template has `parts`, and its `value` is their text. `at` is where it stood."""

    id: str
    value: str
    parts: tuple[Field, ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was read: all fields but the check sum, in the order in which they stood."""

    fields: tuple[Field, ...]

    def get(self, *path: str) -> str | None:
        """The value at `path`, e.g. `get("62", "05")`; None where there is none."""
        found = self.find(*path)
        return found.value if found else None

    def find(self, *path: str) -> Field | None:
        """The field at `path`; None where there is none."""
        row, found = self.fields, None
        for step in path:
            found = next((f for f in row if f.id == step), None)
            if found is None:
                return None
            row = found.parts
        return found

    def leaves(self) -> dict[str, str]:
        """Every value by its path, e.g. `{"54": "10.00", "62.05": "A1"}`."""
        return dict(_leaves(self.fields, ""))


def _leaves(row: Iterable[Field], prefix: str) -> Iterable[tuple[str, str]]:
    for one in row:
        if one.parts:
            yield from _leaves(one.parts, f"{prefix}{one.id}.")
        else:
            yield prefix + one.id, one.value


def crc(text: str) -> str:
    """CRC-16/CCITT-FALSE over the UTF-8 bytes of `text`, four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def parse(text: str) -> Code | Refused:
    """Read a whole code. Refused with CODE_UNREADABLE (`position`, `problem`) or CODE_CORRUPTED."""
    if len(text) > CODE_CHARS_MAX:
        return _unreadable(CODE_CHARS_MAX, "the code is too long")
    for at, char in enumerate(text):
        if unfit(char):
            return _unreadable(at, "a character that no code may hold")
    if not text.startswith(START):
        return _unreadable(0, f"a code starts with {START}")
    end = len(text) - 8
    if end < len(START) or text[end : end + 4] != CRC_HEAD or not _HEX.issuperset(text[-4:]):
        return Refused(CodeReason.CODE_CORRUPTED, {"position": max(end, len(START))})
    if crc(text[:-4]) != text[-4:].upper():
        return Refused(CodeReason.CODE_CORRUPTED, {"position": len(text) - 4})
    fields = parse_fields(text[:end])
    if isinstance(fields, Refused):
        return fields
    for one in fields:
        if one.id == "63":
            return _unreadable(one.at, "a check sum before the end")
    return Code(fields)


def unfit(char: str) -> bool:
    """Whether no code may hold `char`: a control character, half a character, or a turning mark."""
    return char in _TURNING or unicodedata.category(char) in ("Cc", "Cs")


def parse_fields(text: str, at: int = 0, inside: str = "") -> tuple[Field, ...] | Refused:
    """Read a row of fields, `inside` a template or (empty) at the top. `at` is where `text` begins."""
    row: list[Field] = []
    seen: set[str] = set()
    here = 0
    while here < len(text):
        head = text[here : here + 4]
        if len(head) < 4 or not _DIGITS.issuperset(head):
            return _unreadable(at + here, "two digits of id and two of length are expected")
        name, length = head[:2], int(head[2:])
        value = text[here + 4 : here + 4 + length]
        problem = _problem(name, length, value, inside)
        if name in seen:
            problem = f"a second field {name}"
        if problem:
            return _unreadable(at + here, problem)
        parts: tuple[Field, ...] = ()
        if not inside and name in _TEMPLATES:
            read = parse_fields(value, at + here + 4, name)
            if not isinstance(read, Refused):
                parts = read
            elif name not in _OPEN:
                return read
        seen.add(name)
        row.append(Field(name, value, parts, at + here))
        here += 4 + length
    return tuple(row)


def most_chars(name: str) -> int:
    """The most characters that a field of the top row may have."""
    return _most(name, "")


def leaf(name: str, value: str) -> Field:
    """A plain field, for `build`."""
    return Field(name, value)


def template(name: str, parts: Iterable[Field]) -> Field:
    """A template of `parts`, for `build`."""
    row = tuple(parts)
    return Field(name, "".join(_written(part) for part in row), row)


def build(fields: Iterable[Field]) -> str | Refused:
    """Write a code: `fields` without `00` and `63`, which are added, in the order given.

    Refused with CODE_FIELD_TOO_LONG (`field`, `most`) where something does not fit, and with
    CODE_UNREADABLE where the result could not be read again: nothing leaves that we would refuse.
    """
    row = [one for one in fields if one.id not in ("00", "63")]
    for one in row:
        long = _too_long(one)
        if long is not None:
            return long
    text = START + "".join(_written(one) for one in row) + CRC_HEAD
    if len(text) + 4 > CODE_CHARS_MAX:
        facts = {"field": "code", "most": CODE_CHARS_MAX}
        return Refused(CodeReason.CODE_FIELD_TOO_LONG, facts)
    try:
        text += crc(text)
    except UnicodeEncodeError:
        return _unreadable(0, "a character that no code may hold")
    again = parse(text)
    return again if isinstance(again, Refused) else text


def _too_long(one: Field, inside: str = "") -> Refused | None:
    most = _most(one.id, inside)
    if len(one.value) > most:
        name = f"{inside}.{one.id}" if inside else one.id
        return Refused(CodeReason.CODE_FIELD_TOO_LONG, {"field": name, "most": most})
    return next((long for part in one.parts if (long := _too_long(part, one.id))), None)


def _most(name: str, inside: str) -> int:
    if inside:
        return _MOST_CHARS_WITHIN.get((inside, name), VALUE_CHARS_MAX)
    return _EXACT_CHARS.get(name) or _MOST_CHARS.get(name, VALUE_CHARS_MAX)


def _problem(name: str, length: int, value: str, inside: str) -> str | None:
    if length == 0:
        return f"field {name} is empty"
    if len(value) < length:
        return f"field {name} is longer than what is left"
    most = _most(name, inside)
    if length > most:
        return f"field {name} has more than {most} characters"
    if not inside and length < _EXACT_CHARS.get(name, 0):
        return f"field {name} has fewer than {most} characters"
    return None


def _written(one: Field) -> str:
    return f"{one.id}{len(one.value):02d}{one.value}"


def _unreadable(at: int, problem: str) -> Refused:
    return Refused(CodeReason.CODE_UNREADABLE, {"position": at, "problem": problem})
