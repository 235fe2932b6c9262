"""Why something at the risk desks is refused."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class RiskReason(Reason):
    """Refusals of the risk desks: 840-849."""

    TRIAL_RUNNING = 840, Kind.BUSY, "Another rule is being tried on the past: wait for it."
    TRIAL_TOO_LONG = 841, Kind.BUSY, "The past was too much to try this in time: take fewer days."
    TRIAL_FAILED = 842, Kind.STATE, "The rule could not be tried on the past."
    STEP_UNREADABLE = 843, Kind.INPUT, "What was agreed upon cannot be read."
