"""An acknowledged payment is on disk: a database that would only promise it takes no money."""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from argosy import cli
from argosy.base.store import Database, StoreError
from argosy.base.store.durability import durable
from argosy.base.store.postgres import Postgres
from argosy.opening import wired
from argosy.settings import Settings
from tests.conftest import make_short_folder

KEY = b"a secret of the durability tests"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server that keeps what it commits, as people are given it."""
    folder = make_short_folder()
    with Postgres(folder / "postgres") as server:
        yield server
    shutil.rmtree(folder)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, size=1)
    try:
        yield database
    finally:
        await database.close()


def asking_for(server: Postgres, value: str) -> str:
    """The address as an operator in a hurry writes it."""
    return f"{server.url()}&options=-c%20synchronous_commit%3D{value}"


async def test_the_embedded_server_keeps_what_it_commits(server: Postgres):
    async with opened(server.url()) as database:
        await durable(database)


async def test_an_address_that_does_not_wait_for_the_disk_is_refused(server: Postgres):
    async with opened(asking_for(server, "off")) as database:
        with pytest.raises(StoreError, match="synchronous_commit = off"):
            await durable(database)


@pytest.mark.parametrize("value", ["on", "local", "remote_write", "remote_apply"])
async def test_twin_every_other_value_is_on_our_disk(server: Postgres, value: str):
    async with opened(asking_for(server, value)) as database:
        assert await database.value("SHOW synchronous_commit") == value
        await durable(database)


@pytest.mark.parametrize("whose", ["ROLE", "DATABASE"])
async def test_a_role_or_a_database_that_does_not_wait_is_refused(server: Postgres, whose: str):
    async with opened(server.url()) as owner:
        await owner.run(f"ALTER {whose} argosy SET synchronous_commit = off")
        try:
            async with opened(server.url()) as database:
                with pytest.raises(StoreError, match="synchronous_commit = off"):
                    await durable(database)
        finally:
            await owner.run(f"ALTER {whose} argosy RESET synchronous_commit")
    async with opened(server.url()) as database:
        await durable(database)


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
async def test_a_server_that_may_lose_its_pages_is_refused(short_folder: Path, name: str):
    with Postgres(short_folder / "postgres") as server:
        async with opened(server.url()) as owner:
            await owner.run(f"ALTER SYSTEM SET {name} = off")
    with Postgres(short_folder / "postgres") as server:
        async with opened(server.url()) as database:
            with pytest.raises(StoreError, match=f"{name} = off"):
                await durable(database)


# --- the program itself: the server of the tests runs without fsync --------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


async def test_up_takes_no_money_and_makes_no_table(bare_db: Database, listener, tmp_path: Path):
    settings = Settings(data=tmp_path, key=KEY, demo=False, database_url=bare_db.url)
    with pytest.raises(StoreError, match="fsync = off"):
        await cli._up(settings, bare_db.url, listener, None, False, None)
    assert await bare_db.value("SELECT to_regclass('store.installation')") is None


async def test_a_worker_takes_no_money(db: Database, listener, tmp_path: Path):
    settings = Settings(data=tmp_path, key=KEY, demo=False, database_url=db.url)
    with pytest.raises(StoreError, match="fsync = off"):
        await cli._work(settings, db.url, 1, listener, tmp_path / "brain")


@pytest.mark.parametrize("demo", [False, True])
async def test_only_a_demo_may_play_without_a_disk(db: Database, tmp_path: Path, demo: bool):
    settings = Settings(data=tmp_path, key=KEY, demo=demo, database_url=db.url)
    async with wired(settings, db.url):  # who takes no money may look
        pass
    if demo:
        async with wired(settings, db.url, takes_money=True):
            pass
    else:
        with pytest.raises(StoreError, match="fsync = off"):
            async with wired(settings, db.url, takes_money=True):
                pass


@pytest.mark.parametrize(
    "answer, problem",
    [
        ("on,on,on", None),
        ("on,on,off", "The node pg1:5432 has synchronous_commit = off"),
        ("off,on,on", "The node pg1:5432 has fsync = off"),
        (None, "The node pg1:5432 does not say"),
    ],
)
async def test_every_node_is_asked(server: Postgres, answer: str | None, problem: str | None):
    """A stand-in for Citus, which asks its workers by a function."""
    async with opened(server.url("postgres")) as admin:
        await admin.run("DROP DATABASE IF EXISTS nodes WITH (FORCE)")
        await admin.run("CREATE DATABASE nodes")
    async with opened(server.url("nodes")) as database:
        await database.run("""
            INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
                VALUES (77, 'citus', 10, 'public'::regnamespace, false, '14.0-1')
        """)
        said = "NULL" if answer is None else f"'{answer}'"
        await database.run(f"""
            CREATE FUNCTION run_command_on_workers(text) RETURNS TABLE (
                nodename text, nodeport int, success bool, result text) LANGUAGE sql AS
            $$ SELECT 'pg1', 5432, {said} IS NOT NULL, {said}::text $$
        """)
        if problem is None:
            await durable(database)
        else:
            with pytest.raises(StoreError, match=problem):
                await durable(database)
