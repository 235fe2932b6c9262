"""A house that answers on paper, and one that is served to a browser."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright

from argosy.app import running
from argosy.base.clock import SetClock, SystemClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.bench.thin_line import ThinLine
from tests.channels.lite.screens import Screens
from tests.channels.lite.visitors import House

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture
async def house(db: Database, clock: SetClock, ids: Ids) -> House:
    """Asha has 10,000.00, Ravi 500.00, Sunil (small wallet) 200.00; the tea stall has nothing."""
    return await House.opened(db, clock, ids)


@pytest.fixture(scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """One browser for all tests of a worker."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        await browser.close()


@pytest.fixture
async def screens(db: Database, chromium: Browser) -> AsyncIterator[Screens]:
    """The house on a port of this machine, with time going by as it does, and screens to see it."""
    clock = SystemClock()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        house = await House.opened(db, clock, Ids(clock), url)
        config = uvicorn.Config(
            house.app,
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        async with running(house.wallet):
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            screens = Screens(house, chromium, url)
            try:
                yield screens
                await screens.close()
            finally:
                server.should_exit = True
                await serving


@pytest.fixture
async def line(screens: Screens) -> AsyncIterator[ThinLine]:
    """The line between the screens and the house: counted, and it can be slow or die."""
    host, port = urlsplit(screens.url).netloc.split(":")
    async with ThinLine((host, int(port))) as line:
        screens.url, screens.line_may_die = line.url, True
        yield line
