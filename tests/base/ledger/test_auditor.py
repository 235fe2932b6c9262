"""Somebody from outside re-adds the books from the journal alone and comes to the same accounts."""

from __future__ import annotations

import ast
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Action
from argosy.base.ledger.verify import verify
from argosy.base.store import Database
from tests.base.gate.till import end, move, opened, payment
from tests.base.ledger import auditor


async def journal(db: Database) -> list[dict[str, str]]:
    """The journal as text, through COPY."""
    out = io.BytesIO()
    async with db.connection() as conn:
        await conn.execute("SET timezone = 'UTC'")
        query = auditor.COPY.removeprefix("COPY (").partition(") TO STDOUT")[0]
        await conn.copy_from_query(query, output=out, format="csv", header=True)
    return auditor.read(out.getvalue().decode())


@pytest.fixture
async def books(db: Database, clock: SetClock, ids: Ids) -> Ledger:
    """A day of trade, on three lanes and by both paths."""
    ledger = await opened(db, clock, ids, 10_000)
    commits = [GroupCommit(db, clock, first_lane=n) for n in (0, 3, 9)]
    for n in range(60):
        clock.advance(seconds=7, microseconds=n % 3)
        await commits[n % 3].submit(payment(f"p{n}", "anita", "shop", 100 + n, clock))
    later = clock.now() + timedelta(hours=1)
    await ledger.post(
        [move(f"h{n}", "ravi", "stall", 90, action=Action.HOLD, expires_at=later) for n in range(9)]
    )
    await ledger.post([end(f"a{n}", f"h{n}", amount=10 * n + 1) for n in range(3)])
    await ledger.post([end(f"b{n}", f"h{n}", Action.VOID) for n in range(3, 6)])
    clock.advance(hours=2)
    await ledger.post([end(f"c{n}", f"h{n}", Action.EXPIRE) for n in range(6, 8)])
    await ledger.post([move("most", "shop", "cash", 10**9, up_to=1)])
    return ledger


async def test_the_auditor_comes_to_the_same_balances(books: Ledger, db: Database):
    rows = await journal(db)
    assert len(rows) > 70
    there = {
        str(row["id"]): tuple(row)[1:]
        for row in await db.all(
            "SELECT id, debits_pending, debits_posted, credits_pending, credits_posted, entries"
            " FROM ledger.accounts"
        )
    }
    found = auditor.balances(auditor.books(rows))
    assert found == there
    assert sum(b[1] - b[3] for b in found.values()) == 0  # what is debited is credited


async def test_the_auditor_comes_to_the_same_chain(books: Ledger, db: Database):
    ends = auditor.chain(await journal(db))
    kept = await db.all("SELECT lane, segment, hash FROM ledger.lanes ORDER BY lane")
    assert ends == {str(row["lane"]): (row["segment"], row["hash"].hex()) for row in kept}
    assert len(ends) == 3
    report = await verify(db)
    assert report.sound, report.text()
    assert {str(h.lane): (h.segment, h.hash) for h in report.heads} == ends


async def test_twin_the_auditor_sees_a_changed_line(books: Ledger, db: Database):
    rows = await journal(db)
    balances, chain = auditor.balances(auditor.books(rows)), auditor.chain(rows)
    for name, value in [("amount", "101"), ("credit", rows[0]["debit"]), ("kind", "gift")]:
        changed = [dict(row) for row in rows]
        changed[20][name] = value
        assert auditor.chain(changed) != chain
        assert (auditor.balances(auditor.books(changed)) == balances) == (name == "kind")
    assert auditor.chain(rows[:20] + rows[21:]) != chain


def test_the_auditor_knows_nothing_of_the_program():
    tree = ast.parse(Path(auditor.__file__).read_text())
    imported = [
        ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert not [words for words in imported if "argosy" in words or "tests" in words]


@pytest.mark.parametrize(
    "at",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 22, 4, 30, 0, 50, tzinfo=UTC),
        datetime(2000, 3, 1, tzinfo=UTC),
    ],
)
def test_the_auditor_counts_time_as_everybody_does(at: datetime):
    expected = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert auditor.micros(f"{at:%Y-%m-%d %H:%M:%S.%f}".rstrip("0") + "+00") == str(expected)
