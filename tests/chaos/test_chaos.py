"""The real program is killed under load, in every way, and nobody loses or gains a paisa by it.

A few rounds in passing; `make chaos` makes fifty. The seed is printed, and `CHAOS_SEED` brings the same
wishes and kills again (the operating system still has a say in what is in flight at that moment).
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.program import Program
from tests.chaos.storm import BOTH, DISK, KINDS, LINES, POSTGRES, SERVER, START, Storm

pytestmark = pytest.mark.chaos

IN_PASSING = (SERVER, POSTGRES, START)
PEOPLE_IN_PASSING = 24
RECKON_EVERY = 10


@pytest.fixture
async def program(short_folder: Path) -> AsyncIterator[Program]:
    """The program over a folder of its own; whatever happens, nothing of it is left."""
    program = Program(short_folder)
    try:
        yield program
    finally:
        program.clean()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def plan(rounds: int, chance: random.Random) -> list[str]:
    """What breaks in which round: every way in turn, in an order that chance gives."""
    if rounds <= len(IN_PASSING):
        return list(IN_PASSING[:rounds])
    ways = [BOTH, LINES, *KINDS]
    if shutil.which("prlimit") is None:  # nothing to fill a disk with, as on a Mac
        ways.remove(DISK)
    kinds: list[str] = []
    while len(kinds) < rounds:
        kinds += chance.sample(ways, len(ways))
    return kinds[:rounds]


async def first_day(program: Program, chance: random.Random) -> None:
    """The very first start is killed too: while it makes the database, the schema or the town."""
    for _ in range(3):
        program.start()
        await asyncio.sleep(chance.uniform(0.2, 5.0))
        program.kill_server()
        if chance.random() < 0.5:
            program.kill_postgres()


async def test_kills_under_load_lose_nothing_and_double_nothing(
    program: Program, chaos_rounds: int
) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().getrandbits(32))
    chance = random.Random(seed)
    kinds = plan(chaos_rounds, chance)
    say(f"CHAOS_SEED={seed}, {len(kinds)} rounds")
    in_passing = len(kinds) <= len(IN_PASSING)
    if not in_passing:
        await first_day(program, chance)
    program.start()
    say(f"made a town in {await program.ready():.1f} s")
    storm = Storm(program, chance)
    try:
        await storm.gather(PEOPLE_IN_PASSING if in_passing else 95)
        for number, kind in enumerate(kinds, 1):
            await storm.round(kind)
            say(f"{number:>3} {storm.diary[-1]}")
            if number % RECKON_EVERY == 0 or number == len(kinds):
                assert await storm.reckon() == [], program.tail()
        assert sum(ask.is_yes for ask in storm.asks) >= len(storm.asks) / 2
    except BaseException:
        say(program.broken_pages())
        raise
    finally:
        await storm.close()
    await program.stop()
