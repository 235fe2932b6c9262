"""The pages of the staff in Chromium: two administrators, sessions, the log, and who wants to cheat."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from argosy.management.staff.facts import Right

pytestmark = pytest.mark.browser

NASTY = "<img src=x onerror=\"document.title='owned'\">{{7*7}}'; DROP TABLE staff.members;--"


async def propose_meera(window) -> None:
    page = await window.open("/staff")
    await window.press("Add somebody")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name").fill("meera")
    await dialog.get_by_text("Analyst").click()
    await dialog.get_by_role("textbox", name="Reason").fill("She begins on Monday")
    await dialog.get_by_role("button", name="Propose").click()
    await window.sees("A second person has to approve it")


async def test_two_administrators_add_somebody_who_then_signs_in(console):
    first = await console.sign_in("administrator")
    await propose_meera(first)
    page = await first.open("/approvals")
    await page.get_by_role("link", name="Add somebody to the staff").click()
    await first.sees("You proposed this")
    assert await page.get_by_role("button", name="Approve").count() == 0

    second = await console.sign_in("administrator", "second administrator")
    page = await second.open("/")
    await page.goto(console.url + "/console/approvals")
    await second.alive()
    await page.get_by_role("link", name="Add somebody to the staff").click()
    await second.sees("She begins on Monday")
    await second.alive()
    await second.press("Approve")
    await second.give_reason("As agreed", "Approve")
    await second.sees("The invitation of meera")
    way = await page.locator(".ar-link-once").inner_text()
    async with console.http() as client:
        assert "Welcome, meera" in (await client.get(way)).text
    (entry,) = await console.audit("approve.staff.add")
    assert (entry.name, entry.reason, entry.outcome) == (
        "second administrator", "As agreed", "done",
    )  # fmt: skip


async def test_one_person_with_two_windows_decides_nothing(console):
    first = await console.sign_in("administrator")
    await propose_meera(first)
    (proposal,) = (await console.services.approvals.listed()).proposals
    other = await console.sign_in("administrator")  # the same person, another session
    page = await other.open(f"/approvals/{proposal.id}")
    assert await page.get_by_role("button", name="Approve").count() == 0
    said = await console.services.approvals.decide(
        other.opened.session.member, proposal.id, True, "me"
    )
    assert said.code == "same_person"
    assert await console.services.people.named("meera") is None


async def test_after_sign_out_an_open_window_does_nothing(console):
    one = await console.sign_in("administrator")
    await one.open("/staff")
    other = await one.context.new_page()
    await other.goto(console.url + "/console/staff")
    await one.page.get_by_role("button", name="Your account").click()
    await one.page.locator("#ar-sign-out").click()
    await expect(one.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    await one.page.go_back()
    await expect(one.page.get_by_role("heading", name="Sign in")).to_be_visible()
    one.wrong.clear()  # its socket was refused, as it should be


async def test_a_session_that_ends_elsewhere_leaves_its_window_without_a_hand(console):
    window = await console.sign_in("administrator")
    await window.open("/staff")
    await console.services.sessions.end(window.opened.session.id, "the tests")
    await window.press("Add somebody")
    await expect(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert (await console.services.approvals.listed()).proposals == []
    window.wrong.clear()


async def test_a_page_closes_when_its_right_is_taken_away(console):
    window = await console.sign_in("auditor")
    await window.open("/audit")
    await console.services.people.set_roles(window.opened.session.member.id, ["support"])
    await window.press("Check the chain")
    await expect(window.page).to_have_url(f"{console.url}/console/")
    assert await console.audit("audit.check") == []
    window.wrong.clear()


async def test_an_administrator_ends_the_session_of_another(console):
    victim = await console.opened("analyst")
    window = await console.sign_in("administrator")
    page = await window.open("/staff/sessions")
    await page.get_by_role("row", name="the analyst").click()
    await window.give_reason("Lost laptop", "Go on")
    await window.sees("The session has ended")
    assert await console.services.sessions.find(victim.token) is None
    (entry,) = await console.audit("staff.end_session")
    assert (entry.reason, entry.outcome) == ("Lost laptop", "done")


async def test_an_auditor_sees_the_staff_and_has_no_button(console):
    window = await console.sign_in("auditor")
    page = await window.open("/staff")
    await expect(page.get_by_role("link", name="the auditor")).to_be_visible()
    assert await page.get_by_role("button", name="Add somebody").count() == 0


async def test_what_is_typed_stays_text_on_every_page_of_the_staff(console):
    desk = await console.desk("administrator")
    await console.services.audit.write(None, desk.member, NASTY, NASTY, NASTY, {"n": NASTY}, NASTY)
    body = {"name": NASTY, "before": {NASTY: NASTY}, "after": {NASTY: "x"}}
    await console.services.approvals.propose(
        desk.member, "staff.roles", NASTY, body, NASTY, right=Right.STAFF_MANAGE
    )
    window = await console.sign_in("administrator", "second administrator")
    page = await window.open("/audit?q=DROP")
    await expect(page.get_by_text("onerror").first).to_be_visible()
    await page.get_by_role("row", name="onerror").first.click()
    await expect(page.get_by_role("dialog").get_by_text("onerror").first).to_be_visible()
    await page.keyboard.press("Escape")
    page = await window.open("/approvals")
    await page.get_by_text("All", exact=True).click()
    await page.get_by_role("link", name="Change somebody's roles").click()
    await expect(page.get_by_text("onerror").first).to_be_visible()
    assert "owned" not in await page.title()
    assert await page.locator("img[src='x']").count() == 0
    assert await page.get_by_text("49", exact=True).count() == 0


async def test_the_chain_is_checked_from_the_page(console):
    window = await console.sign_in("auditor")
    await window.open("/audit")
    await window.press("Check the chain")
    await window.sees("the chain holds")
