"""The four rates: what the brain costs people, and what it finds.

Counted by the minute of the event, by market and kind, in `ctu.rate_tallies`; coverage comes from the
labels. `docs/risk/decisions.md` says what each rate means to the last word.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from argosy.base.ports import Decision
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.ctu.decide.decider import Judged

TALLY_SECONDS = 5.0
PERIODS_MAX = 1_500
MINUTE_MS: Final = 60_000

OPERATION, DISTURBED, ASKED, PASSED, LIMITED, UNEVALUATED = (
    "operation",
    "disturbed",
    "asked",
    "passed",
    "limited",
    "unevaluated",
)
_WORDS = (OPERATION, DISTURBED, ASKED, PASSED, LIMITED, UNEVALUATED)

_ADD = """
    INSERT INTO ctu.rate_tallies AS t (minute, market, kind, what, count)
    SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    ON CONFLICT (minute, market, kind, what) DO UPDATE SET count = t.count + excluded.count
"""
_COUNTED = """
    SELECT CASE WHEN $5 > 0 THEN date_bin($5 * interval '1 second', minute, $1) ELSE $1 END AS at,
           CASE WHEN $6 THEN market ELSE '' END AS market,
           CASE WHEN $6 THEN kind ELSE '' END AS kind,
           what, sum(count)::bigint AS count
      FROM ctu.rate_tallies
     WHERE minute >= $1 AND minute < $2 AND what = ANY ($7)
       AND ($3::text IS NULL OR market = $3) AND ($4::text IS NULL OR kind = $4)
     GROUP BY 1, 2, 3, 4
"""
# Of two labels on one event the later one holds; an event that was tried twice has one last outcome.
_FOUND = """
    WITH latest AS (
        SELECT DISTINCT ON (event) event, bad FROM ctu.labels
         WHERE turn_no IS NOT NULL ORDER BY event, turn_no DESC
    ), found AS (
        SELECT DISTINCT ON (e.id) e.id, e.at, e.market, e.kind, e.amount,
               e.outcome <> 'posted' AND NOT e.released AS stopped
          FROM latest l JOIN ctu.events e ON e.id = l.event
         WHERE l.bad AND e.at >= $1 AND e.at < $2
           AND ($3::text IS NULL OR e.market = $3) AND ($4::text IS NULL OR e.kind = $4)
         ORDER BY e.id, e.log_no DESC
    )
    SELECT CASE WHEN $5 > 0 THEN date_bin($5 * interval '1 second', at, $1) ELSE $1 END AS at,
           CASE WHEN $6 THEN market ELSE '' END AS market,
           CASE WHEN $6 THEN kind ELSE '' END AS kind,
           count(*) AS bad, sum(amount)::bigint AS minor,
           count(*) FILTER (WHERE stopped) AS stopped,
           coalesce(sum(amount) FILTER (WHERE stopped), 0)::bigint AS stopped_minor,
           count(*) FILTER (WHERE stopped OR EXISTS (SELECT FROM ctu.verdict_rows v WHERE v.event = found.id))
               AS disturbed
      FROM found GROUP BY 1, 2, 3
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rates:
    """The counts of one stretch of time, and the four rates of them (None where there was nothing to
    count). `market` and `kind` are empty where all are taken together. Amounts are minor units."""

    at: datetime
    market: str
    kind: str
    operations: int = 0
    disturbed: int = 0
    asked: int = 0
    passed: int = 0
    limited: int = 0
    unevaluated: int = 0
    bad: int = 0
    bad_minor: int = 0
    bad_stopped: int = 0
    bad_stopped_minor: int = 0
    bad_disturbed: int = 0

    @property
    def disturbance(self) -> float | None:
        """Of the operations that nobody found bad, the share that was not simply let through."""
        return _share(self.disturbed - self.bad_disturbed, self.operations - self.bad)

    @property
    def coverage(self) -> float | None:
        """Of the operations that were found bad, the share whose money was not let through."""
        return _share(self.bad_stopped, self.bad)

    @property
    def coverage_money(self) -> float | None:
        """The same by money."""
        return _share(self.bad_stopped_minor, self.bad_minor)

    @property
    def failure(self) -> float | None:
        """Of the operations that were challenged, the share that never went through."""
        return _share(max(0, self.asked - self.passed), self.asked)

    @property
    def limit(self) -> float | None:
        """Of all operations, the share that was held or refused: where no proof would have helped."""
        return _share(self.limited, self.operations)

    @property
    def in_full(self) -> float | None:
        """Of all operations, the share that every rule could judge."""
        return _share(self.operations - self.unevaluated, self.operations)


class Tallies:
    """Counts in memory and adds to the table every few seconds: statistics, of which a killed process
    loses those last seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._counted: Counter[tuple[int, str, str, str]] = Counter()
        self.unevaluated = 0

    def count(self, verdict: Judged, outcome: str) -> None:
        """Count what was said and what became of it. `refused` (nothing came of it) counts nothing."""
        if outcome == "refused":
            return
        event, decision = verdict.event, verdict.decision
        counted, where = self._counted, (event.at_ms // MINUTE_MS, event.market, event.kind)
        counted[*where, _SAID[decision]] += 1
        if verdict.answered:
            if outcome in ("posted", "held"):
                counted[*where, PASSED] += 1
        else:
            counted[*where, OPERATION] += 1
            if decision is not Decision.ALLOW:
                counted[*where, DISTURBED] += 1
            if decision is Decision.CHALLENGE:
                counted[*where, ASKED] += 1
        if decision >= Decision.REVIEW:
            counted[*where, LIMITED] += 1
        for hit in verdict.hits:
            counted[*where, f"rule {hit.rule}"] += 1
        for hit in verdict.shadow:
            counted[*where, f"shadow {hit.rule}"] += 1
        if verdict.unevaluated:
            self._loud(verdict, where)

    def _loud(self, verdict: Judged, where: tuple[int, str, str]) -> None:
        if not verdict.answered:
            self._counted[*where, UNEVALUATED] += 1
        for name in verdict.unevaluated:
            self._counted[*where, f"unevaluated {name}"] += 1
        self.unevaluated += 1
        if self.unevaluated & (self.unevaluated - 1) == 0:  # at 1, 2, 4, 8, ...: loud, no flood
            log.error(
                "%s operations could not be judged in full, now %s by %s: %s",
                self.unevaluated,
                verdict.event.kind,
                verdict.event.channel,
                ", ".join(verdict.unevaluated),
            )

    async def write(self) -> None:
        """Add what was counted since the last time to the table."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        keys = sorted(counted)
        try:
            await self._db.run(
                _ADD,
                [datetime.fromtimestamp(k[0] * 60, UTC) for k in keys],
                [k[1] for k in keys],
                [k[2] for k in keys],
                [k[3] for k in keys],
                [counted[k] for k in keys],
            )
        except Unavailable:
            self._counted.update(counted)
            raise

    async def run(self) -> None:
        """Write every few seconds until cancelled."""
        while True:
            await asyncio.sleep(TALLY_SECONDS)
            try:
                await self.write()
            except Unavailable as outage:
                log.warning("tallies of verdicts wait for the database: %s", outage)


async def read_rates(
    db: Database,
    since: datetime,
    until: datetime,
    *,
    market: str | None = None,
    kind: str | None = None,
    every_seconds: int = 0,
    apart: bool = False,
) -> list[Rates]:
    """The rates of `since` (with it) to `until` (without), in the order of time, market and kind.

    One for all of it, or one for `every_seconds` (whole minutes; at most `PERIODS_MAX` stretches);
    `apart` takes each market and kind by itself. Where nothing happened there is none.
    """
    every = max(every_seconds, 0)
    span = (until - since).total_seconds()
    if every and span / every > PERIODS_MAX:
        every = 60 * (1 + int(span / PERIODS_MAX) // 60)
    place = (since, until, market, kind, every, apart)
    counted = await db.all(_COUNTED, *place, list(_WORDS))
    found = await db.all(_FOUND, *place)
    rows: dict[tuple[datetime, str, str], dict[str, Any]] = {}
    for row in counted:
        field = _FIELDS[row["what"]]
        rows.setdefault((row["at"], row["market"], row["kind"]), {})[field] = row["count"]
    for row in found:
        rows.setdefault((row["at"], row["market"], row["kind"]), {}).update(
            bad=row["bad"],
            bad_minor=row["minor"],
            bad_stopped=row["stopped"],
            bad_stopped_minor=row["stopped_minor"],
            bad_disturbed=row["disturbed"],
        )
    return [Rates(*key, **counts) for key, counts in sorted(rows.items())]


_SAID = {decision: decision.name.lower() for decision in Decision}
_FIELDS = {
    OPERATION: "operations",
    DISTURBED: "disturbed",
    ASKED: "asked",
    PASSED: "passed",
    LIMITED: "limited",
    UNEVALUATED: "unevaluated",
}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None
