"""From a raw score to a probability: fitted on data the model has not seen, kept as a small table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from argosy.base.refusals import must
from argosy.ctu.models.facts import Calibration, Matrix

KNOTS_MAX = 64
BINS = 10
_STEP_MIN = 1e-6
_NEWTON_ROUNDS_MAX = 100


def calibrate(table: Calibration, raw: Matrix) -> Matrix:
    """The probabilities of raw scores."""
    return np.interp(raw, table.raw, table.probability) if table.raw else raw


def isotonic(raw: Matrix, bad: Matrix) -> Calibration:
    """The best rising steps through (raw, bad), joined at the steps' middles. `bad` is 0 or 1.

    Pool-adjacent-violators over at most four bins a knot, so that the table stays small.
    """
    must(len(raw) == len(bad) and len(raw) > 0, "calibration needs rows")
    order = np.argsort(raw, kind="stable")
    sizes: list[float] = []
    xs: list[float] = []
    ys: list[float] = []
    for x, y in zip(
        np.array_split(raw[order], min(len(raw), 4 * KNOTS_MAX)),
        np.array_split(bad[order], min(len(raw), 4 * KNOTS_MAX)),
        strict=True,
    ):
        sizes.append(float(len(x)))
        xs.append(float(x.mean()))
        ys.append(float(y.mean()))
        while len(ys) > 1 and (ys[-2] >= ys[-1] or xs[-1] - xs[-2] < _STEP_MIN):
            size = sizes[-2] + sizes[-1]
            xs[-2] = (xs[-2] * sizes[-2] + xs[-1] * sizes[-1]) / size
            ys[-2] = (ys[-2] * sizes[-2] + ys[-1] * sizes[-1]) / size
            sizes[-2] = size
            del xs[-1], ys[-1], sizes[-1]
    keep = np.unique(np.linspace(0, len(xs) - 1, min(len(xs), KNOTS_MAX)).round().astype(int))
    return Calibration("isotonic", tuple(xs[i] for i in keep), tuple(ys[i] for i in keep))


def platt(raw: Matrix, bad: Matrix) -> Calibration:
    """A logistic curve over the log-odds of `raw`, with Platt's targets, kept as a table."""
    must(len(raw) == len(bad) and len(raw) > 0, "calibration needs rows")
    margin = _logit(raw)
    positives = float(bad.sum())
    target = np.where(bad > 0, (positives + 1) / (positives + 2), 1 / (len(bad) - positives + 2))
    design = np.stack([margin, np.ones_like(margin)], axis=1)
    weights = fit_logistic(design, target, 1e-9)
    knots = np.unique(np.concatenate([_sigmoid(np.linspace(-12, 12, KNOTS_MAX - 2)), [0.0, 1.0]]))
    curve = _sigmoid(weights[0] * _logit(knots) + weights[1])
    if weights[0] <= 0:  # the score says nothing: everybody is as bad as all are
        curve = np.full_like(knots, bad.mean())
    return Calibration("platt", tuple(map(float, knots)), tuple(map(float, curve)))


def fit_logistic(design: Matrix, target: Matrix, ridge: float) -> Matrix:
    """Weights that bring sigmoid(design @ weights) nearest to `target` (0..1), by Newton's method."""
    weights = np.zeros(design.shape[1])
    penalty = np.full(design.shape[1], ridge)
    for _ in range(_NEWTON_ROUNDS_MAX):
        p = _sigmoid(design @ weights)
        slope = design.T @ (p - target) + penalty * weights
        curve = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty + 1e-12)
        step = np.linalg.solve(curve, slope)
        weights = weights - np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            break
    return weights


def reliability(probability: Matrix, bad: Matrix) -> Mapping[str, float]:
    """How far probabilities can be believed: `ece` (mean distance between said and seen over ten bins
    of equal size) and `brier` (mean squared error), with `brier_base`, that of always saying the mean."""
    order = np.argsort(probability, kind="stable")
    bins = zip(
        np.array_split(probability[order], BINS), np.array_split(bad[order], BINS), strict=True
    )
    gap = sum(abs(float(p.sum()) - float(y.sum())) for p, y in bins)
    return {
        "ece": gap / max(1, len(bad)),
        "brier": float(np.mean((probability - bad) ** 2)),
        "brier_base": float(np.mean((bad.mean() - bad) ** 2)),
    }


def _logit(p: Matrix) -> Matrix:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return np.log(p / (1 - p))


def _sigmoid(x: Matrix) -> Matrix:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))
