"""The console, served over a house with a few customers, with and without a browser."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright

from argosy.app import console_services, running
from argosy.base.clock import SystemClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.management.console.door import Door
from argosy.management.money.checking import CLOCK
from argosy.web import web
from tests.channels.lite.conftest import CHROMIUM_ARGUMENTS
from tests.channels.lite.visitors import House
from tests.management.console.served import SECONDS, Served


@pytest.fixture(scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """One browser for all tests of a worker."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        await browser.close()


async def _has_checked_the_books(db: Database, clock: SystemClock) -> None:
    """The night's check is a process of its own, which would outlive a test that runs at night."""
    await db.run(
        "INSERT INTO money.checks (id, asked_by, started_at, told_at, ended_at, state)"
        " VALUES ($1, $2, $3, $3, $3, 'broken')",
        Ids(clock).new(), CLOCK, clock.now(),
    )  # fmt: skip


@asynccontextmanager
async def serving(db: Database) -> AsyncIterator[Served]:
    clock = SystemClock()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        house = await House.opened(db, clock, Ids(clock), url)
        await _has_checked_the_books(db, clock)
        services = console_services(house.wallet)
        door = Door(services)
        config = uvicorn.Config(
            web(house.wallet, door),
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        async with running(house.wallet):
            task = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            try:
                yield Served(url, house, house.wallet, services, door)
            finally:
                await door.close()
                server.should_exit = True
                await asyncio.wait([task], timeout=SECONDS)
                task.cancel()  # a browser that holds its line is no matter of the test
                await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def console_http(db: Database) -> AsyncIterator[Served]:
    """The served console for those who ask it without a browser."""
    async with serving(db) as served:
        yield served


@pytest.fixture
async def console(db: Database, chromium: Browser) -> AsyncIterator[Served]:
    """The served console with Chromium: `window = await console.sign_in("analyst")`."""
    async with serving(db) as served:
        served.browser = chromium
        yield served
        await served.close()
