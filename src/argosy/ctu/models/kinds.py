"""The kinds of models there are: each reads its own text and keeps the same contract."""

from __future__ import annotations

from collections.abc import Mapping

from argosy.base.refusals import Refused
from argosy.ctu.models import boosted, scorecard
from argosy.ctu.models.boosted import Boosted
from argosy.ctu.models.facts import Card, ModelReason
from argosy.ctu.models.scorecard import Scorecard

Known = Boosted | Scorecard

KINDS: Mapping[str, type[Known]] = {boosted.KIND: Boosted, scorecard.KIND: Scorecard}


def make(
    kind: str, name: str, version: str, text: bytes, columns: tuple[str, ...], card: Card
) -> Known | Refused:
    """The model, ready to score, or why its text cannot be one."""
    if kind not in KINDS:
        return Refused(
            ModelReason.MODEL_UNREADABLE, {"why": f"there is no kind {kind}"}, field="kind"
        )
    try:
        model = KINDS[kind](name, version, text, columns, card)
    except ValueError as error:  # ForestError, msgspec's and its own are ValueErrors
        return Refused(ModelReason.MODEL_UNREADABLE, {"why": str(error)}, field="text")
    if len(model.learned_columns) != len(columns) or len(set(columns)) != len(columns):
        return Refused(ModelReason.MODEL_COLUMNS_WRONG, field="columns")
    if not _generic(model.learned_columns) and model.learned_columns != columns:
        return Refused(ModelReason.MODEL_COLUMNS_WRONG, field="columns")
    table = card.calibration
    rising = all(a < b for a, b in zip(table.raw, table.raw[1:], strict=False)) and all(
        a <= b for a, b in zip(table.probability, table.probability[1:], strict=False)
    )
    if len(table.raw) != len(table.probability) or not rising:
        return Refused(
            ModelReason.MODEL_UNREADABLE, {"why": "the calibration does not rise"}, field="card"
        )
    return model


def _generic(columns: tuple[str, ...]) -> bool:
    """LightGBM's own names, where the training set had none; it also writes `_` for some signs."""
    return all(name.startswith("Column_") for name in columns)
