"""Where accounts lie in the graph of transfers: FastRP embeddings, turned to fit the ones before.

Each account starts from a direction of its own, drawn from its name, so that nothing depends on who else
is there; averaging over neighbours, and their neighbours, brings together who deals with the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import sparse

from argosy.ctu.facts.graph.columns import DIMENSIONS

WIDTH: Final = 64
STEPS: Final = (0.2, 1.0, 1.0)
"""What the first, second and third neighbours weigh."""

COMMON_MIN: Final = 2 * DIMENSIONS
"""With fewer accounts in common a refresh is not turned: nothing would hold the turn."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


def embed(
    accounts: Sequence[str],
    transfers: sparse.csr_matrix,
    before: Mapping[str, Floats] | None = None,
) -> Floats:
    """Places of `accounts`, (len(accounts), DIMENSIONS); NaN for those that neither sent nor got money.

    `before` are the places of the last refresh: the new ones are turned (Procrustes: turned and
    mirrored, never stretched) so that accounts in both lie as near as can be to where they lay.
    """
    both = sparse.csr_matrix(transfers + transfers.T)
    both.data = np.log1p(both.data)
    degree = np.asarray(both.sum(axis=1)).ravel()
    active = degree > 0
    walk = sparse.diags(np.divide(1.0, degree, out=np.zeros_like(degree), where=active)) @ both
    places = _directions(accounts)
    wide = np.zeros_like(places)
    for weight in STEPS:
        places = walk @ places
        length = np.linalg.norm(places, axis=1, keepdims=True)
        wide += weight * np.divide(places, length, out=np.zeros_like(places), where=length > 0)
    made = _narrow(wide, active)
    if before:
        made = made @ turn_to_fit(accounts, made, active, before)
    made[~active] = np.nan
    return made


def turn_to_fit(
    accounts: Sequence[str], made: Floats, active: Any, before: Mapping[str, Floats]
) -> Floats:
    """The turn (DIMENSIONS, DIMENSIONS) that brings `made` nearest to `before`."""
    common = [
        n
        for n, name in enumerate(accounts)
        if active[n] and name in before and np.isfinite(before[name]).all()
    ]
    if len(common) < COMMON_MIN:
        return np.eye(DIMENSIONS)
    old = np.stack([before[accounts[n]] for n in common])
    left, _, right = np.linalg.svd(made[common].T @ old)
    turned: Floats = left @ right
    return turned


def _directions(accounts: Sequence[str]) -> Floats:
    """A row of -1 and 1 for each name, always the same."""
    packed = [hashlib.blake2b(name.encode(), digest_size=WIDTH // 8).digest() for name in accounts]
    bits = np.unpackbits(np.frombuffer(b"".join(packed), dtype=np.uint8))
    return bits.reshape(len(accounts), WIDTH).astype(np.float64) * 2 - 1


def _narrow(wide: Floats, active: Any) -> Floats:
    """The `DIMENSIONS` directions in which the active ones differ most, in order."""
    made = np.zeros((len(wide), DIMENSIONS))
    if not active.any():
        return made
    centred = wide[active] - wide[active].mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    axes = directions[:, ::-1][:, :DIMENSIONS]
    # An axis may point either way: its largest part points up.
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(DIMENSIONS)] < 0, -1, 1)
    made[active] = centred @ axes
    return made
