"""What the lite app costs a customer: bytes, actions and seconds in every market, measured in Chromium.

Bytes are counted on the line between browser and server, headers included, so that nothing is left
out that a page, its worker or its manifest asks for. The server is the whole wallet; the customer's
browser has a key of its own and signs what it pays, as after any sign-in.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from rich.console import Console
from rich.table import Table

from argosy.app import Wallet, build, running, set_up
from argosy.base.clock import SystemClock
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.markets import Market
from argosy.base.money import exponent
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.bench.thin_line import ThinLine
from argosy.public_services.signin.facts import Algorithm, DeviceClaim, SignedIn
from argosy.settings import Settings
from argosy.web import web

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

PIN = "583172"
AMOUNT = "100"
FUNDS = 2_000
ROTATED_BEFORE = "20 minutes"
"""Between two payments a customer's cookie mostly falls due, so the answer brings a new one."""
ROUND_TRIP_SECONDS = 1.0
BITS_PER_SECOND = 50_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip

FIGURES = {
    "first_page_bytes": "the welcome, from an empty browser until it is there",
    "app_bytes": "all that came until the app lies on the device: files, worker and pages",
    "app_stored_bytes": "the same as it lies there, not compressed",
    "repeat_payment_bytes": "paying a known shop again, both ways, with script",
    "repeat_payment_bytes_plain": "the same without script",
    "actions_to_pay": "fields filled in and things pressed, from opening to paid",
    "actions_to_pay_plain": "the same without script",
    "seconds_on_2g": "the welcome, from an empty browser until it is there, on 50 kbit/s and 1 s",
    "repeat_payment_seconds_on_2g": "from the last digit of the PIN to the receipt",
}
WORKER_READY = """async () => {
    while (!navigator.serviceWorker.controller) await new Promise(yes => setTimeout(yes, 50));
}"""
"""What a page waits for until its worker looks after it."""
_STORED = """async () => {
    let bytes = 0;
    for (const name of await caches.keys()) {
        const box = await caches.open(name);
        for (const key of await box.keys()) {
            bytes += (await (await box.match(key)).arrayBuffer()).byteLength;
        }
    }
    return bytes;
}"""
_MAKE_KEY = """async () => {
    const pair = await crypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, false, ['sign']);
    const open = indexedDB.open('argosy', 1);
    open.onupgradeneeded = () => open.result.createObjectStore('keys');
    await new Promise(yes => { open.onsuccess = yes; });
    const put = open.result.transaction('keys', 'readwrite').objectStore('keys').put(pair, 'device');
    await new Promise(yes => { put.onsuccess = yes; });
    const raw = await crypto.subtle.exportKey('raw', pair.publicKey);
    return btoa(String.fromCharCode(...new Uint8Array(raw)));
}"""


class BenchError(Exception):
    """The benchmark could not be made ready."""


@dataclass(frozen=True, slots=True)
class Trade:
    """Somebody who pays, and a shop, in one market."""

    market: Market
    customer: Party
    shop: Party


@dataclass
class Hand:
    """A customer's hand: what it fills in and presses is counted."""

    page: Page
    actions: int = 0

    async def type(self, name: str, text: str) -> None:
        self.actions += 1
        await self.page.fill(f"#{name}", text)

    async def press_enter(self, name: str) -> None:
        """The keypad's own key after a field: part of filling it in."""
        await self.page.press(f"#{name}", "Enter")


@dataclass
class Stand:
    """A browser, and a line to a server."""

    wallet: Wallet
    browser: Browser
    line: ThinLine
    contexts: list[BrowserContext] = field(default_factory=list)

    async def context(self, market: str, *, script: bool = True) -> BrowserContext:
        """An empty browser of somebody in this market."""
        context = await self.browser.new_context(
            viewport={"width": 360, "height": 640}, java_script_enabled=script
        )
        self.contexts.append(context)
        chosen = {"name": "market", "value": market, "url": self.line.url}
        await context.add_cookies([chosen])  # type: ignore[list-item]  # a cookie is a plain dict
        return context

    async def let_in(
        self, context: BrowserContext, customer: Party, *, script: bool = True
    ) -> None:
        """Sign a customer in, with a key of this browser's own where there is script to make one."""
        key = None
        if script:
            page = await context.new_page()
            await page.goto(f"{self.line.url}/r")
            key = base64.b64decode(await page.evaluate(_MAKE_KEY))
            await page.close()
        claim = DeviceClaim("a phone", None, key, Algorithm.P256 if key else None)
        said = await self.wallet.signin.admit(customer, claim)
        if not isinstance(said, SignedIn):
            raise BenchError(f"a customer could not sign in: {said.code}")
        cookie = {"name": "argosy", "value": said.token, "url": self.line.url}
        await context.add_cookies([cookie])  # type: ignore[list-item]  # a cookie is a plain dict

    async def time_goes_by(self, customer: Party) -> None:
        """Until the customer's cookie is due for a new one."""
        await self.wallet.db.run(
            "UPDATE signin.session SET rotated_at = rotated_at - $2::text::interval"
            " WHERE party_id = $1",
            customer.id,
            ROTATED_BEFORE,
        )


# --- what is measured ----------------------------------------------------------------------------


async def first_page(stand: Stand, trade: Trade) -> float:
    """Bytes that come for the welcome in an empty browser, with everything that it asks for."""
    context = await stand.context(trade.market.code)
    page = await context.new_page()
    await stand.line.still(0.3)
    stand.line.count_anew()
    await page.goto(stand.line.url, wait_until="load")
    await stand.line.still()
    return stand.line.down_bytes


async def seconds_on_2g(stand: Stand, trade: Trade) -> float:
    """The same, in seconds, on a slow line."""
    context = await stand.context(trade.market.code)
    page = await context.new_page()
    with slow(stand.line):
        begun = time.monotonic()
        await page.goto(stand.line.url, wait_until="load")
        took = time.monotonic() - begun
        await stand.line.still()
    return took


async def with_script(stand: Stand, trade: Trade) -> dict[str, float]:
    """Signing in, paying once, and then paying again as a returning customer does."""
    context = await stand.context(trade.market.code)
    await stand.let_in(context, trade.customer)
    stand.line.count_anew()
    page = await context.new_page()
    await page.goto(stand.line.url)
    await page.evaluate(WORKER_READY)
    await stand.line.still(2.5)
    await page.goto(f"{stand.line.url}/p/{trade.shop.number}")
    await stand.line.still(0.5)
    figures: dict[str, float] = {"app_bytes": stand.line.down_bytes}
    await pay(page)
    figures["app_stored_bytes"] = await page.evaluate(_STORED)
    await page.close()
    return figures | await again(stand, context, trade)


async def again_on_2g(stand: Stand, trade: Trade) -> float:
    """Paying again on a slow line: seconds from the last digit of the PIN to the receipt."""
    context = stand.contexts[-1]
    with slow(stand.line):
        page = await context.new_page()
        await page.goto(f"{stand.line.url}/p/{trade.shop.number}")
        await page.fill("#amount", AMOUNT)
        begun = time.monotonic()
        await page.fill("#pin", PIN)
        await page.wait_for_selector("[data-number][href]")
        took = time.monotonic() - begun
        await stand.line.still()
    return took


async def again(stand: Stand, context: BrowserContext, trade: Trade) -> dict[str, float]:
    """Opening the page of a known shop in a new window, and paying there."""
    await stand.time_goes_by(trade.customer)
    await stand.line.still()
    stand.line.count_anew()
    page = await context.new_page()
    await page.goto(f"{stand.line.url}/p/{trade.shop.number}")
    actions = await pay(page)
    await stand.line.still(3.0)
    cost = stand.line.bytes
    await page.close()
    return {"repeat_payment_bytes": cost, "actions_to_pay": actions}


async def pay(page: Page) -> int:
    """Amount and PIN on a shop's page with script; how many actions it took until it was paid."""
    hand = Hand(page)
    await hand.type("amount", AMOUNT)
    await hand.type("pin", PIN)
    await page.wait_for_selector("[data-number][href]")
    return hand.actions


async def plain_again(stand: Stand, trade: Trade) -> dict[str, float]:
    """Paying a second time in a browser without script."""
    context = await stand.context(trade.market.code, script=False)
    await stand.let_in(context, trade.customer, script=False)
    page = await context.new_page()
    for _ in range(2):
        await stand.time_goes_by(trade.customer)
        await stand.line.still()
        stand.line.count_anew()
        hand = Hand(page)
        await page.goto(f"{stand.line.url}/p/{trade.shop.number}")
        await hand.type("amount", AMOUNT)
        await hand.type("pin", PIN)
        await hand.press_enter("pin")
        await page.wait_for_url("**/orders/*")
    await stand.line.still()
    return {
        "repeat_payment_bytes_plain": stand.line.bytes,
        "actions_to_pay_plain": hand.actions,
    }


class slow:  # noqa: N801 - reads as a word: with slow(line)
    """The line as slow as an old phone's, for as long as the block lasts."""

    def __init__(self, line: ThinLine) -> None:
        self.line = line

    def __enter__(self) -> None:
        self.line.round_trip_seconds, self.line.bits_per_second = (
            ROUND_TRIP_SECONDS,
            BITS_PER_SECOND,
        )

    def __exit__(self, *_: object) -> None:
        self.line.round_trip_seconds, self.line.bits_per_second = 0.0, 0


async def measure(stand: Stand, trade: Trade) -> dict[str, float]:
    """All figures of one market."""
    figures = {
        "first_page_bytes": await first_page(stand, trade),
        "seconds_on_2g": await seconds_on_2g(stand, trade),
        **await with_script(stand, trade),
        "repeat_payment_seconds_on_2g": await again_on_2g(stand, trade),
        **await plain_again(stand, trade),
    }
    for context in stand.contexts:
        await context.close()
    stand.contexts.clear()
    return {name: round(figures[name], 2) for name in FIGURES}


# --- the stand -----------------------------------------------------------------------------------


async def trade_in(wallet: Wallet, market: Market) -> Trade:
    """A customer with money, and a shop."""
    customer = await _opened(wallet, market, PartyKind.CUSTOMER)
    shop = await _opened(wallet, market, PartyKind.MERCHANT)
    places = 10 ** (exponent(market.currency) or 0)
    opening = system_account(market.code, OPENING, market.currency)
    gift = Transfer(
        wallet.ids.new(), opening, customer.account, FUNDS * places, market.currency, "opening"
    )
    (said,) = await wallet.ledger.post([gift])
    if not isinstance(said, Posted):
        raise BenchError(f"a customer of {market.code} could not be funded")
    return Trade(market, customer, shop)


async def _opened(wallet: Wallet, market: Market, kind: PartyKind) -> Party:
    is_shop = kind is PartyKind.MERCHANT
    new = NewParty(
        wallet.ids.new(),
        kind,
        market.code,
        market.ladder(kind.value)[-1].name,
        market.languages[0],
        "Lila Arun",
        email=f"{kind.value}@{market.code}.example",
        city=market.name if is_shop else None,
        business_name="The Tea House" if is_shop else None,
    )
    party = await wallet.parties.open(new)
    if isinstance(party, Refused):
        raise BenchError(f"nobody could be opened in {market.code}: {party.code}")
    async with wallet.db.work() as conn:
        refused = await wallet.signin.set_pin(party.id, PIN, conn)
    if refused is not None:
        raise BenchError(f"a PIN was refused: {refused.code}")
    return party


@asynccontextmanager
async def served(url: str) -> AsyncIterator[tuple[Wallet, tuple[str, int]]]:
    """A whole wallet with every market of the package, on a port of this machine."""
    db = await Database.open(url, 6)
    try:
        await migrate(db)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            settings = Settings(data=Path("unused"), key=secrets.token_bytes(32))
            wallet = await build(settings, db, clock=SystemClock())
            await set_up(wallet)
            await wallet.brain.start()
            config = uvicorn.Config(
                web(wallet), lifespan="off", log_config=None, access_log=False, server_header=False,
                timeout_graceful_shutdown=1,
            )  # fmt: skip
            server = uvicorn.Server(config)
            async with running(wallet):
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
                try:
                    yield wallet, listener.getsockname()[:2]
                finally:
                    server.should_exit = True
                    await serving
    finally:
        await db.close()


def run() -> dict[str, Any]:
    """Measure every market of the package: each one's figures, and for each figure the worst."""
    with (
        tempfile.TemporaryDirectory(prefix="argosy-bench-") as folder,
        Postgres(Path(folder) / "postgres", durable=False) as server,
    ):
        return asyncio.run(_run(server.url()))


async def _run(url: str) -> dict[str, Any]:
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        raise BenchError("measuring drives Chromium through playwright: install it") from None
    path = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if path is None:
        raise BenchError(f"none of {', '.join(BROWSERS)} is here")
    markets: dict[str, dict[str, float]] = {}
    async with async_playwright() as playwright, served(url) as (wallet, server):
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for market in wallet.markets.values():
            async with ThinLine(server) as line:
                stand = Stand(wallet, browser, line)
                markets[market.code] = await measure(stand, await trade_in(wallet, market))
        version = browser.version
        await browser.close()
    worst = {name: max(figures[name] for figures in markets.values()) for name in FIGURES}
    facts = {
        "browser": version,
        "round_trip_seconds": ROUND_TRIP_SECONDS,
        "bits_per_second": BITS_PER_SECOND,
        "what": FIGURES,
    }
    return {**worst, "markets": markets, "facts": facts}


def show(figures: dict[str, Any], console: Console | None = None) -> None:
    """Print a table: a line a figure, a column a market."""
    table = Table(title="argosy bench lite")
    markets: dict[str, dict[str, float]] = figures["markets"]
    table.add_column("figure")
    for market in markets:
        table.add_column(market, justify="right")
    for name in FIGURES:
        table.add_row(name, *(f"{values[name]:,g}" for values in markets.values()))
    (console or Console()).print(table)


def write(figures: dict[str, Any], path: Path) -> None:
    """Write JSON: under `markets` each one's figures, beside it the worst of each."""
    path.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
