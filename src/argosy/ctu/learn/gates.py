"""The gates: what a candidate must show before it may judge anybody. Each gives a sentence and a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.learn.leaks import Leak
from argosy.ctu.learn.measures import precision_recall, wilson_low
from argosy.ctu.learn.mining import Mined, Z
from argosy.ctu.learn.record import Gate
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.training import TrainingSet

Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]


def budget(y: NDArray[Any], alerts: Mask, terms: Terms) -> Gate:
    """Precision on later data, where staff look at as many alerts as they can."""
    precision, recall = precision_recall(y == 1, alerts)
    return Gate(
        "precision at the alert budget",
        bool(precision >= terms.precision_min),
        f"of {int(alerts.sum())} alerts on later data {_percent(precision)} were bad; they hold "
        f"{_percent(recall)} of what was bad",
        _plain(precision),
        terms.precision_min,
    )


def not_worse(mine: float, theirs: float | None, terms: Terms) -> Gate:
    """Against the live version on the same later data, by average precision."""
    if theirs is None or not np.isfinite(theirs):
        return Gate(
            "better than what is live", True, "nothing is live under this name", _plain(mine)
        )
    return Gate(
        "better than what is live",
        bool(mine >= theirs - terms.precision_loss_max),
        f"average precision {mine:.3f} on later data, the live version {theirs:.3f}",
        mine,
        theirs - terms.precision_loss_max,
    )


def stability(score: float, columns: Mapping[str, float], terms: Terms) -> Gate:
    """Population stability of the score and of the columns that matter, earlier against later."""
    worst = max(columns.items(), key=lambda item: item[1], default=("", 0.0))
    passed = score <= terms.psi_score_max and worst[1] <= terms.psi_column_max
    says = f"PSI of the score {score:.3f}"
    if worst[0]:
        says += f", of its most moved column {worst[0]} {worst[1]:.3f}"
    return Gate("stability", passed, says, score, terms.psi_score_max)


def leakage(columns: Sequence[str], leaks: Sequence[Leak]) -> Gate:
    """Nothing that the candidate reads may know the future."""
    guilty = [leak for leak in leaks if leak.column in set(columns)]
    if not guilty:
        return Gate("no leakage", True, "nothing that it reads knows the future", 0.0, 0.0)
    told = "; ".join(f"{leak.column} ({leak.look}): {leak.says}" for leak in guilty[:5])
    return Gate("no leakage", False, told, float(len(guilty)), 0.0)


def golden_bad(was: Mask, now: Mask, terms: Terms) -> Gate:
    """Cases that staff confirmed and that were stopped must still be stopped."""
    lost = int((was & ~now).sum())
    return Gate(
        "golden cases",
        lost <= terms.golden_lost_max,
        f"of {int(was.sum())} confirmed cases that are stopped today it would let {lost} go",
        float(lost),
        float(terms.golden_lost_max),
    )


def golden_good(cleared: Mask, alerts: Mask, terms: Terms) -> Gate:
    """Events that staff looked at and cleared must not be stopped again."""
    again = int((cleared & alerts).sum())
    of = int(alerts.sum())
    bound = (1 - terms.rule_precision_min) * of
    return Gate(
        "golden cases",
        again <= bound,
        f"of its {of} hits {again} were cleared by people",
        float(again),
        bound,
    )


def mined(rule: Mined, terms: Terms) -> Gate:
    """A rule's precision on what it was mined from: surely at least so much."""
    return Gate(
        "precision",
        rule.low >= terms.rule_precision_min,
        f"{rule.bad} of {rule.hits} hits were bad, so surely {rule.low:.0%} at least",
        rule.low,
        terms.rule_precision_min,
    )


def later(y: NDArray[Any], hits: Mask, terms: Terms) -> Gate:
    """A rule on later data that it was not mined from."""
    bad = int(((y == 1) & hits).sum())
    precision = bad / int(hits.sum()) if hits.any() else float("nan")
    low = wilson_low(bad, float(hits.sum()), Z)
    return Gate(
        "later data",
        bad >= 2 and precision >= terms.rule_later_precision_min,
        f"{int(hits.sum())} hits on later data, {bad} of them bad (surely {low:.0%})",
        _plain(precision),
        terms.rule_later_precision_min,
    )


def disturbance(share: float, bound: float) -> Gate:
    """How many of those who did nothing would be disturbed."""
    says = f"it would disturb {share:.3%} of good events"
    return Gate("disturbance", share <= bound, says, share, bound)


def steady(parts: Sequence[float], terms: Terms) -> Gate:
    """A rule's precision in each part of time."""
    least = min(parts, default=0.0)
    return Gate(
        "stability",
        least >= terms.rule_precision_min / 2,
        "precision over time: " + ", ".join(f"{p:.0%}" for p in parts),
        least,
        terms.rule_precision_min / 2,
    )


def same(name: str, mine: Matrix, theirs: Matrix) -> Gate:
    """Off line and in line must come to the same, number by number."""
    apart = float(np.nanmax(np.abs(mine - theirs))) if len(mine) else 0.0
    return Gate(
        name,
        apart <= 1e-9,
        f"in line and off line differ by {apart:.1e} at most, on {len(mine)} events",
        apart,
        1e-9,
    )


def shadow_alerts(alerts: int, of: int, expected: float, terms: Terms) -> Gate:
    """In shadow it must ask for about as much as was promised."""
    surely = wilson_low(alerts, of)
    bound = max(expected * terms.shadow_alert_factor, 3 / max(of, 1))
    return Gate(
        "shadow agreement",
        surely <= bound,
        f"in shadow {alerts} alerts on {of} verdicts; {expected:.3%} were promised",
        surely,
        bound,
    )


def cleared(data: TrainingSet) -> Mask:
    """Events that somebody looked at and found good."""
    found: Mask = (data.y == 0) & ~np.isnan(data.known_ms)
    return found


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _percent(value: float) -> str:
    return f"{value:.0%}" if np.isfinite(value) else "none"
