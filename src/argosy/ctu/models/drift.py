"""Has the world moved away from the training data? The population stability index, by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from argosy.ctu.models.facts import Card, Matrix, Spread

BINS = 10
FLOOR = 1e-4
"""A share below this counts as this, so that an empty bin does not make the index infinite."""

MOVED, FAR = 0.1, 0.25
"""The usual reading: below `MOVED` stable, from `FAR` on the model is in another world."""


def spread(values: Matrix) -> Spread:
    """How `values` are spread: up to ten bins of equal share, and the share of missing ones."""
    there = values[~np.isnan(values)]
    inner = np.quantile(there, np.linspace(0, 1, BINS + 1)[1:-1]) if len(there) else np.empty(0)
    edges = np.unique(inner)
    return Spread(tuple(map(float, edges)), tuple(map(float, _shares(edges, values))))


def reference(columns: Sequence[str], matrix: Matrix, score: Matrix) -> dict[str, Spread]:
    """What a card keeps: the spread of each column and, under `score`, of the calibrated score."""
    return {
        **{name: spread(matrix[:, at]) for at, name in enumerate(columns)},
        "score": spread(score),
    }


def psi(then: Spread, values: Matrix) -> float:
    """The index between training and `values`: sum of (now - then) * ln(now / then) over the bins."""
    was = np.maximum(then.shares, FLOOR)
    now = np.maximum(_shares(np.array(then.edges), values), FLOOR)
    return float(((now - was) * np.log(now / was)).sum())


def drift(card: Card, columns: Sequence[str], matrix: Matrix, score: Matrix) -> Mapping[str, float]:
    """The index of each column that the card knows and of `score`, the farthest first."""
    found = {
        name: psi(card.reference[name], matrix[:, at])
        for at, name in enumerate(columns)
        if name in card.reference
    }
    if "score" in card.reference:
        found["score"] = psi(card.reference["score"], score)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _shares(edges: Matrix, values: Matrix) -> Matrix:
    missing = np.isnan(values)
    bins = np.searchsorted(edges, values[~missing], side="left")
    counts = np.append(np.bincount(bins, minlength=len(edges) + 1), missing.sum())
    return counts / max(1, len(values))
