"""What every test stands on: a real PostgreSQL, a clock that stands still, ids that repeat.

One embedded server serves the whole run. The process that runs pytest starts it and stops it; each
worker clones a database from a template that was migrated once. The server of the tests runs without
fsync, by `Postgres(durable=False)`, because all that it holds is thrown away; the tests that kill
servers start durable ones of their own. TEST_DATABASE_URL names another server to use.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store.database import Database, StoreError
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres

GIVEN = "TEST_DATABASE_URL"
"""Names a server to use instead of the embedded one, by its `postgres` database, and a role that may
make databases there: to test another version. Everything in the databases named below is thrown away."""
TEMPLATE = "argosy_template"
POOL_SIZE = 12
DEAD_RUN_SECONDS_MIN = 3600
TRUNCATE_BYTES_MIN = 500_000
_TURN = 7_301_111  # any fixed number: one worker at a time makes the template


# --- the network: loopback only ------------------------------------------------------------------


class NetworkBlocked(Exception):
    """A test reached out beyond this machine."""


def _stay_at_home(event: str, args: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        return
    address = args[-1]
    if not isinstance(address, tuple) or not address:
        return  # a unix socket, or a socket that was connected before
    host = str(address[0])
    if host == "localhost":
        return
    try:
        if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkBlocked(f"tests may not reach {host}")


sys.addaudithook(_stay_at_home)


# --- one server for the run ----------------------------------------------------------------------


def make_short_folder() -> Path:
    """A new folder with a short path, which the user of root's PostgreSQL can enter as well."""
    folder = Path(tempfile.mkdtemp(prefix="argosy-tests-"))
    folder.chmod(0o711)
    return folder


def clear_away_dead_runs() -> None:
    """A run that was killed leaves a server behind: end it and remove its folder."""
    for lock in Path(tempfile.gettempdir()).glob("argosy-tests-*/*.lock"):
        if time.time() - lock.stat().st_mtime > DEAD_RUN_SECONDS_MIN:
            with contextlib.suppress(StoreError):  # it is alive after all
                Postgres(lock.with_suffix("")).discard()
                shutil.rmtree(lock.parent, ignore_errors=True)


_SERVER = pytest.StashKey[Postgres]()
_FOLDER = pytest.StashKey[Path]()


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    clear_away_dead_runs()
    if GIVEN in os.environ:
        asyncio.run(_forget_earlier_runs(os.environ[GIVEN]))
        return
    folder = make_short_folder()
    config.stash[_FOLDER] = folder
    config.stash[_SERVER] = Postgres(folder / "postgres", durable=False)
    config.stash[_SERVER].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _FOLDER not in config.stash:
        return
    config.stash[_SERVER].stop()
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)
    del config.stash[_FOLDER]


async def _forget_earlier_runs(server_url: str) -> None:
    """On a given server, what an earlier run left: its template may be of another schema."""
    server = await Database.open(server_url, size=1)
    try:
        for row in await server.all(
            "SELECT datname FROM pg_database WHERE datname LIKE 'argosy_template%'"
            " OR datname ~ '^(worker|bare)_(gw[0-9]+|master)$'"
        ):
            await server.run(f"DROP DATABASE {row['datname']} WITH (FORCE)")
    finally:
        await server.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if GIVEN not in os.environ:
        node.workerinput["argosy_server"] = node.config.stash[_SERVER].url("postgres")


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """Where the server's `postgres` database is; `named_url` leads to the others."""
    if GIVEN in os.environ:
        return os.environ[GIVEN]
    given = getattr(request.config, "workerinput", None)
    if given is not None:
        return str(given["argosy_server"])
    return request.config.stash[_SERVER].url("postgres")


def named_url(server_url: str, name: str) -> str:
    """The address of the database `name` on the same server."""
    return urlsplit(server_url)._replace(path=f"/{name}").geturl().replace(":///", "://argosy@/")


# --- one database for each worker, emptied between tests -----------------------------------------


class Emptier:
    """Brings a database back to what the migrations left in it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._check = ""
        self._seeds: dict[str, str] = {}

    async def prepare(self) -> None:
        """Remember which tables there are, and keep a copy of the rows that migrations wrote."""
        tables = [
            row["name"]
            for row in await self._database.all("""
                SELECT format('%I.%I', n.nspname, c.relname) AS name
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                  AND n.nspname NOT LIKE 'pg\\_%' AND c.relname <> 'argosy_migrations'
                ORDER BY 1
            """)
        ]
        self._check = " UNION ALL ".join(
            f"SELECT '{name}' AS name, pg_relation_size('{name}') AS bytes"
            f" WHERE EXISTS (SELECT FROM {name})"
            for name in tables
        )
        await self._database.run("CREATE SCHEMA IF NOT EXISTS test_seeds")
        for number, row in enumerate(await self._filled()):
            name, copy = row["name"], f"test_seeds.t{number}"
            columns = await self._database.value(
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
                " WHERE attrelid = $1::text::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = ''",
                name,
            )
            await self._database.run(f"CREATE TABLE {copy} AS SELECT {columns} FROM {name}")
            self._seeds[f"{name} ({columns})"] = copy

    async def empty(self) -> None:
        filled = await self._filled()
        async with self._database.work() as conn:
            # The journal forbids deleting by triggers; this role is the one that they do not bind.
            await conn.execute("SET LOCAL session_replication_role = replica")
            for row in filled:
                if row["bytes"] > TRUNCATE_BYTES_MIN:
                    await conn.execute(f"TRUNCATE {row['name']} CASCADE")
                else:
                    await conn.execute(f"DELETE FROM {row['name']}")
            for name, copy in self._seeds.items():
                await conn.execute(f"INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE {copy}")

    async def _filled(self) -> list[Any]:
        return await self._database.all(self._check) if self._check else []


async def _make_template(server: Database) -> None:
    """Migrate the template unless another worker has done so."""
    async with server.connection() as conn:
        await conn.execute("SELECT pg_advisory_lock($1)", _TURN)
        if await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
            return
        making = TEMPLATE + "_making"
        await conn.execute(f"DROP DATABASE IF EXISTS {making}")
        await conn.execute(f"CREATE DATABASE {making}")
        database = await Database.open(named_url(server.url, making), size=1)
        try:
            await migrate(database)
        finally:
            await database.close()
        await conn.execute(f"ALTER DATABASE {making} RENAME TO {TEMPLATE}")


@pytest.fixture(scope="session")
async def _worker_database(
    server_url: str, worker_id: str
) -> AsyncIterator[tuple[Database, Emptier]]:
    server = await Database.open(server_url, size=1)
    await _make_template(server)
    name = f"worker_{worker_id}"
    await server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await server.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    database = await Database.open(named_url(server_url, name), size=POOL_SIZE)
    emptier = Emptier(database)
    await emptier.prepare()
    yield database, emptier
    await database.close()
    await server.close()


@pytest.fixture
async def db(_worker_database: tuple[Database, Emptier]) -> Database:
    """A Database with the whole schema and nothing in it but what migrations wrote."""
    database, emptier = _worker_database
    await emptier.empty()
    return database


@pytest.fixture
async def bare_db(server_url: str, worker_id: str) -> AsyncIterator[Database]:
    """A Database without any schema, thrown away after the test."""
    server = await Database.open(server_url, size=1)
    name = f"bare_{worker_id}"
    await server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await server.run(f"CREATE DATABASE {name}")
    database = await Database.open(named_url(server_url, name), size=4)
    yield database
    await database.close()
    await server.run(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


# --- time, ids, chance ---------------------------------------------------------------------------


@pytest.fixture
def clock() -> SetClock:
    """Ten in the morning in Kolkata on a Sunday in November, until the test says otherwise."""
    return SetClock(datetime(2026, 11, 22, 4, 30, tzinfo=UTC))


@pytest.fixture
def ids(clock: SetClock) -> Ids:
    """Ids that are the same in every run."""
    return Ids(clock, random.Random(20261122).getrandbits)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for a server of the test's own, removed afterwards."""
    folder = make_short_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# --- browsers, killings, and what was left out ---------------------------------------------------

CHAOS_ROUNDS_IN_PASSING = 3


def find_chromium() -> str | None:
    """The browser of the system's packages, if there is one."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of Chromium; without one, tests marked `browser` are left out and counted."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium")
    return path


@pytest.fixture(scope="session")
def chaos_rounds() -> int:
    """How often to kill: a few times in passing, fifty times in `make chaos`."""
    return int(os.environ.get("CHAOS_ROUNDS", CHAOS_ROUNDS_IN_PASSING))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and find_chromium() is None:
        pytest.skip("there is no Chromium")
    if item.get_closest_marker("redis") and shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server")


NEEDED = {"browser": "Chromium", "redis": "redis-server"}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    for marker, program in NEEDED.items():
        count = sum(marker in getattr(report, "keywords", {}) for report in skipped)
        if count:
            terminalreporter.section("LEFT OUT", red=True, bold=True)
            terminalreporter.line(f"{count} {marker} tests were left out: there is no {program}.")
