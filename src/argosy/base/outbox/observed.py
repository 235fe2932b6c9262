"""What the brain learns by: each screened step announces itself, in the commit of the money it moves.

The event has no parties, so that no customer and no partner ever sees it. The brain folds these
events into its facts, exactly once, and opens the case of a verdict that asks for a human.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from argosy.base.ids import derive
from argosy.base.ports import Decision, Operation, Verdict
from argosy.base.postings import Event

OBSERVED = "risk.observed"


@lru_cache(maxsize=10_000)
def observed_id(operation: UUID) -> UUID:
    """The id of the event that announces `operation` to the brain."""
    return derive(operation, OBSERVED)


def observation(operation: Operation, verdict: Verdict, order: UUID | None = None) -> Event:
    """The event to commit with what `verdict` let through or reserved; `order` is the order's id."""
    body: dict[str, Any] = {
        "operation": operation.id,
        "kind": operation.kind,
        "market": operation.market,
        "at": _millis(operation.at),
        "party": operation.party,
        "minor": operation.money.minor,
        "currency": operation.money.currency,
        "channel": operation.channel,
        "decision": int(verdict.decision),
    }
    optional = {
        "device": operation.device,
        "network": operation.network,
        "payee": operation.payee,
        "payee_kind": operation.payee_kind,
        "to": operation.facts.get("to") or operation.facts.get("bank_account"),
        "payee_opened_at": _millis(operation.facts.get("payee_opened_at")),
        "from": operation.facts.get("from"),
        "opened_at": _millis(operation.facts.get("opened_at"))
        if "from" in operation.facts
        else None,
        "order": order,
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    if verdict.decision is not Decision.ALLOW:
        body["verdict"] = {
            "id": verdict.id,
            "version": verdict.version,
            "score": verdict.score,
            "hits": [
                {"rule": h.rule, "decision": int(h.decision), "values": dict(h.values)}
                for h in verdict.hits
            ],
            "unevaluated": list(verdict.unevaluated),
        }
    return Event(observed_id(operation.id), operation.party, OBSERVED, body)


def _millis(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)
