"""Programs of merchants: their keys, where they want to be told, and what could not be told.

Reading is across all merchants, as staff need it; whatever changes goes through the partner board's own
functions, of one merchant at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.management.ports import PartnerDoor

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class KeySeen:
    """A program's key, as far as it may be seen: `hint` is how it ends."""

    party: UUID
    id: UUID
    scope: str
    label: str
    mode: str
    hint: str
    signing: str
    created_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class EndpointSeen:
    """Where a merchant wants to be told. `failing_since` is None while all goes well."""

    party: UUID
    id: UUID
    url: str
    events: tuple[str, ...]
    label: str
    state: str
    paused_why: str | None
    failures: int
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What was given up telling."""

    party: UUID
    id: UUID
    endpoint: UUID
    url: str | None
    subject: UUID
    kind: str
    status: int | None
    problem: str | None
    created_at: datetime
    ended_at: datetime | None


class Partners:
    """Lists by cursor (party, id), and acts."""

    def __init__(self, db: Database, door: PartnerDoor) -> None:
        self._db = db
        self._door = door

    async def keys(
        self, after: tuple[UUID, UUID] | None = None, party: UUID | None = None, limit: int = PAGE
    ) -> list[KeySeen]:
        """Keys by party, from behind `after` on; of one party where that is given."""
        rows = await self._db.all(
            """
            SELECT party_id, id, scope, label, mode, hint, signing, created_at, revoked_at, used_at
              FROM api.keys
             WHERE (party_id, id) > ($1, $2) AND ($3::uuid IS NULL OR party_id = $3)
             ORDER BY party_id, id LIMIT $4
            """,
            *(after or (_NOBODY, _NOBODY)),
            party,
            limit,
        )
        return [KeySeen(*row.values()) for row in rows]

    async def endpoints(
        self, after: tuple[UUID, UUID] | None = None, party: UUID | None = None, limit: int = PAGE
    ) -> list[EndpointSeen]:
        """Endpoints by party, from behind `after` on."""
        rows = await self._db.all(
            """
            SELECT party_id, id, url, events, label, state, paused_why, failures, failing_since,
                   created_at
              FROM webhooks.endpoints
             WHERE (party_id, id) > ($1, $2) AND ($3::uuid IS NULL OR party_id = $3)
             ORDER BY party_id, id LIMIT $4
            """,
            *(after or (_NOBODY, _NOBODY)),
            party,
            limit,
        )
        return [_endpoint(row) for row in rows]

    async def dead(
        self, after: tuple[UUID, UUID] | None = None, limit: int = PAGE
    ) -> list[DeadLetter]:
        """What was given up telling, by party, from behind `after` on."""
        rows = await self._db.all(
            """
            SELECT d.party_id, d.id, d.endpoint_id, e.url, d.subject, d.kind, d.status, d.problem,
                   d.created_at, d.ended_at
              FROM webhooks.deliveries d
              LEFT JOIN webhooks.endpoints e ON e.party_id = d.party_id AND e.id = d.endpoint_id
             WHERE d.state = 'dead' AND (d.party_id, d.id) > ($1, $2)
             ORDER BY d.party_id, d.id LIMIT $3
            """,
            *(after or (_NOBODY, _NOBODY)),
            limit,
        )
        return [DeadLetter(*row.values()) for row in rows]

    async def revoke(self, party: UUID, key: UUID) -> Refused | None:
        """From now on the key opens nothing."""
        return await self._door.revoke(party, key)

    async def pause(self, party: UUID, endpoint: UUID, *, paused: bool) -> Refused | None:
        """Stop calling an endpoint, or begin again; events go on being noted for it."""
        return await self._door.pause(party, endpoint, paused)

    async def redeliver(self, party: UUID, delivery: UUID) -> Refused | None:
        """Try once more, with all its tries before it."""
        return await self._door.redeliver(party, delivery)


_NOBODY = UUID(int=0)


def _endpoint(row: Record) -> EndpointSeen:
    values = list(row.values())
    values[3] = tuple(values[3])
    return EndpointSeen(*values)
