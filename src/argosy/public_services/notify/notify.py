"""Messages to people: stored first, then delivered, tried again until they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.ports import Message
from argosy.base.store import Database
from argosy.public_services.words.words import Words


class LetterState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is read: `text` in the reader's language."""

    id: UUID
    at: datetime
    text: str
    secret: bool
    state: LetterState


class Notify:
    """Implements `ports.Notifier`."""

    def __init__(
        self, db: Database, clock: Clock, keys: Keys, parties: Parties, words: Words
    ) -> None: ...

    async def notify(self, message: Message) -> None:
        raise NotImplementedError

    async def notify_many(self, messages: Iterable[Message]) -> None:
        raise NotImplementedError

    async def inbox(self, market: str, phone: str, limit: int = 20) -> list[Letter]:
        """The messages to a phone (and to the wallet that has it), latest first: the demo's
        page."""
        raise NotImplementedError

    async def inbox_of(self, party_id: UUID, limit: int = 20) -> list[Letter]:
        raise NotImplementedError

    async def deliver_due(self, limit: int = 100) -> int:
        """Try again what is due; a job calls this."""
        raise NotImplementedError

    async def counts(self) -> dict[LetterState, int]:
        raise NotImplementedError
