"""What the pages of cases, rules and models stand on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.cases import Cases
from argosy.ctu.decide.replay import Replaying, RulesOf
from argosy.ctu.decide.store import Verdicts
from argosy.ctu.learn.record import Journal
from argosy.ctu.models import Registry
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.versions import Sets
from argosy.ctu.rules.vocabulary import Vocabulary
from argosy.management.risk.cases import CaseDesk
from argosy.management.risk.learning import LearningDesk
from argosy.management.risk.models import ModelDesk
from argosy.management.risk.rules import RuleDesk
from argosy.management.risk.verdicts import VerdictDesk

_NOWHERE: Mapping[str, int] = MappingProxyType({})


class Risk:
    """The desks, by name. `cases` are the wallet's own, which move money through the gate; `offsets` are the
    markets' distances from UTC in seconds."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        cases: Cases,
        offsets: Mapping[str, int] = _NOWHERE,
    ) -> None:
        registry = Registry(db, clock)
        verdicts = Verdicts(db, ids)
        minutes = next(iter(offsets.values()), 0) // 60

        def replaying() -> Replaying:
            return Replaying(db, verdicts, registry, _rules_of(db), minutes)

        self.verdicts = VerdictDesk(verdicts, replaying)
        self.cases = CaseDesk(db, clock, cases)
        self.rules = RuleDesk(db, clock, offsets)
        self.models = ModelDesk(db, clock, registry, minutes)
        self.learning = LearningDesk(db, Journal(db, clock, ids))


def _rules_of(db: Database) -> RulesOf:
    """The compiled rules of any dated set, compiled in a thread: payments do not wait for an explanation."""
    sets = Sets(db)

    async def made(
        number: int, vocabulary: Vocabulary, offsets: Mapping[str, int]
    ) -> RuleSet | Refused:
        version = await sets.set_of(number)
        if isinstance(version, Refused):
            return version
        found = await sets.load(version)
        return await asyncio.to_thread(
            RuleSet, found.rules, vocabulary, found.thresholds, found.percents, offsets
        )

    return made
