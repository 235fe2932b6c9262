"""From the event log to the table of deliveries: who must be told what, in which order.

Runs in the transaction that ticks the events off, so each event is noted exactly once. One reader at
a time works for the whole installation, so that turns can simply be counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.ids import derive
from argosy.base.orders.planning import moment
from argosy.base.outbox.events import Announced
from argosy.base.store import Connection, Record
from argosy.partners.webhooks.order import arrange

PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class _New:
    party: UUID
    endpoint: UUID
    event: Announced

    @property
    def line(self) -> tuple[UUID, UUID, UUID]:
        """Whose turns are counted together."""
        return self.party, self.endpoint, self.event.subject


class Noting:
    """The handler of the relay."""

    async def __call__(self, events: Sequence[Announced], conn: Connection) -> None:
        """Note a delivery for each event and each active or paused endpoint that wants it."""
        told = {event.id: _told(event) for event in events}
        parties = {party for to in told.values() for party in to}
        if not parties:
            return
        endpoints: dict[UUID, list[Record]] = defaultdict(list)
        for row in await conn.fetch(
            "SELECT party_id, id, events, created_at FROM webhooks.endpoints"
            " WHERE party_id = ANY($1::uuid[])",
            list(parties),
        ):
            endpoints[row["party_id"]].append(row)
        new = [
            _New(party, endpoint["id"], event)
            for event in events
            for party in told[event.id]
            for endpoint in endpoints[party]
            if wanted(event.kind, endpoint["events"]) and event.at >= endpoint["created_at"]
        ]
        if new:
            await _note(new, conn)


def wanted(kind: str, filters: Sequence[str]) -> bool:
    """Whether an event of `kind` passes one of `filters`: `payment.paid`, `payment.*` or `*`."""
    noun = kind.partition(".")[0]
    return any(f in ("*", kind, f"{noun}.*") for f in filters)


def content(event: Announced) -> str:
    """The body that is sent for `event`: the same bytes however often and to whomever."""
    whole: Mapping[str, Any] = {
        "type": event.kind,
        "timestamp": moment(event.at),
        "data": dict(event.body),
    }
    return msgspec.json.encode(whole, order="sorted").decode()


def _told(event: Announced) -> tuple[UUID, ...]:
    """Who is told: the parties of the event, but of a payment its payee alone, so that nobody takes
    for income what he has paid."""
    if event.kind.partition(".")[0] != PAYMENT:
        return tuple(dict.fromkeys(event.parties))
    payee = event.body.get("payee")
    return tuple(party for party in dict.fromkeys(event.parties) if str(party) == payee)


async def _note(new: Sequence[_New], conn: Connection) -> None:
    lines = list(dict.fromkeys(one.line for one in new))
    parties, endpoints, subjects = map(list, zip(*lines, strict=True))
    turns: dict[tuple[UUID, UUID, UUID], int] = {
        (row["party_id"], row["endpoint_id"], row["subject"]): row["last"]
        for row in await conn.fetch(
            """
            SELECT w.*, coalesce(max(d.turn), 0) AS last
              FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (party_id, endpoint_id, subject)
              LEFT JOIN webhooks.deliveries d USING (party_id, endpoint_id, subject)
             GROUP BY 1, 2, 3
            """,
            parties,
            endpoints,
            subjects,
        )
    }
    rows = []
    for one in new:
        turns[one.line] += 1
        event = one.event
        # fmt: off
        rows.append((
            one.party, derive(event.id, one.endpoint.hex), one.endpoint, event.id, event.subject,
            turns[one.line], event.kind, content(event), event.at,
        ))
        # fmt: on
    await conn.executemany(
        """
        INSERT INTO webhooks.deliveries (party_id, id, endpoint_id, event_id, subject, turn, kind,
                                         body, state, created_at, waiting_since)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $9) ON CONFLICT DO NOTHING
        """,
        rows,
    )
    await arrange(conn, lines, max(one.event.at for one in new))
