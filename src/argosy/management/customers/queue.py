"""Identity to review: the evidence that waits for a person, the oldest first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.store import Record
from argosy.management.customers.facts import Waiting
from argosy.management.customers.reading import Reading, level_reached
from argosy.management.services import Services
from argosy.management.staff.facts import Member
from argosy.public_services.identity.facts import EvidenceLine, EvidenceState

PAGE = 30
READER_CHARS_MAX = 80

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """One page of the queue; `after` is the cursor of the next, None at the end."""

    waiting: tuple[Waiting, ...]
    after: Place | None


async def waiting(services: Services, member: Member, after: Place | None = None) -> WaitingPage:
    """What waits, with the level that accepting it would raise each wallet to. Names are masked."""
    rows = await services.db.all(
        f"""
        SELECT e.id AS evidence, e.kind AS evidence_kind, e.given_at, e.valid_until, {COLUMNS}
        FROM identity.evidence e JOIN parties.party p ON p.id = e.party_id
        WHERE e.state = 'given'
            AND ($1::timestamptz IS NULL OR (e.given_at, e.id) > ($1, $2::uuid))
        ORDER BY e.given_at, e.id LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        PAGE + 1,
    )
    reading = Reading(services)
    reader = f"staff:{member.name}"[:READER_CHARS_MAX]

    async def one(record: Record) -> Waiting:
        party = party_of(record)
        market = services.markets[party.market]
        shown, name = await asyncio.gather(
            reading.shown_kinds(party),
            services.parties.display_name(party.id, reader, "identity to review"),
        )
        line = EvidenceLine(
            record["evidence"],
            record["evidence_kind"],
            EvidenceState.GIVEN,
            record["given_at"],
            None,
            None,
            record["valid_until"],
        )
        level = level_reached(market, party, shown, line.kind)
        day = local_day(services.clock.now(), market.zone)
        second = level is not None and level.is_reviewed(day)
        return Waiting(party, name or "", line, level.name if level else None, second)

    page = rows[:PAGE]
    found = tuple(await asyncio.gather(*(one(row) for row in page)))
    more = len(rows) > PAGE
    return WaitingPage(found, (page[-1]["given_at"], page[-1]["evidence"]) if more else None)
