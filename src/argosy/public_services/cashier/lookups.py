"""A bound on looking people up, so that nobody walks through a country's numbers and writes down names.

Who confirms a payment sees a part of the receiver's name before anything is paid. That is what saves
people from paying the wrong one, and what would give a list of names away to who tries number after
number. What is proven by the PIN and done is not counted: it moves money, and has limits of its own. What
is refused counts, whatever was shown: a no can tell as much as a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.public_services.cashier.facts import CashierReason

_SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Terms:
    """How many people a party may look up without paying them."""

    per_hour_max: int = 60
    per_day_max: int = 200


TERMS = Terms()


class Lookups:
    """Counts for each party, whatever sessions and channels it comes by."""

    def __init__(self, db: Database, clock: Clock, terms: Terms = TERMS) -> None:
        self._db = db
        self._clock = clock
        self._most = {"hour": terms.per_hour_max, "day": terms.per_day_max}

    async def take(self, party_id: UUID) -> Refused | None:
        """Count one look; LOOKUPS_SPENT (fact `wait_seconds`) where there were too many."""
        now = self._clock.now()
        ends = {per: _end(now, span) for per, span in _SPANS.items()}
        rows = await self._db.all(
            """
            INSERT INTO cashier.lookups AS l (party_id, per, until, count)
            SELECT $1, w.per, w.until, 1 FROM unnest($2::text[], $3::timestamptz[]) AS w (per, until)
            ON CONFLICT (party_id, per, until) DO UPDATE SET count = l.count + 1
            RETURNING per, count
            """,
            party_id,
            list(ends),
            list(ends.values()),
        )
        over = [ends[row["per"]] for row in rows if row["count"] > self._most[row["per"]]]
        if not over:
            return None
        seconds = max(1, int((max(over) - now).total_seconds()))
        return Refused(CashierReason.LOOKUPS_SPENT, {"wait_seconds": seconds})

    async def prune(self) -> int:
        """Forget counts that are over. Says how many."""
        tag = await self._db.run("DELETE FROM cashier.lookups WHERE until <= $1", self._clock.now())
        return int(tag.rpartition(" ")[2])


def _end(now: datetime, span: timedelta) -> datetime:
    length = int(span.total_seconds())
    return datetime.fromtimestamp((int(now.timestamp()) // length + 1) * length, UTC)
