"""The terms on which cases are ranked and decided, as the operator set them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argosy.base.clock import Clock
from argosy.base.money import exponent
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.cases.facts import CasePolicy, CaseReason

FOUR_EYES = "four_eyes_minor"
NAMES = (FOUR_EYES, "ageing_minutes", "lease_minutes", "denied_many", "denied_window_minutes")
LEAST = {FOUR_EYES: 0, "denied_many": 0}
VALUE_MAX = 10**15


@dataclass(frozen=True, slots=True)
class Term:
    """One term as it was set; `currency` is empty where it has none."""

    name: str
    currency: str
    value: int
    by: str
    at: datetime


class Terms:
    """The policy: what the program brings, changed by what was set, of which nothing is deleted."""

    def __init__(self, db: Database, clock: Clock, brought: CasePolicy | None = None) -> None:
        self._db = db
        self._clock = clock
        self._brought = brought or CasePolicy()

    async def read(self) -> CasePolicy:
        """The policy as it holds now, for every process alike."""
        policy = self._brought
        for term in await self.list():
            policy = _with(policy, term)
        return policy

    async def list(self) -> list[Term]:
        """What was set and holds, by name."""
        rows = await self._db.all(
            "SELECT DISTINCT ON (name, currency) * FROM ctu.case_terms"
            " ORDER BY name, currency, number DESC"
        )
        return [
            Term(row["name"], row["currency"], row["value"], row["by"], row["set_at"])
            for row in rows
        ]

    async def set(self, name: str, value: int, by: str, currency: str = "") -> Term | Refused:
        """Set one term from now on. `four_eyes_minor` needs a currency, the others have none."""
        if name not in NAMES or not LEAST.get(name, 1) <= value <= VALUE_MAX:
            return Refused(CaseReason.POLICY_UNKNOWN, {"name": name, "value": value}, "name")
        if (name == FOUR_EYES) != (exponent(currency) is not None):
            return Refused(CaseReason.POLICY_UNKNOWN, {"currency": currency}, "currency")
        if not by.strip():
            return Refused(CaseReason.CASE_BY_MISSING, field="by")
        now = self._clock.now()
        await self._db.run(
            "INSERT INTO ctu.case_terms (name, currency, number, set_at, value, by)"
            " SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5 FROM ctu.case_terms"
            "  WHERE name = $1 AND currency = $2",
            name,
            currency,
            now,
            value,
            by,
        )
        return Term(name, currency, value, by, now)


def _with(policy: CasePolicy, term: Term) -> CasePolicy:
    if term.name == FOUR_EYES:
        return replace(
            policy, four_eyes_minor={**policy.four_eyes_minor, term.currency: term.value}
        )
    minutes = timedelta(minutes=term.value)
    changes = {
        "ageing_minutes": {"ageing": minutes},
        "lease_minutes": {"lease": minutes},
        "denied_many": {"denied_many": term.value},
        "denied_window_minutes": {"denied_window": minutes},
    }
    return replace(policy, **changes[term.name])  # type: ignore[arg-type]
