"""The words of a dial: what the gateway told, what goes back, and what is kept in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from argosy.base.markets import Market

CHANNEL = "ussd"
GO_ON_WAIT = timedelta(minutes=5)
"""So long after a drop a new dial offers to go on where the last one stopped."""
TOLD_WAIT = timedelta(minutes=30)
"""So long a new dial says first what became of the last payment, until a key is pressed on it."""
LINES_KEPT = timedelta(days=2)
INPUTS_MAX = 60
TEXT_CHARS_MAX = 600


@dataclass(frozen=True, slots=True)
class Dial:
    """One post of the gateway. `inputs` is all that was typed in this session so far, PINs among it,
    so that no dial is ever logged; `phone` is in E.164."""

    market: Market
    session: str
    phone: str
    inputs: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A screen; after one that `ends` nothing can be typed."""

    text: str
    ends: bool = False

    @property
    def wire(self) -> str:
        """As the gateway wants it."""
        return f"{'END' if self.ends else 'CON'} {self.text}"


class State(msgspec.Struct):
    """Where a phone is. It is kept sealed; nothing in it is a PIN: `marks` says at which place among the
    session's inputs one was typed, and no more.

    `step` is a step of `flow`, or a menu's name where there is no flow. `command` is fixed when the
    confirm screen is shown. `told` is what became of the last payment, to be said at the next dial until
    somebody has surely read it.
    """

    step: str = "main"
    flow: str = ""
    given: dict[str, str] = msgspec.field(default_factory=dict)
    marks: dict[str, int] = msgspec.field(default_factory=dict)
    items: list[str] = msgspec.field(default_factory=list)
    command: UUID | None = None
    pages: list[str] = msgspec.field(default_factory=list)
    page: int = 0
    ends: bool = False
    offered: bool = False
    told: str = ""
    told_at: datetime | None = None
    language: str = ""
    token: str = ""

    def leave(self, menu: str = "main") -> None:
        """Out of the flow, to a menu."""
        self.step, self.flow, self.command, self.offered = menu, "", None, False
        self.given, self.marks, self.items = {}, {}, []
