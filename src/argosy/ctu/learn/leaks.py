"""A column that knows the future is found and refused before anything learns from it.

Four looks, because each way to cheat shows elsewhere:

- **as of**: history is cut off at a moment and the facts are computed once more; a column that changes
  for events before the moment has read what came after it.
- **as served**: the same column as the brain read it in line. What was not so in the payment is no fact.
- **too good**: a column that alone tells bad from good almost without a mistake is a label in disguise.
- **in time**: a column that was filled in when the label was knows bad events only as long as their
  labels do; among events too young for labels its bad zone is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.ctu.learn.measures import auc
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.models.features import OWN

Matrix = NDArray[np.float64]

RELATIVE: Final = 1e-6
EXPECTED_MIN: Final = 8.0
GONE_SHARE: Final = 0.2
FRESH_SHARE: Final = 0.3
ZONE_PRECISION_MIN: Final = 0.5
ZONE_RECALL_MIN: Final = 0.5
ZONE_SHARE_MAX: Final = 0.2


class Leak(msgspec.Struct, frozen=True):
    """A column that knows the future: which look found it, and what was seen."""

    column: str
    look: str
    says: str
    measured: float


def find(
    data: TrainingSet,
    terms: Terms,
    *,
    as_of: tuple[Matrix, Matrix, NDArray[Any]] | None = None,
    served: tuple[Matrix, Matrix] | None = None,
    declared: Sequence[str] = (),
) -> list[Leak]:
    """Every leak in `data`. `as_of` and `served` are pairs of matrices (rows, len(data.columns)) of the
    same events: as the training set has them, and as they were known at the time; `as_of` also marks
    the events that were found bad in between, for there a leak shows first.

    `declared` are the columns that are declared facts. Where they came out the same `as_of`, they
    cannot know the future, and being very good is no crime of theirs; what senders tell is looked at
    more closely, unless it was `served` just so.
    """
    found: list[Leak] = []
    cleared: set[str] = set()
    if as_of is not None and len(as_of[0]):
        ours, theirs, since_bad = as_of
        says = "changes when what came later is taken away"
        found += differing(data.columns, ours, theirs, "as of", says, terms.served_difference_max)
        if since_bad.any():
            says += ", for events found bad in between"
            few = differing(
                data.columns, ours[since_bad], theirs[since_bad], "as of", says, FRESH_SHARE
            )
            found += [leak for leak in few if leak.column not in {one.column for one in found}]
        cleared |= set(declared)
    if served is not None and len(served[0]):
        says = "is not what the brain read in line"
        found += differing(data.columns, *served, "as served", says, terms.served_difference_max)
        if len(served[0]) >= terms.shadow_verdicts_min:
            cleared |= set(data.columns)
    cleared -= {leak.column for leak in found}
    suspects = [*too_good(data, terms), *in_time(data, terms)]
    return found + [leak for leak in suspects if leak.column not in cleared]


def differing(
    columns: Sequence[str], ours: Matrix, theirs: Matrix, look: str, says: str, allowed: float
) -> list[Leak]:
    """Columns in which two matrices of the same events differ in a larger share of rows than allowed."""
    if not len(ours):
        return []
    with np.errstate(invalid="ignore"):
        near = np.abs(ours - theirs) <= RELATIVE * np.maximum(1.0, np.abs(theirs))
    share = 1.0 - (near | (np.isnan(ours) & np.isnan(theirs))).mean(axis=0)
    return [
        Leak(columns[i], look, f"{says}, in {share[i]:.1%} of {len(ours)} events", float(share[i]))
        for i in np.flatnonzero(share > allowed).tolist()
    ]


def too_good(data: TrainingSet, terms: Terms) -> list[Leak]:
    """Columns that alone tell the confirmed bad from the good almost without a mistake.

    A value that is missing counts as one more value, on whichever side is worse for innocence.
    """
    sure = data.sure()
    if sure.bad < terms.leak_rows_min:
        return []
    found = []
    for i, name in enumerate(sure.columns):
        if name in OWN:
            continue  # told by the event itself, before anybody judged
        value = alone(sure.y, sure.rows[:, i])
        if value >= terms.leak_auc:
            found.append(
                Leak(name, "too good", f"alone it tells bad from good with AUC {value:.4f}", value)
            )
    return found


def alone(y: NDArray[Any], values: Matrix) -> float:
    """How well one column tells bad from good by itself, whichever way it points: 0.5 to 1."""
    best = 0.5
    for missing in (-np.inf, np.inf):
        value = auc(y == 1, np.where(np.isnan(values), missing, values))
        if np.isfinite(value):
            best = max(best, value, 1 - value)
    return best


def in_time(data: TrainingSet, terms: Terms) -> list[Leak]:
    """Columns whose bad zone is empty among events too young to have labels.

    The bad zone is where one cut of the column finds mostly bad events. Thieves do not stop on the day
    before yesterday; who fills in columns afterwards does.
    """
    age = data.until_ms - data.at_ms
    young = age < data.delay_ms / 2
    old = ~young
    if data.delay_ms <= 0 or not young.any() or data.take(old).bad < terms.leak_rows_min:
        return []
    found = []
    for i, name in enumerate(data.columns):
        if name in OWN:
            continue
        values = data.rows[:, i]
        zone = bad_zone(data.y[old] == 1, values[old])
        if zone is None:
            continue
        expected = float(zone(values[old]).mean() * young.sum())
        seen = float(zone(values[young]).sum())
        if expected >= EXPECTED_MIN and seen <= GONE_SHARE * expected:
            says = (
                f"of the events too young for labels {seen:.0f} lie where it tells bad ones, "
                f"and {expected:.0f} would, were it known in time"
            )
            found.append(Leak(name, "in time", says, seen / expected))
    return found


def bad_zone(bad: NDArray[np.bool_], values: Matrix) -> Callable[[Matrix], NDArray[Any]] | None:
    """The side of the best single cut where most are bad and few lie; None where there is none."""
    there = ~np.isnan(values)
    best: tuple[float, Callable[[Matrix], NDArray[Any]]] | None = None
    cuts = np.unique(values[bad & there])
    if len(cuts) > 50:
        cuts = np.quantile(cuts, np.linspace(0, 1, 50))
    zones: list[Callable[[Matrix], NDArray[Any]]] = [np.isnan]
    for cut in cuts:
        zones += [lambda v, c=cut: v >= c, lambda v, c=cut: v <= c]  # type: ignore[misc]
    with np.errstate(invalid="ignore"):
        for zone in zones:
            inside = zone(values)
            hits = float((inside & bad).sum())
            if not hits or inside.mean() > ZONE_SHARE_MAX:
                continue
            precision, recall = hits / float(inside.sum()), hits / float(bad.sum())
            if precision < ZONE_PRECISION_MIN or recall < ZONE_RECALL_MIN:
                continue
            if best is None or precision * recall > best[0]:
                best = precision * recall, zone
    return None if best is None else best[1]


def jump(gains: Mapping[str, float]) -> tuple[str, float]:
    """The column that brought most, and its share of all that was gained."""
    name = next(iter(gains), "")
    return name, gains.get(name, 0.0)
