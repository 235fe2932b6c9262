"""Rules, models and policy of one moment, put together: many events at once, without waiting.

A judge never changes; another moment is another judge. What it says depends on nothing but what it is
given, so that a judge made again from a verdict's version comes to the same verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.decide.decider import Asks, Decider, Judged
from argosy.ctu.decide.made import Made
from argosy.ctu.decide.policy import DEFAULT, OWNER, Policy
from argosy.ctu.events import Event
from argosy.ctu.models.panel import Panel
from argosy.ctu.rules.compiled import RuleSet

Matrix = NDArray[np.float64]
USUAL: Final = "otp"
"""What is asked for where a rule challenges and does not say how."""

_NOWHERE: Mapping[str, int] = MappingProxyType({})


class Judge:
    """Judges by `rules`, the models of `panel` and `policy`. `facts_version` is the fact set's,
    `rules_number` that of the dated rule set, `offsets` are the markets' distances from UTC in seconds
    by which the rules tell the hour."""

    def __init__(
        self,
        rules: RuleSet,
        panel: Panel,
        policy: Policy,
        facts_version: str,
        rules_number: int = 0,
        offsets: Mapping[str, int] = _NOWHERE,
    ) -> None:
        self.rules = rules
        self.panel = panel
        self.decider = Decider(policy)
        self.names = (*panel.names, OWNER)
        self._places = {name: at for at, name in enumerate(self.names)}
        self.made = Made(
            facts=facts_version,
            columns=tuple(rules.vocabulary.columns),
            attributes=panel.features.attributes,
            offsets=tuple(sorted(offsets.items())),
            scores=self.names,
            rules=rules.version,
            rules_number=rules_number,
            models=tuple((name, panel.models[name].version) for name in panel.names),
            policy_version=policy.version,
            policy=policy.text,
        )
        self.version = self.made.version
        self._asks: Asks = {r.name: (r.action, r.challenge or USUAL) for r in rules.rules}
        weights = [policy.models.get(name, policy.models[DEFAULT]) for name in self.names]
        self._weights = np.array(weights)

    def judge(
        self, events: Sequence[Event], facts: Matrix, owner: Matrix, new_id: Callable[[], UUID]
    ) -> list[Judged]:
        """A verdict for each event. `facts` is (len(events), len(columns)), `owner` the owner scores."""
        return self.decide(events, facts, self.score(events, facts, owner), new_id)

    def score(self, events: Sequence[Event], facts: Matrix, owner: Matrix) -> Matrix:
        """All scores, (len(events), len(names)); the owner score is the last."""
        scores = np.empty((len(events), len(self.names)))
        if self.panel.names:
            scores[:, :-1] = self.panel.scores(self.panel.features.matrix(events, facts))
        scores[:, -1] = owner
        return scores

    def decide(
        self,
        events: Sequence[Event],
        facts: Matrix,
        scores: Matrix,
        new_id: Callable[[], UUID],
    ) -> list[Judged]:
        """As `judge`, where the scores are there already."""
        judgements = self.rules.judge(events, facts, self.told(scores))
        strongest = self.strongest(scores)
        decide, asks, version = self.decider.decide, self._asks, self.version
        return [
            decide(
                new_id(),
                event,
                judgements[n],
                strongest[n],
                asks,
                version,
                facts[n],
                scores[n],
            )
            for n, event in enumerate(events)
        ]

    def told(self, scores: Matrix) -> Mapping[str, Any]:
        """`scores` as rules read them."""
        return _Told(self._places, scores)

    def strongest(self, scores: Matrix) -> list[tuple[float, str]]:
        """Of each row the largest probability, as the policy counts them, and whose it is."""
        counted = scores * self._weights
        places = counted.argmax(
            axis=1
        ).tolist()  # a score that is missing would be taken for largest
        found = [(float(counted[n, at]), self.names[at]) for n, at in enumerate(places)]
        if any(math.isnan(score) for score, _ in found):
            return self.strongest(np.nan_to_num(scores))
        return found


class _Told(Mapping[str, Any]):
    """Scores by name, of which few are ever looked at."""

    def __init__(self, places: Mapping[str, int], scores: Matrix) -> None:
        self._places = places
        self._scores = scores

    def __getitem__(self, name: str) -> Any:
        return self._scores[:, self._places[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
