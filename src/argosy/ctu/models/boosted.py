"""The kind `lightgbm`: a boosted forest with its calibration."""

from __future__ import annotations

from functools import cached_property

from argosy.ctu.models import why
from argosy.ctu.models.calibration import calibrate
from argosy.ctu.models.facts import REASONS_MAX, Card, Matrix, Why
from argosy.ctu.models.forest import Forest, read
from argosy.ctu.models.native import CONTRIBUTIONS, Booster

KIND = "lightgbm"


class Boosted:
    """A forest in line. Alone it is scored by LightGBM's own library, which is loaded on first need; a
    panel compiles all forests together and needs no library."""

    kind = KIND

    def __init__(
        self, name: str, version: str, text: bytes, columns: tuple[str, ...], card: Card
    ) -> None:
        """Raises `ForestError` where the text is no forest that gives a probability."""
        self.name = name
        self.version = version
        self.columns = columns
        self.card = card
        self.forest: Forest = read(text)
        self.learned_columns = self.forest.columns
        self._text = text

    @cached_property
    def booster(self) -> Booster:
        """The forest in LightGBM's library. Raises `Unavailable` where the library cannot be had."""
        return Booster(self._text, len(self.columns))

    def raw(self, matrix: Matrix) -> Matrix:
        return self.booster.rows(matrix)

    def score(self, matrix: Matrix) -> Matrix:
        return calibrate(self.card.calibration, self.raw(matrix))

    def contributions(self, row: Matrix) -> Matrix:
        """Shapley values of the log-odds (Lundberg's TreeSHAP); their sum is the raw score's."""
        return self.booster.row(row, CONTRIBUTIONS)

    def reasons(self, row: Matrix, top: int = REASONS_MAX) -> list[Why]:
        return why.reasons(self.card, self.columns, row, self.contributions(row), top)
