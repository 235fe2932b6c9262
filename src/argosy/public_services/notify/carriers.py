"""How a message leaves the house: the contract of carriers, and the in-box, which needs none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from argosy.base.refusals import must


class Carried(StrEnum):
    """What a carrier says of a letter."""

    SENT = "sent"
    LATER = "later"  # the line is down or full: try again
    NEVER = "never"  # this will not arrive, however often it is sent


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter on its way. `phone` is in E.164, and None for a carrier that does not need it. The
    same `id` is the same letter: a carrier that can recognises it does not send it twice."""

    id: UUID
    market: str
    text: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


class Carrier(Protocol):
    """A way to people: SMS, push, ... Called outside any transaction; whatever it raises is LATER.

    `is_box`: the letter is where it is read as soon as it is stored, and `carry` is never called.
    """

    name: str
    is_box: bool

    async def carry(self, parcel: Parcel) -> Carried: ...


class InBox:
    """Letters stay here and are read on the in-box page: for demos, and for the wallet's own
    page."""

    name = "in_box"
    is_box = True

    async def carry(self, parcel: Parcel) -> Carried:
        """Never called: a letter in the box has arrived."""
        must(not self.is_box, "the in-box carries nothing", id=parcel.id)
        return Carried.SENT
