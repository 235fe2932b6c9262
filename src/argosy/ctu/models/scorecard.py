"""The kind `scorecard`: points for the bin a fact lies in, added up. The model a reader can check by hand.

Its text is JSON: {"base": b, "bins": [{"column": c, "edges": [..], "points": [.., missing]}, ..]}, the
points in log-odds; bin i holds edges[i-1] < x <= edges[i], the last number is for a missing value.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.ctu.models import why
from argosy.ctu.models.calibration import calibrate, fit_logistic
from argosy.ctu.models.facts import REASONS_MAX, Card, Matrix, Why

KIND = "scorecard"
BINS_MAX = 10
RIDGE = 1.0


class Bins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The points of one column."""

    column: str
    edges: tuple[float, ...]
    points: tuple[float, ...]


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole card of points."""

    base: float
    bins: tuple[Bins, ...]


class Scorecard:
    """Logistic regression on binned facts, in line. Needs numpy alone."""

    kind = KIND

    def __init__(
        self, name: str, version: str, text: bytes, columns: tuple[str, ...], card: Card
    ) -> None:
        """Raises ValueError where the text is no scorecard."""
        self.name = name
        self.version = version
        self.columns = columns
        self.card = card
        self.sheet = msgspec.json.decode(text, type=Sheet)
        self.learned_columns = tuple(bins.column for bins in self.sheet.bins)
        for bins in self.sheet.bins:
            edges = np.array(bins.edges)
            if len(bins.points) != len(edges) + 2 or not (np.diff(edges) > 0).all():
                raise ValueError(f"the bins of {bins.column} do not fit their points")
        self._edges = [np.array(bins.edges) for bins in self.sheet.bins]
        self._points = [np.array(bins.points) for bins in self.sheet.bins]

    def raw(self, matrix: Matrix) -> Matrix:
        sums = self._parts(matrix).sum(axis=1) + self.sheet.base
        return np.asarray(1 / (1 + np.exp(-np.clip(sums, -700, 700))))

    def score(self, matrix: Matrix) -> Matrix:
        return calibrate(self.card.calibration, self.raw(matrix))

    def contributions(self, row: Matrix) -> Matrix:
        return np.append(self._parts(row[None, :])[0], self.sheet.base)

    def reasons(self, row: Matrix, top: int = REASONS_MAX) -> list[Why]:
        return why.reasons(self.card, self.columns, row, self.contributions(row), top)

    def _parts(self, matrix: Matrix) -> Matrix:
        parts = np.empty(matrix.shape)
        for at, (edges, points) in enumerate(zip(self._edges, self._points, strict=True)):
            parts[:, at] = points[places(edges, matrix[:, at])]
        return parts


def places(edges: Matrix, values: Matrix) -> NDArray[np.intp]:
    """The bin of each value; a missing one lies in the bin after the last."""
    found = edges.searchsorted(values)
    found[np.isnan(values)] = len(edges) + 1
    return found


def fit(columns: Sequence[str], matrix: Matrix, bad: Matrix, ridge: float = RIDGE) -> bytes:
    """The text of a scorecard learned from rows and labels (0 or 1). The points of a column are centred
    on the training data, so that they say how far a value lies from the usual."""
    edges = [_edges(matrix[:, at]) for at in range(len(columns))]
    bins = [places(e, matrix[:, at]) for at, e in enumerate(edges)]
    starts = np.cumsum([0] + [len(e) + 2 for e in edges])
    design = np.zeros((len(matrix), int(starts[-1]) + 1))
    rows = np.arange(len(matrix))
    for start, found in zip(starts, bins, strict=False):
        design[rows, start + found] = 1.0
    design[:, -1] = 1.0
    weights = fit_logistic(design, bad.astype(np.float64), ridge)
    base = float(weights[-1])
    made = []
    for at, column in enumerate(columns):
        points = weights[starts[at] : starts[at + 1]]
        usual = float(points[bins[at]].mean())
        base += usual
        made.append(Bins(column, tuple(map(float, edges[at])), tuple(map(float, points - usual))))
    return msgspec.json.encode(Sheet(base, tuple(made)))


def _edges(values: Matrix) -> Matrix:
    there = values[~np.isnan(values)]
    if not len(there):
        return np.empty(0)
    return np.unique(np.quantile(there, np.linspace(0, 1, BINS_MAX + 1)[1:-1]))
