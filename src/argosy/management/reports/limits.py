"""Limits: who has used how much of which, and how often each has said no."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from argosy.base.markets import Cap, Market
from argosy.base.store import Database
from argosy.base.wallet.limits import strictest
from argosy.management.reports.facts import Column, Kind, Long, Page, Span, Table

SCANNED_MAX: Final = 20_000
"""So many counters one page looks at; the cursor goes on behind them, also where none was near its cap."""
WINDOWS: Final = ("day", "month", "year")
_REASONS: Final = (
    "limit_payment",
    "limit_day",
    "limit_day_count",
    "limit_month",
    "limit_month_count",
    "limit_year",
    "level_not_allowed",
    "ceiling_exceeded",
)
_COLUMNS: Final = (
    Column("party"),
    Column("level", Kind.NAME),
    Column("limit", Kind.NAME),
    Column("window", Kind.NAME),
    Column("used_minor", Kind.MONEY),
    Column("most_minor", Kind.MONEY),
    Column("used_count", Kind.COUNT),
    Column("most_count", Kind.COUNT),
    Column("used_share", Kind.SHARE),
)
_NEAR = """
    WITH page AS MATERIALIZED (
        SELECT * FROM gate.usage u
         WHERE (u.party, u.key) > ($1::uuid, $2::text) ORDER BY u.party, u.key LIMIT $3
    ),
    caps AS (
        SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
               AS c (level, key, win, most_minor, most_count)
    ),
    used AS (
        SELECT p.id, right(p.number, 4) AS tail, p.level, u.key, c.win, c.most_minor, c.most_count,
               CASE c.win WHEN 'day' THEN CASE WHEN u.day = $9 THEN u.day_minor ELSE 0 END
                          WHEN 'month' THEN CASE WHEN u.month = $10 THEN u.month_minor ELSE 0 END
                          ELSE CASE WHEN u.year = $11 THEN u.year_minor ELSE 0 END END AS minor,
               CASE c.win WHEN 'day' THEN CASE WHEN u.day = $9 THEN u.day_count ELSE 0 END
                          WHEN 'month' THEN CASE WHEN u.month = $10 THEN u.month_count ELSE 0 END
                          ELSE 0 END AS count
          FROM page u JOIN parties.party p ON p.id = u.party AND p.market = $12
          JOIN caps c ON c.level = p.level AND c.key = u.key
    )
    SELECT *, greatest(minor::float8 / nullif(most_minor, 0), count::float8 / nullif(most_count, 0))
              AS share,
           (SELECT count(*) FROM page) AS scanned,
           (SELECT party FROM page ORDER BY party DESC, key DESC LIMIT 1) AS last_party,
           (SELECT key FROM page ORDER BY party DESC, key DESC LIMIT 1) AS last_key
      FROM used
     WHERE greatest(minor::float8 / nullif(most_minor, 0), count::float8 / nullif(most_count, 0))
           >= $13
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, count(*),
           (SELECT party FROM page ORDER BY party DESC, key DESC LIMIT 1),
           (SELECT key FROM page ORDER BY party DESC, key DESC LIMIT 1)
      FROM page
"""
_REFUSED = """
    SELECT product, channel, reason, sum(count)::bigint AS count, sum(minor)::bigint AS minor
      FROM management.home_refusals
     WHERE market = $1 AND minute >= $2 AND minute < $3 AND reason = ANY ($4)
     GROUP BY product, channel, reason ORDER BY 4 DESC, 1, 2, 3
"""


def near_limits(db: Database, market: Market, today: date, share: float) -> Long:
    """Counters that stand at `share` or more of their cap today, this month or this year, as the market's
    law has it on `today`; parties by the last four digits of their number, and their id for the link.

    A page looks at `SCANNED_MAX` counters at most, so it may be empty and still have a next one.
    """
    caps = _caps(market, today)

    async def fetch(after: Any, limit: int) -> Page:
        party, key = after or (UUID(int=0), "")
        scan = max(limit, SCANNED_MAX)
        rows = await db.all(
            _NEAR,
            party,
            key,
            scan,
            *(list(column) for column in zip(*caps, strict=True)),
            today,
            today.replace(day=1),
            today.replace(month=1, day=1),
            market.code,
            share,
        )
        found = [
            {
                "id": f"{row['id']} {row['key']} {row['win']}",
                "party_id": str(row["id"]),
                "party": f"…{row['tail']}",
                "level": row["level"],
                "limit": row["key"],
                "window": row["win"],
                "used_minor": row["minor"] if row["most_minor"] is not None else None,
                "most_minor": row["most_minor"],
                "used_count": row["count"] if row["most_count"] is not None else None,
                "most_count": row["most_count"],
                "used_share": row["share"],
                "currency": market.currency,
            }
            for row in rows
            if row["id"] is not None
        ]
        found.sort(key=lambda row: -float(row["used_share"]))
        last = rows[-1]
        more = last["scanned"] >= scan
        return Page(found, (last["last_party"], last["last_key"]) if more else None)

    return Long("limits", _COLUMNS, fetch)


async def limit_refusals(db: Database, market: str, currency: str, span: Span) -> Table:
    """How often each limit said no in the span, by product and channel."""
    rows = await db.all(_REFUSED, market, *span.instants(), list(_REASONS))
    columns = (
        Column("reason", Kind.NAME),
        Column("product", Kind.NAME),
        Column("channel", Kind.NAME),
        Column("count", Kind.COUNT),
        Column("minor", Kind.MONEY),
    )
    return Table("limit_refusals", columns, [{**row, "currency": currency} for row in rows])


def _caps(market: Market, today: date) -> list[tuple[str, str, str, int | None, int | None]]:
    """Level, key, window and bounds of every cap that a counter can come near."""
    found = []
    for level in market.levels:
        for key in sorted({rule.key for rule in market.limits if rule.level == level.name}):
            cap: Cap = strictest(market.caps(key, level.name, today))
            bounds = {
                "day": (cap.day_minor_max, cap.day_count_max),
                "month": (cap.month_minor_max, cap.month_count_max),
                "year": (cap.year_minor_max, None),
            }
            found += [(level.name, key, w, *bounds[w]) for w in WINDOWS if any(bounds[w])]
    return found or [("", "", "day", None, None)]
