"""Secrets that a browser keeps: an id, to find the row by, and 32 bytes of chance."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

_ID_BYTES = 16
_SECRET_BYTES = 32
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(
    b"-_+/", b"+/\x00\x00"
)  # the other alphabet's own signs are none of ours


@dataclass(frozen=True, slots=True)
class Token:
    """`owner` says in which shard to look; `text` is what the browser keeps, 64 URL-safe
    characters."""

    owner: UUID
    text: str = field(repr=False)

    @classmethod
    def make(cls, owner: UUID, chance: Callable[[int], bytes]) -> Token:
        return cls(owner, encode(owner.bytes + chance(_SECRET_BYTES)))

    @classmethod
    def read(cls, text: str) -> Token | None:
        """The token that a browser showed; None when it is none."""
        raw = decode(text)
        if raw is None or len(raw) != _ID_BYTES + _SECRET_BYTES:
            return None
        return cls(UUID(bytes=raw[:_ID_BYTES]), text)


def encode(raw: bytes) -> str:
    """URL-safe base64 without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """What `encode` made, in its one canonical form; None for anything else."""
    try:
        padded = (text + "=" * (-len(text) % 4)).encode("ascii").translate(_STANDARD)
        raw = binascii.a2b_base64(padded, strict_mode=True)
    except ValueError:  # not ASCII, or not Base64
        return None
    return raw if encode(raw) == text else None
