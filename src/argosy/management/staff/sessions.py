"""Signed-in sessions of staff: in the database, found by the hash of a token that only the browser has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.store import Database
from argosy.management.staff.facts import Member


@dataclass(frozen=True)
class Session:
    """One window's right to act as `member`, until `ends_at` or half an hour without a hand on it."""

    id: UUID
    member: Member
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, keys: Keys) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys

    async def living(self, id: UUID) -> Session | None:
        """The session with its member's rights as they are now; None when it has ended."""
        raise NotImplementedError
