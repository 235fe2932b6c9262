"""A wallet is found by whatever somebody has in hand, and what is found is masked."""

from __future__ import annotations

import pytest

from argosy.base.parties.facts import PartyKind, PartyState
from argosy.public_services.receipts.numbers import number_of
from tests.management.customers.house import SUE, House
from tests.people import ASHA_PHONE, RAVI_NAME, RAVI_PHONE


async def test_by_phone_mail_number_id_name(house: House) -> None:
    asha = await house.join(email="asha@example.in")
    await house.join(RAVI_NAME, RAVI_PHONE)
    spaced = " ".join((asha.number[:4], asha.number[4:7], asha.number[7:]))
    for text, by in (
        (ASHA_PHONE, "phone"),
        ("98765 43210", "phone"),
        ("ASHA@example.in", "email"),
        (asha.number, "number"),
        (spaced, "number"),
        (str(asha.id), "id"),
        (str(asha.id).upper(), "id"),
        ("ragh", "name"),
        ("asha ragh", "name"),
    ):
        found = await house.search().find(text)
        assert [(h.party, h.by) for h in found.hits] == [(asha, by)], text
        assert found.hits[0].name == "Asha R."
    log = await house.wallet.parties.accesses(asha.id)
    assert {(a.reader, a.purpose) for a in log} == {("staff:sue support", "search")}
    assert {a.fields for a in log} == {("name", "business_name")}


@pytest.mark.parametrize(
    "text",
    ["", "   ", "zz", "+919800000000", "nobody@example.in", "' OR 1=1 --", "%", "<script>", "\x00"],
)
async def test_what_is_not_there_finds_nothing(house: House, text: str) -> None:
    await house.join()
    assert (await house.search().find(text)).is_nothing


async def test_an_order_by_its_id_and_by_its_receipt(house: House) -> None:
    asha = await house.join()
    order = (await house.top_up(asha, 100_00)).order
    receipt = number_of(house.services.keys, order.id)
    for text in (str(order.id), receipt, receipt.lower().replace("-", " ")):
        found = await house.search().find(text)
        assert found.order is not None
        assert found.order.id == order.id
        assert found.hits == ()


async def test_many_of_one_name_are_cut_and_it_says_so(house: House) -> None:
    for n in range(52):
        await house.join(f"Asha Person{n}", f"+9198765{n:05}")
    found = await house.search().find("asha")
    assert len(found.hits) == 50
    assert found.more
    assert not (await house.search().find("asha person5")).more


async def test_merchants_of_a_category_and_stopped_wallets_are_listed_by_cursor(
    house: House,
) -> None:
    for n in range(3):
        house.clock.advance(seconds=1)
        await house.join(
            f"Shop Keeper{n}", f"+9198765{n:05}", kind=PartyKind.MERCHANT,
            business_name=f"Shop {n}", merchant_class="small" if n else "large",
        )  # fmt: skip
    asha = await house.join()
    assert await house.search().classes() == ["large", "small"]
    small = await house.search().of_class("small")
    assert [h.name for h in small.hits] == ["Shop 2", "Shop 1"]
    assert small.after is None
    assert (await house.search().of_class("small' OR '1'='1")).hits == ()
    await house.wallet.parties.set_state(asha.id, PartyState.FROZEN)
    assert [h.party.id for h in (await house.search().stopped(PartyState.FROZEN)).hits] == [asha.id]
    assert (await house.search().stopped(PartyState.ACTIVE)).hits == ()
    assert len((await house.search(SUE).latest()).hits) == 4
