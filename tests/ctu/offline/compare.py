"""Two matrices of the same facts of the same events, compared to the last bit where that is due."""

from __future__ import annotations

import numpy as np

from argosy.ctu.facts.declared import FactSet

LOOSE = {"decayed_count", "decayed_sum", "spread", "ratio", "mean"}
"""Their arithmetic ends in floats: equal within 1e-9. Everything else is equal."""

RELATIVE, NOTHING = 1e-9, 1e-12


def differences(facts: FactSet, one: np.ndarray, other: np.ndarray) -> list[str]:
    """A line for each fact whose two columns differ, with the first row where they do."""
    found = []
    if one.shape != other.shape:
        return [f"shapes {one.shape} and {other.shape}"]
    for at, fact in enumerate(facts.facts):
        a, b = one[:, at], other[:, at]
        if fact.aggregate in LOOSE:
            same = np.isclose(a, b, rtol=RELATIVE, atol=NOTHING, equal_nan=True)
        else:
            same = (a == b) | (np.isnan(a) & np.isnan(b))
        if not same.all():
            row = int(np.argmin(same))
            count = int((~same).sum())
            found.append(f"{fact.name}: {count} rows, first {row}: {a[row]!r} and {b[row]!r}")
    return found
