"""Suspicious transactions: what was confirmed, what is held, what is above the law's thresholds, and the
form in which an officer reports them.

Parties are masked everywhere; the reporting officer who needs a name looks it up, with a reason, on the
customer's own page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.duties import Report as Duty
from argosy.base.ids import Ids, parse_id
from argosy.base.markets import Market
from argosy.base.refusals import Kind as No
from argosy.base.refusals import Reason, Refused
from argosy.base.store import Database
from argosy.management.reports.facts import Column, Kind, Long, Page, Row, Span, Table
from argosy.management.staff.facts import Member

ITEMS_MAX: Final = 500
NARRATIVE_CHARS: Final = (10, 4000)


class Why(StrEnum):
    """Why something is on the list."""

    CONFIRMED = "confirmed"  # a human found it bad, and the money went back
    HELD = "held"  # money waits for a human
    LARGE = "large"  # one payment above a threshold of the law


class ReportReason(Reason):
    """Refusals of reports: 776-779."""

    NOTHING_TO_FILE = 776, No.INPUT, "Choose at least one transaction to report."
    NARRATIVE_SHORT = 777, No.INPUT, "Say in at least ten characters why this is reported."
    FILING_TOO_LONG = 778, No.INPUT, "At most 500 transactions go into one report."
    EVENT_UNKNOWN = 779, No.UNKNOWN, "One of these transactions is not known here."


_COLUMNS: Final = (
    Column("at", Kind.WHEN),
    Column("why", Kind.NAME),
    Column("kind", Kind.NAME),
    Column("channel", Kind.NAME),
    Column("amount_minor", Kind.MONEY),
    Column("party"),
    Column("payee"),
    Column("reasons"),
    Column("decided", Kind.TEXT),
    Column("filed", Kind.COUNT),
    Column("event"),
)
_WHO = """
           coalesce('…' || right(a.number, 4), '') AS party,
           coalesce('…' || right(b.number, 4), '') AS payee,
           (SELECT count(*) FROM management.reports_filed f WHERE f.event = {0}) AS filed
"""
_JOINED = """
      LEFT JOIN parties.party a ON a.id = CASE WHEN {0}.account ~ '^[0-9a-f-]{{36}}$'
                                               THEN {0}.account::uuid END
      LEFT JOIN parties.party b ON b.id = CASE WHEN {0}.payee ~ '^[0-9a-f-]{{36}}$'
                                               THEN {0}.payee::uuid END
"""
_CASES = f"""
    SELECT c.id, c.opened_at AS at, c.kind, '' AS channel, c.amount_minor, c.currency, c.event,
           c.account, array_to_string(c.rules, ', ') AS reasons,
           coalesce(c.decided_why, '') AS decided, {_WHO.format("c.event")}
      FROM ctu.case_files c {_JOINED.format("c")}
     WHERE c.state = $1 AND c.market = $2 AND c.opened_at >= $3 AND c.opened_at < $4
       AND (c.opened_at, c.id) > ($5, $6)
     ORDER BY c.opened_at, c.id LIMIT $7
"""
_LARGE = f"""
    SELECT e.id, e.at, e.kind, e.channel, e.amount AS amount_minor, e.currency, e.id AS event,
           e.account, '' AS reasons, '' AS decided, {_WHO.format("e.id")}
      FROM ctu.events e {_JOINED.format("e")}
     WHERE e.at >= $3 AND e.at < $4 AND e.market = $2 AND e.outcome = ANY ($1)
       AND e.amount >= $8 AND (e.at, e.id) > ($5, $6)
     ORDER BY e.at, e.id LIMIT $7
"""
_STATE: Final = {Why.CONFIRMED: "returned", Why.HELD: "open"}
_NONE = UUID(int=0)


def thresholds(market: Market, day: date) -> list[Duty]:
    """The duties to report that have an amount for one payment on `day`, the lowest first."""
    found = [
        duty
        for duty in market.reports_on(day)
        if duty.threshold_minor is not None and duty.per == "payment"
    ]
    return sorted(found, key=lambda duty: duty.threshold_minor or 0)


def suspicious(db: Database, market: Market, span: Span, why: Why) -> Long:
    """One sort of what may have to be reported, of the span (by the market's days), oldest first."""
    since, until = span.instants()
    lowest = min((d.threshold_minor or 0 for d in thresholds(market, span.last)), default=None)

    async def fetch(after: Any, limit: int) -> Page:
        at, id_ = after or (since, _NONE)
        place = (market.code, since, until, at, id_, limit)
        if why is not Why.LARGE:
            rows = await db.all(_CASES, _STATE[why], *place)
        elif lowest is not None:
            rows = await db.all(_LARGE, ["posted", "held"], *place, lowest)
        else:
            rows = []
        found = [{**row, "why": why.value, "id": str(row["id"])} for row in rows]
        return Page(found, (rows[-1]["at"], rows[-1]["id"]) if len(rows) == limit else None)

    return Long(f"suspicious_{why.value}", _COLUMNS, fetch)


def duties(market: Market, day: date) -> Table:
    """What authorities must be told of what happens on `day`, with the last day in time for it."""
    columns = (
        Column("what", Kind.NAME),
        Column("authority"),
        Column("form"),
        Column("threshold_minor", Kind.MONEY),
        Column("per", Kind.NAME),
        Column("due", Kind.DAY),
    )
    rows = [
        {
            "what": duty.what,
            "authority": duty.to,
            "form": duty.form,
            "threshold_minor": duty.threshold_minor,
            "per": duty.per if duty.threshold_minor is not None else None,
            "due": duty.due(day, market.calendar),
            "currency": market.currency,
        }
        for duty in sorted(market.reports_on(day), key=lambda one: (one.what, one.to))
    ]
    return Table("duties", columns, rows)


@dataclass(frozen=True)
class Filing:
    """One report as it was filed. `items` are rows of `suspicious`, masked."""

    id: UUID
    market: str
    at: datetime
    what: str
    authority: str
    form: str
    narrative: str
    items: Sequence[Mapping[str, Any]]
    by_name: str


class Filings:
    """Files reports and shows them again."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids

    async def file(
        self, member: Member, market: Market, duty: Duty, items: Sequence[Row], narrative: str
    ) -> Filing | Refused:
        """Keep what is reported to `duty.to`, for ever and as it stands now."""
        narrative = narrative.strip()[: NARRATIVE_CHARS[1]]
        if not items:
            return Refused(ReportReason.NOTHING_TO_FILE)
        if len(items) > ITEMS_MAX:
            return Refused(ReportReason.FILING_TOO_LONG)
        if len(narrative) < NARRATIVE_CHARS[0]:
            return Refused(ReportReason.NARRATIVE_SHORT, field="narrative")
        events = [parse_id(str(item.get("event"))) for item in items]
        known = await self._db.value(
            "SELECT count(DISTINCT id) FROM ctu.events WHERE id = ANY ($1) AND market = $2",
            [event for event in events if event is not None],
            market.code,
        )
        if None in events or known < len(set(events)):
            return Refused(ReportReason.EVENT_UNKNOWN)
        now, id_ = self._clock.now(), self._ids.new()
        kept = [
            {column.name: _plain(item.get(column.name)) for column in _COLUMNS} for item in items
        ]
        for one, item in zip(kept, items, strict=True):
            one["currency"] = item.get("currency", market.currency)
        filing = Filing(
            id_, market.code, now, duty.what, duty.to, duty.form, narrative, kept, member.name
        )
        async with self._db.work() as conn:
            await conn.execute(
                "INSERT INTO management.reports_filings (id, market, at, what, authority, form,"
                " narrative, items, by_id, by_name)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                id_,
                market.code,
                now,
                duty.what,
                duty.to,
                duty.form,
                narrative,
                kept,
                member.id,
                member.name,
            )
            await conn.executemany(
                "INSERT INTO management.reports_filed (event, filing) VALUES ($1, $2)",
                [(event, id_) for event in dict.fromkeys(events)],
            )
        return filing

    async def listed(self, market: str, before: Any = None, limit: int = 50) -> Page:
        """Reports that were filed, newest first; go on with `before` the cursor of the page before."""
        at, id_ = before or (None, None)
        rows = await self._db.all(
            """
            SELECT id, at, what, authority, form, narrative, by_name,
                   jsonb_array_length(items) AS count
              FROM management.reports_filings
             WHERE market = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3))
             ORDER BY at DESC, id DESC LIMIT $4
            """,
            market,
            at,
            id_,
            limit,
        )
        found = [{**row, "id": str(row["id"])} for row in rows]
        return Page(found, (rows[-1]["at"], rows[-1]["id"]) if len(rows) == limit else None)

    async def one(self, id_: UUID) -> Filing | None:
        """The report `id_` as it was filed."""
        row = await self._db.one("SELECT * FROM management.reports_filings WHERE id = $1", id_)
        if row is None:
            return None
        names = ("id", "market", "at", "what", "authority", "form", "narrative", "items", "by_name")
        return Filing(**{name: row[name] for name in names})


def as_table(filing: Filing) -> Table:
    """The list of a filed report."""
    rows = [{**item, "at": datetime.fromisoformat(item["at"])} for item in filing.items]
    return Table(f"filing_{filing.what}", _COLUMNS, rows)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
