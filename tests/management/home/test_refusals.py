"""What was refused is counted, whoever asks, and once."""

from __future__ import annotations

from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.products.pay.facts import PayMerchant
from argosy.public_services.cashier.facts import Receipt
from tests.banks.wallet import People


async def test_a_no_is_counted_with_its_reason_and_amount_and_a_yes_is_not(db, clock, ids):
    people = await People.come(db, clock, ids, "anita", "tea shop")
    await people.give("anita", 100)
    shop = people.parties["tea shop"].number
    for _ in range(2):
        no = await people.ask("anita", PayMerchant(ids.new(), Money(50_000, "INR"), shop))
        assert isinstance(no, Refused)
        assert no.code == "insufficient_funds"
    assert isinstance(
        await people.ask("anita", PayMerchant(ids.new(), Money(5_000, "INR"), shop)), Receipt
    )
    wrong = PayMerchant(ids.new(), Money(700, "INR"), shop)
    assert (await people.ask("anita", wrong, pin="111999")).code == "pin_wrong"
    assert await people.wallet.refusals.flush() == 2
    assert await people.wallet.refusals.flush() == 0
    rows = await db.all("SELECT * FROM management.home_refusals ORDER BY reason")
    assert [(r["market"], r["channel"], r["product"], r["reason"]) for r in rows] == [
        ("india", "lite", "pay", "insufficient_funds"),
        ("india", "lite", "pay", "pin_wrong"),
    ]
    assert [(r["count"], r["minor"]) for r in rows] == [(2, 100_000), (1, 700)]
    clock.advance(days=401)
    assert await people.wallet.refusals.prune(clock.now()) == 2
