"""The rule desk in Chromium: written with help, tried on past traffic, published by two people."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from argosy.base.orders.facts import State as Order
from argosy.ctu.rules.versions import State
from tests.management.console.desks import HOLDS, hold_payments, in_force, pay, rule_text

pytestmark = pytest.mark.browser

NEW = "velocity.busy_stall"


async def write(page: Page, text: str) -> None:
    """Put `text` into the editor in place of what stands there."""
    await page.locator(".cm-content").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(text)


async def test_an_analyst_writes_and_tries_and_a_lead_publishes(console):
    """From an empty page to a rule that holds the next payment; each of two people does their part."""
    await pay(console, 900)
    analyst = await console.sign_in("analyst")
    page = await analyst.open("/rules/new")
    await page.get_by_label("Name", exact=True).fill("busy_stall")
    await analyst.sees("nothing to mend")
    wrong = rule_text(500_00).replace("event.amount >= 5", "event.amuont >= 5", 1)
    await write(page, wrong)
    await analyst.sees("there is no field of the event event.amuont")
    await analyst.sees("line 5, column 9")
    await expect(page.locator(".risk-mistake")).to_have_text("event.amuont")
    await write(page, rule_text(500_00))
    await analyst.sees("nothing to mend")
    await expect(page.get_by_text("[hit] hits")).to_be_visible()
    await analyst.press("Keep as a draft")
    await analyst.give_reason("many large ones at one stall", "Go on")
    await page.wait_for_url(f"**/rules/{NEW}")
    await analyst.alive()
    await analyst.press("Try it")
    await expect(page.get_by_text("Would stop")).to_be_visible(timeout=150_000)
    await analyst.press("Watch only (version 1)")
    await analyst.give_reason("to watch it", "Go on")
    await analyst.sees("Set 2 is in force.")
    await analyst.press("Propose version 1 for all")
    await analyst.give_reason("it met nobody else", "Go on")
    await analyst.sees("Another member decides.")
    assert (await console.services.risk.rules.opened(NEW)).member.state is State.SHADOW

    lead = await console.sign_in("risk_lead")
    await lead.open(f"/rules/{NEW}")
    await lead.sees("the analyst proposes version 1: for all. it met nobody else")
    await lead.press("Approve and publish")
    await lead.give_reason("I have read it", "Go on")
    await lead.sees("Set 3 is in force.")
    await in_force(console, 3)
    command = await pay(console, 800)
    assert (await console.house.order(command.id)).state is Order.REVIEW
    actions = [entry.action for entry in await console.audit("")]
    for action in ("rules.draft", "rules.shadow", "propose.rule.publish", "approve.rule.publish"):
        assert action in actions

    await lead.press("Withdraw now")
    await lead.give_reason("it disturbs", "Go on")
    await lead.sees("Withdrawn: set 4 is in force.")
    await in_force(console, 4)
    command = await pay(console, 700)
    assert (await console.house.order(command.id)).state is Order.PAID


async def test_nobody_publishes_alone_in_however_many_windows(console):
    one = await console.sign_in("risk_lead")
    again = await console.sign_in("risk_lead")
    rules = console.services.risk.rules
    await rules.draft(NEW, rule_text(500_00), "the risk lead", "mine")
    await one.open(f"/rules/{NEW}")
    await one.press("Propose version 1 for all")
    await one.give_reason("mine", "Go on")
    page = await again.open(f"/rules/{NEW}")
    await again.sees("Another member decides.")
    await expect(page.get_by_role("button", name="Approve and publish")).to_have_count(0)
    (proposal,) = (await console.services.approvals.listed(subject=NEW)).proposals
    desk = await console.desk("risk_lead")
    said = await console.services.approvals.decide(desk.member, proposal.id, True)
    assert said.code == "same_person"
    analyst = await console.desk("analyst", "another analyst")
    said = await console.services.approvals.decide(analyst.member, proposal.id, True)
    assert said.code == "not_allowed"
    assert (await rules.opened(NEW)).member is None


async def test_names_are_completed_while_one_types(console):
    window = await console.sign_in("analyst")
    page = await window.open("/rules/new")
    await page.wait_for_timeout(800)
    await page.locator(".cm-content").click()
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Enter")
    await page.keyboard.type("account.count_3")
    await expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("account.count_30d")
    await page.wait_for_timeout(
        300
    )  # the editor takes no key for a choice that nobody has had time to read
    await page.keyboard.press("Enter")
    await expect(page.locator(".cm-content")).to_contain_text("account.count_30d")


async def test_the_list_is_narrowed_and_versions_are_compared(console):
    await hold_payments(console)
    rules = console.services.risk.rules
    await rules.draft(HOLDS, rule_text(2_000_00), "a test", "fewer")
    window = await console.sign_in("analyst")
    page = await window.open("/rules")
    await page.get_by_label("Name or reason").fill("held_by_test")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await window.sees("version 2 is a draft")
    await page.locator("tbody tr").first.click()
    await page.wait_for_url(f"**/rules/{HOLDS}")
    await window.alive()
    await expect(page.locator(".risk-gone").first).to_contain_text("--- 1")
    await expect(page.locator(".risk-added").nth(1)).to_contain_text("200000")
    await window.open("/rule-sets")
    await window.sees("in force")
    await window.sees(HOLDS)


async def test_who_may_only_see_writes_nothing(console):
    window = await console.sign_in("auditor")
    page = await window.open("/rules/owner.ratio_extreme_new_payee")
    await window.sees("nothing to mend")
    for name in ("Keep as a draft", "Withdraw now", "Watch only (version 1)"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await window.open("/rules/new")
    await window.sees("There is no such version of this rule.")


async def test_what_a_rule_says_stays_text(console):
    evil = "<img src=x onerror=document.title='pwned'>{{7*7}}"
    rules = console.services.risk.rules
    kept = await rules.draft(NEW, rule_text(500_00, reason=evil), "the analyst", evil)
    assert kept.number == 1
    window = await console.sign_in("risk_lead")
    page = await window.open("/rules")
    await page.get_by_label("Name or reason").fill("busy_stall")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.get_by_text("{{7*7}}").first).to_be_visible()
    await window.open(f"/rules/{NEW}")
    await expect(page.get_by_text("{{7*7}}").first).to_be_visible()
    assert await page.locator("img[src=x]").count() == 0
    assert "pwned" not in await page.title()
