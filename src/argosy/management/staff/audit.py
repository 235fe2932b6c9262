"""What staff did: one row an act, never changed, each chained to the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.store import Connection, Database
from argosy.management.staff.facts import Member


@dataclass(frozen=True)
class Entry:
    """One row of the log. `member` is None where nobody was proven, as at a wrong sign-in."""

    number: int
    at: datetime
    member: UUID | None
    name: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, Any]
    outcome: str
    session: UUID | None


@dataclass(frozen=True)
class Entries:
    """One page of the log, the newest first; `after` is the cursor of the next, None at the end."""

    entries: list[Entry]
    after: int | None


class Audit:
    """Writes the log and reads it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def write(
        self,
        where: Connection | Database | None,
        member: Member | None,
        action: str,
        subject: str,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
        outcome: str = "done",
        *,
        session: UUID | None = None,
    ) -> Entry:
        """Add a row: in the transaction of `where`, or in one of its own."""
        raise NotImplementedError

    async def search(
        self,
        text: str = "",
        *,
        member: UUID | None = None,
        action: str = "",
        subject: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> Entries:
        """The newest rows that fit: `text` are words anywhere, `action` the beginning of it."""
        raise NotImplementedError
