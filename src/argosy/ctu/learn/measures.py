"""How good a score is and how steady: plain NumPy, no library that the server would not load.

`y` is 0 or 1 an event, `score` any number that rises with suspicion; equal scores share their places,
so that nothing hangs on the order of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Array = NDArray[Any]


def auc(y: Array, score: Array, weight: Array | None = None) -> float:
    """Area under the ROC curve, ties counted half. NaN unless both classes are there."""
    y = np.asarray(y, dtype=bool)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    _, place = np.unique(np.asarray(score), return_inverse=True)
    bad = np.bincount(place, w * y)
    good = np.bincount(place, w * ~y)
    if bad.sum() == 0 or good.sum() == 0:
        return float("nan")
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))


def average_precision(y: Array, score: Array) -> float:
    """Sum over thresholds of (gain in recall) x precision, no interpolation. NaN without a bad one."""
    y = np.asarray(y, dtype=bool)
    if not y.any():
        return float("nan")
    tp, alerts = _steps(y, score)
    recall = tp / tp[-1]
    return float((np.diff(recall, prepend=0.0) * tp / alerts).sum())


def curve(y: Array, score: Array) -> tuple[Numbers, Numbers]:
    """Recall and precision at every threshold, the highest score first."""
    tp, alerts = _steps(np.asarray(y, dtype=bool), score)
    return tp / max(tp[-1], 1.0), tp / alerts


def _steps(y: Array, score: Array) -> tuple[Numbers, Numbers]:
    """True alerts and all alerts at each distinct threshold, the highest first."""
    _, place = np.unique(-np.asarray(score, dtype=np.float64), return_inverse=True)
    return np.cumsum(np.bincount(place, y)), np.cumsum(np.bincount(place)).astype(np.float64)


def budget_threshold(score: Array, share: float) -> float:
    """The lowest threshold at which no more than `share` of the events reach it."""
    score = np.sort(np.asarray(score, dtype=np.float64))[::-1]
    allowed = int(len(score) * share)
    if allowed <= 0:
        return float(np.nextafter(score[0], np.inf)) if len(score) else float("inf")
    if allowed >= len(score):
        return float(score[-1])
    at = float(score[allowed - 1])
    return at if score[allowed] < at else float(np.nextafter(at, np.inf))


def precision_recall(y: Array, alerts: Array) -> tuple[float, float]:
    """Share of bad among `alerts` (a mask), and share of the bad that they hold; NaN of nothing."""
    y = np.asarray(y, dtype=bool)
    hit = float((y & alerts).sum())
    return (
        hit / float(alerts.sum()) if alerts.any() else float("nan"),
        hit / float(y.sum()) if y.any() else float("nan"),
    )


def entity_precision(
    y: Array, score: Array, entity: Array, day: Array, k: int = 100
) -> list[float]:
    """Of the `k` entities with the highest score of any of their events, the share that is bad: one
    number a day. An entity that was found on one day does not count on the days after it."""
    found: set[Any] = set()
    shares = []
    for one in np.unique(day):
        rows = day == one
        names, place = np.unique(entity[rows], return_inverse=True)
        worst = np.full(len(names), -np.inf)
        np.maximum.at(worst, place, score[rows])
        bad = np.bincount(place, y[rows]) > 0
        worst[np.isin(names, list(found))] = -np.inf
        top = np.argsort(-worst, kind="stable")[:k]
        caught = [names[i] for i in top if bad[i] and worst[i] > -np.inf]
        found.update(caught)
        shares.append(len(caught) / k)
    return shares


def wilson_low(hits: float, tries: float, z: float = 1.96) -> float:
    """The lower end of Wilson's interval for a share: what it surely is at least. 0 of nothing."""
    if tries <= 0:
        return 0.0
    p = hits / tries
    middle = p + z * z / (2 * tries)
    spread = z * float(np.sqrt(p * (1 - p) / tries + z * z / (4 * tries * tries)))
    return max(0.0, float((middle - spread) / (1 + z * z / tries)))


def wilson_high(hits: float, tries: float, z: float = 1.96) -> float:
    """The upper end of Wilson's interval for a share: what it surely is at most. 1 of nothing."""
    return 1.0 - wilson_low(tries - hits, tries, z)
