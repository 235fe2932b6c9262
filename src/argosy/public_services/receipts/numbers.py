"""Receipt numbers: short, made from the order's id and a key, found again without an index of their own.

Twelve characters carry the first 60 bits of the id that vary (its time and twelve bits of chance), by
which the order is found in the primary key's index; eight carry 40 bits of a keyed hash of the whole id,
so that a number cannot be made up or counted through, whoever chose the id. Letters that look like
digits are read as these.
"""

from __future__ import annotations

import base64
import hmac
from uuid import UUID

from argosy.base.parties.keys import Keys

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())
_CHARS = 20
_PADDING_BITS = 20  # 20 characters are 100 bits, and Base32 takes whole groups of 40
_HEAD_CHARS = 12
_CHECK_BITS = 40


def number_of(keys: Keys, order: UUID) -> str:
    """The receipt number of an order with a UUIDv7: `01KAD-3Q7H2-MBX4C-9TW0E`."""
    head = (order.int >> 80) << 12 | (order.int >> 64) & 0xFFF
    value = head << _CHECK_BITS | _check(keys, order)
    text = base64.b32encode((value << _PADDING_BITS).to_bytes(15)).translate(_CROCKFORD).decode()
    return f"{text[:5]}-{text[5:10]}-{text[10:15]}-{text[15:_CHARS]}"


def id_range(number: str) -> tuple[UUID, UUID] | None:
    """Between which ids (both included) the order of `number` lies; None where it is no number."""
    text = number.upper().translate(_LOOK_ALIKE)
    if len(text) != _CHARS or not set(text) <= set(_ALPHABET):
        return None
    head = 0
    for char in text[:_HEAD_CHARS]:
        head = head << 5 | _ALPHABET.index(char)
    low = (head >> 12) << 80 | 0x7 << 76 | (head & 0xFFF) << 64
    return UUID(int=low), UUID(int=low | (1 << 64) - 1)


def fits(keys: Keys, number: str, order: UUID) -> bool:
    """Whether `number` is the receipt number of `order`, in whatever way it was typed."""
    plain = number.upper().translate(_LOOK_ALIKE)
    return hmac.compare_digest(plain, number_of(keys, order).replace("-", ""))


def _check(keys: Keys, order: UUID) -> int:
    return int.from_bytes(keys.digest("receipt", order.bytes)[: _CHECK_BITS // 8])
