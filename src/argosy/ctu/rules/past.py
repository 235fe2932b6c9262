"""The past for a back-test: events, facts and scores as of then, what was found out. Loads DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from argosy.base.store import Database
from argosy.ctu.decide.made import read_made
from argosy.ctu.decide.packing import Evidence, unpack
from argosy.ctu.decide.store import kept_of
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.graph.past import graph_rows

_EVENTS = """
    SELECT id, kind, at_ms, account, market, amount, currency, channel, device, session, payee,
           merchant, network, phone, instrument, proofs, attributes, log_no, verdict
      FROM ctu.events WHERE at_ms >= $1 AND at_ms < $2 ORDER BY log_no
"""
_LABELS = """
    SELECT DISTINCT ON (event) event, bad FROM ctu.labels
     ORDER BY event, at_ms DESC, turn_no DESC NULLS LAST
"""


_STOPPED = "SELECT * FROM ctu.verdict_rows WHERE id = ANY ($1)"
_YESES = """
    SELECT version, packed FROM ctu.verdict_blocks
     WHERE to_at >= to_timestamp($1 / 1000.0) AND from_at <= to_timestamp($2 / 1000.0)
     ORDER BY to_at, id LIMIT $3 OFFSET $4
"""
SLACK_MS: Final = 60_000
"""A verdict is told within so long after its event."""

BLOCKS_TOGETHER: Final = 200

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Past:
    """Events in the order of the log; `facts` (events by columns) as of then; `bad` by event id; `scores` by
    name as they were given then, NaN where the event's verdict had no such score, or is not kept."""

    events: list[Event]
    facts: Matrix
    bad: Mapping[UUID, bool]
    scores: Mapping[str, Matrix]


async def read_past(db: Database, facts: FactSet, since_ms: int, until_ms: int) -> Past:
    """Events of `ctu.events` in the order of the log, their facts (events by columns) and labels.

    Facts are computed over all history before `until_ms`, so that windows reach back before `since_ms`.
    Of an event that was tried several times each try is a row.
    """
    from argosy.ctu.facts.offline.engine import OffLine
    from argosy.ctu.facts.offline.history import History

    history = await History.postgres(db, until_ms=until_ms)
    matrix = OffLine(facts).matrix(history)
    rows = await db.all(_EVENTS, -(2**62), until_ms)
    kept = [n for n, row in enumerate(rows) if row["at_ms"] >= since_ms]
    events = [_event(rows[n]) for n in kept]
    labels = {row["event"]: row["bad"] for row in await db.all(_LABELS)}
    facts_then = np.hstack((matrix.values[kept], await graph_rows(db, events)))
    verdicts = [rows[n]["verdict"] for n in kept]
    scores = await _scores(db, verdicts, since_ms - SLACK_MS, until_ms + SLACK_MS)
    return Past(events, facts_then, labels, scores)


async def _scores(
    db: Database, verdicts: Sequence[UUID | None], since_ms: int, until_ms: int
) -> Mapping[str, Matrix]:
    """The scores that each of `verdicts` was made of, by name."""
    place = {verdict: n for n, verdict in enumerate(verdicts) if verdict is not None}
    found: dict[str, Matrix] = {}
    names: dict[str, tuple[str, ...]] = {}

    async def note(one: Evidence, version: str) -> None:
        n = place.get(one.id)
        if n is None:
            return
        if version not in names:
            made = await read_made(db, version)
            names[version] = () if made is None else made.scores
        for name, value in zip(names[version], one.scores.tolist(), strict=False):
            if name not in found:
                found[name] = np.full(len(verdicts), np.nan)
            found[name][n] = value

    for row in await db.all(_STOPPED, list(place)):
        kept = kept_of(row)
        await note(kept.evidence, kept.version)
    at = 0
    while blocks := await db.all(_YESES, since_ms, until_ms, BLOCKS_TOGETHER, at):
        at += len(blocks)
        for block in blocks:
            for one in unpack(block["packed"]):
                await note(one, block["version"])
    return found


def _event(row: Any) -> Event:
    fields = dict(row)
    del fields["log_no"], fields["verdict"]
    fields["proofs"] = frozenset(fields["proofs"])
    return Event(**fields)
