"""Waiting for so long and no longer, with one timer for all who wait.

Every payment waits for the risk brain with an end in sight. A timer of its own for each would cost a
payment more than the whole of its arithmetic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Patience:
    """Lets a task wait for at most `seconds` (a little longer where many wait). Belongs to one loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[asyncio.Task[object], float] = {}  # who began first stands first
        self._ended: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, what: Awaitable[T]) -> T:
        """What `what` gives, or `TimeoutError`. A cancellation from elsewhere stays one."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None or task in self._until:
            async with asyncio.timeout(self._seconds):
                return await what
        cancelling = task.cancelling()
        end = self._until[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(end, self._look, loop)
        try:
            return await what
        except asyncio.CancelledError:
            if task in self._ended and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._until.pop(task, None)
            self._ended.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task, end in list(self._until.items()):
            if end > now:
                self._timer = loop.call_at(end, self._look, loop)
                return
            del self._until[task]
            self._ended.add(task)
            task.cancel()
