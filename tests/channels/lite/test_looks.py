"""How the pages look to a machine: nothing hangs over the edge, everything can be pressed and read,
and nothing comes from elsewhere. Twins show that each look can find something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.channels.lite.screens import Screen, Screens
from tests.channels.lite.visitors import PIN

browser = pytest.mark.browser

WIDTHS = (240, 360, 412, 1024)
DARK_WIDTH = 412
TARGET_MIN = 44
CONTRAST_MIN = 4.5
FIRST_PAGE_BYTES_MAX = 14_600

LOOKS = Path(__file__).with_name("looks.js").read_text("utf-8")


async def complaints(page: Page) -> list[str]:
    """What is wrong with the page that is open."""
    bounds = {"target": TARGET_MIN, "contrast": CONTRAST_MIN}
    found: list[str] = await page.evaluate(LOOKS, bounds)
    return found


async def walk(screens: Screens, **more: Any) -> list[str]:
    """All pages of all people, at every width, light and dark; what is wrong with them, by page."""
    found = []
    for who, paths in (await addresses(screens)).items():
        screen = await screens.screen(who or None, **more)
        for path in paths:
            await screen.open(path)
            for width in WIDTHS:
                await screen.page.set_viewport_size({"width": width, "height": 640})
                scheme: Any = "dark" if width == DARK_WIDTH else "light"
                await screen.page.emulate_media(color_scheme=scheme)
                found += [
                    f"{who or 'visitor'} {path} at {width}: {complaint}"
                    for complaint in await complaints(screen.page)
                ]
        await screen.page.context.close()
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
                 "/withdraw", "/history", "/me", "/me/level", "/me/pin", "/me/security", "/messages",
                 paid.path, held.path, silent.path, asked.path],
        "sunil": ["/send", "/me/level"],
        "tea": ["/till", "/till/code", waiting.path, paid.path, f"{paid.path}/refund", "/me"],
    }  # fmt: skip


@browser
async def test_every_page_fits_and_can_be_read_and_pressed(screens: Screens) -> None:
    assert await walk(screens) == []


@browser
async def test_every_page_in_hindi(screens: Screens) -> None:
    for person in screens.house.people.values():
        await screens.house.wallet.parties.set_language(person.id, "hi")
    assert await walk(screens, locale="hi-IN") == []
    assert screens.house.wallet.words.missing == {}


@browser
async def test_twin_what_is_wrong_is_found(screens: Screens) -> None:
    screen = await screens.screen()
    await screen.open("/enter")
    await screen.page.evaluate(
        """() => {
            const main = document.querySelector('main');
            main.innerHTML = '<h1>a</h1><h1>b</h1><button></button><p>faint</p><input name=x>';
            const [button, p] = [main.querySelector('button'), main.querySelector('p')];
            Object.assign(button.style, {all: 'unset', display: 'block', width: '20px', height: '20px'});
            Object.assign(p.style, {color: '#999', background: '#fff', width: '2000px'});
        }"""
    )
    kinds = {line.split(":")[0].split(" by ")[0] for line in await complaints(screen.page)}
    assert kinds == {"small", "faint", "unnamed", "hangs over", "not one heading"}


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
