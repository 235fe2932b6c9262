"""The ground that the tests stand on, seen to hold: no network, an empty database, a still clock."""

import asyncio
import socket
from uuid import UUID

import pytest

from tests.conftest import Emptier, NetworkBlocked

FAR = "192.0.2.1"  # set aside for documentation: nobody lives there


def test_the_network_beyond_this_machine_is_blocked():
    with socket.socket() as plug, pytest.raises(NetworkBlocked, match=FAR):
        plug.connect((FAR, 80))
    with (
        socket.socket(type=socket.SOCK_DGRAM) as plug,
        pytest.raises(NetworkBlocked),
    ):
        plug.sendto(b"?", (FAR, 53))
    with socket.socket(socket.AF_INET6) as plug, pytest.raises(NetworkBlocked):
        plug.connect(("2001:db8::1", 80))


async def test_it_is_blocked_for_those_who_wait_too():
    with pytest.raises(NetworkBlocked):
        await asyncio.open_connection(FAR, 80)


def test_twin_this_machine_itself_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=5):
            pass
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5):
            pass


FILL = "INSERT INTO store.installation (key_check, demo) VALUES ('x', true)"
COUNT = "SELECT count(*) FROM store.installation"


async def test_a_test_may_leave_rows_behind(db):
    await db.run(FILL)
    assert await db.value(COUNT) == 1


async def test_twin_the_next_one_finds_none(db):
    assert await db.value(COUNT) == 0
    await db.run(FILL)


async def test_emptying_gives_back_what_migrations_wrote_and_asks_no_trigger(bare_db):
    await bare_db.run("""
        CREATE TABLE kept (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
        CREATE TABLE shop (id int PRIMARY KEY);
        CREATE TABLE goods (shop int REFERENCES shop);
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
        CREATE TRIGGER never BEFORE DELETE ON goods FOR EACH ROW EXECUTE FUNCTION no();
        INSERT INTO kept VALUES (1);
    """)
    emptier = Emptier(bare_db)
    await emptier.prepare()
    await bare_db.run("INSERT INTO shop VALUES (1); INSERT INTO goods VALUES (1); DELETE FROM kept")
    with pytest.raises(Exception, match="never"):
        await bare_db.run("DELETE FROM goods")
    await emptier.empty()
    assert await bare_db.all("SELECT * FROM kept") == [(1, 2)]
    assert (
        await bare_db.value("SELECT (SELECT count(*) FROM shop) + (SELECT count(*) FROM goods)")
        == 0
    )


def test_the_clock_stands_still_and_ids_repeat(clock, ids):
    assert clock.now().isoformat() == "2026-11-22T04:30:00+00:00"
    assert [ids.new() for _ in range(2)] == [
        UUID("01a20184-a540-7816-91d9-3080f9b439fc"),
        UUID("01a20184-a540-7626-a05f-11193ceaaf30"),
    ]


@pytest.mark.browser
def test_where_there_is_a_chromium_it_is_found(chromium_path):
    assert chromium_path.startswith("/")
