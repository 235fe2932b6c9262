"""The past for a back-test: events, their facts as of then, and what was found out. Loads DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.graph.past import graph_rows

_EVENTS = """
    SELECT id, kind, at_ms, account, market, amount, currency, channel, device, session, payee,
           merchant, network, phone, instrument, proofs, attributes, log_no
      FROM ctu.events WHERE at_ms >= $1 AND at_ms < $2 ORDER BY log_no
"""
_LABELS = """
    SELECT DISTINCT ON (event) event, bad FROM ctu.labels
     ORDER BY event, at_ms DESC, turn_no DESC NULLS LAST
"""


async def read_past(
    db: Database, facts: FactSet, since_ms: int, until_ms: int
) -> tuple[list[Event], npt.NDArray[np.float64], Mapping[UUID, bool]]:
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
    return events, facts_then, labels


def _event(row: Any) -> Event:
    fields = dict(row)
    del fields["log_no"]
    fields["proofs"] = frozenset(fields["proofs"])
    return Event(**fields)
