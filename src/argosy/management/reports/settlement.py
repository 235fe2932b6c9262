"""Settlement: what each merchant took in and was paid, and what it is owed now."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from argosy.base.parties.facts import main_account
from argosy.base.store import Database
from argosy.management.reports.facts import Column, Kind, Long, Page, Span, Table

_COLUMNS: Final = (
    Column("merchant"),
    Column("sales", Kind.COUNT),
    Column("sales_minor", Kind.MONEY),
    Column("fee_minor", Kind.MONEY),
    Column("refunds_minor", Kind.MONEY),
    Column("net_minor", Kind.MONEY),
    Column("paid_out", Kind.COUNT),
    Column("paid_out_minor", Kind.MONEY),
    Column("owed_minor", Kind.MONEY),
)
_SUMS = """
           sum(m.sales)::bigint AS sales, sum(m.sales_minor)::bigint AS sales_minor,
           sum(m.fee_minor - m.fee_back_minor)::bigint AS fee_minor,
           sum(m.refunds_minor)::bigint AS refunds_minor,
           sum(m.sales_minor - m.fee_minor - m.refunds_minor + m.fee_back_minor)::bigint
               AS net_minor,
           sum(m.paid_out)::bigint AS paid_out,
           sum(m.paid_out_minor + m.paid_out_fee_minor)::bigint AS paid_out_minor
"""
# Whoever took in or was paid anything on these days, by id.
_PAGE = f"""
    WITH page AS (
        SELECT m.party, {_SUMS} FROM management.home_merchants m
         WHERE m.market = $1 AND m.day BETWEEN $2 AND $3
           AND m.party > coalesce($4::uuid, '00000000-0000-0000-0000-000000000000')
         GROUP BY m.party ORDER BY m.party LIMIT $5
    )
    SELECT page.*, p.number AS merchant, p.state FROM page
      JOIN parties.party p ON p.id = page.party ORDER BY page.party
"""
_OWED = """
    SELECT id, credits_posted - debits_posted AS minor FROM ledger.accounts WHERE id = ANY ($1)
"""
_TOTAL = f"""
    SELECT {_SUMS}, count(DISTINCT m.party) AS merchants FROM management.home_merchants m
     WHERE m.market = $1 AND m.day BETWEEN $2 AND $3
"""


def settlement(db: Database, market: str, currency: str, span: Span) -> Long:
    """Merchants who traded in the span, each with sales, fees that it bears, refunds, payouts with their
    fees, and its balance now. Merchants stand by their public number."""

    async def fetch(after: Any, limit: int) -> Page:
        rows = await db.all(_PAGE, market, span.first, span.last, after, limit)
        accounts: dict[UUID, UUID] = {row["party"]: main_account(row["party"]) for row in rows}
        owed = {row["id"]: row["minor"] for row in await db.all(_OWED, list(accounts.values()))}
        found = [
            {
                **row,
                "id": str(row["party"]),
                "currency": currency,
                "owed_minor": owed.get(accounts[row["party"]], 0),
            }
            for row in rows
        ]
        return Page(found, rows[-1]["party"] if len(rows) == limit else None)

    return Long("settlement", _COLUMNS, fetch)


async def settled(db: Database, market: str, currency: str, span: Span) -> Table:
    """The same of all merchants together, in one row."""
    row = await db.one(_TOTAL, market, span.first, span.last)
    found = dict(row) if row is not None and row["merchants"] else {}
    columns = (Column("merchants", Kind.COUNT), *_COLUMNS[1:-1])
    return Table("settled", columns, [{**found, "currency": currency}] if found else [])
