"""A served console, its staff, and windows of Chromium in front of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

from argosy.app import Wallet
from argosy.base.ids import named
from argosy.management.console.desk import Desk
from argosy.management.console.door import Door
from argosy.management.services import Services
from argosy.management.staff.facts import Member, rights_of
from argosy.management.staff.sessions import Opened
from tests.channels.lite.visitors import House

SECONDS = 15.0
expect.set_options(timeout=SECONDS * 1000)


async def hire(services: Services, name: str, *roles: str) -> Member:
    """Somebody of the staff who needs no password here; found again by the same name."""
    member = named("test staff", name)
    await services.db.run(
        "INSERT INTO staff.members (id, name, roles, added_at, added_by, enrolled_at)"
        " VALUES ($1, $2, $3, $4, 'the tests', $4) ON CONFLICT DO NOTHING",
        member, name, list(roles), services.clock.now(),
    )  # fmt: skip
    return Member(member, name, roles, rights_of(roles))


@dataclass
class Window:
    """One page of one member's browser, and what went wrong in it."""

    page: Page
    url: str
    context: BrowserContext
    opened: Opened
    wrong: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    async def open(self, path: str) -> Page:
        """The page of the console at `path`, once it is alive."""
        await self.page.goto(f"{self.url}/console{path}")
        await self.alive()
        return self.page

    async def alive(self) -> None:
        """Wait until the window is joined to the server."""
        await self.page.wait_for_function(
            "window.socket?.connected || window.did_handshake === true"
        )

    async def sees(self, text: str) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def give_reason(self, reason: str, button: str) -> None:
        """Fill in the dialog that asks why, and go on."""
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_role("textbox").fill(reason)
        await dialog.get_by_role("button", name=button, exact=True).click()


@dataclass
class Served:
    """The console on a port of this machine, over a house of customers (Asha, Ravi, Sunil, a tea stall).
    `sign_in` opens a window for a role."""

    url: str
    house: House
    wallet: Wallet
    services: Services
    door: Door
    browser: Browser | None = None
    windows: list[Window] = field(default_factory=list)

    async def opened(self, role: str, name: str = "") -> Opened:
        """A session of somebody with this role; `name` makes it another person of the same role."""
        member = await hire(self.services, name or f"the {role.replace('_', ' ')}", role)
        return await self.services.sessions.open(member.id, "127.0.0.1", "a test")

    async def desk(self, role: str, name: str = "") -> Desk:
        """The desk of such a person, without any window."""
        opened = await self.opened(role, name)
        return Desk(self.services, opened.session, self.door.sayings)

    async def sign_in(
        self, role: str, name: str = "", *, dark: bool = False, width: int = 1280
    ) -> Window:
        """A window of Chromium, signed in."""
        assert self.browser is not None, "ask for the fixture `console`, not `console_http`"
        opened = await self.opened(role, name)
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
        )
        await context.add_cookies(
            [
                {
                    "name": self.door.cookie,
                    "value": opened.token,
                    "url": self.url + "/console",
                    "httpOnly": True,
                    "sameSite": "Strict",
                }
            ]
        )
        page = await context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        window = Window(page, self.url, context, opened)

        def seen(request: Request) -> None:
            if not request.url.startswith(("data:", "blob:")):
                window.hosts.add(request.url.split("/")[2])

        page.on("request", seen)
        page.on("pageerror", lambda error: window.wrong.append(str(error)))
        page.on(
            "console",
            lambda said: window.wrong.append(said.text) if said.type == "error" else None,
        )
        self.windows.append(window)
        return window

    def http(self, opened: Opened | None = None, **more: Any) -> httpx.AsyncClient:
        """A client without a browser, with the cookie of `opened` where there is one."""
        cookies = {} if opened is None else {self.door.cookie: opened.token}
        return httpx.AsyncClient(base_url=self.url, cookies=cookies, timeout=SECONDS, **more)

    async def audit(self, action: str) -> list[Any]:
        """What the audit log has of `action`, the newest first."""
        return (await self.services.audit.search(action=action)).entries

    async def close(self) -> None:
        """Every window; in none of them anything went wrong, and none asked anybody else."""
        for window in self.windows:
            with suppress(TimeoutError):  # a browser that does not let go is no matter of the test
                await asyncio.wait_for(window.context.close(), SECONDS)
        wrong = [text for window in self.windows for text in window.wrong]
        hosts = {host for window in self.windows for host in window.hosts}
        assert wrong == []
        assert hosts <= {self.url.removeprefix("http://")}
