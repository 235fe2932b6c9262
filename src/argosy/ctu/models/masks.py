"""Many forests at once, without branches: each feature's value strikes out leaves, what remains is it.

A tree of at most 64 leaves is a word with a bit a leaf, from left to right. A node that sends the row
to the right strikes out the leaves on its left; the lowest bit that stays is the leaf the row falls in
(Lucchese et al. 2015, QuickScorer). All that a feature strikes out depends on its value alone, and
only on which of the thresholds it lies between: so for every block of trees, feature and interval the
words are made beforehand, and a row is one gathering of table rows, one AND and one look at the lowest
bits. The answer is exact, and no branch is ever guessed wrongly, on which the walk of a tree spends most
of its time when each row is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.models.facts import Matrix
from argosy.ctu.models.forest import MISSING_ZERO, ZERO, Forest, Tree

LEAVES_MAX = 64
BYTES_MAX = 48_000_000
"""A forest whose table would be larger is left to LightGBM."""
_BELOW_ZERO = float(np.nextafter(-ZERO, -np.inf))
_CATEGORY_MAX = 4096

Words = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """What one feature strikes out in one block: for i of len(bounds)+1 intervals, and last for NaN,
    row `first` + i of the table. Interval i is bounds[i-1] < x <= bounds[i]."""

    feature: int
    bounds: Matrix
    first: int


@dataclass(frozen=True, slots=True)
class Block:
    """Up to `width` trees of one forest: their table (rows, width), and their leaves (width, bits)."""

    slots: tuple[Slot, ...]
    table: Words
    leaves: Matrix


def fits(forest: Forest, width: int) -> bool:
    """Whether the forest can be compiled to tables within their bounds."""
    if forest.leaves_max > LEAVES_MAX or any(
        max(kinds, default=0) > _CATEGORY_MAX for tree in forest.trees for kinds in tree.categories
    ):
        return False
    rows = sum(len(tree.leaf) + 2 * len(set(tree.feature.tolist())) for tree in forest.trees)
    rows += sum(2 * len(kinds) for tree in forest.trees for kinds in tree.categories)
    return rows * width * (8 if forest.leaves_max > 32 else 4) <= BYTES_MAX


def compile_forest(forest: Forest, width: int) -> list[Block]:
    """The blocks of a forest, `width` trees each, the last one filled up with empty trees."""
    bits = 32 if forest.leaves_max <= 32 else 64
    return [
        _block(forest.trees[at : at + width], width, bits)
        for at in range(0, max(1, len(forest.trees)), width)
    ]


def _block(trees: Sequence[Tree], width: int, bits: int) -> Block:
    word = np.uint32 if bits == 32 else np.uint64
    leaves = np.zeros((width, bits))
    by_feature: dict[int, list[tuple[int, int, int]]] = {}  # tree, node, the leaves on its left
    for number, tree in enumerate(trees):
        struck, order = _left_leaves(tree)
        leaves[number, : len(order)] = tree.leaf[order]
        for node, feature in enumerate(tree.feature.tolist()):
            by_feature.setdefault(feature, []).append((number, node, struck[node]))
    tables = [np.full((1, width), np.iinfo(word).max, word)]  # row 0 strikes out nothing
    slots, first = [], 1
    for feature in sorted(by_feature):
        bounds, table = _table(trees, by_feature[feature], width, word)
        slots.append(Slot(feature, bounds, first))
        tables.append(table)
        first += len(table)
    return Block(tuple(slots), np.concatenate(tables), leaves)


def _left_leaves(tree: Tree) -> tuple[list[int], list[int]]:
    """For each node the word of the leaves on its left; and the leaves from left to right."""
    nodes = len(tree.feature)
    left, right = tree.left.tolist(), tree.right.tolist()
    size = [0] * nodes  # children have higher numbers than their parents
    for node in range(nodes - 1, -1, -1):
        size[node] = sum(1 if c < 0 else size[c] for c in (left[node], right[node]))
    start = [0] * nodes
    order = [0] * (nodes + 1)
    struck = [0] * nodes
    for node in range(nodes):
        on_left = 1 if left[node] < 0 else size[left[node]]
        struck[node] = ((1 << on_left) - 1) << start[node]
        for child, at in ((left[node], start[node]), (right[node], start[node] + on_left)):
            if child < 0:
                order[at] = ~child
            else:
                start[child] = at
    return struck, order


def _table(
    trees: Sequence[Tree], nodes: Sequence[tuple[int, int, int]], width: int, word: Any
) -> tuple[Matrix, Words]:
    """The bounds of a feature in a block, and the rows of its intervals and of NaN."""
    bounds = _bounds(trees, nodes)
    everything = np.iinfo(word).max
    rows = np.full((len(bounds) + 2, width), everything, word)
    plain = [n for n in nodes if _plain(trees[n[0]], n[1])]
    if plain:
        at = bounds.searchsorted([trees[tree].threshold[node] for tree, node, _ in plain]) + 1
        spared = np.array([everything ^ struck for _, _, struck in plain], word)
        np.bitwise_and.at(rows, (at, np.array([tree for tree, _, _ in plain])), spared)
        np.bitwise_and.accumulate(rows[:-1], axis=0, out=rows[:-1])
    values = [*bounds.tolist(), float("inf")]  # a value of each interval: its upper end
    for tree, node, struck in nodes:
        spared_word = word(everything ^ struck)
        if not trees[tree].goes_left(node, float("nan")):
            rows[-1, tree] &= spared_word
        if not _plain(trees[tree], node):
            right = [not trees[tree].goes_left(node, value) for value in values]
            rows[:-1, tree][right] &= spared_word
    return bounds, rows


def _plain(tree: Tree, node: int) -> bool:
    """Whether the node sends smaller values left and larger ones right, without exception."""
    return (
        not tree.by_category(node)
        and tree.missing(node) != MISSING_ZERO
        and not -ZERO <= tree.threshold[node] <= ZERO
    )


def _bounds(trees: Sequence[Tree], nodes: Sequence[tuple[int, int, int]]) -> Matrix:
    """Where any of the nodes may change its mind."""
    found: set[float] = set()
    for number, node, _ in nodes:
        tree = trees[number]
        if tree.by_category(node):
            for kind in tree.categories[int(tree.threshold[node])]:
                # the fraction of a value is cut off, towards zero
                found.add(-1.0 if kind == 0 else float(np.nextafter(kind, -np.inf)))
                found.add(float(np.nextafter(kind + 1, -np.inf)))
        else:
            found.add(float(tree.threshold[node]))
            if not _plain(tree, node):
                found.update((_BELOW_ZERO, ZERO))
    return np.array(sorted(found))
