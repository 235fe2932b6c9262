"""Without a connection, and on one that dies: what is shown, and that what was begun becomes known."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.async_api import expect

from argosy.base.markets import Fact, Fee, FeeRule
from argosy.bench.lite import WORKER_READY
from argosy.bench.thin_line import ThinLine
from argosy.channels.lite.pages.paying import KEPT_SECONDS, kept_seconds
from argosy.markets import load
from tests.channels.lite.screens import Screen, Screens
from tests.channels.lite.visitors import PIN, House

browser = pytest.mark.browser


async def at_home(screens: Screens, line: ThinLine, who: str = "asha") -> Screen:
    """Somebody whose device has kept what it keeps."""
    screen = await screens.screen(who)
    await screen.open("/")
    await screen.page.evaluate(WORKER_READY)
    await line.still(1.5)
    return screen


async def kept(screen: Screen) -> list[str]:
    """The paths of the pages that lie on the device."""
    found: list[str] = await screen.page.evaluate(
        "async () => (await (await caches.open('pages')).keys()).map(k => new URL(k.url).pathname)"
    )
    return sorted(found)


async def received(screens: Screens, amount: str) -> None:
    """Wait until the shop has it."""
    for _ in range(100):
        if await screens.house.balance("tea") == amount:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await screens.house.balance("tea"))


# --- without a connection --------------------------------------------------------------------------


@browser
async def test_balance_history_and_code_are_there_as_they_were(
    screens: Screens, line: ThinLine
) -> None:
    await screens.house.visitor("asha").fill(
        f"/p/{screens.house.shop_number}", "/pay", amount="15", pin=PIN
    )
    asha = await at_home(screens, line)
    assert await kept(asha) == ["/", "/history", "/line", "/me/code", "/pay"]
    line.die()
    await asha.open("/")
    await asha.sees("₹9,985.00")
    await asha.sees("As it stood on")
    await expect(asha.page.locator(".asof")).to_be_visible()
    await asha.open("/history")
    await asha.sees("Paid to Chai Adda")
    await expect(asha.page.locator(".asof")).to_be_visible()
    await asha.open("/me/code")
    await expect(asha.page.locator("figure.code svg").first).to_be_visible()
    await asha.open("/withdraw")
    await asha.sees("No connection")
    line.mend()
    await asha.open("/history")
    await expect(asha.page.locator(".asof")).to_be_hidden()


@browser
async def test_with_a_connection_nothing_old_is_shown_as_new(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    await screens.house.visitor("ravi").json(
        "POST", "/send", id=str(screens.house.ids.new()), to="+919800000001", amount="5", pin=PIN
    )
    await asha.open("/")  # at once, from the device, with its time; then as it stands now
    await asha.sees("₹10,005.00")
    await expect(asha.page.locator(".asof")).to_be_hidden()
    await asha.open(f"/p/{screens.house.shop_number}")
    await asha.type(amount="5", pin=PIN)
    await asha.sees("to Chai Adda")
    await asha.press("To the start page")
    await asha.sees("₹10,000.00")
    line.die()
    await asha.open("/")
    await asha.sees("₹10,000.00")


@browser
async def test_who_signs_out_leaves_nothing_on_the_device(screens: Screens, line: ThinLine) -> None:
    asha = await at_home(screens, line)
    await asha.open("/me")
    await asha.press("Sign out")
    assert await kept(asha) == []
    line.die()
    with pytest.raises(Exception, match="ERR_"):
        await asha.open("/")


@browser
async def test_a_session_that_ended_elsewhere_takes_the_kept_pages_with_it(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    await screens.house.wallet.signin.revoke_all(screens.house.people["asha"].id)
    await asha.open("/history")
    await asha.reaches("/enter?next=/history")
    assert await kept(asha) == []


@browser
async def test_another_language_is_spoken_by_kept_pages_too(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    await asha.open("/me")
    await asha.page.locator("button[lang=hi]").click()
    await asha.sees("वॉलेट")
    await asha.open("/")
    await line.still(1.5)
    line.die()
    await asha.open("/history")
    assert await asha.page.get_attribute("html", "lang") == "hi"


# --- a line that dies ------------------------------------------------------------------------------


@browser
async def test_a_payment_whose_answer_was_lost_becomes_known_by_itself(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    await asha.open(f"/p/{screens.house.shop_number}")
    line.loses_answers = True
    await asha.type(amount="120.50", pin=PIN)
    await received(screens, "120.50")
    line.die()
    await asha.sees("We do not know yet")
    line.mend()
    await asha.sees("₹120.50")
    await asha.sees("to Chai Adda")
    await expect(asha.page.locator("[data-number]")).not_to_be_empty()
    assert await screens.house.balance("tea") == "120.50"


@browser
async def test_a_payment_that_never_arrived_is_known_not_to_be_and_can_be_made(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    await asha.open(f"/p/{screens.house.shop_number}")
    line.die()
    await asha.type(amount="7", pin=PIN)
    await asha.sees("We do not know yet")
    line.mend()
    await asha.sees("This payment was not made")
    assert await screens.house.balance("tea") == "0.00"
    assert await asha.page.input_value("#amount") == "7"
    await asha.type(pin=PIN)
    await asha.sees("to Chai Adda")
    assert await screens.house.balance("tea") == "7.00"


@browser
async def test_who_closed_the_page_meanwhile_is_told_at_the_next_one(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    await asha.open(f"/p/{screens.house.shop_number}")
    line.loses_answers = True
    await asha.type(amount="8", pin=PIN)
    await received(screens, "8.00")
    line.die()
    await asha.open("/")
    line.mend()
    await asha.sees("to Chai Adda")
    assert asha.path.startswith("/orders/")
    await asha.open("/")
    await asha.sees("Your money")
    assert await screens.house.balance("tea") == "8.00"


@browser
async def test_any_form_that_moves_money_is_found_again(screens: Screens, line: ThinLine) -> None:
    asha = await at_home(screens, line)
    await asha.open("/send")
    await asha.type(to="98000 00002", amount="30")
    await asha.press("Continue")
    await asha.sees("Ravi K.")
    line.loses_answers = True
    await asha.type(pin=PIN)
    await asha.page.get_by_role("button", name="Yes, ₹30.00").click()
    await asha.sees("We do not know yet")
    line.mend()
    await asha.sees("to Ravi K.")
    assert await screens.house.balance("ravi") == "530.00"


@browser
async def test_a_kept_form_pays_anew_each_time_and_a_second_press_pays_nothing(
    screens: Screens, line: ThinLine
) -> None:
    asha = await at_home(screens, line)
    for paid in ("3.00", "6.00", "9.00"):
        line.count_anew()
        await asha.open(f"/p/{screens.house.shop_number}")
        await asha.type(amount="3")
        await asha.page.evaluate(
            """pin => {
                const f = document.querySelector('[data-once]');
                f.elements.pin.value = pin;
                f.requestSubmit();
                f.requestSubmit();
            }""",
            PIN,
        )
        await asha.sees("to Chai Adda")
        assert await screens.house.balance("tea") == paid


@browser
async def test_what_is_refused_is_said_beside_the_field(screens: Screens, line: ThinLine) -> None:
    asha = await at_home(screens, line)
    await asha.open(f"/p/{screens.house.shop_number}")
    await asha.type(amount="99999", pin=PIN)
    await asha.page.locator("[role=alert]").wait_for()
    assert await asha.page.input_value("#pin") == ""
    await asha.type(amount="6000", pin=PIN)  # the brain asks for a code
    await asha.page.locator("#otp").wait_for()
    await asha.type(otp=await screens.house.code("+919800000001"))
    await asha.page.press("#otp", "Enter")
    await asha.sees("₹6,000.00")
    assert await screens.house.balance("tea") == "6000.00"


# --- without a browser -----------------------------------------------------------------------------


async def test_the_app_can_be_installed(house: House) -> None:
    page = await house.visitor("asha").open("/")
    assert '<link rel="manifest" href="/manifest?market=india&amp;language=en">' in page.answer.text
    said = await house.visitor().client.get("/manifest?market=india&language=hi")
    manifest = said.json()
    assert said.headers["content-type"] == "application/manifest+json"
    assert (manifest["lang"], manifest["start_url"], manifest["display"]) == (
        "hi", "/", "standalone",
    )  # fmt: skip
    icon = await house.visitor().client.get(manifest["icons"][0]["src"])
    assert icon.headers["content-type"] == "image/svg+xml"
    for shortcut in manifest["shortcuts"]:
        assert (await house.visitor("asha").open(shortcut["url"])).status == 200


async def test_only_what_may_lie_on_a_device_says_so(house: House) -> None:
    asha = house.visitor("asha")
    seconds = {
        path: (await asha.open(path)).answer.headers.get("x-keep")
        for path in ("/", "/history", "/pay", "/me/code", "/line", "/me", "/send", "/me/security")
    }
    assert {path for path, kept in seconds.items() if kept is None} == {
        "/me", "/send", "/me/security",
    }  # fmt: skip
    assert seconds["/history"] == seconds["/line"] == "0"
    shop = f"/p/{house.shop_number}"
    assert int((await asha.open(shop)).answer.headers["x-keep"]) > 3600
    for other in (f"{shop}?amount=5", "/p/0000000000"):
        assert "x-keep" not in (await asha.open(other)).answer.headers
    assert "x-keep" not in (await house.visitor().open(shop)).answer.headers
    assert "x-keep" not in (await house.visitor("tea").open(shop)).answer.headers


def test_a_shops_page_is_kept_no_longer_than_its_price_holds() -> None:
    india = load()["india"]
    now = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # 23:00 there
    assert kept_seconds(india, now) == KEPT_SECONDS
    dearer = FeeRule("pay", Fact(Fee(basis_points=100), date(2026, 11, 24), "a-test"))
    changing = replace(india, fees=(*india.fees, dearer))
    assert kept_seconds(changing, now) == 25 * 3600
    assert kept_seconds(changing, now + timedelta(days=3)) == KEPT_SECONDS
