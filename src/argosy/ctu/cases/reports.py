"""What others say of an event: a customer who reports it, a bank that charges it back, a merchant who
complains, a sender with a finding of its own. Each is a label; a complaint also opens a case."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids, derive
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database
from argosy.ctu.cases.facts import (
    BY_CHARS_MAX,
    SCHEME_CHARS_MAX,
    WHY_CHARS_MAX,
    CaseReason,
    Cause,
)
from argosy.ctu.cases.opening import open_case
from argosy.ctu.cases.policy import Terms
from argosy.ctu.cases.rows import note_step
from argosy.ctu.events import Event, Label
from argosy.ctu.from_operation import Logged
from argosy.ctu.history import event_of, put_labels

SOURCES = ("customer", "chargeback", "merchant", "sender")
"""Who tells us; a case decision is a source of its own."""

FINAL = ("chargeback", "sender")
"""These are found already: nobody has to look at them again."""


class Reports:
    """Takes in what was found elsewhere, with its delay."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, terms: Terms) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._terms = terms

    async def tell(
        self,
        event_id: UUID,
        source: str,
        *,
        bad: bool = True,
        by: str = "",
        why: str = "",
        scheme: str = "",
        loss: int | None = None,
        at: datetime | None = None,
        event: Event | None = None,
    ) -> Label | Refused:
        """Label an event of the history; `event` itself where the log may not have been read so far.

        `loss` is in minor units, None: the event's whole amount where it is bad. `at` is when it was
        found, never later than now. The same again changes nothing.
        """
        if source not in SOURCES:
            return Refused(CaseReason.LABEL_SOURCE_UNKNOWN, {"sources": list(SOURCES)}, "source")
        if len(by) > BY_CHARS_MAX:
            return Refused(CaseReason.CASE_BY_MISSING, field="by")
        if len(why) > WHY_CHARS_MAX:
            return Refused(CaseReason.CASE_REASON_MISSING, field="why")
        if len(scheme) > SCHEME_CHARS_MAX:
            return Refused(CaseReason.CASE_SCHEME_UNREADABLE, field="scheme")
        now = self._clock.now()
        async with self._db.work() as conn:
            event = event or await event_of(conn, event_id)
            if event is None:
                return Refused(CaseReason.EVENT_NOT_KNOWN, {"event": event_id}, "event")
            lost = (event.amount if bad else 0) if loss is None else loss
            label = Label(
                event=event_id,
                at_ms=round(min(at or now, now).timestamp() * 1000),
                bad=bad,
                source=source,
                scheme=scheme,
                by=by,
                loss=lost,
            )
            await put_labels(conn, [label])
            if bad and source not in FINAL:
                await self._case(conn, event, label, why, now)
        return label

    async def _case(
        self, conn: Connection, event: Event, label: Label, why: str, now: datetime
    ) -> None:
        """A case about the complaint; where the event has one already, a step in that."""
        old: Any = await conn.fetchrow(
            "SELECT id FROM ctu.case_files WHERE event = $1 ORDER BY opened_at DESC LIMIT 1",
            event.id,
        )
        case_id = derive(event.id, "report") if old is None else old["id"]
        if old is None:
            entry = Logged(event=event, outcome="posted", score=0.5)
            await open_case(conn, case_id, Cause.REPORT, entry, now, await self._terms.read())
        await note_step(
            conn,
            self._ids,
            self._clock,
            case_id,
            "reported",
            label.by or label.source,
            why,
            source=label.source,
            scheme=label.scheme,
        )
