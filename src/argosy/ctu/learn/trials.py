"""Candidates and what was measured of them: a model, rules of a scheme, a gang."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.learn.boosting import Forest
from argosy.ctu.learn.mining import Condition
from argosy.ctu.learn.record import Gate
from argosy.ctu.models import Card

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

MODEL: Final = "fraud"


@dataclass
class Trial:
    """A candidate on its way: what it is, what was measured, and what the report draws of it."""

    kind: str
    name: str
    version: str
    body: bytes
    columns: tuple[str, ...]
    scheme: str = ""
    says: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    plots: dict[str, Any] = field(default_factory=dict)
    expected_share: float = 0.0
    expected_precision: float = 0.0
    forest: Forest | None = None
    card: Card | None = None
    threshold: float = 1.0
    conditions: tuple[Condition, ...] = ()

    @property
    def accepted(self) -> bool:
        return all(gate.passed for gate in self.gates)


# --- what the report draws -------------------------------------------------------------------------


def days(at_ms: Any, alerts: Mask, bad: Mask) -> list[tuple[int, int, int]]:
    """By day (Unix days): alerts that were bad, alerts that were not."""
    day = at_ms // 86_400_000
    return [
        (
            int(one),
            int((alerts & bad & (day == one)).sum()),
            int((alerts & ~bad & (day == one)).sum()),
        )
        for one in np.unique(day)
    ]


def reliability_of(score: Matrix, bad: Mask) -> list[tuple[float, float]]:
    """What was said and what was seen, in ten bins of equal size."""
    order = np.argsort(score, kind="stable")
    return [
        (float(score[part].mean()), float(bad[part].mean()))
        for part in np.array_split(order, 10)
        if len(part)
    ]


def finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
