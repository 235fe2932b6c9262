"""Forests that LightGBM trained, of every sort that it can make, and rows to try them on."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from argosy.ctu.models import Candidate, Card
from argosy.ctu.models.calibration import isotonic, reliability
from argosy.ctu.models.drift import reference
from argosy.ctu.models.scorecard import fit

COLUMNS = ("account.count_1h", "account.sum_1d", "device.age", "payee.bad_share", "event.hour")


def rows(chance: np.random.Generator, count: int, width: int) -> np.ndarray:
    """Numbers of all sorts: continuous, counts with many zeros, whole categories, missing."""
    made = chance.normal(size=(count, width))
    made[:, ::3] = chance.poisson(0.7, size=made[:, ::3].shape)
    made[:, 1::5] = chance.integers(0, 40, size=made[:, 1::5].shape)
    made[chance.random(made.shape) < 0.08] = np.nan
    return made


def hard_rows(chance: np.random.Generator, width: int, thresholds: np.ndarray) -> np.ndarray:
    """Rows of what goes wrong first: thresholds themselves and their neighbours, tiny numbers, ends."""
    awkward = np.concatenate(
        [
            thresholds,
            np.nextafter(thresholds, np.inf),
            np.nextafter(thresholds, -np.inf),
            [0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, 1.0000000180025095e-35, 2e-35, 5e-324],
            [-0.5, -1.0, 0.999, 3.7, 1e300, -1e300, 1e10, 2.0**31, np.inf, -np.inf, np.nan],
        ]
    )
    return chance.choice(awkward, size=(300, width))


def train(
    seed: int,
    *,
    width: int = 12,
    trees: int = 30,
    leaves: int = 31,
    categories: tuple[int, ...] = (),
    names: list[str] | None = None,
    count: int = 1500,
    **parameters: Any,
) -> lightgbm.Booster:
    chance = np.random.default_rng(seed)
    matrix = rows(chance, count, width)
    bad = np.nansum(matrix[:, :4], axis=1) + chance.normal(size=count) > 1.5
    given = {
        "objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1,
        "min_data_in_leaf": 5, "seed": seed, "min_data_per_group": 5, "deterministic": True,
        **parameters,
    }  # fmt: skip
    data = lightgbm.Dataset(
        matrix,
        bad.astype(float),
        categorical_feature=list(categories),
        feature_name=names or "auto",
    )
    return lightgbm.train(given, data, trees)


def text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


def candidate(
    name: str, version: str, seed: int = 1, kind: str = "lightgbm", **more: Any
) -> Candidate:
    """A whole candidate over COLUMNS, calibrated and with its reference."""
    chance = np.random.default_rng(seed)
    matrix = rows(chance, 800, len(COLUMNS))
    bad = (np.nansum(matrix[:, :3], axis=1) + chance.normal(size=800) > 1.5).astype(float)
    if kind == "lightgbm":
        booster = train(seed, width=len(COLUMNS), trees=20, names=list(COLUMNS), count=800, **more)
        made, raw = text(booster), np.asarray(booster.predict(matrix))
    else:
        from argosy.ctu.models.scorecard import Scorecard

        made = fit(COLUMNS, matrix, bad)
        raw = Scorecard(name, version, made, COLUMNS, Card(purpose="")).raw(matrix)
    table = isotonic(raw, bad)
    score = np.interp(raw, table.raw, table.probability)
    return Candidate(
        name=name,
        version=version,
        kind=kind,
        text=made,
        columns=COLUMNS,
        card=Card(
            purpose="finds what the test wants found",
            calibration=table,
            words={"account.count_1h": "payments by this account in the last hour"},
            reference=reference(COLUMNS, matrix, score),
        ),
        metrics=dict(reliability(score, bad)),
        fingerprint=f"data {seed}",
    )
