"""Cases: money that was reserved because of a verdict, until a human decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import derive
from argosy.base.money import Money
from argosy.base.outbox import OBSERVED, append
from argosy.base.ports import Decision
from argosy.base.postings import Event
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database
from argosy.ctu.cases.facts import CaseReason

PAGE_MAX = 200
WHY_CHARS_MAX = 500

NOTE_SECONDS = 60.0
"""So long nobody else may decide after somebody began to."""

_NOTE = """
    UPDATE ctu.cases SET decided_by = $2, decided_why = $3, noted_at = clock_timestamp()
     WHERE id = $1 AND state = 'open'
       AND (decided_by IS NULL OR decided_by = $2
            OR noted_at < clock_timestamp() - $4 * interval '1 second')
"""
_UNNOTE = """
    UPDATE ctu.cases SET decided_by = NULL, decided_why = NULL
     WHERE id = $1 AND state = 'open' AND decided_by = $2
"""
_CLOSE = """
    UPDATE ctu.cases
       SET state = $2, decided_at = $3,
           decided_by = CASE WHEN noted_at > clock_timestamp() - $4 * interval '1 second'
                             THEN coalesce(decided_by, 'clock') ELSE 'clock' END
     WHERE order_id = $1 AND state = 'open' RETURNING operation, party, observed
"""

T = TypeVar("T")
Act = Callable[[UUID, str], Awaitable[T | Refused]]
"""The base's review release or return: called with the order's id and who decided."""


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    RELEASED = "released"  # the money went on its way
    RETURNED = "returned"  # the money went back


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `reasons` are the verdict's hits: dicts of rule, decision (a number) and values."""

    id: UUID
    operation: UUID
    order: UUID | None
    verdict: UUID
    party: UUID
    payee: UUID | None
    market: str
    kind: str
    money: Money
    reasons: list[dict[str, Any]]
    opened_at: datetime
    state: CaseState
    decided_by: str | None
    decided_why: str | None
    decided_at: datetime | None


class Cases:
    """The list of cases and the decisions on them. `release` and `give_back` are the base's own."""

    def __init__(self, db: Database, clock: Clock, release: Act[Any], give_back: Act[Any]) -> None:
        self._db = db
        self._clock = clock
        self._release = release
        self._give_back = give_back

    async def list(
        self,
        market: str | None = None,
        state: CaseState = CaseState.OPEN,
        limit: int = 50,
        after: tuple[datetime, UUID] | None = None,
    ) -> list[Case]:
        """Cases in `state`, the oldest first; `after` is (opened_at, id) of the last one seen."""
        since, last = after or (None, None)
        rows = await self._db.all(
            """
            SELECT * FROM ctu.cases
             WHERE state = $1 AND ($2::text IS NULL OR market = $2)
               AND ($3::timestamptz IS NULL OR (opened_at, id) > ($3, $4))
             ORDER BY opened_at, id LIMIT $5
            """,
            state.value,
            market,
            since,
            last,
            min(limit, PAGE_MAX),
        )
        return [_case(row) for row in rows]

    async def get(self, case_id: UUID) -> Case | None:
        """One case, or None."""
        row = await self._db.one("SELECT * FROM ctu.cases WHERE id = $1", case_id)
        return None if row is None else _case(row)

    async def decide(self, case_id: UUID, decision: CaseState, by: str, why: str) -> Case | Refused:
        """Release or return the money of an open case, and close it; the case as it then stands.

        The order decides between two who decide at once. Where we are cut off after the money moved,
        the log closes the case, with the name and the reason that were noted before.
        """
        why = why.strip()
        if not why or len(why) > WHY_CHARS_MAX or decision is CaseState.OPEN:
            return Refused(CaseReason.CASE_REASON_MISSING, field="why")
        case = await self.get(case_id)
        if case is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        if case.state is not CaseState.OPEN:
            return Refused(CaseReason.CASE_ALREADY_DECIDED, {"state": case.state.value})
        if case.order is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        noted = await self._db.run(_NOTE, case_id, by, why, NOTE_SECONDS)
        if noted != "UPDATE 1":
            return Refused(CaseReason.CASE_ALREADY_DECIDED)
        act = self._release if decision is CaseState.RELEASED else self._give_back
        said = await act(case.order, by)
        if isinstance(said, Refused):
            await self._db.run(_UNNOTE, case_id, by)
            return said
        async with self._db.work() as conn:
            await close(conn, case.order, decision, self._clock.now())
        return await self.get(case_id) or Refused(CaseReason.CASE_NOT_FOUND)


async def close(conn: Connection, order: UUID, state: CaseState, at: datetime) -> None:
    """Close the open case of an order that has gone on, if it has one, and tell the brain, in the
    transaction of `conn`. Who decided is who noted it a moment ago, else the clock."""
    for row in await conn.fetch(_CLOSE, order, state.value, at, NOTE_SECONDS):
        if state is CaseState.RELEASED:
            # A human vouches for the operation: from now on the brain trusts it as any other.
            body = {**row["observed"], "released": True, "decision": int(Decision.ALLOW)}
            event = Event(derive(row["operation"], "released"), row["party"], OBSERVED, body)
            await append(conn, [event], at)


def _case(row: Any) -> Case:
    return Case(
        row["id"],
        row["operation"],
        row["order_id"],
        row["verdict"],
        row["party"],
        row["payee"],
        row["market"],
        row["kind"],
        Money(row["amount_minor"], row["currency"]),
        row["reasons"],
        row["opened_at"],
        CaseState(row["state"]),
        row["decided_by"],
        row["decided_why"],
        row["decided_at"],
    )
