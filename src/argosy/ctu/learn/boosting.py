"""Boosted trees by LightGBM: several runs over other chances, averaged into one model text.

The average of boosted forests is again one: its log-odds are the sum over all trees with each leaf
divided by the number of forests. So a bag scores in line like any single model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.base.refusals import must

if TYPE_CHECKING:
    import lightgbm

Matrix = NDArray[np.float64]

_SCALED = ("leaf_value", "internal_value", "shrinkage")
_BINS_MAX: Final = 4095
"""Cheats lie in the tails; few bins of equal filling would cut them where the crowd is."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a forest is grown. `bag` forests of `trees` trees each, the leaves divided by `bag`."""

    trees: int = 120
    leaves: int = 8
    rate: float = 0.05
    rows_a_leaf: int = 3
    hessian_a_leaf: float = 0.1
    ridge: float = 3.0
    rows_share: float = 0.6
    columns_share: float = 0.5
    bag: int = 2
    seed: int = 1

    def says(self) -> str:
        """The settings in a few words."""
        return (
            f"{self.bag} x {self.trees} trees of {self.leaves} leaves, rate {self.rate:g}, "
            f"at least {self.rows_a_leaf} rows a leaf, ridge {self.ridge:g}, "
            f"{self.rows_share:.0%} of rows and {self.columns_share:.0%} of columns a tree"
        )


class Forest:
    """A fitted bag: `text` is LightGBM's own format with the columns' names in it."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        import lightgbm

        self.text = text
        self.columns = tuple(columns)
        self._booster = lightgbm.Booster(model_str=text)

    def score(self, rows: Matrix) -> Matrix:
        """The uncalibrated probability of bad of each row of `rows` (n, len(columns)), in 0..1."""
        return np.asarray(self._booster.predict(rows, num_threads=1), dtype=np.float64)

    def gains(self) -> dict[str, float]:
        """What each column brought, as shares of 1, the largest first; columns never used are left out."""
        gain = np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)
        whole = gain.sum() or 1.0
        order = np.argsort(-gain, kind="stable")
        return {self.columns[i]: float(gain[i] / whole) for i in order if gain[i] > 0}

    @property
    def trees(self) -> int:
        return int(self._booster.num_trees())


def fit(
    rows: Matrix,
    y: NDArray[Any],
    columns: Sequence[str],
    settings: Settings,
    weight: Matrix | None = None,
) -> Forest:
    """Grow a bag on `rows` (n, len(columns)) with `y` in 0 and 1. The same input is the same forest."""
    import lightgbm

    must(rows.shape == (len(y), len(columns)), "rows and columns differ", shape=rows.shape)
    data = lightgbm.Dataset(
        np.ascontiguousarray(rows),
        label=np.asarray(y, dtype=np.float64),
        weight=weight,
        feature_name=list(columns),
        params={"max_bin": _BINS_MAX, "min_data_in_bin": 1, "verbose": -1, "num_threads": 1},
        free_raw_data=True,
    )
    texts = [_grow(data, settings, settings.seed + n) for n in range(settings.bag)]
    return Forest(average(texts), columns)


def _grow(data: lightgbm.Dataset, settings: Settings, seed: int) -> str:
    import lightgbm

    parameters: Mapping[str, Any] = {
        "objective": "binary",
        "learning_rate": settings.rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.rows_a_leaf,
        "min_sum_hessian_in_leaf": settings.hessian_a_leaf,
        "lambda_l2": settings.ridge,
        "bagging_fraction": settings.rows_share,
        "bagging_freq": 1,
        "feature_fraction": settings.columns_share,
        "max_bin": _BINS_MAX,
        "min_data_in_bin": 1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    return str(lightgbm.train(dict(parameters), data, settings.trees).model_to_string())


# --- many forests in one text ---------------------------------------------------------------------


def average(texts: Sequence[str]) -> str:
    """One model text whose log-odds are the mean of those of `texts`, all of the same columns."""
    must(len(texts) > 0, "nothing to average")
    if len(texts) == 1:
        return texts[0]
    head, _, _ = texts[0].partition("tree_sizes=")
    tail = texts[0][texts[0].index("end of trees") :]
    trees: list[str] = []
    for text in texts:
        for tree in _trees(text):
            trees.append(_scaled(tree, len(trees), 1 / len(texts)))
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    return f"{head}tree_sizes={sizes}\n\n{''.join(trees)}{tail}"


def _trees(text: str) -> list[str]:
    body = text[text.index("\nTree=") + 1 : text.index("end of trees")]
    return [f"Tree={part}" for part in re.split(r"(?m)^Tree=", body)[1:]]


def _scaled(tree: str, number: int, factor: float) -> str:
    lines = tree.rstrip("\n").split("\n")
    made = [f"Tree={number}"]
    for line in lines[1:]:
        key, sign, value = line.partition("=")
        if sign and key in _SCALED:
            value = " ".join(_number(float(v) * factor) for v in value.split())
        made.append(f"{key}{sign}{value}")
    return "\n".join(made) + "\n\n\n"


def _number(value: float) -> str:
    must(math.isfinite(value), "a leaf without a number")
    return f"{value:.17g}"
