"""Money in Chromium: orders and their stories, refunds, stuck payments, accounts, the trial balance, checks,
and an adjustment by two."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from argosy.base.ledger.verify import verify
from argosy.base.orders.facts import State
from tests.management.console.trading import pay, unclear

pytestmark = pytest.mark.browser


async def test_an_order_is_found_and_its_story_told(console):
    order = await pay(console, 45_000)
    await pay(console, 12_000)
    await asyncio.sleep(1.0)  # the readers of the event log have their turn
    window = await console.sign_in("finance")
    window.page.set_default_timeout(60_000)  # the first page of a process loads all of them
    page = await window.open("/money/orders")
    await page.get_by_label("Amount from").fill("400")
    await window.press("Search")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(1)
    await rows.first.get_by_role("link").first.click()
    await page.wait_for_url(f"**/money/orders/{order.id}")
    await window.sees("payment.paid")
    await expect(page.get_by_role("heading", name="Payment ₹450.00")).to_be_visible()
    await window.press("Explain")
    await window.sees("what became of it: ")


async def test_a_refund_needs_a_reason_and_goes_through_the_product(console):
    order = await pay(console, 45_000)
    window = await console.sign_in("finance", "farah")
    page = await window.open(f"/money/orders/{order.id}")
    await window.press("Refund")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Amount").fill("100.50")
    await dialog.get_by_role("button", name="Refund now").click()
    await expect(dialog).to_be_visible()  # without a reason nothing happens
    assert (await console.wallet.orders.get(order.id)).state is State.PAID
    await dialog.get_by_role("textbox", name="Reason").fill("cold tea")
    await dialog.get_by_role("button", name="Refund now").click()
    await window.sees("Partly refunded")
    after = await console.wallet.orders.get(order.id)
    assert after.refunded_minor == 10_050
    (entry, *_) = await console.audit("money.refund")
    assert (entry.name, entry.reason, entry.outcome) == ("farah", "cold tea", "done")


async def test_who_may_only_look_has_no_buttons_and_the_server_refuses(console):
    order = await pay(console, 45_000)
    window = await console.sign_in("support")
    page = await window.open(f"/money/orders/{order.id}")
    await window.sees("₹450.00")
    await expect(page.get_by_role("button", name="Refund")).to_have_count(0)
    desk = await console.desk("support")
    from argosy.management.staff.facts import Right

    async def work():
        raise AssertionError("a guard that let it through")

    said = await desk.act(Right.MONEY_ACT, "money.refund", "order", work)
    assert said.code == "not_allowed"


async def test_an_unclear_bank_is_asked_again_from_the_page(console):
    order = await unclear(console)
    for _ in range(50):
        if "tries" in (await console.wallet.orders.get(order.id)).data:
            break
        await asyncio.sleep(0.1)
    window = await console.sign_in("operator")
    page = await window.open("/money/stuck")
    await window.sees("Ask the bank again")
    await page.locator("tbody tr").first.get_by_role("link").click()
    await window.press("Ask the bank again")
    await window.sees("Paid")
    assert (await console.wallet.orders.get(order.id)).state is State.PAID


async def test_handed_to_a_human_and_back(console):
    order = await unclear(console)
    window = await console.sign_in("operator")
    await window.open(f"/money/orders/{order.id}")
    await window.press("Hand to a human")
    await window.give_reason("the customer called twice", "Go on")
    await window.sees("With a human")
    await window.press("Looked at")
    await window.give_reason("the bank has paid", "Go on")
    await window.sees("It is off the list.")


async def test_an_account_its_statement_and_its_balance_then(console):
    await pay(console, 45_000)
    asha = console.house.people["asha"]
    window = await console.sign_in("finance")
    page = await window.open("/money/accounts")
    await page.get_by_label("Account id, owner's id or wallet number").fill(asha.number)
    await window.press("Search")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.locator("tbody tr a").first.click()
    await page.wait_for_url(f"**/money/accounts/{asha.account}")
    await window.sees("₹9,550.00")
    await page.get_by_label("Moment").fill("2020-01-01T10:00")
    await window.press("Show")
    await window.sees("The account was not open yet.")


async def test_the_trial_balance_is_even_and_taken_along(console):
    await pay(console, 45_000)
    window = await console.sign_in("finance", "farah")
    page = await window.open("/money/trial")
    await window.press("Make it")
    await window.sees("Debits equal credits")
    for ending in ("CSV", "XLSX"):
        await window.press("Export")
        async with page.expect_download() as coming:
            await page.get_by_text(ending, exact=True).click()
        content = (await (await coming.value).path()).read_bytes()
        assert content.startswith(b"market,currency,kind" if ending == "CSV" else b"PK")
    assert len(await console.audit("money.export_trial")) == 2


async def test_the_books_are_checked_from_the_page(console):
    window = await console.sign_in("operator")
    page = await window.open("/money/checks")
    await window.press("Check now")
    await expect(page.get_by_text("Sound", exact=True)).to_be_visible(timeout=60_000)
    await page.locator("tbody tr").first.click()
    await window.sees("Where the hash chain ends")


async def test_an_adjustment_by_two_and_never_by_one_in_two_windows(console):
    await pay(console, 45_000)
    asha, db = console.house.people["asha"], console.wallet.db
    first = await console.sign_in("finance", "farah")
    page = await first.open("/money/adjustments")
    await page.get_by_label("Amount").fill("25")
    for label, value in (("From (debit)", "India · Fees"), ("To (credit)", asha.number)):
        box = page.get_by_role("combobox", name=label)
        await box.fill(value)
        await page.wait_for_timeout(400)
        await box.press("Enter" if value == asha.number else "ArrowDown")
        if value != asha.number:
            await box.press("Enter")
    await page.get_by_label("Reason").fill("a coupon was promised")
    await first.press("Propose")
    await first.sees("₹25.00")
    proposal = await db.value("SELECT id FROM approvals.proposals WHERE kind = 'money.adjust'")
    assert proposal is not None

    again = await console.desk("finance", "farah")  # the same person in another session
    said = await console.services.approvals.decide(again.member, proposal, yes=True)
    assert said.code == "same_person"
    assert await db.value("SELECT count(*) FROM money.adjustments") == 0

    other = await console.desk("finance", "felix")
    done = await console.services.approvals.decide(other.member, proposal, yes=True)
    assert done == {"transfer": str(proposal)}
    await first.open("/money/adjustments")
    await first.sees("farah, felix")
    assert (await verify(db)).sound


async def test_hostile_text_stays_text(console):
    """What people type is never a page's own code."""
    evil = "<img src=x onerror=\"document.title='owned'\">{{constructor.constructor('x')()}}"
    order = await unclear(console)
    window = await console.sign_in("operator")
    page = await window.open(f"/money/orders/{order.id}")
    await window.press("Hand to a human")
    await window.give_reason(evil, "Go on")
    await window.open("/money/stuck")
    await window.open("/money/orders")
    await page.get_by_label("Wallet number or id").fill(evil)
    await window.press("Search")
    await window.sees("Nothing is called so here.")
    assert "owned" not in await page.title()
