"""What the app costs: counted on the line in every market, headers included, both ways."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from argosy.bench import lite
from argosy.bench.lite import Stand, Trade
from argosy.bench.thin_line import ThinLine
from argosy.channels.lite.rendering import ASSETS
from tests.channels.lite.screens import Screens
from tests.channels.lite.visitors import PIN, House

browser = pytest.mark.browser

FIRST_PAGE_BYTES_MAX = 14_600
APP_BYTES_MAX = 40_000
APP_STORED_BYTES_MAX = 60_000
REPEAT_PAYMENT_BYTES_MAX = 1_500
REPEAT_PAYMENT_PLAIN_BYTES_MAX = 8_000
FILES_BYTES_MAX = 11_000
ACTIONS_TO_PAY = 2


@pytest.fixture
async def stand(screens: Screens, line: ThinLine, chromium: Browser) -> Stand:
    return Stand(screens.house.wallet, chromium, line)


async def trades(stand: Stand) -> list[Trade]:
    markets = stand.wallet.markets.values()
    return [await lite.trade_in(stand.wallet, market) for market in markets]


def over(figures: dict[str, float]) -> set[str]:
    """The budgets that are not kept."""
    budgets = {
        "first_page_bytes": FIRST_PAGE_BYTES_MAX,
        "app_bytes": APP_BYTES_MAX,
        "app_stored_bytes": APP_STORED_BYTES_MAX,
        "repeat_payment_bytes": REPEAT_PAYMENT_BYTES_MAX,
        "repeat_payment_bytes_plain": REPEAT_PAYMENT_PLAIN_BYTES_MAX,
        "actions_to_pay": ACTIONS_TO_PAY,
        "actions_to_pay_plain": ACTIONS_TO_PAY,
    }
    return {name for name, value in figures.items() if value > budgets.get(name, value)}


@browser
async def test_the_budgets_are_kept_in_every_market(stand: Stand) -> None:
    for trade in await trades(stand):
        figures = {
            "first_page_bytes": await lite.first_page(stand, trade),
            **await lite.with_script(stand, trade),
            **await lite.plain_again(stand, trade),
        }
        assert over(figures) == set(), (trade.market.code, figures)
        # the count does count
        assert figures["first_page_bytes"] > 4_000
        assert figures["app_bytes"] > 8_000
        assert figures["repeat_payment_bytes"] > 800


@browser
async def test_twin_a_page_that_asks_for_more_is_over_its_budget(stand: Stand) -> None:
    (trade, *_) = await trades(stand)
    context = await stand.context(trade.market.code)
    await stand.let_in(context, trade.customer)
    await context.add_init_script("fetch('/history')")
    figures = await lite.again(stand, context, trade)
    assert over(figures) == {"repeat_payment_bytes"}


@browser
async def test_on_a_slow_line_it_can_be_borne(stand: Stand) -> None:
    (trade, *_) = await trades(stand)
    assert await lite.seconds_on_2g(stand, trade) < 12
    await lite.with_script(stand, trade)
    assert 1.0 <= await lite.again_on_2g(stand, trade) < 5


@browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_paying_on_the_smallest_screen_over_a_slow_line(
    screens: Screens, line: ThinLine, script: bool
) -> None:
    asha = await screens.screen("asha", script=script, width=240)
    with lite.slow(line):
        await asha.open(f"/p/{screens.house.shop_number}")
        await asha.type(amount="12", pin=PIN)
        if not script:
            await asha.page.press("#pin", "Enter")
        await asha.sees("to Chai Adda")
    assert await screens.house.balance("tea") == "12.00"


@browser
async def test_all_comes_from_the_house_itself(screens: Screens) -> None:
    asked: list[str] = []
    asha = await screens.screen("asha")
    asha.page.context.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/pay", f"/p/{screens.house.shop_number}", "/me/code", "/history", "/me"):
        await asha.open(path)
    assert len(asked) > 6
    assert all(url.startswith(screens.url) for url in asked)


async def test_what_browsers_keep_for_good_is_small_and_never_asked_for_again(house: House) -> None:
    assert {"lite.css", "lite.js", "icon.svg"} <= set(ASSETS)
    assert sum(len(asset.zipped) for asset in ASSETS.values()) < FILES_BYTES_MAX
    visitor = house.visitor()
    for asset in ASSETS.values():
        answer = await visitor.client.get(asset.path)
        assert answer.content == asset.content
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers.get("content-encoding") == "gzip"


async def test_the_answer_to_a_payment_carries_nothing_that_it_does_not_need(house: House) -> None:
    body = {"id": str(house.ids.new()), "to": house.shop_number, "amount": "1", "pin": PIN}
    said = await house.visitor("asha").json("POST", "/pay", **body)
    assert set(said.headers) == {
        "content-type", "content-length", "cache-control", "x-content-type-options",
    }  # fmt: skip
    assert len(said.content) < 320
