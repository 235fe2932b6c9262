"""Secrets that a browser keeps: an id, to find the row by, and 32 bytes of chance."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

_ID_BYTES = 16
_SECRET_BYTES = 32


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
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """What `encode` made, in its one canonical form; None for anything else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if encode(raw) == text else None
