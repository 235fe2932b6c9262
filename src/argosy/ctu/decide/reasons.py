"""Why something about a verdict cannot be told."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class DecideReason(Reason):
    """Why something about a verdict cannot be told."""

    VERDICT_NOT_FOUND = 370, Kind.UNKNOWN, "Nothing was said about that id, or it was not kept yet."
