"""Ids are born at the caller, and the id is the idempotency key.

An id is a UUIDv7 (RFC 9562): its first 48 bits are milliseconds, so that ids made one after the other
lie one after the other in every index, however many there are.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from uuid import UUID

from asyncpg.pgproto import pgproto

from argosy.base.clock import Clock, SystemClock

_make: Callable[[bytes], UUID] = pgproto.UUID
"""From 16 bytes to a UUID: the driver's own class, a `uuid.UUID` that is made, read and printed a
tenth of the time. A payment handles some dozens."""

_read: Callable[[str], UUID] = pgproto.UUID

_LOW_62 = (1 << 62) - 1
_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62


class Ids:
    """Makes UUIDv7s from a clock and a source of chance, both handed in."""

    def __init__(
        self, clock: Clock | None = None, chance: Callable[[int], int] = secrets.randbits
    ) -> None:
        self._clock = clock or SystemClock()
        self._chance = chance

    def new(self) -> UUID:
        millis = int(self._clock.now().timestamp() * 1000)
        noise = self._chance(74)
        value = (millis << 80) | _VERSION_7 | ((noise >> 62) << 64) | _VARIANT | (noise & _LOW_62)
        return _make(value.to_bytes(16))


def derive(parent: UUID, label: str) -> UUID:
    """The id of step `label` of what `parent` names: always the same one, next to its parent in order.

    A command that is sent twice derives the same ids and so is recognised by the ledger.
    """
    digest = int.from_bytes(hashlib.blake2b(parent.bytes + label.encode(), digest_size=10).digest())
    head = parent.int >> 80
    value = (
        (head << 80) | _VERSION_7 | (((digest >> 62) & 0xFFF) << 64) | _VARIANT | (digest & _LOW_62)
    )
    return _make(value.to_bytes(16))


def named(*parts: str) -> UUID:
    """The id of something that has a name of its own, such as a system account."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()
    value = int.from_bytes(digest)
    value = (value & ~(0xF << 76)) | (0x8 << 76)
    value = (value & ~(0x3 << 62)) | _VARIANT
    return _make(value.to_bytes(16))


def parse_id(text: str) -> UUID | None:
    """Read an id in its canonical form; None when it is not one."""
    try:
        value = _read(text)
    except (ValueError, TypeError):
        return None
    return value if str(value) == text.lower() else None
