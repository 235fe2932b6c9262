"""Graph facts for the on-line engine: loaded like states, dated, never computed in line.

A value is in force from its `since_ms`. Refreshes are written `LEAD_MS` ahead of that moment, and
each process asks for news (`catch_up`) more often than that, so that all processes and the off-line
engine read the same value for the same event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.graph.columns import COLUMNS, DIMENSIONS, LAYOUT, STORED, WIDTH
from argosy.ctu.facts.graph.past import graph_rows

LEAD_MS: Final = 15_000
"""A refresh is in force so long after it was written."""

ACCOUNTS_MAX: Final = 200_000
"""So many accounts' values one process holds."""

FAR_MS: Final = 2**62
"""Farther back than any event."""

KEPT: Final = 2
"""Values held of one account: the one in force and the one that will be, or was."""

_LOAD = f"""
    SELECT k.key, f.since_ms, f.facts
      FROM unnest($1::text[]) AS k (key)
      CROSS JOIN LATERAL (
        SELECT since_ms, facts FROM ctu.graph_facts f
         WHERE f.key = k.key AND f.layout = {LAYOUT} ORDER BY since_ms DESC LIMIT {KEPT}) f
"""
_LOAD_PLACES = f"""
    SELECT k.key, f.since_ms, f.place
      FROM unnest($1::text[]) AS k (key)
      CROSS JOIN LATERAL (
        SELECT since_ms, place FROM ctu.embeddings f
         WHERE f.key = k.key ORDER BY since_ms DESC LIMIT {KEPT}) f
"""
_NEWS = """
    SELECT number, keys FROM ctu.graph_refreshes WHERE number > $1 ORDER BY number
"""
_LATEST = "SELECT coalesce(max(number), 0) FROM ctu.graph_refreshes"

Vector = np.ndarray[Any, np.dtype[np.float64]]
Dated = tuple[int, Vector, Vector]
"""What is in force from a moment on: the account's columns, and those of whoever is paid."""

_WIDTH_PAYEE: Final = len(COLUMNS) - WIDTH
_NO_ACCOUNT: Final = np.full(WIDTH, np.nan)
_NO_PAYEE: Final = np.full(_WIDTH_PAYEE, np.nan)


class GraphFacts:
    """The graph facts of one process, as extra columns of the fact vector.

    Use: `await start()` once; for an event `parts(event)`, and where that is None `read_many`;
    `await catch_up()` every few seconds, more often than `LEAD_MS`.
    """

    columns: tuple[str, ...] = COLUMNS

    def __init__(self, db: Database, accounts_max: int = ACCOUNTS_MAX) -> None:
        self._db = db
        self._accounts_max = accounts_max
        self._dated: dict[str, tuple[Dated, ...]] = {}
        self._number = 0

    async def start(self) -> None:
        """Begin with the refreshes that there are."""
        self._number = int(await self._db.value(_LATEST))
        self._dated.clear()

    def parts(self, event: Event) -> tuple[Vector, Vector] | None:
        """The columns for `event` as of its time, in two pieces that follow each other; NaN is missing.

        None where they are not at hand: then `read_many` must be awaited. The pieces are shared: nobody
        may write into them.
        """
        if not self._number:  # nobody ever wrote anything
            return _NO_ACCOUNT, _NO_PAYEE
        at_ms = event.at_ms
        mine = _in_force(self._dated.get(event.account), at_ms)
        if mine is None:
            return None
        if event.payee is None:
            return mine[1], _NO_PAYEE
        theirs = _in_force(self._dated.get(event.payee), at_ms)
        return None if theirs is None else (mine[1], theirs[2])

    async def read_many(self, events: Sequence[Event]) -> Vector:
        """The columns for `events`: float64, shape (len(events), len(columns)). Raises `Unavailable`."""
        rows = np.full((len(events), len(COLUMNS)), np.nan)
        absent = self._filled(rows, events, range(len(events)))
        if absent:
            keys = {key for n in absent for key in (events[n].account, events[n].payee) if key}
            await self._fetch([key for key in keys if key not in self._dated])
            absent = self._filled(rows, events, absent)
        if absent:  # older than what is held here, or more accounts at once than are held
            rows[absent] = await graph_rows(self._db, [events[n] for n in absent])
        return rows

    async def catch_up(self) -> int:
        """Take in what was written since; how many refreshes that were. A refresh without a list of
        accounts concerns all of them."""
        news = await self._db.all(_NEWS, self._number)
        for row in news:
            stale = list(self._dated) if row["keys"] is None else row["keys"]
            for key in stale:
                self._dated.pop(key, None)
            self._number = row["number"]
        return len(news)

    def _filled(self, rows: Vector, events: Sequence[Event], places: Iterable[int]) -> list[int]:
        """Write the rows that are at hand; the places of the others."""
        absent = []
        for n in places:
            parts = self.parts(events[n])
            if parts is None:
                absent.append(n)
            else:
                rows[n, :WIDTH], rows[n, WIDTH:] = parts
        return absent

    async def _fetch(self, keys: list[str]) -> None:
        """Bring the values of accounts into memory, as far as there is room."""
        del keys[self._accounts_max :]
        number = self._number
        facts = await self._dated_rows(_LOAD, "facts", keys, len(STORED))
        places = await self._dated_rows(_LOAD_PLACES, "place", keys, DIMENSIONS)
        if number != self._number:  # a refresh came in between: what was read may be half of each
            return
        if len(self._dated) + len(keys) > self._accounts_max:
            for key in list(self._dated)[: self._accounts_max // 10 + len(keys)]:
                del self._dated[key]
        for key in keys:
            self._dated[key] = _joined(facts.get(key, []), places.get(key, []))

    async def _dated_rows(
        self, sql: str, column: str, keys: list[str], width: int
    ) -> dict[str, list[tuple[int, Vector]]]:
        found: dict[str, list[tuple[int, Vector]]] = {}
        for row in await self._db.all(sql, keys):
            values = np.array(row[column], dtype=np.float64)
            if values.shape == (width,):
                found.setdefault(row["key"], []).append((row["since_ms"], values))
        return found


def _in_force(dated: tuple[Dated, ...] | None, at_ms: int) -> Dated | None:
    """What holds at a moment; None where that is not known here."""
    if dated is not None:
        for one in dated:
            if one[0] <= at_ms:
                return one
    return None


def _joined(
    facts: Sequence[tuple[int, Vector]], places: Sequence[tuple[int, Vector]]
) -> tuple[Dated, ...]:
    """One account's values, the newest first. Where there may be older ones than were read, the last
    says only from when on all is known."""
    known_from = max([-FAR_MS, *(kind[-1][0] for kind in (facts, places) if len(kind) == KEPT)])
    found: list[Dated] = []
    times = {since for since, _ in (*facts, *places)} | {known_from}
    for since in sorted((time for time in times if time >= known_from), reverse=True):
        mine = np.full(WIDTH, np.nan)
        for dated, part in ((facts, slice(0, len(STORED))), (places, slice(len(STORED), WIDTH))):
            value = next((values for from_ms, values in dated if from_ms <= since), None)
            if value is not None:
                mine[part] = value
        found.append((since, mine, mine[:_WIDTH_PAYEE]))
    return tuple(found)
