"""The shop's API served over real HTTP, by a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from tests.partners.shop import Shop

T = TypeVar("T")
STARTED_SECONDS_MAX = 20


@dataclass
class Served:
    """`run` does something in the server's own loop."""

    shop: Shop
    url: str
    loop: asyncio.AbstractEventLoop

    def run(self, act: Callable[[Shop], Awaitable[T]]) -> T:
        async def acting() -> T:
            return await act(self.shop)

        return asyncio.run_coroutine_threadsafe(acting(), self.loop).result(60)


@contextmanager
def served(
    database_url: str,
    clock: SetClock,
    port: int = 0,
    around: Callable[[Any], Any] = lambda app: app,
) -> Iterator[Served]:
    """Serve until the block ends; `around` may put something before the application."""
    ready = threading.Event()
    found: list[Served] = []
    server: list[uvicorn.Server] = []

    async def main() -> None:
        db = await Database.open(database_url, size=8)
        ids = Ids(clock, random.Random(7).getrandbits)
        shop = await Shop.opened(db, clock, ids)
        config = uvicorn.Config(
            around(shop.app), port=port, log_config=None, lifespan="off", access_log=False
        )
        server.append(uvicorn.Server(config))
        serving = asyncio.create_task(server[0].serve())
        while not server[0].started:  # noqa: ASYNC110 — it tells in no other way
            await asyncio.sleep(0.01)
        took = server[0].servers[0].sockets[0].getsockname()[1]
        found.append(Served(shop, f"http://127.0.0.1:{took}", asyncio.get_running_loop()))
        ready.set()
        await serving
        await shop.wallet.commit.close()
        await db.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(STARTED_SECONDS_MAX), "the server did not start"
    try:
        yield found[0]
    finally:
        server[0].should_exit = True
        thread.join(STARTED_SECONDS_MAX)
