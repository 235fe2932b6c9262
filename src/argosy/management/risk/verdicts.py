"""A verdict as an analyst reads it: what was decided, from which values, and what was weighed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.ctu.decide.decider import COST
from argosy.ctu.decide.explain import explained
from argosy.ctu.decide.judge import Judge
from argosy.ctu.decide.policy import OWNER
from argosy.ctu.decide.reasons import DecideReason
from argosy.ctu.decide.replay import Replayed, Replaying
from argosy.ctu.decide.store import Kept, Verdicts
from argosy.ctu.models.facts import Why

MODELS_SHOWN: Final = 5
REASONS_SHOWN: Final = 5
VERSIONS_MAX: Final = 4
"""So many versions of what judged are kept compiled at most."""


@dataclass(frozen=True)
class Hit:
    """A rule that hit: what it asks for, in whose words, and the values that it read."""

    rule: str
    action: str
    says: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """What one model said, with the columns that spoke most for bad; `version` is empty for the owner's."""

    name: str
    version: str
    score: float | None
    why: tuple[Why, ...] = ()


@dataclass(frozen=True)
class Told:
    """One verdict. `costs` are the expected costs of each way in minor units; `chosen` the cheapest;
    `missing` are facts that nobody could know; `same` whether it comes out the same when it is made again;
    `text` is all of it as `argosy risk explain` prints it."""

    id: UUID
    decision: str
    challenge: str
    outcome: str
    probability: float
    hits: tuple[Hit, ...]
    unevaluated: tuple[str, ...]
    scores: tuple[Score, ...]
    missing: tuple[str, ...]
    costs: Mapping[str, float]
    chosen: str
    currency: str
    same: bool
    text: str


class VerdictDesk:
    """Explains verdicts. What judged then is made again once and kept for the next looks."""

    def __init__(self, verdicts: Verdicts, replaying: Callable[[], Replaying]) -> None:
        self._verdicts = verdicts
        self._new = replaying
        self._replaying = replaying()
        self._versions: set[str] = set()

    async def told(self, wanted: UUID) -> Told | Refused:
        """The latest verdict on a verdict's id, an event's or an order's."""
        found = await self._verdicts.find(wanted)
        if not found:
            return Refused(DecideReason.VERDICT_NOT_FOUND)
        self._versions.add(found[-1].version)
        if len(self._versions) > VERSIONS_MAX:
            self._replaying, self._versions = self._new(), {found[-1].version}
        return _told(await self._replaying.replay(found[-1]))


def _told(replayed: Replayed) -> Told:
    kept, judge, by = replayed.kept, replayed.judge, replayed.weighing
    event = kept.evidence.event
    return Told(
        id=kept.id,
        decision=kept.decision.name.lower(),
        challenge=kept.challenge or "",
        outcome=kept.outcome,
        probability=kept.evidence.score,
        hits=tuple(
            _hit(hit.rule, hit.decision.name.lower(), hit.values, judge) for hit in kept.hits
        ),
        unevaluated=kept.unevaluated,
        scores=() if judge is None else tuple(_scores(kept, judge)),
        missing=() if judge is None else _missing(kept, judge),
        costs={} if by is None else dict(sorted(by.costs.items(), key=lambda item: item[1])),
        chosen="" if by is None else by.chosen,
        currency="" if event is None else event.currency,
        same=replayed.same,
        text=explained(replayed),
    )


def _hit(rule: str, decision: str, values: Mapping[str, Any], judge: Judge | None) -> Hit:
    if rule == COST or judge is None:
        return Hit(rule, decision, "", values)
    try:
        found = judge.rules.rule(rule)
    except KeyError:
        return Hit(rule, decision, "", values)
    return Hit(rule, found.action.value, found.reason, values)


def _scores(kept: Kept, judge: Judge) -> list[Score]:
    scores: dict[str, float] = dict(zip(judge.names, kept.evidence.scores.tolist(), strict=True))
    owner = scores.pop(OWNER)
    found = [Score(OWNER, "", _known(owner))]
    ranked = sorted(scores.items(), key=lambda item: -item[1] if item[1] == item[1] else 0)
    for name, score in ranked[:MODELS_SHOWN]:
        event = kept.evidence.event
        why = (
            ()
            if event is None
            else tuple(judge.panel.reasons(name, event, kept.evidence.facts, REASONS_SHOWN))
        )
        found.append(Score(name, judge.panel.models[name].version, _known(score), why))
    return found


def _missing(kept: Kept, judge: Judge) -> tuple[str, ...]:
    facts = kept.evidence.facts.tolist()
    return tuple(
        name for name, value in zip(judge.made.columns, facts, strict=True) if math.isnan(value)
    )


def _known(score: float) -> float | None:
    return None if math.isnan(score) else score
