"""How a message leaves the house: the contract of carriers, and the in-box, which needs none.

A carrier is a folder with a `manifest.toml` (`kind = "carrier"`, `load = "carrier:ADAPTER"`), found by
the scheme of the address that the operator gives (`smpp://...`) and registered nowhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.refusals import must


class Way(StrEnum):
    """How a person can be reached."""

    PUSH = "push"
    SMS = "sms"
    EMAIL = "email"


class Carried(StrEnum):
    """What a carrier says of a letter."""

    SENT = "sent"
    LATER = "later"  # the line is down or full: try again
    NEVER = "never"  # this will not arrive this way, however often it is sent


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where one device of a party takes push messages (RFC 8030), and the keys to encrypt them for it
    (RFC 8291): `p256dh` is its public point, 65 bytes, `auth` its secret, 16 bytes."""

    device: UUID
    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter on its way. `phone` is in E.164; of `phone`, `email` and `subscriptions` only what the
    carrier's way needs is filled in. `title` names the sender, the wallet as people know it. The same
    `id` is the same letter: a carrier that can recognises it does not send it twice."""

    id: UUID
    market: str
    text: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    email: str | None = field(default=None, repr=False)
    subscriptions: tuple[Subscription, ...] = field(default=(), repr=False)
    title: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """A carrier's longer answer. `references` are the numbers under which it will tell what became of
    the parts of the letter; `gone` are devices that take no push any more; `why` is for the log and
    holds nothing personal."""

    said: Carried
    references: tuple[str, ...] = ()
    gone: tuple[UUID, ...] = ()
    why: str = ""


class Carrier(Protocol):
    """A way to people: SMS, push, ... Called outside any transaction; whatever it raises is LATER.

    `is_box`: the letter is where it is read as soon as it is stored, and `carry` is never called.
    """

    name: str
    is_box: bool

    async def carry(self, parcel: Parcel) -> Carried | Handed: ...


Hear = Callable[[str, str, bool, str], Awaitable[bool]]
"""`hear(carrier, reference, arrived, word)`: what became of a part of a letter; False where no letter
has this reference (yet)."""


@runtime_checkable
class Telling(Protocol):
    """A carrier that is told later what became of its letters."""

    def listen(self, hear: Hear) -> None: ...


@runtime_checkable
class Reporting(Protocol):
    """A carrier that is told by calls to the wallet's own door, which name a token."""

    def is_from(self, token: str) -> bool: ...

    async def report(self, report: Mapping[str, str]) -> bool: ...


@runtime_checkable
class Keyed(Protocol):
    """A carrier whose public key devices need before they take its messages."""

    @property
    def public(self) -> str: ...


@runtime_checkable
class Closing(Protocol):
    """A carrier that keeps a line open."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What carriers are made with. `contact` is an address (`https:` or `mailto:`) at which a push
    service can find the operator; with `private_allowed` push may go to the inner network."""

    clock: Clock
    chance: Callable[[int], bytes] = secrets.token_bytes
    contact: str = ""
    private_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a carrier's manifest loads. `read` checks an address of one of its `schemes` and gives what
    `make` needs; it raises ValueError, in words that repeat no secret."""

    way: Way
    schemes: tuple[str, ...]
    read: Callable[[str], Any]
    make: Callable[[Any, Means], Carrier]


class InBox:
    """Letters stay here and are read on the in-box page: for demos, and for the wallet's own
    page."""

    name = "in_box"
    is_box = True

    async def carry(self, parcel: Parcel) -> Carried:
        """Never called: a letter in the box has arrived."""
        must(not self.is_box, "the in-box carries nothing", id=parcel.id)
        return Carried.SENT
