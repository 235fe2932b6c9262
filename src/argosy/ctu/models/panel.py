"""All live models at once, for the payment path."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from argosy.base.refusals import must
from argosy.ctu.events import Event
from argosy.ctu.models.boosted import Boosted
from argosy.ctu.models.calibration import calibrate
from argosy.ctu.models.ensemble import Ensemble, choose_width
from argosy.ctu.models.facts import REASONS_MAX, Matrix, Model, Why
from argosy.ctu.models.features import Features
from argosy.ctu.models.masks import Block, compile_forest, fits

log = logging.getLogger(__name__)

Compiled = dict[tuple[str, str, int], list[Block]]
"""Blocks by name, version and width: handed from panel to panel, so that a publish compiles one model."""


class Panel:
    """The models of one moment, compiled together over one feature vector. Never changed: another
    moment is another panel. `version` is its fingerprint, `names` its models in the order of scores;
    it may be empty.

    A model that reads a column which `features` lacks is left out and named in `unfit` with what it
    lacks, loudly.
    """

    def __init__(
        self, models: Sequence[Model], features: Features, compiled: Compiled | None = None
    ) -> None:
        place = {name: at for at, name in enumerate(features.columns)}
        lacking = {m.name: tuple(c for c in m.columns if c not in place) for m in models}
        self.unfit: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: columns for name, columns in lacking.items() if columns}
        )
        for name, columns in self.unfit.items():
            log.error(
                "model %s is left out: it reads %s, which is no fact", name, ", ".join(columns)
            )
        fit = sorted((m for m in models if m.name not in self.unfit), key=lambda m: m.name)
        must(len({m.name for m in fit}) == len(fit), "two models of one name in a panel")
        self.features = features
        self.names = tuple(m.name for m in fit)
        self.models: Mapping[str, Model] = MappingProxyType({m.name: m for m in fit})
        self.version = hashlib.blake2b(
            "\n".join(f"{m.name} {m.version}" for m in fit).encode(), digest_size=8
        ).hexdigest()
        self._places = {m.name: np.array([place[c] for c in m.columns], np.intp) for m in fit}
        self._compile(fit, {} if compiled is None else compiled)

    def _compile(self, fit: Sequence[Model], compiled: Compiled) -> None:
        forests = [(at, m) for at, m in enumerate(fit) if isinstance(m, Boosted)]
        width = choose_width([len(m.forest.trees) for _, m in forests]) if forests else 0
        self._ensembles: list[tuple[Ensemble, NDArray[np.intp], _Links]] = []
        self._apart = [(at, m) for at, m in enumerate(fit) if not isinstance(m, Boosted)]
        for leaves_min, leaves_max in ((0, 32), (32, 64)):
            group = [(at, m) for at, m in forests if leaves_min < m.forest.leaves_max <= leaves_max]
            taken = [(at, m) for at, m in group if fits(m.forest, width)]
            self._apart += [item for item in group if item not in taken]
            members = []
            for _, model in taken:
                key = (model.name, model.version, width)
                blocks = compiled.get(key) or compile_forest(model.forest, width)
                compiled[key] = blocks
                members.append((blocks, self._places[model.name].tolist()))
            if members:
                at = np.array([at for at, _ in taken], np.intp)
                links = _Links([model for _, model in taken])
                self._ensembles.append((Ensemble(members), at, links))
        self._apart += [(at, m) for at, m in forests if m.forest.leaves_max > 64]
        wanted = {(m.name, m.version, width) for _, m in forests}
        for key in compiled.keys() - wanted:
            del compiled[key]

    def score(self, events: Sequence[Event], facts: Matrix) -> dict[str, Matrix]:
        """Calibrated probability of bad by model, one number an event; `facts` is the matrix of
        `Facts.read` (len(events), len(features.facts))."""
        return self.score_rows(self.features.matrix(events, facts)) if self.names else {}

    def score_rows(self, matrix: Matrix) -> dict[str, Matrix]:
        """As `score`, for rows that `features.matrix` made."""
        return dict(zip(self.names, self.scores(matrix).T, strict=True))

    def scores(self, matrix: Matrix) -> Matrix:
        """(n, len(names)): as `score_rows`, in one matrix."""
        made = np.empty((len(matrix), len(self.names)))
        for ensemble, at, links in self._ensembles:
            made[:, at] = links.probability(ensemble.sums(matrix))
        for number, model in self._apart:
            made[:, number] = model.score(matrix[:, self._places[model.name]])
        return made

    def reasons(self, name: str, event: Event, facts: Matrix, top: int = REASONS_MAX) -> list[Why]:
        """Why model `name` scores one event as it does; `facts` is one row."""
        row = self.features.matrix([event], facts.reshape(1, -1))[0]
        return self.models[name].reasons(row[self._places[name]], top)


class _Links:
    """From sums of leaves to calibrated probabilities, for all forests of an ensemble at once."""

    def __init__(self, models: Sequence[Boosted]) -> None:
        self._tables = [m.card.calibration for m in models]
        self._forests = [m.forest for m in models]
        self._scale = np.array(
            [-(f.sigmoid or 1.0) / (len(f.trees) if f.average else 1) for f in self._forests]
        )
        self._straight = np.array([f.sigmoid is None for f in self._forests])
        knots = [
            (t.raw, t.probability) if t.raw else ((0.0, 1.0), (0.0, 1.0)) for t in self._tables
        ]
        width = max((len(x) for x, _ in knots), default=0) + 1  # one more, which nothing reaches
        self._x = np.full((len(models), width), np.inf)
        self._y = np.zeros((len(models), width))
        self._slope = np.zeros(
            (len(models), width)
        )  # of the piece after each knot; none after the last
        for at, (x, y) in enumerate(knots):
            self._x[at, : len(x)] = x
            self._y[at, : len(y)] = y
            self._slope[at, : len(x) - 1] = np.diff(y) / np.diff(x)
        self._row = np.arange(len(models)) * width

    def probability(self, sums: Matrix) -> Matrix:
        """(n, models) from sums of the same shape."""
        raw = self._raw(sums)
        if len(raw) == 1:
            return self._one(raw[0])
        for at, table in enumerate(self._tables):
            raw[:, at] = calibrate(table, raw[:, at])
        return raw

    def _raw(self, sums: Matrix) -> Matrix:
        scaled = sums * self._scale
        raw: Matrix = 1.0 / (1.0 + np.exp(np.minimum(scaled, 700.0)))
        if self._straight.any():
            raw[:, self._straight] = np.clip(-scaled[:, self._straight], 0.0, 1.0)
        return raw

    def _one(self, raw: Matrix) -> Matrix:
        """One row through all tables: the knot at or below each score is the one before the first above."""
        at = np.maximum((self._x <= raw[:, None]).argmin(axis=1) - 1, 0)
        at += self._row
        beyond = np.maximum(raw - self._x.take(at), 0.0)  # below the first knot all is as at it
        return np.asarray(self._y.take(at) + self._slope.take(at) * beyond)
