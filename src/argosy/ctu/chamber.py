"""Rules and models over one fact set: those who sit in the chamber, as they are published."""

from __future__ import annotations

from collections.abc import Mapping

from argosy.base.store import Database
from argosy.ctu.decide.judge import Judge
from argosy.ctu.decide.policy import Policy
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.models import Features, Models, Registry
from argosy.ctu.rules.following import Live
from argosy.ctu.rules.vocabulary import Vocabulary, starter_attributes

NUMERIC = ("number", "bool")


def features_of(facts: FactSet, offsets: Mapping[str, int]) -> Features:
    """What models may read over `facts`, in the payment and in learning alike."""
    attributes = [name for name, type_ in starter_attributes().items() if type_ in NUMERIC]
    minutes = next(iter(offsets.values()), 0) // 60
    return Features(vector_of(facts), sorted(attributes), minutes)


class Chamber:
    """The rules and models of one process over the facts of version `facts`. `start` it first."""

    def __init__(
        self, db: Database, registry: Registry, facts: FactSet, offsets: Mapping[str, int]
    ) -> None:
        self.facts = facts.version
        self.models = Models(registry, features_of(facts, offsets))
        self.rules = Live(db, Vocabulary(vector_of(facts)), None, offsets)
        self._offsets = offsets

    async def start(self) -> None:
        """Load what holds today. Raises where the published rules do not load."""
        await self.models.start()
        await self.rules.start()

    async def look(self) -> None:
        """Take over what was published since. Raises `Unavailable`."""
        await self.models.step()
        await self.rules.look()

    def is_of(self, judge: Judge) -> bool:
        """Whether `judge` judges by what holds now."""
        return judge.rules is self.rules.rules and judge.panel is self.models.live

    def judge(self, policy: Policy) -> Judge:
        """Rules, models and policy of this moment, put together."""
        return Judge(
            self.rules.rules,
            self.models.live,
            policy,
            self.facts,
            self.rules.number,
            self._offsets,
        )
