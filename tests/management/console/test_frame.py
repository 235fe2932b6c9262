"""What stands around every page, in Chromium."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.browser


async def test_a_page_opens_and_asks_nobody_but_us(console):
    window = await console.sign_in("administrator")
    page = await window.open("/staff")
    await expect(page.get_by_role("link", name="the administrator")).to_be_visible()
    assert await page.title() == "People · Argosy"


async def test_the_question_mark_shows_the_keys_and_j_walks_the_rows(console):
    window = await console.sign_in("administrator")
    page = await window.open("/staff")
    await page.keyboard.press("?")
    await window.sees("Keyboard and help")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_the_language_and_the_theme_stay(console):
    window = await console.sign_in("administrator")
    page = await window.open("/staff")
    await window.press("Language")
    await page.get_by_text("中文").click()
    await expect(page.get_by_text("人员").first).to_be_visible()
    await page.get_by_role("button", name="主题").click()
    await page.get_by_text("深色").click()
    await expect(page.locator("body.body--dark")).to_be_visible()
    again = await console.sign_in("administrator")
    await again.open("/staff")
    await expect(again.page.locator("body.body--dark")).to_be_visible()
    assert await again.page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize("role", ["administrator", "risk_lead"])
async def test_every_entry_of_the_menu_leads_to_its_page(console, role):
    window = await console.sign_in(role)
    page = await window.open("/")
    names = await page.locator("a.ar-menu-item").all_inner_texts()
    assert len(names) > 3
    for name in names:
        await page.locator("a.ar-menu-item", has_text=name).first.click()
        await expect(page.locator("a.ar-here")).to_have_text(name)
