"""Facts on line: read for an event in microseconds, kept up with the log, safe from a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet


class Facts:
    """Every declared fact of one process. `start` once, then `run` in a task, or `catch_up` by hand.

        facts = Facts(db, fact_set)
        await facts.start()                    # snapshot, and the log since
        row = facts.read_now(event)            # float64 (columns,), NaN is missing; None: not at hand
        if row is None:
            row = (await facts.read([event]))[0]
        facts.flight_start(event)              # judged, and not stopped: counts for the others now
        ...
        facts.flight_end(event, "posted")      # what became of it; posted and held count on until the
                                               # log tells of them

    The log is what changes facts: `update` and `label` are called by the reader of the log alone.
    """

    columns: tuple[str, ...]
    version: str

    def __init__(self, db: Database, fact_set: FactSet, url: str | None = None) -> None:
        raise NotImplementedError

    async def start(self) -> None: ...

    async def run(self, woken: asyncio.Event) -> None: ...

    async def catch_up(self) -> None: ...

    async def snapshot(self) -> int: ...

    async def read(self, events: Sequence[Event]) -> np.ndarray[Any, np.dtype[np.float64]]: ...

    def read_now(self, event: Event) -> np.ndarray[Any, np.dtype[np.float64]] | None: ...

    def flight_start(self, event: Event) -> None: ...

    def flight_end(self, event: Event, outcome: str) -> None: ...
