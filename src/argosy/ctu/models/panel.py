"""All live models at once, for the payment path."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy.ctu.events import Event
from argosy.ctu.models.facts import REASONS_MAX, Matrix, Model, Why
from argosy.ctu.models.features import Features


class Panel:
    """The models of one moment, compiled together over one feature vector. Never changed: another
    moment is another panel. `version` is its fingerprint, `names` its models; it may be empty.

    A model that reads a column which `features` lacks is left out and named in `unfit`, loudly.
    """

    version: str
    names: tuple[str, ...]
    models: Mapping[str, Model]
    unfit: Mapping[str, tuple[str, ...]]

    def __init__(self, models: Sequence[Model], features: Features) -> None: ...

    def score(self, events: Sequence[Event], facts: Matrix) -> dict[str, Matrix]:
        """Calibrated probability of bad by model, one number an event; `facts` is the matrix of
        `Facts.read` (len(events), len(features.facts))."""
        ...

    def score_rows(self, matrix: Matrix) -> dict[str, Matrix]:
        """As `score`, for rows that `features.matrix` made."""
        ...

    def reasons(self, name: str, event: Event, facts: Matrix, top: int = REASONS_MAX) -> list[Why]:
        """Why model `name` scores one event as it does; `facts` is one row."""
        ...
