"""The road to PostgreSQL: short verbs, one transaction, and the three kinds of no kept apart."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.base.store.database import StoreError
from argosy.base.store.installation import claim

A, B = UUID(int=1), UUID(int=2)


@pytest.fixture
async def shop(bare_db):
    await bare_db.run("CREATE TABLE shop (id uuid PRIMARY KEY, minor bigint, facts jsonb)")
    return bare_db


async def test_verbs(shop):
    await shop.many("INSERT INTO shop VALUES ($1, $2, $3)", [(A, 5, {"a": [1]}), (B, 7, None)])
    assert [row["minor"] for row in await shop.all("SELECT minor FROM shop ORDER BY 1")] == [5, 7]
    assert (await shop.one("SELECT * FROM shop WHERE id = $1", A))["facts"] == {"a": [1]}
    assert await shop.one("SELECT * FROM shop WHERE id = $1", UUID(int=3)) is None
    assert await shop.value("SELECT sum(minor)::bigint FROM shop") == 12
    assert await shop.run("UPDATE shop SET minor = 0") == "UPDATE 2"


@pytest.mark.parametrize("value", [{"ž": ["नमस्ते", 1, None, True]}, [], {}, "text", 10**15])
async def test_jsonb_comes_back_as_it_went(shop, value):
    assert await shop.value("SELECT $1::jsonb", value) == value


async def test_many_jsonb_at_once(shop):
    rows = [{"a": 1}, {}, {"b": [2, {"c": None}]}]
    assert await shop.value("SELECT $1::jsonb[]", rows) == rows
    got = await shop.all("SELECT f FROM unnest($1::jsonb[]) AS f", rows)
    assert [row["f"] for row in got] == rows


async def test_work_is_one_transaction(shop):
    async with shop.work() as conn:
        await conn.execute("INSERT INTO shop VALUES ($1, 5)", A)
    with pytest.raises(RuntimeError, match="second thoughts"):
        await half_done(shop)
    assert await shop.value("SELECT count(*) FROM shop") == 1


async def half_done(shop):
    async with shop.work() as conn:
        await conn.execute("INSERT INTO shop VALUES ($1, 5)", B)
        raise RuntimeError("second thoughts")


async def test_a_cancelled_work_leaves_nothing_behind(shop):
    async def slow():
        async with shop.work() as conn:
            await conn.execute("INSERT INTO shop VALUES ($1, 5)", A)
            await conn.execute("SELECT pg_sleep(30)")

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await shop.value("SELECT count(*) FROM shop") == 0


async def test_a_broken_constraint_is_no_outage(shop):
    await shop.run("INSERT INTO shop VALUES ($1, 5)", A)
    with pytest.raises(asyncpg.UniqueViolationError):
        await shop.run("INSERT INTO shop VALUES ($1, 5)", A)


async def test_somebody_elses_failure_inside_a_work_stays_what_it_is(shop):
    with pytest.raises(FileNotFoundError):
        async with shop.work():
            Path("/no/such/file").read_text()


async def test_a_mistake_in_sql_is_no_outage(shop):
    with pytest.raises(asyncpg.UndefinedTableError):
        await shop.all("SELECT * FROM stall")
    with pytest.raises(asyncpg.InterfaceError):
        await shop.all("SELECT $1::int")


async def test_a_connection_that_is_cut_is_an_outage_and_the_next_one_works(shop):
    with pytest.raises(Unavailable):
        async with shop.work() as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            await shop.run("SELECT pg_terminate_backend($1, 5000)", pid)
            await conn.execute("SELECT 1")
    assert await shop.value("SELECT 1") == 1


async def test_whenever_a_connection_is_cut_it_is_an_outage_and_no_broken_one_is_kept(
    shop, server_url
):
    killer = await Database.open(server_url, size=1)
    said = []
    for round_ in range(60):
        pid = await shop.value("SELECT pg_backend_pid()")
        await killer.run("SELECT pg_terminate_backend($1)", pid)
        await asyncio.sleep(0.0002 * (round_ % 12))
        try:
            await shop.value("SELECT 1")
        except Unavailable as outage:
            said.append(str(outage))
            await asyncio.sleep(0)
        assert await shop.value("SELECT 1") == 1
    assert said
    await killer.close()


@pytest.mark.parametrize("sqlstate", ["53100", "58030", "XX000"])
async def test_a_disk_that_fails_or_is_full_is_an_outage(shop, sqlstate):
    """A spent quota, and a file as long as it may be, are told as the last of these."""
    with pytest.raises(Unavailable, match="could not extend file"):
        await shop.run(
            f"DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '{sqlstate}'; END $$"
        )
    assert await shop.value("SELECT 1") == 1


async def test_a_deadlock_is_an_outage_for_the_one_who_lost(shop):
    await shop.many("INSERT INTO shop VALUES ($1, $2)", [(A, 0), (B, 0)])
    both_have_one = asyncio.Barrier(2)

    async def cross(first, second):
        async with shop.work() as conn:
            await conn.execute("SET LOCAL deadlock_timeout = '50ms'")
            await conn.execute("UPDATE shop SET minor = minor + 1 WHERE id = $1", first)
            await both_have_one.wait()
            await conn.execute("UPDATE shop SET minor = minor + 1 WHERE id = $1", second)

    said = await asyncio.gather(cross(A, B), cross(B, A), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in said) == ["NoneType", "Unavailable"]


async def test_nobody_there_is_an_outage(tmp_path):
    with pytest.raises(Unavailable):
        await Database.open(f"postgresql://argosy@/argosy?host={tmp_path}")


@pytest.mark.parametrize(
    "wrong,saying",
    [
        ({"path": "/no_such"}, "no_such"),
        ({"netloc": "stranger@"}, "does not let us in"),
        ({"query": "host=/tmp&port=secret"}, "cannot be read"),
    ],
)
async def test_a_wrong_address_is_refused_in_plain_words(server_url, wrong, saying):
    url = urlsplit(server_url)
    if "netloc" in wrong and url.hostname is not None:
        pytest.skip("a server that was given may let every user in")
    if wrong.get("path"):
        wrong = {"path": wrong["path"]}
    with pytest.raises(StoreError, match=saying) as caught:
        await Database.open(url._replace(**wrong).geturl().replace(":///", "://argosy@/"))
    assert "secret" not in str(caught.value)


async def test_a_closed_database_is_an_outage(server_url):
    database = await Database.open(server_url, size=1)
    await database.close()
    with pytest.raises(Unavailable):
        await database.value("SELECT 1")


async def test_a_database_belongs_to_one_key_and_is_a_demo_or_none(db):
    await claim(db, b"one", demo=False)
    await claim(db, b"one", demo=False)
    with pytest.raises(StoreError, match="another ARGOSY_KEY"):
        await claim(db, b"two", demo=False)
    with pytest.raises(StoreError, match="no demo"):
        await claim(db, b"one", demo=True)


async def test_a_demo_is_never_taken_for_the_real_thing(db):
    await claim(db, b"one", demo=True)
    with pytest.raises(StoreError, match="holds a demo"):
        await claim(db, b"one", demo=False)
