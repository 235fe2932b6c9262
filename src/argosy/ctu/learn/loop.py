"""The loop, once around: labels, training set, candidates, later data, gates, shadow, publish, watch.

It loads LightGBM, DuckDB and SciPy, so it runs in a process of its own (`job.py`). One run at a time in
one database; what a run finds is on disk step by step, whatever becomes of the process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.chamber import features_of
from argosy.ctu.decide.decider import Decider
from argosy.ctu.decide.policy import Policy, load_policy
from argosy.ctu.facts import sets
from argosy.ctu.facts.declared import FactSet, starter
from argosy.ctu.facts.vector import vector_of, words_of
from argosy.ctu.learn import gangs, leaks, model_trial, report, rule_trials, training
from argosy.ctu.learn.interception import interceptions, told
from argosy.ctu.learn.leaks import Leak
from argosy.ctu.learn.mining import Condition
from argosy.ctu.learn.reasons import LearnReason
from argosy.ctu.learn.record import Candidate, Ending, Journal, Run, Standing
from argosy.ctu.learn.served import Served, both, read_served
from argosy.ctu.learn.shadowing import Shadowing
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.learn.trials import MODEL, Trial
from argosy.ctu.learn.watch import Watch
from argosy.ctu.models import Features, Registry
from argosy.ctu.rules.vocabulary import Vocabulary

Matrix = NDArray[np.float64]
Read = Callable[[Database, FactSet, Features, datetime, Terms], Awaitable[TrainingSet]]

LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended('ctu learning', 0))"
AS_OF_SHARES: Final = tuple(np.linspace(0.5, 0.9, 17))
AS_OF_EVENTS_MAX: Final = 5_000
COVERED_SHARE: Final = 0.8


class Learning:
    """Walks the loop. `offsets` are the markets' distances from UTC in seconds, `policy` is what decides
    by the scores; `read` makes the training set (handed in so that a test can plant a leak)."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        *,
        terms: Terms | None = None,
        offsets: Mapping[str, int] | None = None,
        policy: Policy | None = None,
        read: Read = training.read,
    ) -> None:
        self.db = db
        self.clock = clock
        self.terms = terms or Terms()
        self.offsets = dict(offsets or {})
        self.decider = Decider(policy or load_policy())
        self.read = read
        self.journal = Journal(db, clock, ids)
        self.watch = Watch(db, clock, self.journal, self.terms)

    async def run_once(self, trigger: str = "hand") -> Run | Refused:
        """Once around. LEARNING_UNDER_WAY where another run is; a failure is kept in the run's record and
        raised."""
        async with self.db.connection() as conn:
            if not await conn.fetchval(LOCK):
                return Refused(LearnReason.LEARNING_UNDER_WAY)
            run = await self.journal.open(trigger)
            try:
                await _Walk(self, run).all()
            except BaseException as error:
                await self.journal.close(
                    run.id, Ending.FAILED, f"{type(error).__name__}: {error}", {}
                )
                raise
        return await self.journal.run(run.id)


class _Walk:
    """One run: its steps in order, each with what it found for the next."""

    def __init__(self, learning: Learning, run: Run) -> None:
        self._db = learning.db
        self._clock = learning.clock
        self._terms = learning.terms
        self._offsets = learning.offsets
        self._decider = learning.decider
        self._read = learning.read
        self._journal = learning.journal
        self._watch = learning.watch
        self._run = run
        self._since = run.started_at

    async def all(self) -> None:
        """Every step."""
        await self._look_after()
        facts = await sets.live(self._db) or starter(self._offsets)
        features = features_of(facts, self._offsets)
        data = await self._training_set(facts, features)
        served = await read_served(self._db, features, self._terms.shadow_verdicts_max)
        shadowing = Shadowing(
            self._db, self._clock, self._journal, facts, self._decider, self._terms
        )
        await self._finish_shadows(shadowing, served)
        if data.bad < self._terms.scheme_labels_min:
            says = f"{data.bad} confirmed bad events are too few to learn from"
            await self._done(Ending.NOTHING, says, [])
            return
        found = await self._leaks(data, facts, features, served)
        made = await self._candidates(data, facts, found)
        await self._judge(made)
        stood = await self._shadow_and_publish(made, shadowing, served, found)
        live = [t for t, standing in stood if standing is Standing.LIVE]
        says = _sum(made, live)
        await self._done(Ending.DONE if made else Ending.NOTHING, says, live)

    async def _step(self, name: str, says: str, **figures: Any) -> None:
        await self._journal.step(self._run.id, name, says, figures, self._since)
        self._since = self._journal.now()

    # --- the steps -------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        seen = await self._watch.look()
        gone = [one for one in seen if one.why]
        says = f"{len(seen)} live candidates looked after, {len(gone)} taken back"
        await self._step(
            "watch",
            "; ".join([says, *(f"{one.candidate.name}: {one.why}" for one in gone)]),
            watched={
                one.candidate.name: [one.judged, one.alerts, one.bad, one.good] for one in seen
            },
        )

    async def _training_set(self, facts: FactSet, features: Features) -> TrainingSet:
        data = await self._read(self._db, facts, features, self._run.known_until, self._terms)
        schemes = {
            str(s): int((data.scheme == s).sum()) for s in sorted(set(data.scheme[data.y == 1]))
        }
        await self._step(
            "labels",
            f"{data.bad} confirmed bad events, nine in ten known within {data.delay_ms / 3.6e6:.1f} h",
            schemes=schemes,
            bad=data.bad,
            cleared=int(((data.y == 0) & ~np.isnan(data.known_ms)).sum()),
        )
        await self._step(
            "training set",
            f"{len(data):,} events with {len(data.columns)} columns as of their own time",
            events=len(data),
            unsure=int((data.y < 0).sum()),
            fingerprint=data.fingerprint,
            facts_version=facts.version,
        )
        return data

    async def _leaks(
        self, data: TrainingSet, facts: FactSet, features: Features, served: Served
    ) -> list[Leak]:
        as_of = await self._as_of(data, facts, features)
        pair = both(data, served)
        found = leaks.find(data, self._terms, as_of=as_of, served=pair, declared=features.facts)
        names = sorted({leak.column for leak in found})
        says = (
            f"{len(as_of[0]) if as_of else 0} events computed again without their future, "
            f"{len(pair[0])} compared with what was read in line: "
        )
        says += f"{', '.join(names)} know the future" if names else "no column knows the future"
        await self._journal.step(
            self._run.id,
            "leaks",
            says,
            {"leaks": [msgspec.to_builtins(leak) for leak in found]},
            self._since,
            "refused" if found else "done",
        )
        self._since = self._journal.now()
        return found

    async def _as_of(
        self, data: TrainingSet, facts: FactSet, features: Features
    ) -> tuple[Matrix, Matrix, NDArray[np.bool_]] | None:
        """The same events, computed when the rest of history had not happened yet; and which of them
        were found bad only after that."""
        if len(data) < self._terms.leak_rows_min:
            return None
        bad_at, known = data.at_ms[data.y == 1], data.known_ms[data.y == 1]
        cuts = np.quantile(data.at_ms, AS_OF_SHARES)
        cut_ms = max(cuts, key=lambda cut: float(((bad_at <= cut) & (known > cut)).sum()))
        moment = datetime.fromtimestamp(int(cut_ms) / 1000, self._run.known_until.tzinfo)
        then = await self._read(self._db, facts, features, moment, self._terms)
        place = {event.id: n for n, event in enumerate(then.events)}
        ours = [
            n
            for n, event in enumerate(data.events)
            if event.id in place and then.events[place[event.id]].proofs == event.proofs
        ][-AS_OF_EVENTS_MAX:]
        theirs = [place[data.events[n].id] for n in ours]
        since_bad = (data.y[ours] == 1) & (data.known_ms[ours] > cut_ms)
        return data.rows[ours], then.rows[theirs], since_bad

    async def _candidates(
        self, data: TrainingSet, facts: FactSet, found: Sequence[Leak]
    ) -> list[Trial]:
        today = self._run.started_at.date()
        words = words_of(facts)
        vocabulary = Vocabulary(vector_of(facts))
        made: list[Trial] = []
        covered = await self._covered(data)
        for scheme in sorted({str(s) for s in data.scheme[data.y == 1]}):
            mine = (data.y == 1) & (data.scheme == scheme)
            if (covered & mine).sum() >= COVERED_SHARE * mine.sum():
                continue
            made += rule_trials.rules(data, scheme, found, vocabulary, words, self._terms, today)
        made += await self._gangs(data, today)
        if data.sure().bad >= self._terms.labels_min:
            registry = Registry(self._db, self._clock)
            live = await registry.live(MODEL)
            model = None if live is None else await registry.model(MODEL, live.version)
            theirs = None if model is None or isinstance(model, Refused) else model
            clean = data.without(sorted({leak.column for leak in found}))
            made.append(
                model_trial.model(clean, theirs, found, words, self._decider, self._terms, today)
            )
        kinds = {kind: sum(t.kind == kind for t in made) for kind in ("rule", "gang", "model")}
        await self._step(
            "candidates",
            ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in kinds.items()),
            names=[trial.name for trial in made],
        )
        return made

    async def _covered(self, data: TrainingSet) -> NDArray[np.bool_]:
        """Which events the learned rules of today hit already."""
        hit = np.zeros(len(data), dtype=np.bool_)
        for one in await self._journal.standing(Standing.LIVE, Standing.SHADOW):
            conditions = [Condition(*c) for c in one.figures.get("conditions", ())]
            if conditions and {c.column for c in conditions} <= set(data.columns):
                mask = np.ones(len(data), dtype=np.bool_)
                for condition in conditions:
                    mask &= condition.fits(data.column(condition.column))
                hit |= mask
        return hit

    async def _gangs(self, data: TrainingSet, today: date) -> list[Trial]:
        from argosy.ctu.facts.graph.building import Graph
        from argosy.ctu.facts.graph.gangs import gangs as crowds
        from argosy.ctu.facts.graph.refreshing import Refreshing
        from argosy.ctu.facts.offline.history import History

        history = await History.postgres(self._db, until_ms=data.until_ms + 1)
        graph = Graph.build(history, data.until_ms + 1)
        told = await Refreshing(self._db, self._clock).full(graph)
        known = {c.name for c in await self._journal.standing(Standing.LIVE, Standing.SHADOW)}
        made = gangs.trials(crowds(graph), data, self._terms, today)
        new = [trial for trial in made if trial.name not in known]
        await self._step(
            "graph",
            f"{len(graph.accounts):,} accounts; graph facts of {told:,} written; "
            f"{len(new)} new gangs told apart",
            accounts=len(graph.accounts),
            written=told,
        )
        return new

    async def _judge(self, made: Sequence[Trial]) -> None:
        """Tell what was measured on later data, and what the gates said of it."""
        later = [t for t in made if t.kind == "model"]
        figures = {
            t.name: {
                k: t.figures.get(k) for k in ("auc", "average_precision", "precision_at_budget")
            }
            for t in later
        }
        rules = {
            t.name: [t.figures.get("later_bad"), t.figures.get("later_hits")]
            for t in made
            if t.kind == "rule"
        }
        await self._step(
            "validation",
            "judged on events later than those learned from",
            models=figures,
            rules=rules,
        )
        refused = [t for t in made if not t.accepted]
        says = f"{len(made) - len(refused)} of {len(made)} candidates passed"
        for trial in refused:
            why = "; ".join(g.says for g in trial.gates if not g.passed)
            says += f". {trial.name}: {why}"
        await self._step("gates", says, refused=[t.name for t in refused])

    async def _finish_shadows(self, shadowing: Shadowing, served: Served) -> None:
        """Those that waited in shadow for enough verdicts."""
        waiting = await self._journal.standing(Standing.SHADOW)
        if not waiting:
            return
        ended = [(one, await shadowing.finish(one, served)) for one in waiting]
        says = "; ".join(f"{one.name}: {standing.value}" for one, standing in ended)
        await self._step("shadow", says, waiting=[one.name for one in waiting])

    async def _shadow_and_publish(
        self,
        made: Sequence[Trial],
        shadowing: Shadowing,
        served: Served,
        found: Sequence[Leak],
    ) -> list[tuple[Trial, Standing]]:
        ended: list[tuple[Trial, Standing]] = []
        for trial in made:
            candidate = self._candidate(trial)
            standing = Standing.REFUSED
            if trial.accepted:
                standing = await shadowing.begin(candidate, trial, served)
            ended.append((trial, standing))
            kept = msgspec.structs.replace(
                candidate,
                standing=standing,
                gates=tuple(trial.gates),
                says=_standing(trial, standing),
            )
            await self._journal.keep(
                kept, report.page(trial, self._run, found, _standing(trial, standing))
            )
            if standing is Standing.LIVE:
                await self._journal.stand(kept.id, Standing.LIVE, kept.says)
                await shadowing.replaced(kept)
        says = (
            "; ".join(f"{t.name}: {standing.value}" for t, standing in ended)
            or "nothing to publish"
        )
        await self._step(
            "publish", says, standings={t.name: standing.value for t, standing in ended}
        )
        return ended

    def _candidate(self, trial: Trial) -> Candidate:
        return Candidate(
            id=self._journal.new_id(),
            run=self._run.id,
            kind=trial.kind,
            name=trial.name,
            version=trial.version,
            body=trial.body,
            scheme=trial.scheme,
            figures=trial.figures,
            expects={
                "alert_share": trial.expected_share,
                "precision": trial.expected_precision,
                "threshold": trial.threshold,
            },
        )

    async def _done(self, state: Ending, says: str, live: Sequence[Trial]) -> None:
        found = await interceptions(self._db)
        await self._step("interception", "; ".join(told(found)) or "no scheme was confirmed so far")
        figures = {
            "published": [t.name for t in live],
            "interceptions": {
                one.scheme: None if one.waited is None else one.waited.total_seconds()
                for one in found
            },
        }
        await self._journal.close(self._run.id, state, says, figures)


def _standing(trial: Trial, standing: Standing) -> str:
    if standing is Standing.REFUSED:
        failed = [gate.name for gate in trial.gates if not gate.passed]
        return f"refused by: {', '.join(failed)}" if failed else "refused at publish"
    return {
        Standing.SHADOW: "in shadow, until enough verdicts were compared",
        Standing.LIVE: "live",
    }.get(standing, standing.value)


def _sum(made: Sequence[Trial], live: Sequence[Trial]) -> str:
    if not made:
        return "nothing new to learn"
    return f"{len(made)} candidates, {sum(t.accepted for t in made)} accepted, {len(live)} live"
