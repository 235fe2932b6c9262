"""What was said is kept.

A verdict that stops a payment is durable before the customer hears of it: whoever tells the brain of
the outcome waits for a shared insert. One that reserves money for a human travels with the money, in
the event that the gate commits. Allowing verdicts are counted, by the minute, and not kept; the counts
are statistics, written behind, and a killed process loses those of its last seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ports import Operation, Verdict
from argosy.base.refusals import Unavailable
from argosy.base.store import Database, Together

TALLY_SECONDS = 5.0
PAGE_MAX = 200

_INSERT = """
    INSERT INTO ctu.verdicts (id, operation, party, payee, market, kind, channel, amount_minor,
                              currency, at, decision, challenge, score, hits, unevaluated, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT DO NOTHING
"""
_TALLY = """
    INSERT INTO ctu.tallies AS t (minute, market, kind, what, count)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (minute, market, kind, what) DO UPDATE SET count = t.count + excluded.count
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """A verdict as it was kept; `hits` are dicts of rule, decision (a number) and values."""

    id: UUID
    operation: UUID
    party: UUID
    at: datetime
    decision: str
    hits: list[dict[str, Any]]
    unevaluated: list[str]
    version: str


@dataclass(frozen=True, eq=False, slots=True)
class _Waiting:
    operation: Operation
    verdict: Verdict


class Verdicts:
    """Keeps verdicts and counts them."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._inserts: Together[_Waiting, bool] = Together(self._insert)
        self._tallies: Counter[tuple[datetime, str, str, str]] = Counter()
        self.unevaluated = 0

    async def keep(self, operation: Operation, verdict: Verdict) -> None:
        """Store one verdict; durable when this returns. All who wait share the inserts."""
        await self._inserts.get(_Waiting(operation, verdict))

    def count(self, operation: Operation, verdict: Verdict) -> None:
        """Count a verdict, each of its hits and each rule that could not be judged."""
        minute = operation.at.replace(second=0, microsecond=0)
        where = minute, operation.market, operation.kind
        self._tallies[*where, verdict.decision.name.lower()] += 1
        for hit in verdict.hits:
            self._tallies[*where, f"rule {hit.rule}"] += 1
        for name in verdict.unevaluated:
            self._tallies[*where, f"unevaluated {name}"] += 1
        if verdict.unevaluated:
            self.unevaluated += 1
            if self.unevaluated & (self.unevaluated - 1) == 0:  # at 1, 2, 4, 8, ...: loud, no flood
                log.error(
                    "%s operations could not be judged in full, now %s by %s: %s",
                    self.unevaluated,
                    operation.kind,
                    operation.channel,
                    ", ".join(verdict.unevaluated),
                )

    async def write_tallies(self) -> None:
        """Add what was counted since the last time to the table."""
        counted, self._tallies = self._tallies, Counter()
        if not counted:
            return
        rows = sorted((*key, count) for key, count in counted.items())
        try:
            await self._db.many(_TALLY, rows)
        except Unavailable:
            self._tallies.update(counted)
            raise

    async def run(self) -> None:
        """Write tallies every few seconds until cancelled."""
        while True:
            await asyncio.sleep(TALLY_SECONDS)
            try:
                await self.write_tallies()
            except Unavailable as outage:
                log.warning("tallies of verdicts wait for the database: %s", outage)

    async def of_operation(self, operation: UUID) -> list[Stored]:
        """Every verdict kept on one operation, oldest first."""
        rows = await self._db.all(
            "SELECT * FROM ctu.verdicts WHERE operation = $1 ORDER BY id", operation
        )
        return [_stored(row) for row in rows]

    async def of_party(self, party: UUID, limit: int = 50) -> list[Stored]:
        """The latest verdicts kept on one party, newest first."""
        rows = await self._db.all(
            "SELECT * FROM ctu.verdicts WHERE party = $1 ORDER BY id DESC LIMIT $2",
            party,
            min(limit, PAGE_MAX),
        )
        return [_stored(row) for row in rows]

    async def _insert(self, waiting: list[_Waiting]) -> dict[_Waiting, bool]:
        await self._db.many(_INSERT, [_row(one.operation, one.verdict) for one in waiting])
        return dict.fromkeys(waiting, True)


def _row(operation: Operation, verdict: Verdict) -> tuple[Any, ...]:
    hits = [
        {"rule": h.rule, "decision": int(h.decision), "values": dict(h.values)}
        for h in verdict.hits
    ]
    return (
        verdict.id,
        operation.id,
        operation.party,
        operation.payee,
        operation.market,
        operation.kind,
        operation.channel,
        operation.money.minor,
        operation.money.currency,
        operation.at,
        verdict.decision.name.lower(),
        verdict.challenge,
        verdict.score,
        hits,
        list(verdict.unevaluated),
        verdict.version,
    )


def _stored(row: Any) -> Stored:
    return Stored(
        row["id"],
        row["operation"],
        row["party"],
        row["at"],
        row["decision"],
        row["hits"],
        row["unevaluated"],
        row["version"],
    )
