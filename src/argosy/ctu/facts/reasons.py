"""Why a declaration of facts is refused."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class FactReason(Reason):
    """Refusals of fact sets: 320-329."""

    FACTS_WRONG = 320, Kind.INPUT, "Declarations of facts are wrong: each mistake is named."
