"""Graph facts for the on-line engine: loaded like states, dated, never computed in line.

A value is in force from its `since_ms`. Refreshes are written `LEAD_MS` ahead of that moment, and
each process asks for news (`catch_up`) more often than that, so that all processes and the off-line
engine read the same value for the same event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from argosy.base.refusals import must
from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.graph.columns import COLUMNS, DIMENSIONS, GRAPH_COLUMNS, LAYOUT, STORED, WIDTH

LEAD_MS: Final = 15_000
"""A refresh is in force so long after it was written."""

ACCOUNTS_MAX: Final = 200_000
"""So many accounts' values one process holds."""

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

_OF_ACCOUNT = tuple((n, c.place) for n, c in enumerate(GRAPH_COLUMNS) if c.entity == "account")
_OF_PAYEE = tuple((n, c.place) for n, c in enumerate(GRAPH_COLUMNS) if c.entity == "payee")
_ACCOUNT_AT = np.array([n for n, _ in _OF_ACCOUNT])
_ACCOUNT_FROM = np.array([place for _, place in _OF_ACCOUNT])
_PAYEE_AT = np.array([n for n, _ in _OF_PAYEE])
_PAYEE_FROM = np.array([place for _, place in _OF_PAYEE])

Dated = tuple[int, np.ndarray]


class GraphFacts:
    """The graph facts of one process, as extra columns of the fact vector.

    Use: `await start()` once; for an event `await load(keys_of(event))` unless `at_hand(event)`, then
    `read(event)`; `await catch_up()` every few seconds, more often than `LEAD_MS`.
    """

    columns: tuple[str, ...] = COLUMNS

    def __init__(self, db: Database, accounts_max: int = ACCOUNTS_MAX) -> None:
        self._db = db
        self._accounts_max = accounts_max
        self._dated: dict[str, tuple[tuple[Dated, ...], tuple[Dated, ...]]] = {}
        self._number = 0

    @staticmethod
    def keys_of(event: Event) -> tuple[str, ...]:
        """The accounts whose values belong to `event`."""
        if event.payee is None:
            return (event.account,)
        return (event.account, event.payee)

    def at_hand(self, event: Event) -> bool:
        """Whether `read` may be called now."""
        return event.account in self._dated and (event.payee is None or event.payee in self._dated)

    async def start(self) -> None:
        """Begin with the refreshes that there are."""
        self._number = int(await self._db.value(_LATEST))
        self._dated.clear()

    async def load(self, keys: Iterable[str]) -> dict[str, np.ndarray]:
        """Bring the values of accounts into memory; give the newest of each, NaN where missing.

        Shape of a value: (`WIDTH`,), in the order of `STORED` and then `e0` ....
        """
        wanted = list(dict.fromkeys(keys))
        while missing := [key for key in wanted if key not in self._dated]:
            must(len(wanted) < self._accounts_max, "more accounts at once than may be held")
            # What is wanted and here goes to the end, so that making room does not take it.
            for key in wanted:
                if key in self._dated:
                    self._dated[key] = self._dated.pop(key)
            await self._fetch(missing)
        return {key: self._value(key, None) for key in wanted}

    def read(self, event: Event) -> np.ndarray:
        """The columns for `event` as of its time: float64, shape (len(columns),), NaN is missing."""
        must(self.at_hand(event), "graph facts are read before they are loaded")
        row = np.full(len(COLUMNS), np.nan)
        row[_ACCOUNT_AT] = self._value(event.account, event.at_ms)[_ACCOUNT_FROM]
        if event.payee is not None:
            row[_PAYEE_AT] = self._value(event.payee, event.at_ms)[_PAYEE_FROM]
        return row

    async def read_many(self, events: Sequence[Event]) -> np.ndarray:
        """The columns for `events`: float64, shape (len(events), len(columns))."""
        await self.load(key for event in events for key in self.keys_of(event))
        if not events:
            return np.empty((0, len(COLUMNS)))
        return np.stack([self.read(event) for event in events])

    async def catch_up(self) -> int:
        """Take in what was written since; how many refreshes that were. A refresh without a list of
        accounts concerns all of them."""
        news = await self._db.all(_NEWS, self._number)
        for row in news:
            if row["keys"] is None:
                stale = list(self._dated)
            else:
                stale = [key for key in row["keys"] if key in self._dated]
            for key in stale:
                del self._dated[key]
            self._number = row["number"]
        return len(news)

    def _value(self, key: str, at_ms: int | None) -> np.ndarray:
        row = np.full(WIDTH, np.nan)
        facts, places = self._dated[key]
        for dated, part in ((facts, slice(0, len(STORED))), (places, slice(len(STORED), WIDTH))):
            for since_ms, values in dated:  # the newest first
                if at_ms is None or since_ms <= at_ms:
                    row[part] = values
                    break
        return row

    async def _fetch(self, keys: list[str]) -> None:
        number = self._number
        facts = await self._dated_rows(_LOAD, "facts", keys, len(STORED))
        places = await self._dated_rows(_LOAD_PLACES, "place", keys, DIMENSIONS)
        if number != self._number:  # a refresh came in between: what was read may be half of each
            await self._fetch(keys)
            return
        if len(self._dated) + len(keys) > self._accounts_max:
            for key in list(self._dated)[: self._accounts_max // 10 + len(keys)]:
                del self._dated[key]
        for key in keys:
            self._dated[key] = (tuple(facts.get(key, ())), tuple(places.get(key, ())))

    async def _dated_rows(
        self, sql: str, column: str, keys: list[str], width: int
    ) -> dict[str, list[Dated]]:
        found: dict[str, list[Dated]] = {}
        for row in await self._db.all(sql, keys):
            values = np.array(row[column], dtype=np.float64)
            if values.shape == (width,):
                found.setdefault(row["key"], []).append((row["since_ms"], values))
        return found
