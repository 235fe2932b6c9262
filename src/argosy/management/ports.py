"""What the management board needs of boards that it may not import, as they look from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from argosy.base.money import Money
from argosy.base.products import Command
from argosy.base.refusals import Refused


class Redemption(Protocol):
    """Makes the command that pays what is left in a wallet that is being closed to its owner's bank."""

    def __call__(self, id: UUID, amount: Money, bank_account: str) -> Command: ...


class Pausable(Protocol):
    """A rail that can be told not to call its bank for the moment."""

    name: str
    paused: bool


class PartnerDoor(Protocol):
    """What staff may do to a merchant's programs; the partner board does it."""

    async def revoke(self, party: UUID, key: UUID) -> Refused | None: ...

    async def pause(self, party: UUID, endpoint: UUID, paused: bool) -> Refused | None: ...

    async def redeliver(self, party: UUID, delivery: UUID) -> Refused | None: ...


class SeenCard(Protocol):
    """A card of a market pack: what it asks for, the pack's own grade, what running it found."""

    @property
    def name(self) -> str: ...
    @property
    def asks(self) -> str: ...
    @property
    def grade(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def problems(self) -> tuple[str, ...]: ...
    @property
    def false(self) -> bool: ...


PackCards: TypeAlias = Callable[[str, date], Sequence[SeenCard]]
"""The cards of the market with this code as they are on a day. It computes for a while."""

Refunding: TypeAlias = Callable[[UUID, UUID, int | None, str], Awaitable[Any]]
"""Give a payment back: the refund's id, the order, minor units (None: all that is left), a note; what
the cashier answers."""
