"""What the loop asks for before it believes anything, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

BY: Final = "learning"
"""Who the loop is in every record of what was published."""

SOURCES: Final[Mapping[str, float]] = MappingProxyType(
    {"case": 1.0, "chargeback": 1.0, "sender": 0.9, "merchant": 0.7, "customer": 0.7}
)
"""How much a label counts by who gave it; any other source is `SOURCE_OTHER`."""
SOURCE_OTHER: Final = 0.6


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are of events, times in seconds. Every bound that a gate uses is here.

    `alert_share` is the alert budget: so many events the staff can look at. `judged_min` is how many
    verdicts a candidate must have been compared on in shadow before it goes live.
    """

    labels_min: int = 20  # confirmed bad events to train a model on
    scheme_labels_min: int = 4  # confirmed bad events of one scheme to mine rules from
    new_labels_min: int = 5  # so many new confirmed cases start a run by themselves
    rows_max: int = 200_000
    history_days: int = 120
    later_share: float = 0.3  # of the events, the latest, kept for validation
    alert_share: float = 0.005
    precision_min: float = 0.3  # at the alert budget, on later data
    precision_loss_max: float = 0.02  # against what is live
    rule_precision_min: float = 0.5  # surely at least, on all that is known
    rule_later_precision_min: float = 0.3
    rule_alert_share_max: float = 0.01
    model_disturbance_max: float = 0.03  # of good events, by what the policy makes of the score
    rules_a_scheme_max: int = 2
    gang_bad_share_min: float = 0.3
    gang_bad_min: int = 3
    gang_members_max: int = 100
    psi_score_max: float = 0.25
    psi_column_max: float = 0.5
    leak_auc: float = 0.995  # one column alone that tells bad from good so well is no fact
    leak_rows_min: int = 10
    leak_shift_max: float = 0.25
    served_difference_max: float = 0.01  # share of rows in which a column is not what was served
    golden_max: int = 500
    golden_lost_max: int = 0
    shadow_verdicts_min: int = 200
    shadow_verdicts_max: int = 5_000
    shadow_alert_factor: float = 4.0
    watch_seconds: int = 7 * 86_400
    watch_verdicts_min: int = 50
    watch_alert_factor: float = 3.0
    watch_labels_min: int = 5
