"""Why the learning loop said no."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class LearnReason(Reason):
    """Refusals 360-369."""

    LEARNING_UNDER_WAY = 360, Kind.BUSY, "Another learning run is under way."
    LEARNING_RUN_UNKNOWN = 362, Kind.UNKNOWN, "There is no such learning run."
    CANDIDATE_UNKNOWN = 363, Kind.UNKNOWN, "There is no such candidate."
    NO_REPORT = 364, Kind.UNKNOWN, "This candidate has no report."
    NOT_PUBLISHED = 365, Kind.STATE, "This candidate is not live, so it cannot be taken back."
