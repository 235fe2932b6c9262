"""How long the whole brain takes for one event: 6,000 rules, 60 models, facts read and brought up to date,
the owner score, the decision with its reasons, and all of it kept. In one process, beside the engines
of others.

The rules and models are made for this and mean nothing; what they cost is what real ones cost. A day of
trade lies behind the events, so that facts are as full as they are at work.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
import uvloop
from rich.progress import Progress

from argosy.base.clock import SetClock
from argosy.base.ids import Ids, named
from argosy.base.money import Money
from argosy.base.ports import Decision, Operation
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres
from argosy.bench.report import Figures, quantile
from argosy.bench.rule_peers import Peer, cel_python, zen_engine
from argosy.bench.rules import rules_for_bench
from argosy.ctu.brain import Brain
from argosy.ctu.decide.decider import Judged
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import starter
from argosy.ctu.from_operation import from_operation
from argosy.ctu.models import Candidate, Card, Registry
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import Rule
from argosy.ctu.rules.following import Live
from argosy.ctu.rules.thresholds import starter_thresholds
from argosy.ctu.rules.vocabulary import Vocabulary
from argosy.web import COLLECT_AT

TOGETHER = 64
CUSTOMERS = 2_000
SHOPS = 60
PAST_EVENTS = 12_000
GAP = timedelta(seconds=2)
COLUMNS_OF_A_MODEL = 25
TRAINING_ROWS = 2_500
PEER_EVENTS = 8
PEER_RULES_CEL = 150
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OUTCOME = {
    Decision.ALLOW: "posted",
    Decision.CHALLENGE: "challenged",
    Decision.REVIEW: "held",
    Decision.DENY: "denied",
}


@dataclass(frozen=True, slots=True)
class Load:
    """How much the brain has to do."""

    rules: int = 6_000
    models: int = 60
    trees: int = 100
    events: int = 1_500
    rounds: int = 3
    seed: int = 11


def run(load: Load) -> Figures:
    """Measure, on a database of its own in a temporary folder."""
    logging.getLogger("argosy").setLevel(logging.CRITICAL)  # made rules leave much unevaluated
    with (
        tempfile.TemporaryDirectory(prefix="argosy-bench-") as folder,
        Postgres(Path(folder) / "postgres", durable=False) as server,
        Progress(transient=True) as progress,
    ):
        return uvloop.run(_measure(server.url(), load, progress))


async def _measure(url: str, load: Load, progress: Progress) -> Figures:
    db = await Database.open(url, 4)
    clock = SetClock(START)
    try:
        await migrate(db)
        brain = Brain(db, clock, Ids(clock))
        await _models(db, clock, load, progress)
        await brain.start()
        rules = rules_for_bench(load.rules, load.seed, brain.facts.columns)
        brain.chamber.rules = _rule_set(rules, brain, load, progress)
        town = _Town(clock, load.seed)
        await _past(brain, town, clock, progress)
        figures = Figures(
            "argosy bench brain",
            {
                "rules": load.rules,
                "rules_of_texts_and_sets": _share_of_texts(rules),
                "models": load.models,
                "trees": load.trees,
                "facts": len(brain.facts.columns),
                "events": load.events,
                "together": TOGETHER,
            },
        )
        task = progress.add_task("rounds", total=load.rounds)
        gc.collect()  # as a server does when it begins
        gc.freeze()
        gc.set_threshold(*COLLECT_AT)
        for _ in range(load.rounds):
            figures.add(await _round(brain, town, load))
            progress.advance(task)
        return figures
    finally:
        await db.close()


async def _round(brain: Brain, town: _Town, load: Load) -> dict[str, float]:
    """One event after the other, then in turns of 64, then the rules alone and those of others."""
    values = {"rules": float(load.rules), "models": float(load.models)}
    singles = [town.next() for _ in range(load.events)]
    await _known(brain, singles)
    waits = []
    begun = time.perf_counter()
    for operation in singles:
        start = time.perf_counter()
        await _one(brain, operation)
        waits.append(time.perf_counter() - start)
    await brain.verdicts.flush()
    whole = time.perf_counter() - begun
    waits.sort()
    values |= {
        "p50_us": quantile(waits, 0.5) * 1e6,
        "p99_us": quantile(waits, 0.99) * 1e6,
        "decisions_per_second": load.events / whole,
    }
    turns = []
    for _ in range(max(3, load.events // TOGETHER)):
        many = [town.next() for _ in range(TOGETHER)]
        await _known(brain, many)
        start = time.perf_counter()
        await asyncio.gather(*(_one(brain, operation) for operation in many))
        turns.append((time.perf_counter() - start) / TOGETHER)
    values["together_us"] = statistics.median(turns) * 1e6
    values |= await _peers(brain, town)
    return values


async def _one(brain: Brain, operation: Operation) -> None:
    """The brain's part of one payment, and of what the log tells of it afterwards."""
    verdict = cast("Judged", await brain.judge(operation))
    outcome = OUTCOME[verdict.decision]
    # What is stopped is written before the customer hears, which is the database's time and not ours.
    await brain.observe(operation, verdict, outcome if outcome == "posted" else "refused")
    _follow(brain, verdict.event, outcome)


def _follow(brain: Brain, event: Event, outcome: str) -> None:
    """What the reader of the log does with an entry, without the log."""
    brain.facts.fold(event, outcome)
    brain.owner.update(event, outcome)


async def _known(brain: Brain, operations: list[Operation]) -> None:
    """Have everybody's past at hand, as it is at work for whoever was seen lately."""
    events = [from_operation(operation) for operation in operations]
    await brain.facts.read(events)
    await brain.owner.read(events)


async def _peers(brain: Brain, town: _Town) -> dict[str, float]:
    events = [from_operation(town.next()) for _ in range(PEER_EVENTS)]
    facts = await brain.facts.read(events)
    rules = brain.chamber.rules.rules
    ours = _rules_alone(rules, events, facts)
    zen = zen_engine(rules, events, facts)
    sample = RuleSet(rules.rules[:PEER_RULES_CEL], rules.vocabulary, rules.thresholds)
    cel = cel_python(sample, events, facts)
    return {
        "rules_us": ours * len(rules.rules),
        **_compared("zen_engine", zen, ours),
        **_compared("cel_python", cel, ours),
    }


def _rules_alone(rules: RuleSet, events: list[Any], facts: np.ndarray[Any, Any]) -> float:
    """Microseconds for one rule on one event, one event at a time."""
    waits = []
    for _ in range(5):
        for n, event in enumerate(events):
            start = time.perf_counter()
            rules.judge([event], facts[n : n + 1])
            waits.append(time.perf_counter() - start)
    return statistics.median(waits) * 1e6 / len(rules.rules)


def _compared(name: str, peer: Peer, ours: float) -> dict[str, float]:
    return {
        f"{name}_ratio": peer.micros / ours,
        f"{name}_rules": float(peer.rules),
        f"{name}_disagreements": float(peer.disagreements),
    }


# --- what is judged ----------------------------------------------------------------------------------------


class _Town:
    """People who pay each other and shops, each from a phone and a network of their own."""

    def __init__(self, clock: SetClock, seed: int) -> None:
        self._clock = clock
        self._chance = random.Random(seed)
        self._ids = Ids(clock, self._chance.getrandbits)

    def next(self) -> Operation:
        """The next operation, a little later than the last."""
        chance = self._chance
        self._clock.set(self._clock.now() + GAP * chance.random())
        who = chance.randrange(CUSTOMERS)
        shop = chance.random() < 0.7
        payee = (
            named("shop", str(chance.randrange(SHOPS))) if shop else _person(_friend(chance, who))
        )
        return Operation(
            self._ids.new(),
            "pay" if shop else "send",
            "india",
            self._clock.now(),
            _person(who),
            Money(max(100, round(chance.lognormvariate(9.2, 1.0))), "INR"),
            "lite",
            account=named("account", str(who)),
            device=named("phone", str(who)),
            session=named("session", str(who)),
            network=f"49.36.{who % 250}.{who // 250}",
            payee=payee,
            payee_kind="merchant" if shop else "customer",
            proofs=frozenset({"pin"}),
            facts={
                "level": "full",
                "opened_at": START - timedelta(days=200 + who % 300),
                "payee_opened_at": START - timedelta(days=400),
            },
        )


def _person(number: int) -> UUID:
    return named("person", str(number))


def _friend(chance: random.Random, who: int) -> int:
    return (who + chance.randint(1, 12)) % CUSTOMERS


async def _past(brain: Brain, town: _Town, clock: SetClock, progress: Progress) -> None:
    """A day of trade, folded as the log would tell of it."""
    clock.set(START - timedelta(days=1))
    step = timedelta(days=1) / PAST_EVENTS
    task = progress.add_task("a day of trade", total=PAST_EVENTS)
    for n in range(PAST_EVENTS):
        clock.set(START - timedelta(days=1) + step * n)
        event = from_operation(town.next())
        await brain.facts.read([event])
        await brain.owner.read([event])
        _follow(brain, event, "posted")
        progress.advance(task)
    clock.set(START)


# --- what judges -------------------------------------------------------------------------------------------


class _Rules(Live):
    """Rules that nobody published."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self.number = 0


def _rule_set(rules: list[Rule], brain: Brain, load: Load, progress: Progress) -> _Rules:
    task = progress.add_task(f"{load.rules} rules", total=1)
    scores = [f"bench_{n}" for n in range(load.models)]
    made = RuleSet(rules, Vocabulary(brain.facts.columns, scores=scores), starter_thresholds())
    progress.advance(task)
    return _Rules(made)


async def _models(db: Database, clock: SetClock, load: Load, progress: Progress) -> None:
    """Train and publish forests over facts, each over some of them."""
    import lightgbm  # only a benchmark pays for importing it

    registry = Registry(db, clock)
    facts = starter().columns
    task = progress.add_task(f"{load.models} models", total=load.models)
    for number in range(load.models):
        chance = np.random.default_rng(load.seed + number)
        columns = chance.choice(facts, COLUMNS_OF_A_MODEL, replace=False).tolist()
        rows = chance.poisson(3, (TRAINING_ROWS, len(columns))).astype(float)
        rows[chance.random(rows.shape) < 0.2] = np.nan
        bad = np.nansum(rows[:, :6], axis=1) + chance.normal(size=TRAINING_ROWS) * 4 > 26
        data = lightgbm.Dataset(rows, bad.astype(float), feature_name=columns)
        given = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 31,
                 "min_data_in_leaf": 10, "seed": number}  # fmt: skip
        booster = lightgbm.train(given, data, load.trees)
        candidate = Candidate(
            name=f"bench_{number}",
            version="1",
            kind="lightgbm",
            text=booster.model_to_string().encode(),
            columns=tuple(columns),
            card=Card(purpose="fills a benchmark"),
            metrics={},
            fingerprint="made",
        )
        for said in (
            await registry.put(candidate, "bench"),
            await registry.publish(candidate.name, "1", "bench", "to be measured"),
        ):
            if isinstance(said, Refused):
                raise TypeError(f"a model could not be published: {said.code}")
        progress.advance(task)


def _share_of_texts(rules: list[Rule]) -> float:
    """The share of rules that read texts or sets."""
    words = ("startsWith", "endsWith", " in ", "== '", "!= '")
    texts = sum(bool(rule.kinds) or any(word in rule.when for word in words) for rule in rules)
    return round(texts / len(rules), 3)
