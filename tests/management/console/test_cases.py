"""Cases in Chromium: the queue, one case, decisions by keyboard, two people, a gang, injection."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from argosy.base.orders.facts import State
from argosy.ctu.cases import CaseState, Reports
from tests.management.console.desks import held, hold_payments, state_of, until

pytestmark = pytest.mark.browser


async def test_from_the_queue_to_a_decision_without_a_mouse(console):
    await hold_payments(console)
    case = await held(console, 1_500)
    await held(console, 1_100)
    window = await console.sign_in("analyst")
    page = await window.open("/cases")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await window.sees("with the analyst")
    await expect(page.locator("tbody tr:focus")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{case.id}")
    await window.alive()
    await window.sees("velocity.held_by_test")
    await page.keyboard.press("?")
    await window.sees("give back")
    await window.press("Close")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.keyboard.press("r")
    await window.sees("It was genuine: the money goes on its way.")
    await expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    await page.keyboard.type("I called her: it is her stall")
    await page.keyboard.press("Control+Enter")
    await window.sees("Released.")
    assert await state_of(console, case) is CaseState.RELEASED
    assert (await console.house.order(case.order)).state is State.PAID
    assert await console.house.balance("tea") == "1500.00"
    (entry,) = await console.audit("cases.release")
    assert (entry.name, entry.subject, entry.reason) == (
        "the analyst", str(case.id), "I called her: it is her stall",
    )  # fmt: skip
    await console.house.prove()


async def test_fraud_goes_back_and_teaches(console):
    await hold_payments(console)
    case = await held(console, 1_500)
    window = await console.sign_in("analyst")
    page = await window.open(f"/cases/{case.id}")
    await page.keyboard.press("f")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Kind of fraud").click()
    await page.get_by_text("Account taken over").click()
    await dialog.get_by_label("Reason").fill("her phone was stolen")
    await window.press("Decide")
    await window.sees("Returned as fraud")
    row = await console.wallet.db.one("SELECT bad, scheme, by FROM ctu.labels")
    assert tuple(row) == (True, "takeover", "the analyst")
    assert await console.house.balance("asha") == "10000.00"


async def test_a_reason_is_asked_for(console):
    await hold_payments(console)
    case = await held(console, 1_500)
    window = await console.sign_in("analyst")
    page = await window.open(f"/cases/{case.id}")
    await page.keyboard.press("t")
    await window.press("Decide")
    await window.sees("Say why.")
    assert await state_of(console, case) is CaseState.OPEN


async def test_a_large_one_needs_two_people_and_two_windows_are_one_person(console):
    await hold_payments(console)
    await console.wallet.cases.terms.set("four_eyes_minor", 1_200_00, "a test", "INR")
    case = await held(console, 1_500)
    one = await console.sign_in("analyst")
    again = await console.sign_in("analyst")  # the same person in another browser
    page = await one.open(f"/cases/{case.id}")
    await one.sees("This amount asks for two people")
    await page.keyboard.press("r")
    await page.get_by_role("dialog").get_by_label("Reason").fill("I called her")
    await one.press("Decide")
    await one.sees("Proposed: another member confirms it.")
    other = await again.open(f"/cases/{case.id}")
    await again.sees("Another member confirms it.")
    await other.keyboard.press("r")
    await other.get_by_role("dialog").get_by_label("Reason").fill("I called her twice")
    await again.press("Decide")
    await again.sees("For this amount a second, different person decides.")
    assert await state_of(console, case) is CaseState.OPEN
    second = await console.sign_in("risk_lead")
    page = await second.open(f"/cases/{case.id}")
    await second.sees("the analyst says: Release. I called her")
    await second.press("I have looked: confirm")
    await page.get_by_role("dialog").get_by_label("Reason").fill("so did I")
    await second.press("Decide")
    await second.sees("Released.")
    assert await state_of(console, case) is CaseState.RELEASED
    assert (await console.house.order(case.order)).state is State.PAID


async def test_a_gang_is_decided_together(console):
    await hold_payments(console)
    gang = [await held(console, 1_000 + n) for n in range(3)]
    window = await console.sign_in("analyst")
    page = await window.open(f"/cases/{gang[0].id}")
    await window.sees("Open cases that hang together (3)")
    await page.keyboard.press("g")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("checkbox")).to_have_count(3)
    await dialog.get_by_role("checkbox").nth(2).click()
    await window.sees("2 cases")
    await dialog.get_by_label("Reason").fill("one phone")
    await window.press("Decide all chosen")
    await window.sees("2 decided, 0 wait")
    states = [await state_of(console, case) for case in gang]
    assert sorted(states) == [CaseState.OPEN, CaseState.RETURNED, CaseState.RETURNED]
    assert len(await console.audit("cases.fraud")) == 2
    await console.house.prove()


async def test_who_may_only_see_decides_nothing(console):
    await hold_payments(console)
    case = await held(console, 1_500)
    window = await console.sign_in("auditor")
    page = await window.open(f"/cases/{case.id}")
    await window.sees("velocity.held_by_test")
    await expect(page.get_by_role("button", name="Release")).to_have_count(0)
    for letter in "raftgc":
        await page.keyboard.press(letter)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await state_of(console, case) is CaseState.OPEN


async def test_a_graph_to_walk_and_the_verdict_explained(console):
    await hold_payments(console)
    case = await held(console, 1_500)
    window = await console.sign_in("analyst")
    page = await window.open(f"/cases/{case.id}")
    await window.press("Explain")
    await window.sees("comes out the same")
    await page.get_by_text("The same as a list").click()
    rows = page.get_by_role("button", name="Walk on")
    await expect(rows).not_to_have_count(0)
    await rows.nth(1).click()
    await expect(page.locator("svg").first).to_be_visible()
    link = page.get_by_role("link", name=f"…{case.account[-8:]}").first
    assert (await link.get_attribute("href") or "").endswith(f"/customers/{case.account}")


async def test_what_people_write_stays_text(console):
    """Text of customers and staff comes as text, wherever it is shown."""
    await hold_payments(console)
    case = await held(console, 1_500)
    evil = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>{{7*7}}"
    reports = Reports(
        console.wallet.db, console.wallet.clock, console.wallet.ids, console.wallet.cases.terms
    )

    async def known() -> bool:
        return bool(
            await console.wallet.db.value(
                "SELECT count(*) FROM ctu.events WHERE id = $1", case.event
            )
        )

    await until(known)
    await reports.tell(case.event, "customer", by=evil[:90], why=evil)
    await console.wallet.cases.remark(case.id, evil[:90], evil)
    window = await console.sign_in("analyst")
    page = await window.open(f"/cases/{case.id}")
    await page.keyboard.press("c")
    await window.give_reason(evil, "Go on")
    await window.sees("Written down.")
    await expect(page.get_by_text("{{7*7}}").first).to_be_visible()
    assert "pwned" not in await page.title()
    assert await page.locator("img[src=x]").count() == 0


async def test_addresses_are_covered_until_a_reason_is_given(console):
    await hold_payments(console)
    case = await held(console, 1_500)
    window = await console.sign_in("analyst")
    page = await window.open(f"/cases/{case.id}")
    await window.sees("51.1•••")
    await expect(page.get_by_text("51.15.0.7")).to_have_count(0)
    await window.press("Show addresses")
    await window.give_reason("the bank asks where it came from", "Go on")
    await window.sees("51.15.0.7")
    (entry,) = await console.audit("look")
    assert (entry.subject, entry.reason) == (f"case {case.id}", "the bank asks where it came from")
