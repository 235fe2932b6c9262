"""Cases as the table holds them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.money import Money
from argosy.base.store import Connection
from argosy.ctu.cases.facts import Case, CasePolicy, CaseState, Cause, Proposal

_STEP = """
    INSERT INTO ctu.case_steps (case_id, id, at, what, by, why, facts)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""


def case_of(row: Any) -> Case:
    """The case of a row of ctu.case_files."""
    return Case(
        row["id"],
        Cause(row["cause"]),
        row["event"],
        row["order_id"],
        row["verdict"],
        row["account"],
        row["payee"],
        row["device"],
        row["network"],
        row["market"],
        row["kind"],
        Money(row["amount_minor"], row["currency"]),
        row["probability"],
        row["at_risk_minor"],
        row["rank"],
        row["reasons"],
        row["opened_at"],
        CaseState(row["state"]),
        row["decided_by"],
        row["decided_why"],
        row["decided_at"],
        row["decided_scheme"],
        row["claimed_by"],
        row["claimed_until"],
        proposal_of(row["proposal"]),
    )


def proposal_of(told: dict[str, Any] | None) -> Proposal | None:
    """The proposal of a row, or None."""
    if told is None:
        return None
    return Proposal(
        CaseState(told["decision"]),
        told["by"],
        told["why"],
        told["scheme"],
        datetime.fromisoformat(told["at"]),
        told.get("bad"),
    )


def rank_of(at_risk_minor: int, currency: str, opened_at: datetime, policy: CasePolicy) -> float:
    """Where a case stands in the queue: doublings of money at risk, in paise, less doublings of age.

    A case that waits gains on those that come later, so the order among the waiting never changes.
    """
    at_risk = max(0, at_risk_minor) / policy.scale(currency)
    return math.log2(1 + at_risk) - opened_at.timestamp() / max(1.0, _seconds(policy.ageing))


def at_risk(amount_minor: int, probability: float) -> int:
    """The money that is likely lost, in minor units."""
    return round(abs(amount_minor) * min(1.0, max(0.0, probability)))


async def note_step(
    conn: Connection,
    ids: Ids,
    clock: Clock,
    case_id: UUID,
    what: str,
    by: str,
    why: str = "",
    **facts: Any,
) -> None:
    """Write down what was done to a case, in the transaction of `conn`."""
    await conn.execute(_STEP, case_id, ids.new(), clock.now(), what, by, why, facts)


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
