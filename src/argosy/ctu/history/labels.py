"""What was found out later: into the log, in an order that everybody who reads it agrees on.

Whoever finds out appends `risk.label`. The relay of the history, which reads the log in order, looks
up the event, what was known of it before, and appends `risk.labelled` with both: that entry is the
moment from which facts know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.ids import derive
from argosy.base.outbox import append
from argosy.base.postings import Event as Announcement
from argosy.base.store import Connection
from argosy.ctu.events import Event, Label

LABEL: Final = "risk.label"
LABELLED: Final = "risk.labelled"

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ctu label ' || $1, 0))"
_LATEST = """
    SELECT id, bad, source, scheme, by, loss FROM ctu.labels WHERE event = $1
     ORDER BY added_at DESC, id DESC LIMIT 1
"""
_COUNT = "SELECT count(*) FROM ctu.labels WHERE event = $1"
_INSERT = """
    INSERT INTO ctu.labels (event, id, at_ms, bad, source, scheme, by, loss)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log: what was found about `event` changes, from here on.

    `entries` are the event's entries in the log so far: the outcome of each, and how many bad ones more
    there are with it: 1, 0 or -1. `label` is the label's id.
    """

    label: UUID
    event: Event
    entries: tuple[tuple[str, int], ...]


def read_labelled(body: Mapping[str, Any]) -> Labelled:
    """The entry with this body. Raises `msgspec.ValidationError` where it is none."""
    return msgspec.convert(body, Labelled)


async def put_labels(conn: Connection, labels: Sequence[Label]) -> int:
    """Keep `labels` and tell the log, in the transaction of `conn`; how many were new.

    A label that says again what the event's latest one says changes nothing.
    """
    new = 0
    for label in labels:
        await conn.execute(_LOCK, str(label.event))
        latest = await conn.fetchrow(_LATEST, label.event)
        if latest is not None and all(
            latest[name] == getattr(label, name)
            for name in ("bad", "source", "scheme", "by", "loss")
        ):
            continue
        count = await conn.fetchval(_COUNT, label.event)
        label_id = derive(label.event, f"label {count}")
        await conn.execute(
            _INSERT,
            label.event,
            label_id,
            label.at_ms,
            label.bad,
            label.source,
            label.scheme,
            label.by,
            label.loss,
        )
        body = {"label": label_id, "event": label.event, "bad": label.bad}
        await append(conn, [Announcement(label_id, label.event, LABEL, body)])
        new += 1
    return new
