"""The journal cannot be rewritten: the database itself refuses, whoever asks."""

from __future__ import annotations

import asyncpg
import pytest

from argosy.base.store import Database
from tests.base.ledger.tables import Trade

BOOKS = """
open   cash  debit floor none
open   anita
pour   fill  cash anita 1.00 times 300
hold   h1    anita cash 1.00 created
"""
FOR_EVER = ["transfers", "segments", "account_events", "marks"]
KEPT = ["accounts", "holds"]
CHANGES = {
    "UPDATE": "UPDATE ledger.{0} SET {1} = {1}",
    "DELETE": "DELETE FROM ledger.{0}",
    "TRUNCATE": "TRUNCATE ledger.{0}",
}
A_COLUMN = {"transfers": "amount", "segments": "hash", "account_events": "because", "marks": "at"}


@pytest.fixture
async def books(trade: Trade) -> Trade:
    await trade.run(BOOKS)
    return trade


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", FOR_EVER)
async def test_what_happened_stays(table: str, change: str, books: Trade, db: Database):
    assert await db.value(f"SELECT count(*) FROM ledger.{table}") > 0
    with pytest.raises(asyncpg.PostgresError, match=f"{table} is append-only: {change} refused"):
        await db.run(CHANGES[change].format(table, A_COLUMN[table]))


@pytest.mark.parametrize("change", ["DELETE", "TRUNCATE"])
@pytest.mark.parametrize("table", KEPT)
async def test_accounts_and_holds_are_never_removed(
    table: str, change: str, books: Trade, db: Database
):
    with pytest.raises(asyncpg.PostgresError, match=f"{table} is append-only: {change} refused"):
        await db.run(CHANGES[change].format(table, ""))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", FOR_EVER)
async def test_twin_it_is_the_trigger_that_refuses(
    table: str, change: str, books: Trade, db: Database
):
    """Without it the same statement is carried out; what then notices is in `test_tampering`."""
    async with db.work() as conn:
        await conn.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER append_only")
        await conn.execute(CHANGES[change].format(table, A_COLUMN[table]))
        left = await conn.fetchval(f"SELECT count(*) FROM ledger.{table}")
        assert (left == 0) == (change != "UPDATE")
        await conn.execute(f"ALTER TABLE ledger.{table} ENABLE TRIGGER append_only")
