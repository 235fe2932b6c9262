"""Set-up in Chromium: a limit staged by two, a switch, a rail, partners, jobs, packs."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from argosy.management.approvals.facts import State
from argosy.partners.webhooks.facts import ALL_PAYMENTS
from tests.management.console.trading import pay

pytestmark = pytest.mark.browser


async def approved(console, name="omar"):
    """Somebody else of the same role approves what waits."""
    other = await console.desk("operator", name)
    (waiting, *_) = (await console.services.approvals.listed(State.WAITING)).proposals
    return waiting, await console.services.approvals.decide(other.member, waiting.id, yes=True)


async def test_a_limit_is_staged_by_two_and_not_over_the_law(console):
    window = await console.sign_in("operator", "olga")
    window.page.set_default_timeout(60_000)  # the first page of a process loads all of them
    page = await window.open("/setup/terms")
    row = page.get_by_role("row").filter(has_text="Cash out · full")
    await row.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("a payment", exact=True).fill("2500")
    await dialog.get_by_label("Reason").fill("fewer scams")
    await dialog.get_by_role("button", name="Propose").click()
    await window.sees("The law of this market does not allow so much.")
    await dialog.get_by_label("a payment", exact=True).fill("1500")
    await dialog.get_by_role("button", name="Propose").click()
    await window.sees("limit cash_out full")
    proposal, done = await approved(console)
    assert proposal.body["after"]["payment_minor_max"] == 150_000
    assert "term" in done
    await window.open("/setup/terms")
    await window.sees("olga, omar")


async def test_a_switch_is_turned_by_two(console):
    window = await console.sign_in("operator", "olga")
    page = await window.open("/setup/switches")
    await page.get_by_role("row").filter(has_text="Top-ups").click()
    await window.give_reason("the bank has asked", "Propose")
    await window.sees("Proposed.")
    await approved(console)
    for _ in range(40):
        if console.wallet.market.is_off("top_up"):
            break
        await asyncio.sleep(0.1)
    assert console.wallet.market.is_off("top_up")
    await window.open("/setup/switches")
    row = page.get_by_role("row").filter(has_text="Top-ups")
    await expect(row.get_by_text("Off", exact=True)).to_be_visible()


async def test_a_rail_is_paused_and_resumed_with_a_reason(console):
    window = await console.sign_in("operator", "olga")
    await window.open("/setup/banks")
    await window.press("Pause")
    await window.give_reason("the bank is down", "Pause")
    await window.sees("the bank is down")
    for _ in range(40):
        if console.wallet.rails["simulator"].paused:
            break
        await asyncio.sleep(0.1)
    assert console.wallet.rails["simulator"].paused
    await window.press("Resume")
    await window.give_reason("it is back", "Resume")
    await window.sees("Runs")
    assert [e.action for e in await console.audit("setup.pause_rail")] == ["setup.pause_rail"]


async def test_a_key_is_revoked_and_an_endpoint_paused(console):
    tea, wallet = console.house.people["tea"], console.wallet
    await wallet.api_keys.create(tea, "till")
    await wallet.webhooks.endpoints.create(tea.id, "https://shop.example/hooks", [ALL_PAYMENTS])
    await pay(console, 10_000)
    window = await console.sign_in("operator", "olga")
    page = await window.open("/setup/partners")
    await page.get_by_role("row").filter(has_text="till").click()
    await window.give_reason("the till was stolen", "Go on")
    await window.sees("Revoked")
    await page.get_by_role("row").filter(has_text="shop.example").last.click()
    await window.give_reason("it floods their log", "Go on")
    await window.sees("Paused")
    (key,) = await wallet.api_keys.list(tea.id)
    assert key.revoked_at is not None


async def test_jobs_and_packs_are_shown(console):
    await console.wallet.jobs.flush()
    window = await console.sign_in("operator", "olga")
    page = await window.open("/setup/jobs")
    await window.sees("webhooks")
    await window.open("/setup/markets")
    await page.get_by_role("link", name="India").click()
    await page.wait_for_url("**/setup/markets/india")
    await window.sees("phones")


async def test_who_may_only_look_changes_nothing(console):
    window = await console.sign_in("finance")
    page = await window.open("/setup/switches")
    await page.get_by_role("row").filter(has_text="Top-ups").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await window.open("/setup/banks")
    await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
