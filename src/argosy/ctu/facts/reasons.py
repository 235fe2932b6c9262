"""Why a declaration of facts is refused."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class FactReason(Reason):
    """Refusals of fact sets: 320-329."""

    FACTS_WRONG = 320, Kind.INPUT, "Declarations of facts are wrong: each mistake is named."
    FACT_SET_UNKNOWN = 321, Kind.UNKNOWN, "There is no fact set of this version."
    FACT_SET_BUSY = 322, Kind.BUSY, "Another fact set is being filled from history."
