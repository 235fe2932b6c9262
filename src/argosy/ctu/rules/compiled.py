"""A rule set as columns: every distinct comparison once, then all rules together in a few NumPy calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from argosy.base.ports import Hit
from argosy.ctu.events import Event
from argosy.ctu.rules.declared import Rule
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np


class Judgement(msgspec.Struct, frozen=True):
    """What the rules say of one event.

    `hits` count; `shadow` are hits of rules that only watch, or that are not rolled out to this
    account: they are counted and decide nothing. `unevaluated` are rules whose truth hangs on a value
    that is missing. `score` is 1 - product(1 - weight) over `hits`, so between 0 and 1.
    """

    hits: tuple[Hit, ...] = ()
    unevaluated: tuple[str, ...] = ()
    shadow: tuple[Hit, ...] = ()
    score: float = 0.0


class RuleSet:
    """Rules compiled for one order of fact columns.

    `rules` are judged by the vocabulary's types; `percents` says for whom a rule counts: 100 for all
    (the default), 0 for a rule in shadow, between for that share of accounts, always the same ones.
    Raises `Bug` where a rule would not have passed the linter: publishing refuses such rules.
    """

    version: str

    def __init__(
        self,
        rules: Sequence[Rule],
        vocabulary: Vocabulary,
        thresholds: Thresholds,
        percents: Mapping[str, float] | None = None,
        utc_offsets: Mapping[str, int] | None = None,
    ) -> None: ...

    def judge(
        self,
        events: Sequence[Event],
        facts: np.ndarray,
        scores: Mapping[str, np.ndarray] | None = None,
    ) -> list[Judgement]:
        """One judgement an event. `facts` is float64 (len(events), len(vocabulary.columns)), NaN is
        missing; `scores` are arrays of len(events) by model name (`owner.score` by that name)."""
        raise NotImplementedError

    def rule(self, name: str) -> Rule:
        """The rule of that name; raises KeyError where the set has none."""
        raise NotImplementedError
