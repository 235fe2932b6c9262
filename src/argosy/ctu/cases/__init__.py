"""Money that waits for a human: queue, evidence, decision, and the label that follows.

    cases = Cases(db, clock, ids, release, give_back)   # without the last two: a brain that stands alone
    relay = Opening(db, clock, ids, cases.terms).relay()  # opens and closes cases by the log
    case = await cases.claim_next("staff:7")
    evidence = await Desk(db).evidence(case.id)
    await cases.decide(case.id, CaseState.RETURNED, "staff:7", "the owner was called", "takeover")

A decision writes a label, and releases or returns the money that waits. What customers, banks and
merchants say comes by `Reports`.
"""

from argosy.ctu.cases.cases import Act, Cases
from argosy.ctu.cases.closing import DECIDED
from argosy.ctu.cases.evidence import Desk
from argosy.ctu.cases.facts import (
    Case,
    CasePolicy,
    CaseReason,
    CaseState,
    Cause,
    Evidence,
    Graph,
    Similar,
    Step,
)
from argosy.ctu.cases.graph import Links
from argosy.ctu.cases.opening import Opening
from argosy.ctu.cases.policy import Terms
from argosy.ctu.cases.reports import Reports

__all__ = [
    "DECIDED",
    "Act",
    "Case",
    "CasePolicy",
    "CaseReason",
    "CaseState",
    "Cases",
    "Cause",
    "Desk",
    "Evidence",
    "Graph",
    "Links",
    "Opening",
    "Reports",
    "Similar",
    "Step",
    "Terms",
]
