"""How a text becomes short messages: the 7-bit alphabet of GSM 03.38 where it can, UCS-2 where it must,
and in several parts with a header that puts them together again (GSM 03.40) where it is too long.
"""

from __future__ import annotations

from dataclasses import dataclass

GSM_CHARS_MAX = 160
GSM_PART_CHARS_MAX = 153
UCS2_CHARS_MAX = 70
UCS2_PART_CHARS_MAX = 67
PARTS_MAX = 10
DEFAULT_ALPHABET = 0
UCS2 = 8
ESCAPE = 0x1B

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_CODES = {
    **{char: bytes([code]) for code, char in enumerate(_BASIC) if code != ESCAPE},
    **{char: bytes([ESCAPE, code]) for char, code in _EXTENDED.items()},
}
# What writers put in for beauty, and every phone can show in plain; and the signs of currencies, one of
# which would make three messages of one.
_PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "\u00a0": " ",
        "\u202f": " ",
        "₹": "Rs.",
        "฿": "THB",
        "₱": "PHP",
    }
)


@dataclass(frozen=True, slots=True)
class Short:
    """A text as short messages: `coding` is SMPP's data_coding, each part the octets of one message, the
    header of its part included where there are several (`with_header`)."""

    coding: int
    parts: tuple[bytes, ...]
    with_header: bool


def size(text: str) -> tuple[int, int]:
    """How much of a single message `text` takes, and how much one has room for: characters of the
    7-bit alphabet of 160 (some take two), or else units of UTF-16 of 70."""
    units = _seven(text)
    if units is not None:
        return sum(map(len, units)), GSM_CHARS_MAX
    return len(text.encode("utf-16-be")) // 2, UCS2_CHARS_MAX


def fits_one(text: str) -> bool:
    """Whether `text` goes into one short message."""
    taken, room = size(text)
    return taken <= room


def short(text: str, reference: int) -> Short:
    """`text` as short messages. `reference` (0 to 255) puts the parts of one text together. A text of
    more than `PARTS_MAX` parts is cut there, with a sign that it goes on."""
    units, coding, most, each = _units(text)
    if sum(map(len, units)) <= most:
        return Short(coding, (b"".join(units),), with_header=False)
    parts = _packed(units, each)
    if len(parts) > PARTS_MAX:
        parts = parts[:PARTS_MAX]
        dots = b"..." if coding == DEFAULT_ALPHABET else "...".encode("utf-16-be")
        parts[-1] = parts[-1][: each - len(dots)] + dots
    head = b"\x05\x00\x03" + bytes([reference & 0xFF, len(parts)])
    return Short(
        coding, tuple(head + bytes([n]) + part for n, part in enumerate(parts, 1)), with_header=True
    )


def _units(text: str) -> tuple[list[bytes], int, int, int]:
    """What must not be cut apart, the coding, and the octets in one message and in a part."""
    seven = _seven(text)
    if seven is not None:
        return seven, DEFAULT_ALPHABET, GSM_CHARS_MAX, GSM_PART_CHARS_MAX
    wide = [char.encode("utf-16-be", "replace") for char in text]
    return wide, UCS2, 2 * UCS2_CHARS_MAX, 2 * UCS2_PART_CHARS_MAX


def _seven(text: str) -> list[bytes] | None:
    """`text` in the 7-bit alphabet, an octet each (two behind an escape); None where it has others."""
    found = [_CODES.get(char) for char in text.translate(_PLAIN)]
    whole = [code for code in found if code is not None]
    return whole if len(whole) == len(found) else None


def _packed(units: list[bytes], each: int) -> list[bytes]:
    parts, part = [], b""
    for unit in units:
        if len(part) + len(unit) > each:
            parts.append(part)
            part = b""
        part += unit
    return [*parts, part]


def plain(coding: int, octets: bytes) -> str:
    """The text of a short message without its header: what a phone would show."""
    if coding == UCS2:
        return octets.decode("utf-16-be", "replace")
    extended = {code: char for char, code in _EXTENDED.items()}
    said, escaped = "", False
    for octet in octets:
        if octet == ESCAPE and not escaped:
            escaped = True
            continue
        said += extended.get(octet, " ") if escaped else _BASIC[octet & 0x7F]
        escaped = False
    return said
