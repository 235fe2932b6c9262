"""What there is to look at before a case is decided: who did what before, and what happened to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.ctu.cases.facts import Case, CaseReason, Evidence, Past, Similar, Step
from argosy.ctu.cases.rows import case_of

HISTORY_MAX = 50
STEPS_MAX = 200
CANDIDATES_MAX = 300
SIMILAR_MAX = 10
HISTORY_DAYS = 90

# How much it says that two cases share something; a shared network may be a whole town's.
_WEIGHTS = {"account": 1.0, "device": 1.0, "payee": 0.8, "network": 0.3, "kind": 0.05}
_RULES_WEIGHT = 0.6

_PAST = """
    SELECT e.id, e.at, e.kind, e.amount, e.currency, e.account, e.payee, e.device, e.network,
           e.outcome, e.decision, l.bad
      FROM ctu.events e
      LEFT JOIN LATERAL (
        SELECT bad FROM ctu.labels l WHERE l.event = e.id ORDER BY l.added_at DESC LIMIT 1
      ) l ON TRUE
"""
_OF = _PAST + " WHERE e.{entity} = $1 AND e.at > $2 ORDER BY e.at DESC, e.log_no DESC LIMIT $3"
_TO = _PAST + " WHERE e.payee = $1 AND e.at > $2 ORDER BY e.at DESC, e.log_no DESC LIMIT $3"
_EARLIER = """
    SELECT * FROM ctu.case_files
     WHERE id <> $1 AND opened_at <= $2
       AND (account = $3 OR payee = $4 OR device = $5)
     ORDER BY opened_at DESC, id DESC LIMIT $6
"""
_LIKE = """
    SELECT * FROM ctu.case_files
     WHERE id <> $1
       AND (account = $2 OR payee = $3 OR device = $4 OR network = $5 OR rules && $6)
     ORDER BY opened_at DESC, id DESC LIMIT $7
"""
_DECISIONS = ("allow", "challenge", "review", "deny")


class Desk:
    """Reads what surrounds a case. Changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def evidence(self, case_id: UUID) -> Evidence | Refused:
        """Everything known of a case; histories end with the case's own event and are bounded."""
        row = await self._db.one("SELECT * FROM ctu.case_files WHERE id = $1", case_id)
        if row is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        case, observed = case_of(row), row["observed"]
        earlier = await self._db.all(
            _EARLIER,
            case.id,
            case.opened_at,
            case.account,
            case.payee,
            case.device,
            HISTORY_MAX,
        )
        return Evidence(
            case,
            observed.get("score", case.probability),
            observed.get("version", ""),
            tuple(observed.get("unevaluated", ())),
            observed.get("event", observed),
            await self._past(_OF.format(entity="account"), case.account, case.opened_at),
            await self._past(_OF.format(entity="device"), case.device, case.opened_at),
            await self._past(_TO, case.payee, case.opened_at),
            tuple(case_of(one) for one in earlier),
            tuple(await self._labels(case.event)),
        )

    async def timeline(self, case_id: UUID) -> tuple[Step, ...] | Refused:
        """What happened around a case, the oldest first: what the account did, what was found, what
        was done to the case."""
        row = await self._db.one("SELECT * FROM ctu.case_files WHERE id = $1", case_id)
        if row is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        case = case_of(row)
        past = await self._past(_OF.format(entity="account"), case.account, None)
        steps = [_step_of_past(one) for one in past if one.id != case.event]
        steps.append(
            Step(
                _moment(row["observed"].get("event", {}).get("at_ms")) or case.opened_at,
                case.kind,
                case.account,
                "",
                {"amount": case.money.minor, "currency": case.money.currency, "case": "this one"},
            )
        )
        steps.append(Step(case.opened_at, "opened", "brain", "", {"rules": list(case.rules)}))
        done = await self._db.all(
            "SELECT * FROM ctu.case_steps WHERE case_id = $1 ORDER BY at, id LIMIT $2",
            case_id,
            STEPS_MAX,
        )
        steps += [Step(r["at"], r["what"], r["by"], r["why"], r["facts"]) for r in done]
        for label in await self._labels(case.event):
            word = "label bad" if label["bad"] else "label good"
            steps.append(Step(label["at"], word, label["by"] or label["source"], "", label))
        return tuple(sorted(steps, key=lambda step: step.at))

    async def similar(
        self, case_id: UUID, limit: int = SIMILAR_MAX
    ) -> tuple[Similar, ...] | Refused:
        """Cases most like this one, decided or not: who is in them, and which rules hit."""
        row = await self._db.one("SELECT * FROM ctu.case_files WHERE id = $1", case_id)
        if row is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        case = case_of(row)
        rows = await self._db.all(
            _LIKE,
            case.id,
            case.account,
            case.payee,
            case.device,
            case.network,
            list(case.rules),
            CANDIDATES_MAX,
        )
        found = [likeness(case, case_of(one)) for one in rows]
        found.sort(key=lambda one: (-one.likeness, -one.case.opened_at.timestamp(), one.case.id))
        return tuple(found[: min(limit, SIMILAR_MAX)])

    # within

    async def _past(self, sql: str, key: str | None, before: datetime | None) -> tuple[Past, ...]:
        if key is None:
            return ()
        rows = await self._db.all(sql, key, datetime.fromtimestamp(0, UTC), HISTORY_MAX)
        return tuple(past_of(row) for row in rows if before is None or row["at"] <= before)

    async def _labels(self, event: UUID) -> list[dict[str, Any]]:
        rows = await self._db.all(
            "SELECT bad, source, scheme, by, loss, at_ms FROM ctu.labels WHERE event = $1"
            " ORDER BY added_at LIMIT $2",
            event,
            STEPS_MAX,
        )
        return [{**dict(row), "at": _moment(row["at_ms"])} for row in rows]


def likeness(case: Case, other: Case) -> Similar:
    """How much `other` is like `case`: what they share by its weight, as a part of what they could."""
    shared, likeness_sum, most = [], 0.0, 0.0
    for name, weight in _WEIGHTS.items():
        own = getattr(case, name)
        if own is None:
            continue
        most += weight
        if own == getattr(other, name):
            likeness_sum += weight
            shared.append(f"{name} {own}")
    mine, theirs = set(case.rules), set(other.rules)
    if mine:
        most += _RULES_WEIGHT
        both = mine & theirs
        likeness_sum += _RULES_WEIGHT * len(both) / len(mine | theirs)
        shared += [f"rule {rule}" for rule in sorted(both)]
    return Similar(other, likeness_sum / most if most else 0.0, tuple(shared))


def past_of(row: Record) -> Past:
    """An event of the history, with the latest that was found about it."""
    money = Money(row["amount"], row["currency"]) if row["currency"] else None
    return Past(
        row["id"],
        row["at"],
        row["kind"],
        money,
        row["account"],
        row["payee"],
        row["device"],
        row["network"],
        row["outcome"],
        _word(row["decision"]),
        row["bad"],
    )


def _word(decision: object) -> str | None:
    """What was decided, as a word, however the history keeps it."""
    return _DECISIONS[decision] if isinstance(decision, int) else decision  # type: ignore[return-value]


def _step_of_past(one: Past) -> Step:
    facts: dict[str, Any] = {"outcome": one.outcome, "decision": one.decision}
    if one.money is not None:
        facts |= {"amount": one.money.minor, "currency": one.money.currency}
    if one.payee is not None:
        facts["payee"] = one.payee
    return Step(one.at, one.kind, one.account, "", facts)


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
