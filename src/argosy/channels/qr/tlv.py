"""BER-TLV, as EMV uses it (ISO/IEC 8825-1, EMV Book 3 annex B): tag, length, value, and values in values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DEPTH_MAX = 4
_CONSTRUCTED = 0x20
_MORE = 0x1F
_LONG = 0x80
_TAG_BYTES_MAX = 3
_LENGTH_BYTES_MAX = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One data object. `tag` in upper-case hexadecimal (`4F`, `9F26`); a template has `items`, and its
    `value` is their bytes."""

    tag: str
    value: bytes
    items: tuple[Item, ...] = ()


def item(tag: str, value: bytes) -> Item:
    """A plain data object."""
    return Item(tag, value)


def template(tag: str, items: Iterable[Item]) -> Item:
    """A template of `items`."""
    row = tuple(items)
    return Item(tag, b"".join(written(one) for one in row), row)


def written(one: Item) -> bytes:
    """The bytes of a data object, with its length in the shortest form."""
    size = len(one.value)
    if size < _LONG:
        length = bytes([size])
    else:
        raw = size.to_bytes((size.bit_length() + 7) // 8)
        length = bytes([_LONG | len(raw)]) + raw
    return bytes.fromhex(one.tag) + length + one.value


def read(data: bytes, depth: int = 0) -> tuple[Item, ...] | str:
    """The data objects that `data` is, templates with theirs; or what is wrong, as text. Zero bytes
    between objects are padding."""
    row: list[Item] = []
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        tag = _tag(data, at)
        if tag is None:
            return "a tag is not whole"
        at += len(tag)
        size = _length(data, at)
        if size is None:
            return f"the length of {tag.hex().upper()} is not sound"
        length, at = size
        value = data[at : at + length]
        if len(value) < length:
            return f"{tag.hex().upper()} is longer than what is left"
        at += length
        items: tuple[Item, ...] = ()
        if tag[0] & _CONSTRUCTED:
            if depth >= DEPTH_MAX:
                return "templates lie too deep"
            inner = read(value, depth + 1)
            if isinstance(inner, str):
                return inner
            items = inner
        row.append(Item(tag.hex().upper(), value, items))
    return tuple(row)


def find(row: Iterable[Item], tag: str) -> Item | None:
    """The first object with this tag."""
    return next((one for one in row if one.tag == tag), None)


def _tag(data: bytes, at: int) -> bytes | None:
    end = at + 1
    if data[at] & _MORE == _MORE:
        while end < len(data) and data[end] & _LONG and end - at < _TAG_BYTES_MAX:
            end += 1
        end += 1
    return data[at:end] if end <= len(data) and end - at <= _TAG_BYTES_MAX else None


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """The length that begins at `at`, and where its value begins."""
    if at >= len(data):
        return None
    first = data[at]
    if first < _LONG:
        return first, at + 1
    count = first & ~_LONG
    raw = data[at + 1 : at + 1 + count]
    if not 1 <= count <= _LENGTH_BYTES_MAX or len(raw) < count:
        return None
    return int.from_bytes(raw), at + 1 + count
