"""Why something about rules is refused."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class RuleReason(Reason):
    """Refusals of rules: 330-339."""

    RULE_WRONG = 330, Kind.INPUT, "The rule has mistakes: each is named with its line and column."
    RULE_VERSION_UNKNOWN = 331, Kind.UNKNOWN, "There is no such version of this rule."
    RULE_SET_UNKNOWN = 332, Kind.UNKNOWN, "There is no rule set of this number."
    SECOND_PERSON_NEEDED = 333, Kind.FORBIDDEN, "Whoever wrote it may not publish it."
    RULE_NOT_PUBLISHED = 334, Kind.STATE, "The rule is not part of the set of today."
    PERCENT_OUTSIDE = (
        335,
        Kind.INPUT,
        "A rule is rolled out to more than 0 and less than 100 percent.",
    )
    THRESHOLDS_WRONG = (
        336,
        Kind.INPUT,
        "The thresholds cannot be read, or a rule names one they lack.",
    )
