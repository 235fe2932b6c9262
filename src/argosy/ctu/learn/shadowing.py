"""From accepted to live by way of the shadow: judged along, on what the brain really read, first.

A candidate goes live when it was compared on enough verdicts and asks for about what it promised. The
verdicts of the last days serve at once, for their vectors were kept; where there are too few it waits
in shadow, scored beside the live ones, until the next run.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from argosy.base.clock import Clock
from argosy.base.refusals import Refused, must
from argosy.base.store import Database
from argosy.ctu.decide.decider import Decider
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.learn import gates
from argosy.ctu.learn.model_trial import asked
from argosy.ctu.learn.record import Candidate, Gate, Journal, Standing
from argosy.ctu.learn.served import Served
from argosy.ctu.learn.terms import BY, Terms
from argosy.ctu.learn.trials import Trial
from argosy.ctu.models import Candidate as NewModel
from argosy.ctu.models import Card, Registry
from argosy.ctu.models.boosted import KIND
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import RuleError, read_rule
from argosy.ctu.rules.publishing import Publishing, State
from argosy.ctu.rules.thresholds import starter_thresholds
from argosy.ctu.rules.vocabulary import Vocabulary


class Shadowing:
    """Brings candidates to shadow and from there to live."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        journal: Journal,
        facts: FactSet,
        decider: Decider,
        terms: Terms,
    ) -> None:
        self._registry = Registry(db, clock)
        self._vocabulary = Vocabulary(vector_of(facts))
        self._publishing = Publishing(db, clock, self._vocabulary, single=True)
        self._journal = journal
        self._facts = facts
        self._decider = decider
        self._terms = terms

    async def begin(self, candidate: Candidate, trial: Trial, served: Served) -> Standing:
        """Put an accepted trial in shadow, compare, and publish it where it agreed. What stops it is
        added to the trial's gates."""
        why = f"learned in run {candidate.run}"
        said = await (
            self._put_model(trial, why) if trial.kind == "model" else self._put_rule(trial, why)
        )
        if isinstance(said, Refused):
            told = str(dict(said.facts)) if said.facts else said.reason.meaning
            trial.gates.append(Gate("publish", passed=False, says=f"{said.reason.meaning} {told}"))
            return Standing.REFUSED
        alerts = await self._alerts(candidate, served, trial)
        if alerts is None:
            trial.gates.append(
                Gate("shadow agreement", passed=False, says="it cannot be judged in line")
            )
            await self._out(candidate)
            return Standing.REFUSED
        return await self._decide(candidate, alerts, trial)

    async def finish(self, candidate: Candidate, served: Served) -> Standing:
        """A candidate that waits in shadow: publish it, take it out, or let it wait on."""
        alerts = await self._alerts(candidate, served, None)
        if alerts is None:
            await self._out(candidate)
            await self._journal.stand(candidate.id, Standing.REFUSED, "it cannot be judged in line")
            return Standing.REFUSED
        standing = await self._decide(candidate, alerts, None)
        if standing is not Standing.SHADOW:
            says = {Standing.LIVE: "live after its time in shadow"}.get(
                standing, "refused by its time in shadow"
            )
            await self._journal.stand(candidate.id, standing, says)
            if standing is Standing.LIVE:
                await self.replaced(candidate)
        return standing

    async def replaced(self, candidate: Candidate) -> None:
        """Earlier live candidates of the same name made room."""
        for one in await self._journal.standing(Standing.LIVE):
            if one.name == candidate.name and one.id != candidate.id:
                says = f"replaced by version {candidate.version}"
                await self._journal.stand(one.id, Standing.REPLACED, says)

    async def _decide(self, candidate: Candidate, alerts: Any, trial: Trial | None) -> Standing:
        judged = len(alerts)
        if judged < self._terms.shadow_verdicts_min:
            return Standing.SHADOW
        gate = gates.shadow_alerts(
            int(alerts.sum()),
            judged,
            float(candidate.expects.get("alert_share", 0.0)),
            self._terms,
        )
        if trial is not None:
            trial.gates.append(gate)
        if not gate.passed:
            await self._out(candidate)
            return Standing.REFUSED
        return await self._live(candidate)

    # --- the registry and the rules ------------------------------------------------------------------

    async def _put_model(self, trial: Trial, why: str) -> object:
        must(trial.card is not None, "a model without its card")
        card = cast("Card", trial.card)
        metrics = {k: float(v) for k, v in trial.figures.items() if isinstance(v, int | float)}
        put = await self._registry.put(
            NewModel(
                name=trial.name,
                version=trial.version,
                kind=KIND,
                text=trial.body,
                columns=trial.columns,
                card=card,
                metrics=metrics,
                fingerprint=trial.version,
            ),
            BY,
        )
        if isinstance(put, Refused):
            return put
        return await self._registry.shadow(trial.name, trial.version, BY, why)

    async def _put_rule(self, trial: Trial, why: str) -> object:
        drafted = await self._publishing.draft(trial.name, trial.body.decode(), BY, why)
        if isinstance(drafted, Refused):
            return drafted
        return await self._publishing.publish(trial.name, drafted.number, State.SHADOW, BY, why)

    async def _live(self, candidate: Candidate) -> Standing:
        why = f"passed every gate in run {candidate.run}"
        said: object
        if candidate.kind == "model":
            said = await self._registry.publish(candidate.name, candidate.version, BY, why)
        else:
            versions = await self._publishing.versions(candidate.name)
            said = await self._publishing.publish(
                candidate.name, versions[-1].number, State.LIVE, BY, why
            )
        return Standing.REFUSED if isinstance(said, Refused) else Standing.LIVE

    async def _out(self, candidate: Candidate) -> None:
        """Out of the shadow again. A model in shadow decides nothing and makes room for the next one."""
        if candidate.kind != "model":
            await self._publishing.withdraw(candidate.name, BY, "not confirmed in shadow")

    # --- judging along -------------------------------------------------------------------------------

    async def _alerts(
        self, candidate: Candidate, served: Served, trial: Trial | None
    ) -> Any | None:
        """Which of the served events it would have asked for, by the code that judges in line; None where
        that code cannot judge by it. With the trial at hand both must agree number by number."""
        if candidate.kind == "model":
            return await self._model_alerts(candidate, served, trial)
        try:
            rule = read_rule(candidate.name, candidate.body.decode())
        except RuleError:
            return None
        compiled = RuleSet([rule], self._vocabulary, starter_thresholds())
        at = [served.columns.index(name) for name in self._vocabulary.columns]
        judged = compiled.judge(served.events, served.rows[:, at]) if len(served) else []
        return np.array([bool(one.hits) for one in judged], dtype=np.bool_)

    async def _model_alerts(
        self, candidate: Candidate, served: Served, trial: Trial | None
    ) -> Any | None:
        model = await self._registry.model(candidate.name, candidate.version)
        if isinstance(model, Refused):
            return None
        at = [served.columns.index(name) for name in model.columns]
        rows = np.ascontiguousarray(served.rows[:, at])
        raw = model.raw(rows) if len(rows) else np.empty(0)
        if trial is not None and trial.forest is not None and len(rows):
            gate = gates.same("in line as off line", raw, trial.forest.score(rows))
            trial.gates.append(gate)
            if not gate.passed:
                return None
        score = model.score(rows) if len(rows) else np.empty(0)
        return asked(self._decider, candidate.name, served.events, np.asarray(score))
