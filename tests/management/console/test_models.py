"""The registry and the learning runs in Chromium: by two people, and a report that does nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from argosy.ctu.learn.record import Candidate, Ending, Gate, Journal, Standing
from argosy.ctu.models import Registry
from tests.management.console.desks import pay
from tests.management.risk.test_models import candidate

pytestmark = pytest.mark.browser

EVIL = (
    "<h1>the report</h1><script>parent.document.title = 'pwned'</script><a href='https://x'>x</a>"
)


async def registered(console) -> Registry:
    made = Registry(console.wallet.db, console.wallet.clock)
    for version in "12":
        await made.put(candidate(version, points=float(version)), "learning")
    await made.publish("takeover", "1", "learning", "passed every gate")
    return made


async def test_a_model_is_published_and_taken_back_by_two(console):
    registry = await registered(console)
    one = await console.sign_in("risk_lead")
    page = await one.open("/models")
    await page.get_by_role("cell", name="2", exact=True).first.click()
    await page.wait_for_url("**/models/takeover/2")
    await one.alive()
    await one.press("Propose to publish")
    await one.give_reason("better on November", "Go on")
    await one.sees("Another member decides.")
    assert (await registry.live("takeover")).version == "1"
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    other = await console.sign_in("risk_lead", "another lead")
    await other.open("/models/takeover/2")
    await other.press("Approve")
    await other.give_reason("I agree", "Go on")
    await other.sees("Done: it is in force within a second.")
    live = await registry.live("takeover")
    assert (live.version, live.moved_by) == ("2", "another lead")

    await other.press("Propose to roll back")
    await other.give_reason("too many challenges", "Go on")
    await one.open("/models/takeover/2")
    await one.press("Approve")
    await one.give_reason("seen too", "Go on")
    await one.sees("rolled back")
    assert (await registry.live("takeover")).version == "1"


async def test_drift_reasons_and_two_versions_beside_each_other(console):
    await registered(console)
    await pay(console, 100)
    await pay(console, 200)
    await console.wallet.own_brain.verdicts.flush()
    window = await console.sign_in("analyst")
    page = await window.open("/models/takeover/1")
    await window.sees("is it a takeover?")
    await window.press("Measure now")
    await expect(page.get_by_text("verdicts from")).to_be_visible()
    await window.press("Show reasons")
    await expect(page.get_by_text("the amount, in minor units").first).to_be_visible()
    await page.get_by_label("With version").click()
    await page.get_by_role("option", name="2").click()
    await expect(page.get_by_role("cell", name="0.7", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Propose to publish")).to_have_count(0)


async def test_a_run_tells_its_steps_and_its_report_can_do_nothing(console):
    journal = Journal(console.wallet.db, console.wallet.clock, console.wallet.ids)
    run = await journal.open("labels")
    await journal.step(run.id, "labels", "nine new ones", {}, journal.now())
    kept = Candidate(
        id=journal.new_id(), run=run.id, kind="rule", name="velocity.learned", version="1", body=b"",
        gates=(Gate("later data", passed=False, says="it hit two of nine", measured=0.22, bound=0.5),),
        standing=Standing.REFUSED, says="a gate said no",
    )  # fmt: skip
    await journal.keep(kept, EVIL)
    await journal.close(run.id, Ending.DONE, "one was refused", {})
    window = await console.sign_in("auditor")
    page = await window.open("/learning")
    await page.get_by_text("one was refused").click()
    await page.wait_for_url(f"**/learning/{run.id}")
    await window.alive()
    await window.sees("nine new ones")
    await window.sees("it hit two of nine")
    await window.press("Report")
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_text("the report")).to_be_visible()
    assert await page.locator("iframe").get_attribute("sandbox") == ""
    assert "pwned" not in await page.title()
    window.wrong[:] = [text for text in window.wrong if "about:srcdoc" not in text]
