"""What the page of a wallet shows, as it stands, and nothing personal before somebody looked."""

from __future__ import annotations

import dataclasses

from argosy.base.money import Money
from argosy.base.parties.facts import PartyKind, Personal
from argosy.base.postings import Challenged
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.management.customers.facts import Cause
from argosy.management.customers.timeline import timeline
from argosy.products.send.facts import Send
from argosy.public_services.cashier.facts import Shown
from tests.management.customers.house import ANN, PIN, SUE, House
from tests.people import ASHA_NAME, ASHA_PHONE, RAVI_NAME, RAVI_PHONE


async def test_level_money_and_what_is_missing_for_more(house: House) -> None:
    asha = await house.join(purse=1_234_56)
    standing = await house.reading.standing(asha)
    assert (standing.balance_minor, standing.available_minor) == (1_234_56, 1_234_56)
    assert (standing.held_minor, standing.coming_minor) == (0, 0)
    assert standing.most_minor == 10_000_00
    assert (standing.next_level, standing.missing) == ("full", ("id_document",))
    assert standing.seen_at is not None
    assert standing.frozen is None
    assert standing.member is None


async def test_how_much_of_each_limit_is_used(house: House) -> None:
    asha = await house.join(purse=5_000_00)
    await house.join(RAVI_NAME, RAVI_PHONE)
    before = await house.reading.limits(asha)
    assert before
    assert all(one.used == 0 for one in before)
    await house.top_up(asha, 500_00)
    after = await house.reading.limits(asha)
    grown = [one for one in after if one.used]
    assert grown
    assert all(one.used == (1 if one.counts else 500_00) for one in grown)
    house.clock.advance(days=40)
    later = [one for one in await house.reading.limits(asha) if one.used]
    assert {one.window for one in later} <= {"year"}


async def test_nothing_personal_but_by_person_and_that_is_logged(house: House) -> None:
    asha = await house.join(email="asha@example.in", city="Pune")
    await house.acts.note(SUE, asha.id, "called us")
    parts = [
        await house.reading.standing(asha),
        await house.reading.limits(asha),
        await house.reading.history(asha),
        await house.reading.notes(asha.id),
        await house.reading.cases(asha.id),
        await house.reading.verdicts(asha.id),
        await timeline(house.services, asha),
        await house.services.notify.sent_to(asha.id),
    ]
    for secret in (ASHA_NAME, "Raghunathan", ASHA_PHONE, "9876543210", "asha@example.in", "Pune"):
        assert secret not in repr(parts)
    assert await house.wallet.parties.accesses(asha.id) == []
    assert await house.reading.masked_name(asha.id, SUE) == "Asha R."
    house.clock.advance(seconds=1)
    person = await house.reading.person(asha.id, SUE, "she calls and asks for her limit")
    assert isinstance(person, Personal)
    assert dataclasses.astuple(person)[1:5] == (ASHA_NAME, ASHA_PHONE, "asha@example.in", "Pune")
    latest = (await house.wallet.parties.accesses(asha.id))[0]
    assert (latest.reader, latest.purpose) == (
        "staff:sue support",
        "she calls and asks for her limit",
    )
    assert isinstance(await house.reading.person(house.ids.new(), SUE, "nobody"), Refused)


async def test_a_merchants_keys_webhooks_and_what_it_asked_for(house: House) -> None:
    shop = await house.join(
        kind=PartyKind.MERCHANT, business_name="Blue Lotus", merchant_class="small"
    )
    made = await house.wallet.api_keys.create(shop, "till")
    assert not isinstance(made, Refused)
    (key,) = await house.reading.keys(shop.id)
    assert (key.label, key.revoked_at) == ("till", None)
    assert made.text not in repr(key)
    assert await house.reading.endpoints(shop.id) == []
    assert (await house.reading.asked(shop.id)).all_ == 0


async def test_the_timeline_has_what_owner_staff_and_machine_did_the_latest_first(
    house: House,
) -> None:
    asha = await house.join()
    house.clock.advance(minutes=5)
    await house.shows_document(asha)
    house.clock.advance(minutes=5)
    await house.acts.freeze(ANN, asha.id, Cause.FRAUD, "fraud")
    await house.services.audit.write(
        None, ANN, "customers.freeze", f"party:{asha.id}", "fraud", {}, "done"
    )
    told = await timeline(house.services, asha)
    assert [m.at for m in told] == sorted((m.at for m in told), reverse=True)
    whats = [m.what for m in told]
    assert whats[0] == "staff"
    assert (told[0].who, told[0].text) == ("ann analyst", "fraud")
    assert whats[1] == "evidence_given"
    assert {"opened", "device_bound", "signed_in", "pin_set"} <= set(whats)


async def test_a_stopped_payment_is_among_the_verdicts(
    house: House,
) -> None:
    asha = await house.join(purse=9_000_00)
    ravi = await house.join(RAVI_NAME, RAVI_PHONE)
    await house.wallet.parties.set_level(asha.id, "full")
    session = await house.wallet.signin.session(house.tokens[asha.id])
    assert session is not None
    asker = Asker(session.party, "lite", session=session.id, device=session.device.id)
    said = await house.wallet.cashier.carry_out(
        Send(house.ids.new(), Money(8_000_00, "INR"), phone=RAVI_PHONE),
        asker,
        Shown(pin=PIN, session=session),
    )
    assert isinstance(said, Challenged)  # without a network nobody can judge it in full
    (verdict,) = await house.reading.verdicts(asha.id)
    assert (verdict.decision, verdict.kind, verdict.channel) == ("challenge", "send", "lite")
    assert (verdict.amount_minor, verdict.currency) == (8_000_00, "INR")
    assert await house.reading.verdicts(ravi.id) == []
