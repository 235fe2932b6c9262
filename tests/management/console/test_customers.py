"""Customers and merchants in Chromium: masked until looked at, acted on with a reason, by two at need."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from argosy.base.parties.facts import Party, PartyState
from argosy.base.refusals import Refused
from argosy.management.approvals.facts import State
from argosy.management.customers import Acts, OwnWallets
from argosy.management.customers.facts import Cause
from argosy.management.staff.facts import Right, StaffReason
from argosy.public_services.identity.facts import Evidence
from argosy.public_services.identity.identity import Identity
from tests.channels.lite.visitors import PHONES
from tests.management.console.served import Served, Window, hire

pytestmark = pytest.mark.browser
EVIL = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>\'; DROP TABLE x; --'


async def shows_document(console: Served, who: str) -> Party:
    """A document that waits for a person."""
    wallet, party = console.wallet, console.house.people[who]
    careful = Identity(
        wallet.db, wallet.clock, wallet.keys, wallet.parties, wallet.markets, wallet.ledger,
        notifier=wallet.notify, at_once=False,
    )  # fmt: skip
    await careful.raise_level(party.id, Evidence(wallet.ids.new(), "id_document", "ABCDE1234F"))
    return party


async def state_of(console: Served, party: Party) -> PartyState:
    found = await console.wallet.parties.get(party.id)
    assert found is not None
    return found.state


async def search(window: Window, text: str) -> Page:
    """Type into the box above every page."""
    page = await window.open("/customers")
    await page.locator("#ar-search").fill(text)
    await page.locator("#ar-search").press("Enter")
    return page


async def test_a_phone_leads_to_the_wallet_which_is_masked_until_a_reason_is_given(console):
    asha = console.house.people["asha"]
    window = await console.sign_in("support")
    page = await search(window, PHONES["asha"])
    await page.wait_for_url(f"**/customers/{asha.id}")
    await window.sees("Asha R.")
    await expect(page.get_by_role("tab", name="Orders")).to_be_visible()
    for secret in ("Raghunathan", PHONES["asha"], PHONES["asha"][3:]):
        assert secret not in await page.content()
    await window.press("Reveal")
    await page.get_by_role("dialog").get_by_role("button", name="Reveal").click()
    await window.sees("Say why")  # nothing without a reason
    assert "Raghunathan" not in await page.content()
    assert await console.audit("look") == []
    await window.give_reason("she calls about her limit", "Reveal")
    await window.sees("Asha Raghunathan")
    await window.sees(PHONES["asha"])
    (look,) = await console.audit("look")
    assert (look.subject, look.reason, look.outcome) == (
        f"party:{asha.id}",
        "she calls about her limit",
        "done",
    )
    accesses = await console.wallet.parties.accesses(asha.id)
    assert (accesses[0].reader, accesses[0].purpose) == (
        "staff:the support",
        "she calls about her limit",
    )
    await page.reload()  # what was revealed is this window's, and gone with it
    await window.alive()
    await window.sees("Asha R.")
    assert "Raghunathan" not in await page.content()


async def test_names_are_found_by_their_beginnings_and_what_is_typed_is_text(console):
    window = await console.sign_in("support")
    page = await search(window, "ragh")
    await expect(page.get_by_role("link", name="Asha R.")).to_be_visible()
    await page.wait_for_function("!location.href.includes('ragh')")
    box = page.get_by_role("searchbox", name="Search", exact=True).or_(
        page.get_by_label("Search", exact=True)
    )
    await box.last.fill(EVIL)
    await window.press("Find")
    await window.sees("0 found")
    assert await page.evaluate("window.broken") is None


async def test_what_the_owner_did_not_ask_for_is_unfrozen_by_two(console):
    ravi = console.house.people["ravi"]
    support = await console.sign_in("support")
    page = await support.open(f"/customers/{ravi.id}")
    await support.press("Freeze")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Suspected fraud").click()
    await support.give_reason("his phone pays by itself", "Freeze")
    await support.sees("Suspected fraud. Frozen by the support")
    assert await state_of(console, ravi) is PartyState.FROZEN
    await expect(page.get_by_role("button", name="Unfreeze", exact=False)).to_have_count(0)

    analyst = await console.sign_in("analyst")
    await analyst.open(f"/customers/{ravi.id}")
    await analyst.press("Propose to unfreeze")
    await analyst.give_reason("it was his son", "Propose to unfreeze")
    await analyst.sees("A second person has to approve it")
    assert await state_of(console, ravi) is PartyState.FROZEN
    (proposal,) = (await console.services.approvals.listed(State.WAITING)).proposals
    lead = await hire(console.services, "the lead", "risk_lead")
    said = await console.services.approvals.decide(lead, proposal.id, True, "seen")
    assert said == {"state": "active"}
    assert await state_of(console, ravi) is PartyState.ACTIVE
    acts = [entry.outcome for entry in await console.audit("customers.freeze")]
    assert acts == ["done"]


async def test_a_document_is_looked_at_with_a_reason_and_accepted_by_two(console):
    sunil = await shows_document(console, "sunil")
    window = await console.sign_in("analyst")
    page = await window.open("/customers/identity")
    await page.get_by_role("link", name="Sunil D.").click()
    await window.sees("Identity document")
    assert "ABCDE1234F" not in await page.content()
    await window.press("Look at it: Identity document")
    await window.give_reason("to check the number", "Look at it")
    await window.sees("ABCDE1234F")
    fields = [a.fields for a in await console.wallet.parties.accesses(sunil.id)]
    assert ("evidence.id_document",) in fields
    await window.press("Propose to accept: Identity document")
    await window.give_reason("it is the same person", "Propose to accept")
    await window.sees("A second person has to approve it")
    (proposal,) = (await console.services.approvals.listed(State.WAITING)).proposals
    assert "ABCDE1234F" not in repr(proposal)
    lead = await hire(console.services, "the lead", "risk_lead")
    assert await console.services.approvals.decide(lead, proposal.id, True) == {"level": "full"}


async def test_support_neither_raises_levels_nor_closes_whatever_it_sends(console):
    sunil = await shows_document(console, "sunil")
    window = await console.sign_in("support")
    page = await window.open(f"/customers/{sunil.id}?tab=identity")
    await window.sees("Waiting")
    for name in ("Accept", "Propose to accept", "Reject", "Propose to close", "Close"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    desk = await console.desk("support")
    said = await desk.propose(
        Right.CUSTOMERS_DECIDE, "customers.accept", "x", {"party": str(sunil.id)}, "please"
    )
    assert isinstance(said, Refused)
    assert said.reason is StaffReason.NOT_ALLOWED
    async with console.http(await console.opened("support")) as client:
        assert (await client.get("/console/customers/identity")).status_code == 403


async def test_notes_are_text_and_stay(console):
    asha = console.house.people["asha"]
    window = await console.sign_in("support")
    page = await window.open(f"/customers/{asha.id}?tab=notes")
    await page.get_by_role("textbox", name="Note").fill(EVIL)
    await window.press("Write down")
    await window.sees("It is written down")
    await expect(page.get_by_text(EVIL)).to_be_visible()
    assert await page.evaluate("window.broken") is None
    assert await page.locator("#content img").count() == 0


async def test_with_money_inside_a_bank_account_of_the_owner_is_proposed(console):
    sunil = console.house.people["sunil"]
    window = await console.sign_in("risk_lead")
    await window.open(f"/customers/{sunil.id}")
    await window.press("Propose to close")
    await window.sees("no bank account of the owner is known")
    assert (await console.services.approvals.listed()).proposals == []


async def test_sessions_end_and_the_owner_needs_a_new_pin(console):
    asha = console.house.people["asha"]
    window = await console.sign_in("support")
    page = await window.open(f"/customers/{asha.id}?tab=door")
    await window.press("End all sessions")
    await window.give_reason("she lost her phone", "End all sessions")
    await window.sees("All sessions have ended")
    await window.sees("Nobody is signed in")
    assert await console.wallet.signin.session(console.house.tokens["asha"]) is None
    await window.press("Ask for a new PIN")
    await window.give_reason("she lost her phone", "Ask for a new PIN")
    await window.sees("The owner has been asked for a new PIN")
    await page.get_by_role("tab", name="Messages").click()
    await window.sees("signin.pin_asked")
    assert "set a new PIN" not in await page.locator("#content").inner_text()
    await window.press("Read the texts")
    await window.give_reason("she asks what we sent", "Read the texts")
    await window.sees("Our support has asked you to set a new PIN")
    await window.press("Send again: signin.pin_asked")
    await window.give_reason("it did not come", "Send again")
    await window.sees("nothing carries it")  # a refused act says why
    (entry,) = await console.audit("customers.send_again")
    assert entry.outcome == "message_no_way"


async def test_nobody_acts_on_their_own_wallet_and_the_page_says_so(console):
    asha = console.house.people["asha"]
    lead = await hire(console.services, "the support", "support")
    admin = await hire(console.services, "the administrator", "administrator")
    assert isinstance(await OwnWallets(console.services).bind(admin, lead.id, asha.number), Party)
    window = await console.sign_in("support")
    await window.open(f"/customers/{asha.id}")
    await window.sees("This is your own wallet")
    await window.press("Freeze")
    await window.give_reason("me", "Freeze")
    await window.sees("Nobody acts on their own wallet")
    assert await state_of(console, asha) is PartyState.ACTIVE
    (entry,) = await console.audit("customers.freeze")
    assert entry.outcome == "own_wallet"


async def test_an_administrator_binds_a_wallet_to_a_member(console):
    asha = console.house.people["asha"]
    await hire(console.services, "the support", "support")
    window = await console.sign_in("administrator")
    page = await window.open("/customers/staff")
    await page.get_by_label("Name of the member").fill("nobody")
    await page.get_by_label("Wallet number").fill(asha.number)
    await window.press("Bind")
    await window.sees("Nobody of this name")
    await page.get_by_label("Name of the member").fill("the support")
    await window.press("Bind")
    await window.sees("The wallet is bound")
    await window.sees("bound by the administrator")


async def test_an_auditor_sees_everything_masked_and_acts_nowhere(console):
    tea = console.house.people["tea"]
    lead = await hire(console.services, "the lead", "risk_lead")
    await Acts(console.services).freeze(lead, tea.id, Cause.FRAUD, "fraud")
    window = await console.sign_in("auditor")
    page = await window.open(f"/customers/{tea.id}?tab=merchant")
    await window.sees("API keys")
    assert "Meena" not in await page.content()
    await expect(page.locator("#content").get_by_role("button")).to_have_count(0)


async def test_every_part_of_the_page_opens_in_chinese_too(console):
    asha = console.house.people["asha"]
    member = await hire(console.services, "the risk lead", "risk_lead")
    await console.services.people.prefer(member.id, language="zh")
    window = await console.sign_in("risk_lead")
    page = await window.open(f"/customers/{asha.id}")
    for tab in ("身份", "设备与会话", "风险", "消息", "备注", "时间线", "查看记录", "订单"):
        await page.get_by_role("tab", name=tab, exact=True).click()
        await expect(page.get_by_role("tab", name=tab, exact=True)).to_have_attribute(
            "aria-selected", "true"
        )
        await page.wait_for_timeout(300)
        assert "customers." not in await page.locator("#content").inner_text()


async def test_an_address_that_names_nobody_says_so(console):
    window = await console.sign_in("support")
    for wrong in ("0190-not-an-id", "01a20184-a540-7681-927f-5da656ec4c60"):
        await window.open(f"/customers/{wrong}")
        await window.sees("There is no such wallet")
