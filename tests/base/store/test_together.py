"""Simultaneous point reads share queries, and no reader suffers for another."""

import asyncio

import pytest

from argosy.base.refusals import Unavailable
from argosy.base.store import Together


class Shelf:
    """Something to read from; `open` lets a load that waits go on."""

    def __init__(self, **rows):
        self.rows = rows
        self.loads = []
        self.open = asyncio.Event()
        self.open.set()

    async def load(self, keys):
        self.loads.append(list(keys))
        await self.open.wait()
        if "broken" in keys:
            raise LookupError("broken")
        return {key: self.rows[key] for key in keys if key in self.rows}


async def test_a_hundred_at_once_are_few_queries(db):
    queries = 0

    async def load(keys):
        nonlocal queries
        queries += 1
        rows = await db.all("SELECT k, k * 2 AS twice FROM unnest($1::bigint[]) AS k", keys)
        return {row["k"]: row["twice"] for row in rows}

    together = Together(load)
    assert await asyncio.gather(*(together.get(n) for n in range(100))) == [
        n * 2 for n in range(100)
    ]
    assert queries == 1
    assert await together.get(7) == 14
    assert queries == 2


async def test_while_one_query_runs_the_next_gathers():
    shelf = Shelf(a=1, b=2, c=3)
    together = Together(shelf.load)
    shelf.open.clear()
    first = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(together.get(key)) for key in "bcb"]
    await asyncio.sleep(0)
    shelf.open.set()
    assert await asyncio.gather(first, *later) == [1, 2, 3, 2]
    assert shelf.loads == [["a"], ["b", "c"]]


async def test_a_key_asked_for_after_its_query_began_is_read_again():
    shelf = Shelf(a=1)
    together = Together(shelf.load)
    shelf.open.clear()
    early = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    shelf.open.set()
    await asyncio.gather(early, late)
    assert shelf.loads == [["a"], ["a"]]


async def test_what_is_not_there_is_none():
    assert await Together(Shelf().load).get("nothing") is None


async def test_batches_are_bounded():
    shelf = Shelf(**{f"k{n}": n for n in range(25)})
    together = Together(shelf.load, batch_keys_max=10)
    assert await asyncio.gather(*(together.get(f"k{n}") for n in range(25))) == list(range(25))
    assert [len(keys) for keys in shelf.loads] == [10, 10, 5]


async def test_an_error_reaches_those_who_asked_and_nobody_else():
    shelf = Shelf(a=1)
    together = Together(shelf.load, batch_keys_max=2)
    said = await asyncio.gather(
        *(together.get(key) for key in ("a", "broken", "a2", "a")), return_exceptions=True
    )
    assert [type(answer).__name__ for answer in said] == [
        "LookupError", "LookupError", "NoneType", "LookupError",
    ]  # fmt: skip
    assert await together.get("a") == 1


async def test_one_who_goes_away_does_no_harm():
    shelf = Shelf(a=1, b=2)
    together = Together(shelf.load)
    shelf.open.clear()
    gone = asyncio.create_task(together.get("a"))
    stays = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0.01)
    gone.cancel()
    shelf.open.set()
    assert await stays == 1
    assert gone.cancelled() or gone.done()
    assert await together.get("b") == 2


async def test_a_key_that_nobody_waits_for_any_more_is_not_read():
    shelf = Shelf(a=1, b=2)
    together = Together(shelf.load)
    shelf.open.clear()
    first = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0.01)
    gone = asyncio.create_task(together.get("b"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    shelf.open.set()
    assert await first == 1
    await asyncio.sleep(0.01)
    assert shelf.loads == [["a"]]


async def test_a_reading_that_is_stopped_is_an_outage_for_those_who_wait():
    shelf = Shelf(a=1)
    together = Together(shelf.load)
    shelf.open.clear()
    waits = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0.01)
    together._running.cancel()
    with pytest.raises(Unavailable):
        await waits
    shelf.open.set()
    assert await together.get("a") == 1
