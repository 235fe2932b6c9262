"""A real process, killed while it folds and writes: the rows are what a fresh reading of the log gives."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

from argosy.ctu.facts.online import Facts
from tests.ctu.facts.declarations import every_kind
from tests.ctu.facts.oracle import Stream
from tests.ctu.facts.test_online import rows_of, rows_of_fresh_replay, tell_many

ROOT = Path(__file__).parents[3]
FOLLOWER = """
import asyncio, sys
from argosy.base.store import Database
from argosy.ctu.facts.online import Facts
from tests.ctu.facts.declarations import every_kind

async def follow(url):
    db = await Database.open(url, size=3)
    facts = Facts(db, every_kind(), entities_max=20)
    await facts.start()
    print("following", flush=True)
    while True:
        await facts.catch_up()
        if await facts.snapshot():
            print("written", flush=True)

asyncio.run(follow(sys.argv[1]))
"""


async def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_counted_twice(
    db, town, chaos_rounds
):
    fact_set, stream, chance = every_kind(), Stream(51), random.Random(51)
    written = 0
    for _ in range(chaos_rounds):
        follower = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            FOLLOWER,
            db.url,
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
            stdout=asyncio.subprocess.PIPE,
        )
        assert (await follower.stdout.readline()).strip() == b"following"
        telling = asyncio.create_task(tell_many(town, stream, 30))
        async with asyncio.timeout(30):  # other workers' transactions hold the log back
            assert (await follower.stdout.readline()).strip() == b"written"
        await asyncio.sleep(chance.random() * 0.3)
        follower.send_signal(signal.SIGKILL)
        rest, _ = await follower.communicate()
        written += 1 + rest.count(b"written")
        await telling
    assert written >= chaos_rounds
    last = Facts(db, fact_set)
    await last.start()
    assert await rows_of(db, fact_set, last) == await rows_of_fresh_replay(db, fact_set)
