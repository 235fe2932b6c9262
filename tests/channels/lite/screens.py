"""Chromium in front of a served house."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.channels.lite.visitors import PHONES, PIN, House

SECONDS = 15.0
expect.set_options(timeout=SECONDS * 1000)


@dataclass
class Screen:
    """One page of one visitor, and what went wrong in it."""

    page: Page
    screens: Screens
    wrong: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(self.screens.url + path)

    async def type(self, **fields: str) -> None:
        for name, value in fields.items():
            await self.page.fill(f"#{name}", value)

    async def press(self, words: str) -> None:
        """Press the button or the link with these words; what it opens has loaded afterwards.

        A payment that the PIN's last digit has sent by itself needs no press."""
        sent = "!document.querySelector('form[data-once]:not([data-sent])')"
        once = words.startswith("Pay") and await self.page.locator("#paid, [data-number]").count()
        if once and await self.page.evaluate(sent):
            return
        named = self.page.get_by_role("button", name=words, exact=True)
        if not await named.count():
            named = self.page.get_by_role("link", name=words, exact=True)
        await named.first.click()
        await self.page.wait_for_load_state("load")

    async def sees(self, words: str) -> None:
        """The words are there, or come within some seconds."""
        await expect(self.page.locator("main")).to_contain_text(words)

    async def reaches(self, path: str) -> None:
        await self.page.wait_for_url(f"**{path}", timeout=SECONDS * 1000)

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    async def sign_in(self, who: str, pin: str = PIN) -> None:
        """The way of a person: phone, code from the in-box, PIN."""
        await self.prove(PHONES[who])
        await self.type(pin=pin)
        await self.press("Sign in")
        await self.page.wait_for_url(lambda url: "/enter" not in url)

    async def prove(self, phone: str) -> None:
        if not self.path.startswith("/enter"):
            await self.open("/enter")
        await self.type(phone=phone.removeprefix("+91"))
        await self.press("Send me a code")
        await self.reaches("/enter/code")
        await self.type(code=await self.screens.house.code(phone))
        await self.press("Continue")
        await self.page.wait_for_url(lambda url: "/enter/code" not in url)


@dataclass
class Screens:
    """Opens screens, and afterwards looks whether any of them complained."""

    house: House
    chromium: Browser
    url: str
    line_may_die: bool = False
    contexts: list[BrowserContext] = field(default_factory=list)
    opened: list[Screen] = field(default_factory=list)

    async def screen(
        self, who: str | None = None, *, script: bool = True, width: int = 360, **more: Any
    ) -> Screen:
        """A browser of its own; signed in by cookie where `who` is somebody."""
        context = await self.chromium.new_context(
            viewport={"width": width, "height": 640}, java_script_enabled=script, **more
        )
        context.set_default_timeout(SECONDS * 1000)
        self.contexts.append(context)
        if who is not None:
            token = await self.house.admit(who)
            await context.add_cookies([{"name": "argosy", "value": token, "url": self.url}])
        screen = Screen(await context.new_page(), self)
        screen.page.on("pageerror", lambda error: screen.wrong.append(str(error)))
        screen.page.on("console", lambda line: self._hear(screen, line.type, line.text))
        self.opened.append(screen)
        return screen

    def _hear(self, screen: Screen, kind: str, text: str) -> None:
        # That an answer was a refusal is no complaint of the page.
        if self.line_may_die and "net::ERR_" in text:
            return
        if kind in ("error", "warning") and "the server responded with a status of" not in text:
            screen.wrong.append(text)

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()
        complaints = [line for screen in self.opened for line in screen.wrong]
        assert complaints == []
