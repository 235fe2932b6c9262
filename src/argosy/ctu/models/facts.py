"""The words of the registry: a model's card, its version, its state, and why it says what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.base.refusals import Kind, Reason

Matrix = NDArray[np.float64]
"""Rows of features: float64, one column a feature, NaN where a value is missing."""

REASONS_MAX = 5


class ModelReason(Reason):
    """Why the registry says no."""

    NO_SUCH_MODEL = 350, Kind.UNKNOWN, "There is no model of that name and version."
    MODEL_EXISTS = 351, Kind.CONFLICT, "That version of the model is there with another content."
    MODEL_UNREADABLE = 352, Kind.INPUT, "The model's text cannot be read as the kind it says it is."
    MODEL_COLUMNS_WRONG = (
        353,
        Kind.INPUT,
        "The model's columns are not the ones its text was trained on.",
    )
    MODEL_NOT_LIVE = 354, Kind.STATE, "No version of that model is live, so none can be taken back."
    NOTHING_TO_RETURN_TO = (
        355,
        Kind.STATE,
        "No earlier version of that model was live and could come back: retire it instead.",
    )
    MODEL_STATE_WRONG = 356, Kind.STATE, "The version's state does not allow that step."


class State(StrEnum):
    """How far a version has come."""

    CANDIDATE = "candidate"  # put, judged by gates, read by nobody
    SHADOW = "shadow"  # scored beside the live one; decides nothing
    LIVE = "live"  # at most one version of a name
    RETIRED = "retired"  # a later version took its place
    ROLLED_BACK = "rolled_back"  # was live and was taken back


class Calibration(msgspec.Struct, frozen=True):
    """A monotone table from a model's raw score to a probability, read with linear interpolation."""

    method: str  # isotonic, platt or none
    raw: tuple[float, ...] = ()
    probability: tuple[float, ...] = ()


class Spread(msgspec.Struct, frozen=True):
    """How a value was spread over the training data: `edges` are the inner bounds of the bins (the
    bin i holds edges[i-1] < x <= edges[i]), `shares` one more than edges and then that of missing."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a reader must know of a model, and what the program needs beside its text.

    `words` are the analyst's words for a column (a fact's `says`), `customer_words` the keys of the
    customer's. `reference` holds the spread of each column and, under `score`, of the score.
    """

    purpose: str
    data: str = ""
    limits: str = ""
    calibration: Calibration = Calibration("none")
    words: Mapping[str, str] = {}
    customer_words: Mapping[str, str] = {}
    reference: Mapping[str, Spread] = {}
    parameters: Mapping[str, str | int | float | bool] = {}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A version to put: `text` is the model itself in the form of its kind, `columns` what it reads in
    their order, `fingerprint` names the training data."""

    name: str
    version: str
    kind: str  # lightgbm, scorecard
    text: bytes
    columns: tuple[str, ...]
    card: Card
    metrics: Mapping[str, float]
    fingerprint: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the registry, without the text."""

    name: str
    version: str
    kind: str
    state: State
    columns: tuple[str, ...]
    card: Card
    metrics: Mapping[str, float]
    fingerprint: str
    put_at: datetime
    put_by: str
    moved_at: datetime
    moved_by: str
    moved_why: str


class Why(msgspec.Struct, frozen=True):
    """One reason of a score: `contribution` in log-odds, positive speaks for bad. `words` are the
    analyst's with the value in them, `customer` is a key of the customer's words."""

    column: str
    contribution: float
    value: float | None
    words: str
    customer: str


class Model(Protocol):
    """One model in line. Scoring leaves no trace, is exact, and is safe from several threads."""

    name: str
    version: str
    kind: str
    columns: tuple[str, ...]
    card: Card

    def raw(self, matrix: Matrix) -> Matrix:
        """The uncalibrated score of each row of `matrix` (n, len(columns)), in 0..1."""
        ...

    def score(self, matrix: Matrix) -> Matrix:
        """The calibrated probability of bad for each row, in 0..1."""
        ...

    def contributions(self, row: Matrix) -> Matrix:
        """What each column adds to the log-odds of the raw score; the last number is the base."""
        ...

    def reasons(self, row: Matrix, top: int = REASONS_MAX) -> list[Why]:
        """What speaks most for bad in `row`, strongest first; on demand, not for each payment."""
        ...
