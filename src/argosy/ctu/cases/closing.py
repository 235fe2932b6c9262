"""A case is closed: by who decided on it, or by the log where its order went on without anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from argosy.base.ids import Ids, derive
from argosy.base.outbox import append
from argosy.base.ports import Decision
from argosy.base.postings import Event as Announcement
from argosy.base.store import Connection
from argosy.ctu.cases.facts import CaseState, Cause
from argosy.ctu.events import Label
from argosy.ctu.from_operation import read
from argosy.ctu.history import put_labels
from argosy.ctu.history.writing import append_entries

DECIDED = "risk.case_decided"
"""The kind of the event that announces a decision, for those who wait for it."""

CLOCK = "clock"

NOTE_SECONDS = timedelta(seconds=60)
"""So long nobody else may decide after somebody began to."""

NOTE = """
    UPDATE ctu.case_files SET noted = $2, noted_at = $3
     WHERE id = $1 AND state = 'open' AND proposal IS NOT DISTINCT FROM $6::jsonb
       AND (noted IS NULL OR noted ->> 'by' = $5 OR noted_at < $4)
"""
UNNOTE = """
    UPDATE ctu.case_files SET noted = NULL, noted_at = NULL
     WHERE id = $1 AND state = 'open' AND noted ->> 'by' = $2
"""
_CLOSE = """
    UPDATE ctu.case_files
       SET state = $2, decided_by = $3, decided_why = $4, decided_scheme = $5, decided_at = $6,
           noted = NULL, noted_at = NULL, claimed_by = NULL, claimed_until = NULL
     WHERE id = $1 AND state = 'open'
    RETURNING id, event, order_id, account, market, kind, amount_minor, currency, cause, observed
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody decides on a case. `bad` is what is learned, None: as `decision` says."""

    decision: CaseState
    by: str
    why: str
    scheme: str
    bad: bool | None

    @property
    def is_bad(self) -> bool:
        return self.decision is CaseState.RETURNED if self.bad is None else self.bad

    def told(self, at: datetime) -> dict[str, Any]:
        """As it stands in a row; read again by `read`."""
        return {
            "decision": self.decision.value,
            "by": self.by,
            "why": self.why,
            "scheme": self.scheme,
            "bad": self.bad,
            "at": at.isoformat(),
        }

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Finding:
        return cls(
            CaseState(told["decision"]), told["by"], told["why"], told["scheme"], told["bad"]
        )


async def close_case(
    conn: Connection, ids: Ids, case_id: UUID, finding: Finding, at: datetime
) -> bool:
    """Close an open case, write the label and announce it, in the transaction of `conn`; False where
    it is closed already. What the clock decided teaches nothing."""
    row = await conn.fetchrow(
        _CLOSE,
        case_id,
        finding.decision.value,
        finding.by,
        finding.why,
        finding.scheme,
        at,
    )
    if row is None:
        return False
    step_id = ids.new()
    await conn.execute(
        "INSERT INTO ctu.case_steps (case_id, id, at, what, by, why, facts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        case_id,
        step_id,
        at,
        finding.decision.value,
        finding.by,
        finding.why,
        {"scheme": finding.scheme},
    )
    if finding.by != CLOCK:
        await put_labels(conn, [_label(row, finding, at)])
    held = row["cause"] == Cause.REVIEW and "event" in row["observed"]
    if held and finding.decision is CaseState.RELEASED:
        # Somebody vouches for the event: from now on it is trusted as any other.
        entry = read(row["observed"])
        vouched = replace(entry, outcome="posted", decision=int(Decision.ALLOW), released=True)
        await append_entries(conn, [vouched])
    await _announce(conn, row, finding, at)
    return True


async def close_by_log(
    conn: Connection, ids: Ids, ends: Mapping[UUID, tuple[CaseState, datetime]]
) -> None:
    """Close the open cases of orders that have gone on, in the transaction of `conn`. Where somebody
    had begun to decide just that, it is their decision; otherwise it was the clock's."""
    rows: Sequence[Any] = await conn.fetch(
        "SELECT id, order_id, noted FROM ctu.case_files"
        " WHERE state = 'open' AND order_id = ANY ($1) FOR UPDATE",
        list(ends),
    )
    for row in rows:
        state, at = ends[row["order_id"]]
        finding = Finding(state, CLOCK, "", "", None)
        if row["noted"] is not None and row["noted"]["decision"] == state.value:
            finding = Finding.read(row["noted"])
        await close_case(conn, ids, row["id"], finding, at)


def _label(row: Any, finding: Finding, at: datetime) -> Label:
    # Money that had been reserved and went back was not lost.
    lost = finding.is_bad and (row["cause"] == "report" or finding.decision is CaseState.RELEASED)
    return Label(
        event=row["event"],
        at_ms=round(at.timestamp() * 1000),
        bad=finding.is_bad,
        source="case",
        scheme=finding.scheme,
        by=finding.by,
        loss=row["amount_minor"] if lost else 0,
    )


async def _announce(conn: Connection, row: Any, finding: Finding, at: datetime) -> None:
    body = {
        "case": str(row["id"]),
        "event": str(row["event"]),
        "order": None if row["order_id"] is None else str(row["order_id"]),
        "decision": finding.decision.value,
        "bad": finding.is_bad if finding.by != CLOCK else None,
        "scheme": finding.scheme,
        "by": finding.by,
        "market": row["market"],
        "kind": row["kind"],
        "amount": row["amount_minor"],
        "currency": row["currency"],
    }
    await append(conn, [Announcement(derive(row["id"], DECIDED), row["id"], DECIDED, body)], at)
