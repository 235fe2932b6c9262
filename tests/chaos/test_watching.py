"""A wallet whose database cannot be kept alive ends, with the reason; it does not play dead."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.refusals import Unavailable
from argosy.web import watching


async def dies() -> None:
    await asyncio.sleep(0.01)
    raise Unavailable("it keeps dying")


async def lives() -> None:
    await asyncio.sleep(60)


async def test_what_the_watch_says_ends_the_block() -> None:
    async def serve() -> None:
        async with watching(dies):
            await asyncio.sleep(60)

    with pytest.raises(Unavailable, match="it keeps dying"):
        await asyncio.wait_for(asyncio.ensure_future(serve()), 5)


async def test_a_block_that_ends_by_itself_ends_the_watch() -> None:
    async with watching(lives):
        await asyncio.sleep(0.01)
    assert {task.get_coro().__name__ for task in asyncio.all_tasks()}.isdisjoint({"lives"})


async def test_who_cancels_the_block_is_heard() -> None:
    async def serve() -> None:
        async with watching(lives):
            await asyncio.sleep(60)

    task = asyncio.create_task(serve())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_its_own() -> None:
    with pytest.raises(KeyError):
        async with watching(lives):
            raise KeyError
