"""Reports in Chromium: filters, files, the officer's form; and what the audit log has of them."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from argosy.base.clock import local_day
from argosy.ctu.history import settle
from tests.management.console.served import Served, Window
from tests.management.console.trading import pay

pytestmark = pytest.mark.browser
FIRST_PAGE_SECONDS = 60
"""The first page of a process waits until NiceGUI is loaded, on a machine that is busy with other tests."""


async def signed_in(console: Served, role: str, **how: Any) -> Window:
    window = await console.sign_in(role, **how)
    window.page.set_default_navigation_timeout(FIRST_PAGE_SECONDS * 1000)
    return window


async def counted(console: Served) -> None:
    """Have the totals hold everything that happened."""
    relay = next(r for r in console.wallet.relays if r.consumer == "management.home")
    await settle(console.wallet.db, relay)


async def download(page, name: str) -> Path:
    async with page.expect_download() as made:
        await page.get_by_role("button", name="Export").first.click()
        await page.get_by_text(name, exact=True).last.click()
    return Path(await (await made.value).path())


async def test_a_month_is_shown_and_exported_and_the_log_has_it(console: Served):
    for minor in (1_000, 2_500):
        await pay(console, minor)
    await counted(console)
    window = await signed_in(console, "finance")
    page = await window.open("/reports")
    await window.sees("Pay a merchant")
    await window.sees("₹35.00")
    path = await download(page, "CSV")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    today = local_day(console.wallet.clock.now(), "Asia/Kolkata").isoformat()
    assert rows[1][:3] == [today, "2", "35.00"]
    assert rows[2][0] == "Total"
    book = await download(page, "Excel")
    assert zipfile.ZipFile(book).testzip() is None
    paper = await download(page, "PDF")
    assert paper.read_bytes().startswith(b"%PDF")
    found = await console.audit("reports.export")
    assert [entry.detail["format"] for entry in found] == ["pdf", "xlsx", "csv"]
    assert {entry.outcome for entry in found} == {"done"}
    assert {entry.subject for entry in found} == {"trade-day"}
    assert window.wrong == []


async def test_who_may_only_look_gets_no_file(console: Served):
    await pay(console, 1_000)
    await counted(console)
    window = await signed_in(console, "auditor")
    page = await window.open("/reports")
    await window.sees("Pay a merchant")
    await expect(page.get_by_role("button", name="Export")).to_have_count(0)
    await window.open("/reports/suspicious")
    await expect(page.get_by_role("button", name="File the report")).to_have_count(0)


async def test_every_report_opens_empty_in_both_languages(console: Served):
    window = await signed_in(console, "risk_lead")
    page = await window.open("/")
    for language in ("en", "zh"):
        for path in ("", "/settlement", "/limits", "/suspicious", "/funnel"):
            await window.open(f"/reports{path}")
            text = await page.inner_text("main")
            assert "reports." not in text
            assert len(text) > 40
            assert await page.evaluate("document.documentElement.scrollWidth") <= 1280
        if language == "en":
            await window.press("Language")
            await page.get_by_text("中文").click()
            await window.sees("步骤漏斗")
    assert window.wrong == []


async def test_an_officer_files_what_was_confirmed(console: Served):
    wallet = console.wallet
    event = wallet.ids.new()
    asha = console.house.people["asha"]
    await wallet.db.run(
        "INSERT INTO ctu.events (id, log_no, kind, at, at_ms, market, account, amount, currency,"
        " channel, proofs, attributes, outcome, decision, score, version)"
        " VALUES ($1, 1, 'pay', now(), 0, 'india', $2, 3000000, 'INR', 'lite', '{}', '{}', 'held',"
        " 2, 0.9, 'test')",
        event,
        str(asha.id),
    )
    await wallet.db.run(
        "INSERT INTO ctu.case_files (id, cause, event, account, market, kind, amount_minor,"
        " currency, probability, at_risk_minor, rank, reasons, rules, observed, opened_at, state,"
        " decided_by, decided_why, decided_at) VALUES ($1, 'review', $2, $3, 'india', 'pay',"
        " 3000000, 'INR', 0.9, 2700000, 1, '[]', '{mule.new}', '{}', now(), 'returned',"
        " 'staff:1', 'a stolen phone', now())",
        wallet.ids.new(),
        event,
        str(asha.id),
    )
    window = await signed_in(console, "risk_lead")
    page = await window.open("/reports/suspicious")
    await window.sees("₹30,000.00")
    await window.sees(f"…{asha.number[-4:]}")
    assert asha.number not in await page.content()
    await page.get_by_label("Why this is reported").fill("too short")
    await page.locator("tbody .q-checkbox").first.click()
    await window.sees("1 chosen")
    await window.press("File the report")
    await window.sees("at least ten characters")
    await page.get_by_label("Why this is reported").fill("A stolen phone, money to a new payee.")
    await window.press("File the report")
    await window.sees("Transactions reported")
    await window.sees("A stolen phone, money to a new payee.")
    found = await console.audit("reports.file")
    assert [entry.outcome for entry in found] == ["done", "narrative_short"]
    page = await window.open("/reports/suspicious")
    await window.sees("filed")
    assert window.wrong == []


async def test_the_funnel_marks_where_people_are_lost(console: Served):
    funnels = console.wallet.funnels
    flow = funnels.flows["lite", next(name for ch, name in funnels.flows if ch == "lite")]
    steps = [step for step in flow.steps if not step.optional]
    for n, step in enumerate(steps):
        for _ in range(20 - 7 * min(n, 2)):
            funnels.note("lite", flow.name, step.name, "india", bytes_in=300, bytes_out=1_500)
    await funnels.flush()
    window = await signed_in(console, "operator")
    page = await window.open("/reports/funnel")
    await window.sees("Where people are lost")
    await window.sees("1,500")
    await expect(page.locator(".rep-dear").first).to_be_visible()
    assert window.wrong == []
