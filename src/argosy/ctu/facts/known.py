"""All that is known of an event in line: the declared facts, and what the graph says of its accounts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from argosy.base.clock import Clock
from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet, starter
from argosy.ctu.facts.following import Entry
from argosy.ctu.facts.graph.confirming import confirmed_accounts
from argosy.ctu.facts.graph.reading import GraphFacts
from argosy.ctu.facts.graph.refreshing import Refreshing
from argosy.ctu.facts.online import Facts, Matrix, Vector
from argosy.ctu.facts.process import ENTITIES_MAX
from argosy.ctu.facts.sets import ensure
from argosy.ctu.facts.vector import vector_of

CONFIRMED_MAX: Final = 500
"""So many newly confirmed events are told to their neighbours in one turn; the others in the next."""

log = logging.getLogger(__name__)


class KnownFacts(Facts):
    """`Facts` whose vector has the columns of the graph after those of the fact set.

    A label that says "bad" is told to the graph by whichever process hears of it first: what that
    changes is in force everywhere a quarter of a minute later.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        fact_set: FactSet,
        url: str | None = None,
        *,
        entities_max: int = ENTITIES_MAX,
    ) -> None:
        super().__init__(db, fact_set, url, entities_max=entities_max)
        self.graph = GraphFacts(db)
        self._refreshing = Refreshing(db, clock)
        self._confirmed: list[Event] = []

    @classmethod
    async def known(
        cls,
        db: Database,
        clock: Clock,
        url: str | None = None,
        *,
        offsets: Mapping[str, int] | None = None,
        entities_max: int = ENTITIES_MAX,
    ) -> KnownFacts:
        """As `Facts.open`, with what the graph says."""
        fact_set = await ensure(db, starter(offsets), url)
        return cls(db, clock, fact_set, url, entities_max=entities_max)

    @property
    def columns(self) -> tuple[str, ...]:
        return vector_of(self.fact_set)

    def read_now(self, event: Event) -> Vector | None:
        """As `Facts.read_now`."""
        row = super().read_now(event)
        if row is None:
            return None
        parts = self.graph.parts(event)
        return None if parts is None else np.concatenate((row, *parts))

    async def read(self, events: Sequence[Event]) -> Matrix:
        """As `Facts.read`."""
        rows = await super().read(events)
        if not events:
            return rows
        return np.hstack((rows, await self.graph.read_many(events)))

    async def start(self) -> None:
        """As `Facts.start`."""
        await self.graph.start()
        await super().start()

    async def catch_up(self) -> None:
        """As `Facts.catch_up`."""
        await super().catch_up()
        await self._follow_graph()

    async def tend(self) -> None:
        """As `Facts.tend`."""
        await super().tend()
        await self._follow_graph()

    async def _follow_graph(self) -> None:
        events, self._confirmed = (
            self._confirmed[:CONFIRMED_MAX],
            self._confirmed[CONFIRMED_MAX:],
        )
        if events:
            try:
                accounts = await confirmed_accounts(self._db, events)
                if accounts:
                    await self._refreshing.confirmed(accounts)
            except BaseException:
                self._confirmed = [*events, *self._confirmed]  # it is told in the next turn
                raise
        await self.graph.catch_up()

    def _tell(self, entry: Entry) -> None:
        new = entry.position > self._told_at and self._started
        if new and entry.changes is not None and any(more > 0 for _, more in entry.changes):
            self._confirmed.append(entry.event)
        super()._tell(entry)
