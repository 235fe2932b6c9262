"""The same town three times: unguarded, with the loop off, with the loop on; each in a database of its
own that is thrown away."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop

from argosy.base.store import Database
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres
from argosy.sandbox.simulate.drive import run_town
from argosy.sandbox.simulate.facts import Mode, Terms
from argosy.sandbox.simulate.report import Report
from argosy.sandbox.simulate.score import Score

CONNECTIONS = 6

Told = Callable[[Mode, float], None]


def simulate(
    terms: Terms, modes: Sequence[Mode] = tuple(Mode), told: Told = lambda _mode, _day: None
) -> Report:
    """Live through the town once for each of `modes`; `told` hears of each day."""
    scores: list[Score] = []
    for mode in modes:
        with (
            tempfile.TemporaryDirectory(prefix="argosy-town-") as folder,
            Postgres(Path(folder) / "postgres", durable=False) as server,
        ):
            scores.append(uvloop.run(_one(terms, mode, server.url(), Path(folder), told)))
    return Report(terms, tuple(scores))


async def _one(terms: Terms, mode: Mode, url: str, folder: Path, told: Told) -> Score:
    logging.getLogger("argosy.ctu").setLevel(logging.ERROR)
    db = await Database.open(url, CONNECTIONS)
    try:
        await migrate(db)
        return await run_town(terms, mode, db, folder, lambda day: told(mode, day))
    finally:
        await db.close()
