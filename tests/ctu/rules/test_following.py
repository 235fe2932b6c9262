"""A published or withdrawn set acts within about a second, in every process."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time

import pytest

from argosy.ctu.rules.publishing import Publishing, SetVersion
from argosy.ctu.rules.vocabulary import starter_vocabulary

ABOUT_A_SECOND = 1.5
SLOWEST = 5.0
"""For one switch while the machine does something else."""

RULE = "velocity.account_many_1d"
PROCESSES = 2
FOLLOWER = """
import asyncio, sys, time
from argosy.base.store import Database
from argosy.ctu.rules.following import Live
from argosy.ctu.rules.vocabulary import starter_vocabulary

async def follow():
    db = await Database.open(sys.argv[1], 1)
    live = Live(db, starter_vocabulary())
    await live.start()
    asyncio.get_running_loop().create_task(live.run())
    number = None
    while True:
        if live.number != number:
            number = live.number
            names = {rule.name for rule in live.rules.rules}
            print(number, sys.argv[2] in names, time.monotonic(), flush=True)
        await asyncio.sleep(0.01)

asyncio.run(follow())
"""


@pytest.fixture
async def followers(db):
    """Processes that do nothing but follow; each says when which set is in force, by the clock that all
    processes of a machine share."""
    there = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", FOLLOWER, db.url, RULE, stdout=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    yield there
    for one in there:
        one.kill()
        await one.wait()


async def told(process) -> tuple[int, bool, float]:
    async with asyncio.timeout(60):
        number, there, at = (await process.stdout.readline()).decode().split()
    return int(number), there == "True", float(at)


async def test_every_process_switches_within_about_a_second(db, clock, followers):
    publishing = Publishing(db, clock, starter_vocabulary(), single=True)
    for process in followers:
        number, there, _ = await told(process)
        assert (number, there) == (0, True)
    waits = []
    for turn in range(4):
        first = turn % 2 == 0
        said = await (
            publishing.withdraw(RULE, "anita", "x")
            if first
            else publishing.back_to(1, "anita", "y")
        )
        assert isinstance(said, SetVersion)
        begun = time.monotonic()
        for process in followers:
            number, there, at = await told(process)
            assert (number, there) == (said.number, not first)
            waits.append(at - begun)
    assert statistics.median(waits) < ABOUT_A_SECOND
    assert max(waits) < SLOWEST


async def test_twin_a_process_that_does_not_look_does_not_switch(db, clock):
    """The measurement tells a follower from one that stands still."""
    blind = FOLLOWER.replace("live.run()", "asyncio.sleep(60)")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", blind, db.url, RULE, stdout=subprocess.PIPE
    )
    try:
        await told(process)
        await Publishing(db, clock, starter_vocabulary(), single=True).withdraw(RULE, "anita", "x")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SLOWEST):
                await process.stdout.readline()
    finally:
        process.kill()
        await process.wait()
