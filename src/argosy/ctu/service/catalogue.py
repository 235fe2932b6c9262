"""How the brain is set now, and what it said, in words that anybody reads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from argosy.ctu.brain import Brain
from argosy.ctu.decide.explain import explained
from argosy.ctu.decide.replay import Replaying
from argosy.ctu.decide.store import Verdicts
from argosy.ctu.models import Registry
from argosy.ctu.models.facts import State
from argosy.ctu.rules.publishing import rules_of
from argosy.ctu.terminal import Place


class Shown:
    """Reads what a running brain judges by."""

    def __init__(self, place: Place, brain: Brain) -> None:
        self._place = place
        self._brain = brain
        self._registry = Registry(place.db, place.clock)

    async def facts(self) -> tuple[str, list[dict[str, Any]]]:
        """The declared facts."""
        found = self._brain.facts.fact_set
        return found.version, [msgspec.to_builtins(fact) for fact in found.facts]

    async def rules(self) -> tuple[str, list[dict[str, Any]]]:
        """The rules that are live."""
        rules = self._brain.chamber.rules.rules
        return rules.version, [
            {
                "name": rule.name,
                "family": rule.family,
                "owner": rule.owner,
                "since": rule.since.isoformat(),
                "action": rule.action.value,
                "challenge": rule.challenge,
                "when": rule.when,
                "reason": rule.reason,
                "weight": rule.weighs,
            }
            for rule in rules.rules
        ]

    async def models(self) -> tuple[str, list[dict[str, Any]]]:
        """The models that are live, with what was measured of them."""
        live = [one for one in await self._registry.versions() if one.state is State.LIVE]
        version = " ".join(f"{one.name}:{one.version}" for one in live)
        return version, [
            {
                "name": one.name,
                "version": one.version,
                "kind": one.kind,
                "purpose": one.card.purpose,
                "columns": list(one.columns),
                "metrics": dict(one.metrics),
                "since": one.moved_at.isoformat(),
            }
            for one in live
        ]

    async def explain(self, verdict: UUID) -> str | None:
        """A verdict as text; None where it is not kept, or not yet."""
        verdicts = Verdicts(self._place.db, self._place.ids)
        found = await verdicts.find(verdict)
        if not found:
            return None
        offset = next(iter(self._place.offsets.values()), 0) // 60
        replaying = Replaying(
            self._place.db, verdicts, self._registry, rules_of(self._place.db), offset
        )
        return "\n".join([explained(await replaying.replay(kept)) for kept in found])
