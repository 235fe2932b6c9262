"""Graph facts for training: for each event the value that was in force at its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.graph.columns import COLUMNS, DIMENSIONS, GRAPH_COLUMNS, LAYOUT, STORED, WIDTH

_FACTS: Final = """
    SELECT key, since_ms, facts AS told FROM ctu.graph_facts
     WHERE key = ANY ($1) AND since_ms <= $2 AND layout = $3
"""
_PLACES: Final = """
    SELECT key, since_ms, place AS told FROM ctu.embeddings WHERE key = ANY ($1) AND since_ms <= $2
"""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Dated = tuple[np.ndarray[Any, np.dtype[np.int64]], Floats]


async def graph_rows(db: Database, events: Sequence[Event]) -> Floats:
    """`graph_matrix` of `events`."""
    return await graph_matrix(
        db, [e.account for e in events], [e.payee for e in events], [e.at_ms for e in events]
    )


async def graph_matrix(
    db: Database,
    accounts: Sequence[str],
    payees: Sequence[str | None],
    at_ms: Sequence[int],
) -> Floats:
    """The graph columns of events, float64 (events, len(COLUMNS)), NaN is missing.

    `accounts`, `payees` and `at_ms` (Unix milliseconds) are of equal length, one entry an event.
    """
    last = max(at_ms, default=0)
    keys = list({name for name in (*accounts, *payees) if name})
    facts = _by_key(await db.all(_FACTS, keys, last, LAYOUT), len(STORED))
    places = _by_key(await db.all(_PLACES, keys, last), DIMENSIONS)
    found = np.full((len(at_ms), len(COLUMNS)), np.nan)
    for entity, names in (("account", accounts), ("payee", payees)):
        mine = [(n, c.place) for n, c in enumerate(GRAPH_COLUMNS) if c.entity == entity]
        rows = np.full((len(at_ms), WIDTH), np.nan)
        _fill(rows[:, : len(STORED)], facts, names, at_ms)
        _fill(rows[:, len(STORED) :], places, names, at_ms)
        found[:, [n for n, _ in mine]] = rows[:, [place for _, place in mine]]
    return found


def _by_key(rows: Sequence[Any], width: int) -> dict[str, Dated]:
    """The values of each account with their times, in order of time."""
    grouped: dict[str, list[tuple[int, Sequence[float]]]] = {}
    for row in rows:
        if len(row["told"]) == width:
            grouped.setdefault(row["key"], []).append((row["since_ms"], row["told"]))
    found = {}
    for key, dated in grouped.items():
        dated.sort(key=lambda pair: pair[0])
        times = np.array([since for since, _ in dated], dtype=np.int64)
        found[key] = times, np.array([told for _, told in dated], dtype=np.float64)
    return found


def _fill(
    rows: Floats, dated: Mapping[str, Dated], names: Sequence[str | None], at_ms: Sequence[int]
) -> None:
    for n, (name, at) in enumerate(zip(names, at_ms, strict=True)):
        known = dated.get(name) if name else None
        if known is not None:
            place = int(np.searchsorted(known[0], at, side="right")) - 1
            if place >= 0:
                rows[n] = known[1][place]
