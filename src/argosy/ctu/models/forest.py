"""A boosted forest as numbers, read from the text that LightGBM writes (format v3 and v4)."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.models.facts import Matrix

KINDS = ("binary", "cross_entropy", "regression")
"""Objectives whose forests give one number a row. `regression` gives the number itself, the others the
log-odds of it."""

ZERO = float(np.float32(1e-35))
"""What LightGBM takes for zero lies within this of it, both ends included."""

MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
_CATEGORICAL, _LEFT = 1, 2


class ForestError(ValueError):
    """The text is not a forest that can be scored here; the message says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree. Node i sends x <= threshold[i] to left[i] and the rest to right[i]; a negative child c
    is the leaf ~c. For a node by category `threshold` is the number of its set in `categories`."""

    feature: NDArray[np.intp]
    threshold: Matrix
    decision: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    leaf: Matrix
    categories: tuple[frozenset[int], ...] = ()

    def by_category(self, node: int) -> bool:
        """Whether the node asks for membership in a set and not for order."""
        return bool(self.decision[node] & _CATEGORICAL)

    def missing(self, node: int) -> int:
        """What the node takes for missing: MISSING_NONE, MISSING_ZERO or MISSING_NAN."""
        return int(self.decision[node] >> 2 & 3)

    def goes_left(self, node: int, value: float) -> bool:
        """Where LightGBM sends `value` at `node`."""
        if -ZERO <= value <= ZERO:
            value = 0.0
        if self.by_category(node):
            if not -1.0 < value < 2.0**31:  # NaN too
                return False
            return int(value) in self.categories[int(self.threshold[node])]
        missing = self.missing(node)
        if isnan(value) and missing != MISSING_NAN:
            value = 0.0
        if (missing == MISSING_ZERO and value == 0.0) or (missing == MISSING_NAN and isnan(value)):
            return bool(self.decision[node] & _LEFT)
        return bool(value <= self.threshold[node])


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees that are added up. `sigmoid` is the steepness from the sum to a probability, or None where
    the sum (clipped to 0..1) is the score itself; `average` divides by the number of trees."""

    columns: tuple[str, ...]
    trees: tuple[Tree, ...]
    sigmoid: float | None
    average: bool

    @property
    def leaves_max(self) -> int:
        """Leaves of the largest tree."""
        return max((len(tree.leaf) for tree in self.trees), default=1)

    def sum(self, matrix: Matrix) -> Matrix:
        """The sum of the leaves for each row, walking tree by tree: slow, plain, for checking."""
        return np.array([sum(float(t.leaf[_walk(t, row)]) for t in self.trees) for row in matrix])

    def probability(self, sums: Matrix) -> Matrix:
        """From sums to scores in 0..1."""
        if self.average and self.trees:
            sums = sums / len(self.trees)
        if self.sigmoid is None:
            return np.clip(sums, 0.0, 1.0)
        with np.errstate(over="ignore"):
            return 1.0 / (1.0 + np.exp(-self.sigmoid * sums))


def read(text: bytes) -> Forest:
    """The forest of a model file. Raises `ForestError`."""
    try:
        head, _, rest = text.decode().partition("\nTree=0\n")
        facts = _pairs(head)
        body, end, _ = rest.partition("\nend of trees")
        if facts["version"] not in ("v3", "v4") or not (end or not rest):
            raise ForestError("it is not LightGBM's text of version 3 or 4")
        if (facts["num_class"], facts["num_tree_per_iteration"]) != ("1", "1"):
            raise ForestError("it gives several numbers a row")
        trees = tuple(_tree(_pairs(part)) for part in _split(body)) if rest else ()
        columns = tuple(facts["feature_names"].split(" "))
        if len(columns) != int(facts["max_feature_idx"]) + 1:
            raise ForestError("its columns are not counted right")
        return Forest(columns, trees, _sigmoid(facts["objective"]), "average_output" in facts)
    except ForestError:
        raise
    except (KeyError, ValueError, IndexError) as error:
        raise ForestError(f"it cannot be read: {error}") from error


def _split(body: str) -> list[str]:
    parts = body.split("\nTree=")
    return [parts[0], *(part.partition("\n")[2] for part in parts[1:])]


def _pairs(lines: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in lines.split("\n"))}


def _sigmoid(objective: str) -> float | None:
    name, *rest = objective.split(" ")
    if name not in KINDS:
        raise ForestError(f"its objective {name} gives no probability")
    given = {key: value for key, _, value in (word.partition(":") for word in rest)}
    if name == "regression":
        if "sqrt" in given:
            raise ForestError("its objective regression sqrt gives no probability")
        return None
    return float(given.get("sigmoid", "1"))


def _tree(facts: dict[str, str]) -> Tree:
    if facts.get("is_linear", "0") != "0":
        raise ForestError("its leaves hold linear models")
    if facts["num_leaves"] == "1":
        none = np.empty(0, np.intp)
        return Tree(none, np.empty(0), none, none, none, _floats(facts["leaf_value"]))
    leaf = _floats(facts["leaf_value"])
    made = Tree(
        _whole(facts["split_feature"]),
        _floats(facts["threshold"]),
        _whole(facts["decision_type"]),
        _whole(facts["left_child"]),
        _whole(facts["right_child"]),
        leaf,
        _categories(facts) if facts["num_cat"] != "0" else (),
    )
    nodes = len(leaf) - 1
    children = np.concatenate([made.left, made.right])
    inner = np.sort(children[children >= 0])
    leaves = np.sort(~children[children < 0])
    if not (
        all(len(a) == nodes for a in (made.feature, made.threshold, made.decision, made.left))
        and len(leaf) == int(facts["num_leaves"])
        and np.array_equal(inner, np.arange(1, nodes))
        and np.array_equal(leaves, np.arange(nodes + 1))
        and all(((c < 0) | (c > np.arange(nodes))).all() for c in (made.left, made.right))
    ):
        raise ForestError("a tree of it does not hang together")
    return made


def _categories(facts: dict[str, str]) -> tuple[frozenset[int], ...]:
    bounds = _whole(facts["cat_boundaries"])
    words = [int(word) for word in facts["cat_threshold"].split(" ")]
    return tuple(
        frozenset(
            at * 32 + bit
            for at, word in enumerate(words[bounds[i] : bounds[i + 1]])
            for bit in range(32)
            if word >> bit & 1
        )
        for i in range(len(bounds) - 1)
    )


def _whole(text: str) -> NDArray[np.intp]:
    return np.array(text.split(" "), dtype=np.int64).astype(np.intp)


def _floats(text: str) -> Matrix:
    return np.array(text.split(" "), dtype=np.float64)


def _walk(tree: Tree, row: Matrix) -> int:
    at = 0 if len(tree.feature) else -1
    while at >= 0:
        value = float(row[tree.feature[at]])
        at = int(tree.left[at] if tree.goes_left(at, value) else tree.right[at])
    return ~at
