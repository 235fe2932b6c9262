"""Simultaneous point reads share queries.

While one query runs, the next one gathers its keys. There is no timer, so an idle system answers in
one query's time, and no cache: a key asked for now is read by a query that begins after now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from argosy.base.refusals import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BATCH_KEYS_MAX = 500


class Together(Generic[K, V]):
    """Groups reads of single rows by key.

    `load` takes a list of different keys, at most `batch_keys_max`, and gives a dict of those found.
    One `load` runs at a time. What it raises is raised to each waiter of that batch and to nobody
    else. Belongs to one event loop.
    """

    def __init__(
        self,
        load: Callable[[list[K]], Awaitable[dict[K, V]]],
        *,
        batch_keys_max: int = BATCH_KEYS_MAX,
    ) -> None:
        self._load = load
        self._batch_keys_max = batch_keys_max
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._running: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop

    async def get(self, key: K) -> V | None:
        """The value of `key`, or None where there is none."""
        if self._running is None:
            self._loop = asyncio.get_running_loop()
            self._running = self._loop.create_task(self._run())
        waiter: asyncio.Future[V | None] = self._loop.create_future()
        waiters = self._waiting.get(key)
        if waiters is None:
            self._waiting[key] = [waiter]
        else:
            waiters.append(waiter)
        return await waiter

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._run_batch(self._take())
        finally:
            # Reached with waiters left only when the task itself was cancelled, as at the end of a loop.
            self._running = None
            stopped = Unavailable("reading was stopped")
            _answer_all(self._take_all(), stopped)

    async def _run_batch(self, batch: dict[K, list[asyncio.Future[V | None]]]) -> None:
        keys = [key for key, waiters in batch.items() if not all(w.done() for w in waiters)]
        if not keys:
            return
        try:
            found = await self._load(keys)
        except Exception as error:  # noqa: BLE001 — whatever it is, it belongs to those who asked
            _answer_all(batch, error)
            return
        except BaseException:
            _answer_all(batch, Unavailable("reading was stopped"))
            raise
        for key, waiters in batch.items():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(found.get(key))

    def _take(self) -> dict[K, list[asyncio.Future[V | None]]]:
        if len(self._waiting) <= self._batch_keys_max:
            return self._take_all()
        keys = list(self._waiting)[: self._batch_keys_max]
        return {key: self._waiting.pop(key) for key in keys}

    def _take_all(self) -> dict[K, list[asyncio.Future[V | None]]]:
        taken, self._waiting = self._waiting, {}
        return taken


def _answer_all(batch: dict[K, list[asyncio.Future[V | None]]], error: Exception) -> None:
    for waiters in batch.values():
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)
