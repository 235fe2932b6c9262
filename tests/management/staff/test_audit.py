"""The audit log: append-only, chained, searched."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from argosy.base.parties.keys import Keys
from argosy.management.staff.audit import Audit


async def write(staff, *actions: str) -> None:
    for action in actions:
        await staff.audit.write(None, None, action, "s", "why", {"n": 1}, name="meera")


async def test_rows_are_chained_and_the_chain_holds(staff):
    await write(staff, "a.b", "a.c", "d.e")
    checked = await staff.audit.check()
    assert (checked.rows, checked.findings) == (3, ())
    assert checked.text() == "audit log: 3 rows, the chain holds"


async def test_many_at_once_stand_one_after_the_other(staff):
    await asyncio.gather(*(write(staff, f"a.n{n}") for n in range(20)))
    assert (await staff.audit.check()).rows == 20


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE staff.audit SET reason = 'another'",
        "DELETE FROM staff.audit",
        "TRUNCATE staff.audit",
        "DELETE FROM staff.audit_end",
    ],
)
async def test_no_row_is_changed_or_taken_away(staff, sql):
    await write(staff, "a.b")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await staff.db.run(sql)


@pytest.mark.parametrize(
    "sql,finding",
    [
        ("UPDATE staff.audit SET reason = 'another' WHERE number = 2", "row 2 is not as it was"),
        ("UPDATE staff.audit SET at = at + interval '1 s' WHERE number = 1", "row 1 is not as"),
        ("UPDATE staff.audit SET detail = '{}' WHERE number = 3", "row 3 is not as it was"),
        ("DELETE FROM staff.audit WHERE number = 2", "rows 2 to 2 are missing"),
        ("DELETE FROM staff.audit WHERE number = 3", "rows after 2 are missing, up to 3"),
        ("UPDATE staff.audit_end SET number = 2", "the end of the chain is not where"),
    ],
)
async def test_twin_whoever_gets_past_the_trigger_is_seen(staff, sql, finding):
    await write(staff, "a.b", "a.c", "d.e")
    async with staff.db.work() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(sql)
    checked = await staff.audit.check()
    assert any(finding in one for one in checked.findings), checked.findings
    assert "TAMPERED" in checked.text()


async def test_twin_who_has_no_key_cannot_chain_anew(staff):
    await write(staff, "a.b")
    forger = Audit(staff.db, staff.clock, Keys(b"x" * 32, b"y" * 32))
    await forger.write(None, None, "a.c", "s", name="meera")
    assert (await staff.audit.check()).findings == ("row 2 is not as it was written",)


async def test_a_row_in_a_transaction_that_fails_was_never_written(staff):
    with pytest.raises(ZeroDivisionError):
        async with staff.db.work() as conn:
            await staff.audit.write(conn, None, "a.b", "s")
            raise ZeroDivisionError
    assert (await staff.audit.check()).rows == 0


async def test_search_by_words_action_and_cursor(staff):
    await staff.audit.write(
        None, None, "customers.freeze", "01a2-b3", "Asked by phone", name="meera"
    )
    await write(staff, *(f"money.n{n}" for n in range(5)))
    found = await staff.audit.search("phone freeze")
    assert [entry.action for entry in found.entries] == ["customers.freeze"]
    assert (await staff.audit.search(action="customers.")).entries == found.entries
    assert (await staff.audit.search(subject="01a2-b3")).entries == found.entries
    assert (await staff.audit.search("'; DROP TABLE staff.audit; --")).entries == []
    first = await staff.audit.search(limit=4)
    assert [entry.number for entry in first.entries] == [6, 5, 4, 3]
    rest = await staff.audit.search(limit=4, after=first.after)
    assert ([entry.number for entry in rest.entries], rest.after) == ([2, 1], None)


async def test_whatever_is_typed_can_be_written_down(staff):
    nasty = "\x00\ud800 <script>alert(1)</script> " + "long " * 500
    await staff.audit.write(None, None, nasty, nasty, nasty, {"n": "\x00 \\u0000"}, nasty)
    assert (await staff.audit.check()).findings == ()
