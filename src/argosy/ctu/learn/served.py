"""What the brain really read in line: the vectors kept with its latest verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.ctu.decide.made import Made, read_made
from argosy.ctu.decide.packing import unpack
from argosy.ctu.decide.store import Kept, Verdicts, kept_of
from argosy.ctu.events import Event
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.models.features import Features

Matrix = NDArray[np.float64]

_ROWS = "SELECT * FROM ctu.verdict_rows ORDER BY at DESC LIMIT $1"
_BLOCKS = "SELECT version, packed FROM ctu.verdict_blocks ORDER BY to_at DESC LIMIT $1"


@dataclass(frozen=True)
class Served:
    """Verdicts in the order of their events' time. `rows` is (n, len(columns)) as it was read in
    line; `decision` is what was said, 0 to 3."""

    columns: tuple[str, ...]
    rows: Matrix
    events: tuple[Event, ...]
    decision: NDArray[Any]

    def __len__(self) -> int:
        return len(self.events)

    def places(self) -> dict[UUID, int]:
        """The row of each event; of several attempts the last."""
        return {event.id: n for n, event in enumerate(self.events)}


async def read_served(db: Database, features: Features, most: int) -> Served:
    """The latest verdicts, at most `most`, whose facts had the columns that `features` has."""
    made: dict[str, Made | None] = {}
    kept = [kept_of(row) for row in await db.all(_ROWS, most)]
    verdicts = Verdicts(db, Ids())
    count = 0
    for row in await db.all(_BLOCKS, most):
        if count >= most:
            break
        found = await verdicts.with_events(unpack(row["packed"]), row["version"])
        kept += [one for one in found if one.evidence.event is not None]
        count += len(found)
    fitting: list[Kept] = []
    for one in kept:
        if one.version not in made:
            made[one.version] = await read_made(db, one.version)
        version = made[one.version]
        if version is not None and version.columns == features.facts:
            fitting.append(one)
    fitting.sort(key=lambda one: (_event(one).at_ms, one.id))
    fitting = fitting[-most:]
    events = tuple(_event(one) for one in fitting)
    facts = np.array([one.evidence.facts for one in fitting], dtype=np.float64)
    rows = features.matrix(events, facts.reshape(len(events), len(features.facts)))
    decision = np.array([int(one.decision) for one in fitting], dtype=np.int8)
    return Served(features.columns, rows, events, decision)


def _event(one: Kept) -> Event:
    event = one.evidence.event
    if event is None:
        raise ValueError("a verdict without its event")
    return event


def both(data: TrainingSet, served: Served) -> tuple[Matrix, Matrix]:
    """The events of the training set that were judged in line: as it has them, and as they were read."""
    place: dict[UUID, int] = served.places()
    ours = [
        n
        for n, event in enumerate(data.events)
        if event.id in place and served.events[place[event.id]].proofs == event.proofs
    ]
    theirs = [place[data.events[n].id] for n in ours]
    return data.rows[ours], served.rows[theirs].reshape(len(theirs), len(data.columns))
