"""Home in Chromium: figures that move by themselves while people pay."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.management.console.served import Served, Window
from tests.management.console.trading import pay

pytestmark = pytest.mark.browser
FIRST_PAGE_SECONDS = 60
"""The first page of a process waits until NiceGUI is loaded, on a machine that is busy with other tests."""


async def signed_in(console: Served, role: str, **how: Any) -> Window:
    window = await console.sign_in(role, **how)
    window.page.set_default_navigation_timeout(FIRST_PAGE_SECONDS * 1000)
    return window


async def test_home_opens_empty_and_moves_while_the_town_trades(console: Served):
    window = await signed_in(console, "auditor")
    page = await window.open("/")
    payments = page.locator(".home-card", has_text="Payments").locator(".ar-tile-value")
    await expect(payments).to_have_text("0")
    await window.sees("Queues")
    await window.sees("Owed to customers and safeguarded")
    for _ in range(3):
        await pay(console, 1_000)
    await expect(payments).to_have_text("3", timeout=40_000)
    volume = page.locator(".home-card", has_text="Volume").locator(".ar-tile-value")
    await expect(volume).to_have_text("₹30.00")
    assert window.wrong == []
    assert window.hosts == {console.url.removeprefix("http://")}


async def test_filters_choose_what_is_counted(console: Served):
    await pay(console, 2_500)
    relay = next(r for r in console.wallet.relays if r.consumer == "management.home")
    await relay.turn()
    window = await signed_in(console, "operator")
    page = await window.open("/?channel=lite&product=pay")
    payments = page.locator(".home-card", has_text="Payments").locator(".ar-tile-value")
    await expect(payments).to_have_text("1", timeout=40_000)
    await page.get_by_label("Product").click()
    await page.get_by_role("option", name="All products").click()
    await expect(payments).to_have_text("1")
    page = await window.open("/?channel=ussd")
    await expect(payments).to_have_text("0")
    assert window.wrong == []


async def test_home_is_there_in_chinese_and_dark(console: Served):
    window = await signed_in(console, "risk_lead", dark=True, width=1920)
    page = await window.open("/")
    await window.press("Language")
    await page.get_by_text("中文").click()
    await window.sees("支付笔数")
    await window.sees("应付客户款与备付金")
    text = await page.inner_text("main")
    assert "home." not in text
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1920
