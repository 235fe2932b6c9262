"""Who waits too long is told so; who is called away is not told something else."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.patience import Patience


async def test_an_answer_in_time_is_the_answer():
    patience = Patience(5.0)

    async def quick(n: int) -> int:
        await asyncio.sleep(0)
        return n

    assert await asyncio.gather(*(patience.wait(quick(n)) for n in range(50))) == list(range(50))


async def test_each_who_waits_too_long_is_told_so_and_goes_on():
    patience = Patience(0.05)

    async def waits(seconds: float) -> str:
        try:
            await patience.wait(asyncio.sleep(seconds))
        except TimeoutError:
            await asyncio.sleep(0.001)  # not cancelled any more
            return "late"
        return "done"

    said = await asyncio.gather(*(asyncio.create_task(waits(s)) for s in (0, 30, 0.01, 30, 30)))
    assert said == ["done", "late", "done", "late", "late"]
    assert await asyncio.create_task(waits(30)) == "late"  # the timer is set again


async def test_a_cancellation_from_elsewhere_stays_one():
    patience = Patience(0.05)
    task = asyncio.create_task(patience.wait(asyncio.sleep(30)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)


async def test_what_is_waited_for_may_fail_by_itself():
    patience = Patience(5.0)

    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await patience.wait(fails())
    assert not patience._until
