"""Rules read off shallow trees: what many small trees agree on, said as a person would say it.

Small boosted trees are grown on the confirmed cases of one scheme; every path to a leaf that speaks for
bad is a rule. A path is stripped of what it does not need, its numbers are rounded as far as its hits
stay the same, and it is kept where its precision is sure and holds in every part of time. Of those a few
are chosen that together stop most.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.ctu.learn.measures import auc, wilson_low
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.training import TrainingSet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

COLUMNS_MAX: Final = 60
ROUNDS: Final = 40
LEAVES: Final = 5
CONDITIONS_MAX: Final = 4
PATHS_MAX: Final = 600
Z: Final = 1.28
"""Precision is judged by the lower end of an interval that holds nine times in ten."""


log = logging.getLogger(__name__)


class Condition(msgspec.Struct, frozen=True, order=True):
    """One comparison: `column` `sign` (`>=` or `<=`) `value`. A missing value never fits."""

    column: str
    sign: str
    value: float

    def fits(self, values: Matrix) -> Mask:
        """Which of the column's values it holds for."""
        with np.errstate(invalid="ignore"):
            return values >= self.value if self.sign == ">=" else values <= self.value


class Mined(msgspec.Struct, frozen=True):
    """A rule that was found. `hits` and `bad` are of all that was known when it was mined, `low` is what
    its precision surely is, `parts` its precision in each third of the time that had hits."""

    conditions: tuple[Condition, ...]
    hits: int
    bad: int
    low: float
    recall: float
    parts: tuple[float, ...]

    @property
    def precision(self) -> float:
        return self.bad / self.hits if self.hits else 0.0

    def fits(self, data: TrainingSet) -> Mask:
        """Which events it hits."""
        return mask(self.conditions, data)

    @property
    def digest(self) -> str:
        text = repr([(c.column, c.sign, c.value) for c in self.conditions])
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def mask(conditions: Iterable[Condition], data: TrainingSet) -> Mask:
    """Which events of `data` all `conditions` hold for."""
    found = np.ones(len(data), dtype=np.bool_)
    for condition in conditions:
        found &= condition.fits(data.column(condition.column))
    return found


def mine(data: TrainingSet, scheme: str | None, terms: Terms, seed: int = 1) -> list[Mined]:
    """The best few rules for the confirmed cases of `scheme` (None: all of them) in `data`.

    Cases of other schemes count as neither good nor bad.
    """
    bad = (data.y == 1) & ((data.scheme == scheme) if scheme is not None else True)
    data = data.take(bad | ((data.y == 0) & (data.weight > 0)))
    bad = data.y == 1
    if bad.sum() < terms.scheme_labels_min:
        return []
    columns = _telling(data, bad)
    found: dict[tuple[Condition, ...], Mined] = {}
    for path in _paths(data, bad, columns, seed):
        conditions = _rounded(_needed(path, data, bad), data, bad)
        if conditions and conditions not in found:
            found[conditions] = measure(conditions, data, bad)
    good = [rule for rule in found.values() if _sound(rule, data, terms)]
    return _chosen(good, data, bad, terms)


def measure(conditions: tuple[Condition, ...], data: TrainingSet, bad: Mask) -> Mined:
    """How a rule does on `data`."""
    hit = mask(conditions, data)
    hits, caught = int(hit.sum()), int((hit & bad).sum())
    edges = np.quantile(data.at_ms, [1 / 3, 2 / 3]) if len(data) else np.zeros(2)
    third = np.searchsorted(edges, data.at_ms, side="left")
    parts = tuple(
        float((bad & hit & (third == n)).sum() / (hit & (third == n)).sum())
        for n in range(3)
        if (hit & (third == n)).any()
    )
    low = wilson_low(caught, hits, Z)
    return Mined(conditions, hits, caught, low, caught / max(1, int(bad.sum())), parts)


def _sound(rule: Mined, data: TrainingSet, terms: Terms) -> bool:
    return (
        rule.bad >= min(terms.scheme_labels_min, 4)
        and rule.low >= terms.rule_precision_min
        and rule.hits / max(1, len(data))
        <= max(terms.rule_alert_share_max, 2 * (data.y == 1).mean())
        and min(rule.parts, default=0.0) >= terms.rule_precision_min / 2
    )


def _telling(data: TrainingSet, bad: Mask) -> list[int]:
    """The columns that tell most by themselves."""
    worth = []
    for i in range(len(data.columns)):
        values = data.rows[:, i]
        there = ~np.isnan(values)
        if not (there & bad).any() or np.ptp(values[there]) == 0:
            continue
        value = auc(bad, np.where(there, values, -np.inf))
        worth.append((abs(value - 0.5), i))
    return [i for _, i in sorted(worth, reverse=True)[:COLUMNS_MAX]]


# --- paths of trees --------------------------------------------------------------------------------


def _paths(
    data: TrainingSet, bad: Mask, columns: Sequence[int], seed: int
) -> list[tuple[Condition, ...]]:
    """The paths to leaves that speak for bad, of small trees grown over many chances."""
    import lightgbm

    if not columns:
        return []
    rows = np.ascontiguousarray(data.rows[:, columns])
    balance = float((~bad).sum()) / max(1.0, float(bad.sum()))
    weight = data.weight * np.where(bad, min(balance, 50.0), 1.0)
    names = [data.columns[i] for i in columns]
    found: dict[tuple[Condition, ...], None] = {}
    for share, leaves in ((0.4, LEAVES), (0.8, 3), (0.15, LEAVES)):
        set_ = lightgbm.Dataset(
            rows,
            label=bad.astype(np.float64),
            weight=weight,
            params={"max_bin": 255, "min_data_in_bin": 1, "verbose": -1, "num_threads": 1},
        )
        try:
            grown = _grow(set_, share, leaves, seed)
        except lightgbm.basic.LightGBMError as wrong:  # too few rows for this way of drawing them
            log.warning("trees to read rules off could not be grown: %s", wrong)
            continue
        for tree in grown.dump_model()["tree_info"]:
            _walk(tree["tree_structure"], (), names, found)
    return list(found)[:PATHS_MAX]


def _grow(set_: Any, share: float, leaves: int, seed: int) -> Any:
    import lightgbm

    return lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": 0.3,
            "num_leaves": leaves,
            "min_data_in_leaf": 3,
            "min_sum_hessian_in_leaf": 1e-3,
            "feature_fraction": share,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": 1,
            "verbose": -1,
            "max_bin": 255,
            "min_data_in_bin": 1,
        },
        set_,
        ROUNDS,
    )


def _walk(
    node: Any,
    so_far: tuple[Condition, ...],
    names: Sequence[str],
    found: dict[tuple[Condition, ...], None],
) -> None:
    if "split_feature" not in node:
        if so_far and node["leaf_value"] > 0:
            found[_merged(so_far)] = None
        return
    name, cut = names[node["split_feature"]], float(node["threshold"])
    _walk(node["left_child"], (*so_far, Condition(name, "<=", cut)), names, found)
    above = Condition(name, ">=", float(np.nextafter(cut, np.inf)))
    _walk(node["right_child"], (*so_far, above), names, found)


def _merged(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Of comparisons of one column the same way the narrowest."""
    kept: dict[tuple[str, str], float] = {}
    for c in conditions:
        key = (c.column, c.sign)
        narrower = max if c.sign == ">=" else min
        kept[key] = narrower(kept[key], c.value) if key in kept else c.value
    return tuple(sorted(Condition(name, sign, value) for (name, sign), value in kept.items()))


# --- from paths to rules ---------------------------------------------------------------------------


def _needed(path: tuple[Condition, ...], data: TrainingSet, bad: Mask) -> tuple[Condition, ...]:
    """`path` without what it does not need: as long as its sure precision does not fall."""
    best = _low(path, data, bad)
    while len(path) > 1:
        shorter = [tuple(c for c in path if c is not gone) for gone in path]
        low, rest = max((_low(one, data, bad), one) for one in shorter)
        if low < best - 1e-9 and len(path) <= CONDITIONS_MAX:
            break
        best, path = low, rest
    return path


def _low(path: tuple[Condition, ...], data: TrainingSet, bad: Mask) -> float:
    hit = mask(path, data)
    return wilson_low(float((hit & bad).sum()), float(hit.sum()), Z)


def _rounded(path: tuple[Condition, ...], data: TrainingSet, bad: Mask) -> tuple[Condition, ...]:
    """`path` with the roundest numbers that lose no bad event and hit no more good ones.

    A cut lies anywhere between two values that occur; a person would not write 3.0000000018.
    """
    made = list(path)
    for i, condition in enumerate(path):
        others = [c for n, c in enumerate(made) if n != i]
        rest = mask(others, data)
        values = data.column(condition.column)
        now = rest & condition.fits(values)
        for digits in range(1, 8):
            value = _round(condition.value, digits, up=condition.sign == "<=")
            tried = Condition(condition.column, condition.sign, value)
            then = rest & tried.fits(values)
            if (now & bad <= then & bad).all() and (then & ~bad).sum() <= (now & ~bad).sum():
                made[i] = tried
                break
    return tuple(sorted(made))


def _round(value: float, digits: int, *, up: bool) -> float:
    """`value` with so many digits, away from what the comparison lets through being fewer."""
    if value == 0 or not np.isfinite(value):
        return value
    step = 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1)
    whole = np.ceil(value / step) if up else np.floor(value / step)
    return float(np.round(whole * step, 12))


def _chosen(rules: list[Mined], data: TrainingSet, bad: Mask, terms: Terms) -> list[Mined]:
    """A few rules that together stop most: each time the one that adds most at the best precision."""
    left = bad.copy()
    chosen: list[Mined] = []
    while rules and len(chosen) < terms.rules_a_scheme_max:
        scored = [
            (float((rule.fits(data) & left).sum()) * rule.low, -len(rule.conditions), -n)
            for n, rule in enumerate(rules)
        ]
        most, _, place = max(scored)
        if most < 1:
            break
        best = rules[-place]
        chosen.append(best)
        left &= ~best.fits(data)
        rules = [rule for rule in rules if rule is not best]
    return chosen
