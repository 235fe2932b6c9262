"""Cases are opened and closed by the log: each once, in the transaction of the log's own cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.clock import Clock
from argosy.base.ids import Ids, derive, named
from argosy.base.outbox import OBSERVED, Announced, Relay
from argosy.base.ports import Decision
from argosy.base.store import Connection, Database
from argosy.ctu.cases.closing import close_by_log
from argosy.ctu.cases.facts import CasePolicy, CaseState, Cause
from argosy.ctu.cases.policy import Terms
from argosy.ctu.cases.rows import at_risk, rank_of
from argosy.ctu.from_operation import Logged
from argosy.ctu.history.relay import entry_of

CONSUMER = "ctu.cases"

PROBABILITY = {Decision.REVIEW: 0.8, Decision.DENY: 0.95, Decision.CHALLENGE: 0.3}
"""How likely an event is bad where only rules spoke, by the strictest of them."""

_ENDS = {"paid": CaseState.RELEASED, "held": CaseState.RELEASED, "returned": CaseState.RETURNED}
HISTORY = timedelta(days=7)
"""What is told of an event so long ago is history that is brought in, and nothing waits for a human."""

_STOPPED = ("challenged", "denied")
_WATCHED = ("device", "account", "network")

_ONLY = f"""
    (e.kind = '{OBSERVED}' AND e.body ->> 'outcome' IN ('held', 'challenged', 'denied'))
    OR coalesce(e.body ->> 'at' <> e.body ->> 'created_at', TRUE)  -- what is done at once never waited
       AND e.body ->> 'state' IN ('paid', 'held', 'returned')
"""
_INSERT = """
    INSERT INTO ctu.case_files (id, cause, event, order_id, verdict, account, payee, device, network,
                           market, kind, amount_minor, currency, probability, at_risk_minor, rank,
                           reasons, rules, observed, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    ON CONFLICT DO NOTHING RETURNING id
"""
_WAITING = "SELECT order_id FROM ctu.case_files WHERE state = 'open' AND order_id = ANY ($1)"
_COUNT = """
    INSERT INTO ctu.case_patterns AS p (entity, key, window_start, count)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
    ON CONFLICT (entity, key, window_start) DO UPDATE SET count = p.count + excluded.count
    RETURNING entity, key, window_start, count
"""
_FORGET = "DELETE FROM ctu.case_patterns WHERE window_start < $1"


class Opening:
    """Handles the log for the consumer `CONSUMER`: opens the case of every verdict that asked for a
    human and of every pattern of refusals that the policy names, and closes those whose order went on."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, terms: Terms) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._terms = terms

    def relay(self) -> Relay:
        """What keeps it going; one process at a time does the work."""
        return Relay(self._db, CONSUMER, self, only=_ONLY)

    async def __call__(self, events: Sequence[Announced], conn: Connection) -> None:
        policy = await self._terms.read()
        entries = [(entry_of(e), e.at) for e in events if e.kind == OBSERVED]
        logged = [(one, at) for one, at in entries if one is not None and _is_news(one, at)]
        for entry, at in logged:
            if entry.outcome == "held" and not entry.released:
                case_id = derive(entry.event.id, "case")
                await open_case(conn, case_id, Cause.REVIEW, entry, at, policy)
        stopped = [(entry, at) for entry, at in logged if entry.outcome in _STOPPED]
        if stopped and policy.denied_many:
            await self._patterns(conn, stopped, policy)
        await self._close([e for e in events if e.kind != OBSERVED], conn)

    async def _close(self, events: Sequence[Announced], conn: Connection) -> None:
        ends = {e.subject: (_ENDS[e.body["state"]], e.at) for e in events}
        if not ends:
            return
        rows = await conn.fetch(_WAITING, list(ends))
        waiting = {row["order_id"]: ends[row["order_id"]] for row in rows}
        if waiting:
            await close_by_log(conn, self._ids, waiting)

    async def _patterns(
        self, conn: Connection, stopped: Sequence[tuple[Logged, datetime]], policy: CasePolicy
    ) -> None:
        """Count what was stopped for each account, device and network; the one that reaches the
        policy's number in a window opens one case for that window."""
        length = max(1, round(policy.denied_window.total_seconds() * 1000))
        counts: dict[tuple[str, str, int], int] = {}
        latest: dict[tuple[str, str, int], tuple[Logged, datetime]] = {}
        for entry, at in stopped:
            for entity in _WATCHED:
                key = getattr(entry.event, entity)
                if key is not None:
                    place = entity, key, entry.event.at_ms // length
                    counts[place] = counts.get(place, 0) + 1
                    latest[place] = entry, at
        places = sorted(counts)
        rows = await conn.fetch(
            _COUNT,
            [p[0] for p in places],
            [p[1] for p in places],
            [p[2] for p in places],
            [counts[p] for p in places],
        )
        tipped: dict[UUID, tuple[str, str, int]] = {}  # one case an event: for whom it says most
        totals = {(r["entity"], r["key"], r["window_start"]): r["count"] for r in rows}
        for place in sorted(totals, key=lambda one: _WATCHED.index(one[0])):
            if totals[place] >= policy.denied_many > totals[place] - counts[place]:
                tipped.setdefault(latest[place][0].event.id, place)
        for place in tipped.values():
            entry, at = latest[place]
            case_id = named("case pattern", *map(str, place))
            pattern = {"entity": place[0], "key": place[1], "count": totals[place]}
            await open_case(conn, case_id, Cause.PATTERN, entry, at, policy, pattern)
        oldest = min(place[2] for place in places) - 2
        await conn.execute(_FORGET, oldest)


def _is_news(entry: Logged, at: datetime) -> bool:
    return entry.event.at_ms > (at - HISTORY).timestamp() * 1000


async def open_case(
    conn: Connection,
    case_id: UUID,
    cause: Cause,
    entry: Logged,
    at: datetime,
    policy: CasePolicy,
    pattern: dict[str, Any] | None = None,
) -> bool:
    """Open a case about an event of the log, in the transaction of `conn`; False where it exists.
    What the rules alone said counts with its usual likelihood."""
    event = entry.event
    probability = entry.score or PROBABILITY.get(Decision(entry.decision), 0.5)
    risk = at_risk(event.amount, probability)
    reasons: list[dict[str, Any]] = [
        {"rule": hit.rule, "decision": int(hit.decision), "values": dict(hit.values)}
        for hit in entry.hits
    ]
    if pattern is not None:
        values = {pattern["entity"]: pattern["key"], "stopped": pattern["count"]}
        reasons.insert(0, {"rule": "pattern", "decision": int(Decision.REVIEW), "values": values})
    made = await conn.fetchval(
        _INSERT,
        case_id,
        cause.value,
        event.id,
        entry.order if cause is Cause.REVIEW else None,
        entry.verdict,
        event.account,
        event.payee or event.merchant or event.instrument,
        event.device,
        event.network,
        event.market,
        event.kind,
        event.amount,
        event.currency,
        probability,
        risk,
        rank_of(risk, event.currency, at, policy),
        reasons,
        [reason["rule"] for reason in reasons],
        observed_of(entry),
        at,
    )
    return made is not None


def observed_of(entry: Logged) -> dict[str, Any]:
    """What is kept of an entry with its case: all but what a replay needs."""
    told: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(entry, evidence=b""))
    told.pop("evidence", None)
    return told
