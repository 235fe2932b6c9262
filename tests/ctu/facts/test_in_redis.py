"""Facts in a real Redis, and in a real cluster of three: shared, exact, and filled again when lost."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest
from redis.asyncio import Redis

from argosy.base.outbox import Position
from argosy.base.refusals import Unavailable
from argosy.ctu.events import Label
from argosy.ctu.facts import sets
from argosy.ctu.facts.in_redis import RedisStates
from argosy.ctu.facts.online import Facts
from argosy.ctu.history import put_labels
from tests.ctu.facts.declarations import every_kind
from tests.ctu.facts.oracle import Oracle, Stream
from tests.ctu.facts.test_kernel import differences
from tests.ctu.facts.test_online import SMALL, all_read, at, tell_many
from tests.ctu.facts.test_sets import MORE

pytestmark = pytest.mark.redis
START_SECONDS_MAX = 30


def free_port() -> int:
    """A port whose cluster bus, 10,000 further, is a port too."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            if port < 50_000:
                return port


def serve(stack, folder, name, *options) -> int:
    port = free_port()
    (folder / name).mkdir()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options],
        cwd=folder / name,
        stdout=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    until = time.monotonic() + START_SECONDS_MAX
    while cli(port, "ping") != "PONG":
        assert time.monotonic() < until, "redis-server does not start"
        time.sleep(0.05)
    return port


def cli(port: int, *words: str) -> str:
    asked = subprocess.run(
        ["redis-cli", "-p", str(port), *words], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    with ExitStack() as stack:
        port = serve(stack, tmp_path_factory.mktemp("redis"), "one")
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        ports = [serve(stack, folder, f"n{n}", "--cluster-enabled", "yes") for n in range(3)]
        nodes = [f"127.0.0.1:{port}" for port in ports]
        subprocess.run(
            ["redis-cli", "--cluster", "create", *nodes, "--cluster-yes"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_SECONDS_MAX
        while not all("cluster_state:ok" in cli(port, "cluster", "info") for port in ports):
            assert time.monotonic() < until, "the cluster does not come up"
            time.sleep(0.1)
        yield f"redis-cluster://127.0.0.1:{ports[0]}"


@pytest.fixture(params=["single", "cluster"])
async def url(request):
    found = request.getfixturevalue(request.param)
    port = int(found.rsplit(":", 1)[1].split("/")[0])
    yield found
    ports = [port]
    if request.param == "cluster":
        nodes = cli(port, "cluster", "nodes").splitlines()
        ports = [int(line.split()[1].split("@")[0].rsplit(":", 1)[1]) for line in nodes]
    for one in ports:
        cli(one, "flushall")


@pytest.fixture
async def opened():
    made: list[Facts] = []
    yield made
    for facts in made:
        await facts.close()


async def started(opened, db, fact_set, url) -> Facts:
    facts = Facts(db, fact_set, url)
    opened.append(facts)
    await facts.start()
    return facts


async def test_what_the_log_tells_is_what_every_process_reads(db, town, url, opened):
    fact_set = every_kind()
    oracle, stream = Oracle(fact_set), Stream(41)
    one = await started(opened, db, fact_set, url)
    two = await started(opened, db, fact_set, url)
    for _ in range(3):
        await tell_many(town, stream, 15, oracle)
        await all_read(one)
        await all_read(two)
        events = [stream.event() for _ in range(3)]
        found = await one.read(events)
        for event, row in zip(events, found, strict=True):
            assert not differences(fact_set.columns, row, oracle.row(event))
        assert (await two.read(events)).tobytes() == found.tobytes()


async def test_who_folds_dies_at_any_step_and_another_goes_on(db, town, url, opened, monkeypatch):
    stream = Stream(42)
    first = await started(opened, db, SMALL, url)
    for _ in range(5):
        await town.tell(at(stream))
    put = RedisStates._put

    async def half(self, rows, places, cursor):
        """Some of the values are written, and nothing else ever."""
        some = dict(list(rows.items())[: len(rows) // 2])
        await put(self, some, places, None)
        raise Unavailable("killed")

    with monkeypatch.context() as patch:
        patch.setattr(RedisStates, "_put", half)
        with pytest.raises(Unavailable):
            while True:
                await first.catch_up()
                await asyncio.sleep(0.02)
    await first.close()
    second = await started(opened, db, SMALL, url)
    await town.tell(at(stream))
    await all_read(second)
    count, total, *_ = (await second.read([at(stream)]))[0]
    assert (count, total) == (6, 600)


async def test_who_believes_to_be_still_folding_does_no_harm(db, town, url, opened):
    stream = Stream(43)
    facts = await started(opened, db, SMALL, url)
    await town.tell(at(stream))
    await all_read(facts)
    states = facts._engine.states
    old = await states._values([(0, "a0")])
    await town.tell(at(stream))
    await all_read(facts)
    await states._put({(0, "a0"): b"of long ago"}, {(0, "a0"): old[0, "a0"][1]}, Position(1, 1))
    assert (await facts.read([at(stream)]))[0][1] == 200


async def test_what_redis_loses_is_filled_again(db, town, url, opened):
    stream = Stream(44)
    facts = await started(opened, db, SMALL, url)
    event = at(stream)
    await town.tell(event)
    await town.settle()
    async with db.work() as conn:
        label = Label(event=event.id, at_ms=stream.now_ms, bad=True, source="case")
        await put_labels(conn, [label])
    await town.settle()
    await all_read(facts)
    before = await facts.read([at(stream)])
    await facts._engine.states._clear("argosy:facts")
    with pytest.raises(Unavailable):
        await facts.catch_up()
    await facts.tend()
    await all_read(facts)
    after = await facts.read([at(stream)])
    assert before[0][1:3].tolist() == after[0][1:3].tolist() == [100, 1]


async def test_what_is_in_the_air_counts_until_redis_has_it(db, town, url, opened):
    stream = Stream(45)
    facts = await started(opened, db, SMALL, url)
    first = at(stream)
    facts.flight_start(first)
    assert (await facts.read([at(stream)]))[0][:2].tolist() == [1, 0]
    assert facts.read_now(first) is None
    facts.flight_end(first, "posted")
    assert (await facts.read([at(stream)]))[0][:2].tolist() == [1, 100]
    await town.tell(first)
    await all_read(facts)
    assert not facts._engine.flights.flying
    assert (await facts.read([at(stream)]))[0][:2].tolist() == [1, 100]


async def test_a_published_set_takes_over(db, town, url, opened):
    stream = Stream(46)
    await sets.publish(db, SMALL, "anna", url)
    facts = await started(opened, db, SMALL, url)
    await town.tell(at(stream))
    await town.settle()
    await all_read(facts)
    await sets.publish(db, MORE, "anna", url)
    await facts.tend()
    assert facts.columns == MORE.columns
    await all_read(facts)
    assert (await facts.read([at(stream)]))[0].tolist()[1:3] == [100, 1]


async def test_an_outage_of_redis_is_no_answer(db, single, opened):
    facts = await started(opened, db, SMALL, single)
    await facts._engine.states._redis.aclose()
    facts._engine.states._redis = Redis.from_url("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        await facts.read([at(Stream(47))])


async def test_a_redis_that_throws_away_is_complained_of(db, single, opened, caplog):
    port = int(single.rsplit(":", 1)[1].split("/")[0])
    cli(port, "config", "set", "maxmemory-policy", "allkeys-lru")
    await started(opened, db, SMALL, single)
    cli(port, "config", "set", "maxmemory-policy", "noeviction")
    assert "noeviction" in caplog.text


def test_the_tests_of_redis_are_left_out_only_where_there_is_none():
    assert shutil.which("redis-server")
