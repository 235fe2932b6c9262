"""How the pages look to a machine: nothing hangs over the edge, everything can be pressed and read,
and nothing comes from elsewhere. Twins show that each look can find something."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from argosy.bench import lite
from argosy.bench.thin_line import ThinLine
from argosy.public_services.words.words import Words
from tests.channels.lite.screens import Screen, Screens
from tests.channels.lite.visitors import PIN

browser = pytest.mark.browser

WIDTHS = (240, 360, 412, 1024)
NARROW = (240, 412)
DARK_WIDTH = 412
TARGET_MIN = 44
CONTRAST_MIN = 4.5
FIRST_PAGE_BYTES_MAX = 14_600

Look = Callable[[Page], Awaitable[list[str]]]
LOOKS = Path(__file__).with_name("looks.js").read_text("utf-8")


async def complaints(page: Page) -> list[str]:
    """What is wrong with the page that is open."""
    bounds = {"target": TARGET_MIN, "contrast": CONTRAST_MIN}
    found: list[str] = await page.evaluate(LOOKS, bounds)
    return found


async def walk(
    screens: Screens, widths: tuple[int, ...] = WIDTHS, look: Look = complaints, **more: Any
) -> list[str]:
    """All pages of all people, at every width, light and dark; what is wrong with them, by page."""
    found = []
    for who, paths in (await addresses(screens)).items():
        screen = await screens.screen(who or None, **more)
        for path in paths:
            await screen.open(path)
            found += [
                f"{who or 'visitor'} {line}" for line in await seen(screen, path, widths, look)
            ]
        await screen.page.context.close()
    return found


async def seen(
    screen: Screen, path: str, widths: tuple[int, ...], look: Look = complaints
) -> list[str]:
    """What is wrong with the page that is open, at these widths."""
    found = []
    for width in widths:
        await screen.page.set_viewport_size({"width": width, "height": 640})
        scheme: Any = "dark" if width == DARK_WIDTH else "light"
        await screen.page.emulate_media(color_scheme=scheme)
        found += [f"{path} at {width}: {complaint}" for complaint in await look(screen.page)]
    return found


async def addresses(screens: Screens) -> dict[str, list[str]]:
    """Pages with something on them: payments of every kind have been made."""
    house = screens.house
    asha, tea, ravi = house.visitor("asha"), house.visitor("tea"), house.visitor("ravi")
    paid = await asha.fill(f"/p/{house.shop_number}", "/pay", amount="1234.5", pin=PIN, note="tea")
    await tea.fill(f"{paid.path}/refund", amount="34.5", pin=PIN, note="cold")
    waiting = await tea.fill("/till", amount="75", note="two teas")
    page = await asha.fill("/send", to="98765 00000", amount="300")
    held = await asha.send(page.form("/send"), pin=PIN)
    page = await asha.fill("/withdraw", bank_account="1234567877", amount="1000")
    silent = await asha.send(page.form("/withdraw"), pin=PIN)
    asked = await ravi.fill("/request", to="98000 00001", amount="60", note="for the taxi home")
    receipt = next(link for link in paid.links if link.startswith("/r/"))
    link = waiting.path.replace("orders", "p")
    return {
        "": ["/", "/enter", "/enter?as=shop", "/enter/forgotten", "/r", receipt, link, "/nosuch",
             f"/p/{house.shop_number}", "/inbox?phone=9800000001"],
        "asha": ["/", "/pay", f"/p/{house.shop_number}", link, "/send", "/request", "/waiting", "/add",
                 "/withdraw", "/pay/photo", "/code", "/me/close",
                 "/history", "/me", "/me/code", "/me/level", "/me/pin", "/me/security",
                 "/messages", "/line",
                 paid.path, held.path, silent.path, asked.path],
        "sunil": ["/send", "/me/level"],
        "tea": ["/till", "/till/charge", "/till/keys", "/till/code", waiting.path, paid.path,
                f"{paid.path}/refund", "/me"],
    }  # fmt: skip


@browser
async def test_every_page_fits_and_can_be_read_and_pressed(screens: Screens) -> None:
    assert await walk(screens) == []


@browser
async def test_every_page_in_hindi(screens: Screens) -> None:
    for person in screens.house.people.values():
        await screens.house.wallet.parties.set_language(person.id, "hi")
    assert await walk(screens, NARROW, locale="hi-IN") == []
    assert screens.house.wallet.words.missing == {}


@browser
async def test_words_that_are_longer_by_two_fifths_fit(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Words._find

    def longer(words: Words, key: str, language: str, market: str) -> tuple[str, str] | None:
        said = found(words, key, language, market)
        return said and (said[0], stretched(said[1]))

    monkeypatch.setattr(Words, "_find", longer)
    said = screens.house.wallet.words.say("lite.welcome.enter", "en", "india")
    assert len(said) >= 1.35 * len("Sign in or open a wallet")
    assert await walk(screens, NARROW) == []


def stretched(template: str) -> str:
    """A sentence of a language that does not exist: each word two fifths longer, facts as they were."""
    parts = re.split(r"(\{.*\})" if template.count("{") > 1 else r"(\{[^}]*\})", template)
    return "".join(
        part
        if part.startswith("{")
        else re.sub(r"\w+", lambda w: w[0] + w[0][: math.ceil(len(w[0]) * 0.4)], part)
        for part in parts
    )


@browser
async def test_every_market_in_each_of_its_languages(
    screens: Screens, line: ThinLine, chromium: Browser
) -> None:
    stand = lite.Stand(screens.house.wallet, chromium, line)
    for market in stand.wallet.markets.values():
        trade = await lite.trade_in(stand.wallet, market)
        screen = await screens.screen()
        await stand.let_in(screen.page.context, trade.customer)
        await screen.open(f"/p/{trade.shop.number}")
        await lite.pay(screen.page)
        order = screen.path
        for language in market.languages:
            await stand.wallet.parties.set_language(trade.customer.id, language)
            for path in ("/", "/me", "/send", f"/p/{trade.shop.number}?amount=100", order):
                # by an address that the device has not kept in the language before
                await screen.open(f"{path}{'&' if '?' in path else '?'}in={language}")
                assert await screen.page.get_attribute("html", "lang") == language
                wrong = await seen(screen, path, NARROW)
                assert wrong == [], (market.code, language)
        await screen.page.context.close()


@browser
async def test_the_keyboard_goes_from_amount_to_pin_to_paid(screens: Screens) -> None:
    asha = await screens.screen("asha")
    await asha.open(f"/p/{screens.house.shop_number}")
    await asha.page.evaluate("document.querySelector('.skip').focus()")
    way = []
    for turn in range(8):
        if turn:
            await asha.page.keyboard.press("Tab")
        way.append(
            await asha.page.evaluate(
                "(e => e.id || e.className || e.getAttribute('href') || e.tagName.toLowerCase())"
                "(document.activeElement)"
            )
        )
    assert way[0] == "skip"
    assert way[-4:] == ["amount", "summary", "pin", "button"]
    await asha.type(amount="3", pin=PIN)
    await asha.sees("to Chai Adda")
    # who cannot see it hears it: the receipt has the focus
    assert await asha.page.evaluate("document.activeElement.textContent.includes('Paid')")


@browser
async def test_nothing_moves_for_who_wants_it_still(screens: Screens) -> None:
    asha = await screens.screen("asha")
    moving = "document.getAnimations().length"
    for motion, most in (("reduce", 0), ("no-preference", 1)):
        await asha.page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        await asha.open(f"/p/{screens.house.shop_number}")
        await asha.type(amount="3", pin=PIN)
        await asha.page.wait_for_selector(".good")
        assert await asha.page.evaluate(moving) == most


@browser
async def test_what_another_ones_checker_says(screens: Screens) -> None:
    source = axe()
    if source is None:
        pytest.skip("LEFT OUT: the npm package axe-core is not installed here (NODE_PATH)")
    script = source.read_text("utf-8")

    async def look(page: Page) -> list[str]:
        await page.evaluate(script)
        found: list[str] = await page.evaluate(
            "axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html.slice(0, 80)))"
        )
        return found

    assert await walk(screens, (360,), look) == []


def axe() -> Path | None:
    """The checker, where a node package of it is installed."""
    places = [Path(place) for place in os.environ.get("NODE_PATH", "").split(os.pathsep) if place]
    places += [Path("/usr/lib/node_modules"), Path("/usr/local/lib/node_modules")]
    found = (place / "axe-core" / "axe.min.js" for place in places)
    return next((file for file in found if file.is_file()), None)


@browser
async def test_twin_what_is_wrong_is_found(screens: Screens) -> None:
    screen = await screens.screen()
    await screen.open("/enter")
    await screen.page.evaluate(
        """() => {
            const main = document.querySelector('main');
            main.innerHTML = '<h1>a</h1><h1>b</h1><h3 id=z>c</h3><button></button><p id=z>faint</p>'
                + '<input name=x aria-describedby=y><nav tabindex=3></nav>';
            const [button, p] = [main.querySelector('button'), main.querySelector('p')];
            Object.assign(button.style, {all: 'unset', display: 'block', width: '20px', height: '20px'});
            Object.assign(p.style, {color: '#999', background: '#fff', width: '2000px'});
        }"""
    )
    kinds = {line.split(":")[0].split(" by ")[0] for line in await complaints(screen.page)}
    assert kinds == {
        "small", "faint", "unnamed", "hangs over", "not one heading", "heading skipped", "twice",
        "refers to nothing", "queue jumped",
    }  # fmt: skip


# --- bytes -----------------------------------------------------------------------------------------


async def weigh(screen: Screen, path: str) -> tuple[int, list[str]]:
    """Bytes over the wire until the page is there, headers included, and where they came from."""
    line = await screen.page.context.new_cdp_session(screen.page)
    total = 0
    hosts: list[str] = []

    def count(event: dict[str, Any]) -> None:
        nonlocal total
        total += event["encodedDataLength"]

    line.on("Network.loadingFinished", count)
    await line.send("Network.enable")
    screen.page.on("request", lambda request: hosts.append(request.url))
    await screen.page.goto(screen.screens.url + path, wait_until="load")
    await line.detach()
    return total, hosts


@browser
async def test_the_first_page_comes_with_the_first_packets(screens: Screens) -> None:
    screen = await screens.screen()
    total, hosts = await weigh(screen, "/")
    assert 2_000 < total <= FIRST_PAGE_BYTES_MAX
    assert all(host.startswith(screens.url) for host in hosts)
    again, _ = await weigh(screen, "/enter")
    assert again < 4_000  # style and script are kept
