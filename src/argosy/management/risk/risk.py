"""What the pages of cases, rules and models stand on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.ctu.cases import Cases
from argosy.ctu.decide.replay import Replaying
from argosy.ctu.decide.store import Verdicts
from argosy.ctu.learn.record import Journal
from argosy.ctu.models import Registry
from argosy.ctu.rules.publishing import rules_of
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
        replaying = Replaying(db, verdicts, registry, rules_of(db), minutes)
        self.verdicts = VerdictDesk(verdicts, replaying)
        self.cases = CaseDesk(db, clock, cases)
        self.rules = RuleDesk(db, clock, offsets)
        self.models = ModelDesk(db, clock, registry, minutes)
        self.learning = LearningDesk(db, Journal(db, clock, ids))
