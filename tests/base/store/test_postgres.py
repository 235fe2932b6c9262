"""The embedded server: it starts, stops, and comes back from whatever was killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.base.store.database import StoreError
from argosy.base.store.postgres import Postgres
from tests.conftest import make_short_folder

# Another Argosy: holds the server on the folder until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from argosy.base.store.postgres import Postgres
server = Postgres(Path(sys.argv[1]))
server.start()
print(server.pid, server.url(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def server(short_folder):
    server = Postgres(short_folder / "postgres")
    yield server
    server.stop()


@pytest.fixture
def holder(short_folder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, short_folder / "postgres"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    process.pg_pid, process.url = process.stdout.readline().split()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    Postgres(short_folder / "postgres").discard()


async def ask(url, sql, *args):
    database = await Database.open(url, size=1)
    try:
        return await database.value(sql, *args)
    finally:
        await database.close()


async def test_a_fresh_folder_a_clean_stop_and_a_quick_start(server, short_folder):
    server.start()
    assert await ask(server.url(), "SELECT current_database() || ' ' || current_user") == (
        "argosy argosy"
    )
    socket_folder = Path(server.url().partition("host=")[2].partition("&")[0])
    await ask(server.url(), "SELECT count(*) FROM pg_class")
    server.stop()
    assert not socket_folder.exists()
    assert not (server.folder / "postmaster.pid").exists()

    began = time.monotonic()
    server.start()
    assert time.monotonic() - began < 5  # under a second but on a machine that is busy with tests
    assert (short_folder / "postgres").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name,value",
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("max_connections", "60"),
        ("jit", "off"),
    ],
)
async def test_its_settings(name, value, running):
    assert await ask(running.url(), "SELECT current_setting($1)", name) == value


@pytest.fixture(scope="module")
def running():
    folder = make_short_folder()
    with Postgres(folder / "postgres") as server:
        yield server
    shutil.rmtree(folder)


async def test_letters_of_every_script_are_letters(running):
    assert await ask(running.url(), "SELECT upper('žluťoučký')") == "ŽLUŤOUČKÝ"


async def test_nobody_else_may_connect_and_no_key_is_handed_to_it(running):
    folder = Path(running.url().partition("host=")[2].partition("&")[0])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(psutil.Process(running.pid).environ()) <= {
        "LC_ALL", "PATH", "PGDATA", "PG_GRANDPARENT_PID", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES",
        "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
    }  # fmt: skip


async def test_its_programs_are_at_hand(running):
    assert running.program("pgbench").exists()
    with pytest.raises(StoreError, match="comes without frobnicate"):
        running.program("frobnicate")


async def test_what_was_committed_survives_kill_9_of_the_server(server):
    server.start()
    watching = asyncio.create_task(server.watch())
    url = server.url()
    database = await Database.open(url, size=4)
    await database.run("CREATE TABLE coins (n int)")
    await database.run("INSERT INTO coins VALUES (1)")
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(Unavailable):
        for _ in range(200):
            await database.value("SELECT 1")
            await asyncio.sleep(0.01)
    for _ in range(300):
        try:
            assert await database.value("SELECT sum(n) FROM coins") == 1
            break
        except Unavailable:
            await asyncio.sleep(0.1)
    else:
        pytest.fail("it did not come back")
    assert server.url() == url
    await database.close()
    watching.cancel()


async def test_an_orphan_of_a_killed_argosy_is_stopped_and_replaced(holder, server):
    await ask(holder.url, "CREATE TABLE coins AS SELECT 1 AS n")
    holder.kill()
    holder.wait()
    assert psutil.pid_exists(int(holder.pg_pid))
    server.start()
    assert server.pid != int(holder.pg_pid)
    assert not psutil.pid_exists(int(holder.pg_pid))
    assert await ask(server.url(), "SELECT n FROM coins") == 1


async def test_both_killed_at_once(holder, server):
    await ask(holder.url, "CREATE TABLE coins AS SELECT 1 AS n")
    holder.kill()
    os.kill(int(holder.pg_pid), signal.SIGKILL)
    holder.wait()
    server.start()
    assert await ask(server.url(), "SELECT n FROM coins") == 1


async def test_a_stale_file_whose_pid_is_now_somebody_else(server):
    server.start()
    server.stop()
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (server.folder / "postmaster.pid").write_text(f"{other.pid}\n{server.folder}\n1\n5432\n")
        server.start()
        assert other.poll() is None
        assert await ask(server.url(), "SELECT 1") == 1
    finally:
        other.kill()
        other.wait()


async def test_a_second_argosy_is_refused_or_joins(holder, server):
    with pytest.raises(StoreError, match="Another Argosy is running"):
        server.start()
    server.start(join=True)
    assert server.joined
    assert await ask(server.url(), "SELECT 1") == 1
    server.stop()
    assert await ask(holder.url, "SELECT 1") == 1


def test_a_folder_of_another_major_version_is_refused(server):
    server.start()
    server.stop()
    (server.folder / "PG_VERSION").write_text("15\n")
    with pytest.raises(StoreError, match="made by PostgreSQL 15"):
        server.start()


def test_a_half_made_folder_is_made_anew(server):
    half = server.folder.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server.start()
    assert not half.exists()


def test_other_peoples_files_are_left_alone(server):
    server.folder.mkdir()
    (server.folder / "thesis.txt").write_text("years of work")
    with pytest.raises(OSError, match="not empty"):
        server.start()
    assert (server.folder / "thesis.txt").read_text() == "years of work"


def test_what_it_says_when_it_cannot_start(server):
    server.start()
    server.stop()
    (server.folder / "operator.conf").write_text("shared_bufers = 1MB\n")
    with pytest.raises(StoreError, match="shared_bufers"):
        server.start()


async def test_the_operator_has_the_last_word(server):
    server.start()
    server.stop()
    (server.folder / "operator.conf").write_text("work_mem = 5MB\n")
    server.start()
    assert await ask(server.url(), "SHOW work_mem") == "5MB"


def test_a_folder_that_is_thrown_away_takes_its_orphan_with_it(holder, server, short_folder):
    with pytest.raises(StoreError, match="Another Argosy is running"):
        server.discard()
    holder.kill()
    holder.wait()
    server.discard()
    assert not psutil.pid_exists(int(holder.pg_pid))
    assert list(short_folder.iterdir()) == []


async def test_a_copy_made_while_it_runs_can_be_started(server, short_folder):
    server.start()
    await ask(server.url(), "CREATE TABLE coins AS SELECT 1 AS n")
    copy = short_folder / "other" / "postgres"
    subprocess.run(
        [
            server.program("pg_basebackup"),
            "-d",
            server.url(),
            "-D",
            copy,
            "-X",
            "stream",
            "-c",
            "fast",
        ],
        check=True,
        capture_output=True,
    )
    await ask(server.url(), "DROP TABLE coins")
    with Postgres(copy) as restored:
        assert await ask(restored.url(), "SELECT n FROM coins") == 1


def test_where_nothing_runs_it_has_no_address(server):
    with pytest.raises(StoreError, match="No PostgreSQL is running"):
        server.url()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives its server to another user")
def test_as_root_the_server_runs_as_somebody_else(running):
    assert psutil.Process(running.pid).uids().effective != 0
