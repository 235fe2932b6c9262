"""A verdict made again, from what was kept of it and from nothing else; and whether it is the same.

The event and the facts' vector are those that were read then. Rules, models and policy are those of
then, fetched by their versions. Models score the vector anew; the owner score, which hangs on what was
remembered at that moment, is taken as it was read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from argosy.base.ports import Hit
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.decide.decider import Judged, Weighing
from argosy.ctu.decide.judge import Judge
from argosy.ctu.decide.made import Made, read_made
from argosy.ctu.decide.packing import unpack
from argosy.ctu.decide.policy import Policy
from argosy.ctu.decide.store import Kept, Verdicts, kept_of
from argosy.ctu.models import Features, Model, Panel, Registry
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.vocabulary import Vocabulary

PAGE = 200

RulesOf = Callable[[int, Vocabulary, Mapping[str, int]], Awaitable[RuleSet | Refused]]
"""The rule set of that number over that vocabulary, by those distances from UTC in seconds."""

_ROWS = """
    SELECT * FROM ctu.verdict_rows
     WHERE at >= $1 AND at < $2 AND id > $3 ORDER BY id LIMIT $4
"""
_BLOCKS = """
    SELECT id, version, packed FROM ctu.verdict_blocks
     WHERE to_at >= $1 AND from_at < $2 AND id > $3 ORDER BY id LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A verdict that was made again. `differences` are sentences, none where it is the same;
    `impossible` says why it could not be made again. `weighing` is what was weighed."""

    kept: Kept
    differences: tuple[str, ...] = ()
    impossible: str = ""
    judged: Judged | None = None
    weighing: Weighing | None = None
    judge: Judge | None = None

    @property
    def same(self) -> bool:
        return not self.differences and not self.impossible


class Replaying:
    """Makes verdicts again. `rules_of` gives the published rules of a dated set."""

    def __init__(
        self,
        db: Database,
        verdicts: Verdicts,
        registry: Registry,
        rules_of: RulesOf,
        utc_offset_minutes: int = 0,
    ) -> None:
        self._db = db
        self._verdicts = verdicts
        self._registry = registry
        self._rules_of = rules_of
        self._offset = utc_offset_minutes
        self._judges: dict[str, Judge | str] = {}

    async def replay(self, kept: Kept) -> Replayed:
        """`kept` made again."""
        event = kept.evidence.event
        if event is None:
            return Replayed(kept, impossible="the history does not know the event (yet)")
        judge = await self.judge_of(kept.version)
        if isinstance(judge, str):
            return Replayed(kept, impossible=judge)
        facts = kept.evidence.facts[None, :]
        before = kept.evidence.scores
        scores = judge.score([event], facts, before[-1:])
        (judged,) = judge.decide([event], facts, scores, lambda: kept.id)
        said = judge.rules.judge([event], facts, judge.told(scores))[0]
        weighing = judge.decider.weigh(event, said, judge.strongest(scores)[0])
        differences = (*_scores_differ(judge.names, before, scores[0]), *_differ(kept, judged))
        return Replayed(kept, tuple(differences), "", judged, weighing, judge)

    async def judge_of(self, version: str) -> Judge | str:
        """The judge that had this version, or why it cannot be made again."""
        if version not in self._judges:
            self._judges[version] = await self._made_again(version)
        return self._judges[version]

    async def _made_again(self, version: str) -> Judge | str:
        made = await read_made(self._db, version)
        if made is None:
            return f"nobody knows the version {version}"
        models = await self._models(made)
        if isinstance(models, str):
            return models
        features = Features(made.columns, made.attributes, self._offset)
        names = [name for name, _ in made.models]
        offsets = dict(made.offsets)
        vocabulary = Vocabulary(made.columns, scores=names)
        rules = await self._rules_of(made.rules_number, vocabulary, offsets)
        if isinstance(rules, Refused):
            return f"the rules of set {made.rules_number} are not there: {rules.code}"
        judge = Judge(
            rules,
            Panel(models, features),
            Policy.read(made.policy),
            made.facts,
            made.rules_number,
            offsets,
        )
        if judge.version != version:
            return f"what is there now judges differently from {version}: it is {judge.version}"
        return judge

    async def _models(self, made: Made) -> list[Model] | str:
        found = []
        for name, version in made.models:
            model = await self._registry.model(name, version)
            if isinstance(model, Refused):
                return f"the model {name} {version} is not there: {model.code}"
            found.append(model)
        return found

    async def many(self, since: datetime, until: datetime) -> AsyncIterator[Replayed]:
        """Every verdict that was said from `since` (with it) to `until` (without), made again."""
        verdicts = self._verdicts
        last = _NOTHING
        while rows := await self._db.all(_ROWS, since, until, last, PAGE):
            for row in rows:
                yield await self.replay(kept_of(row))
            last = rows[-1]["id"]
        last = _NOTHING
        while rows := await self._db.all(_BLOCKS, since, until, last, PAGE // 10):
            for row in rows:
                for kept in await verdicts.with_events(unpack(row["packed"]), row["version"]):
                    yield await self.replay(kept)
            last = rows[-1]["id"]


_NOTHING = UUID(int=0)


def _scores_differ(
    names: tuple[str, ...], before: NDArray[np.float64], now: NDArray[np.float64]
) -> list[str]:
    if len(before) != len(now):
        return [f"{len(now)} scores instead of {len(before)}"]
    return [
        f"score {name} is {new!r} and was {old!r}"
        for name, old, new in zip(names, before.tolist(), now.tolist(), strict=True)
        if old != new and not (np.isnan(old) and np.isnan(new))
    ]


def _differ(kept: Kept, judged: Judged) -> list[str]:
    found: list[str] = []
    told: tuple[tuple[str, Any, Any], ...] = (
        ("the decision", kept.decision.name.lower(), judged.decision.name.lower()),
        ("the challenge", kept.challenge, judged.challenge),
        ("the probability", kept.evidence.score, judged.score),
        ("whether it was an answer", kept.evidence.answer.answered, judged.answered),
        ("what could not be judged", kept.unevaluated, judged.unevaluated),
    )
    found += [f"{what} is {new} and was {old}" for what, old, new in told if old != new]
    before, now = _by_rule(kept.hits), _by_rule(judged.hits)
    found += [f"{name} does not hit any more" for name in before if name not in now]
    found += [f"{name} hits now" for name in now if name not in before]
    found += [
        f"{name} read {dict(now[name].values)} and had read {dict(hit.values)}"
        for name, hit in before.items()
        if name in now and now[name] != hit
    ]
    return found


def _by_rule(hits: tuple[Hit, ...]) -> dict[str, Hit]:
    return {hit.rule: hit for hit in hits}
