"""A program takes a payment from the customer whose code it scanned."""

from __future__ import annotations

from argosy.public_services.presented import codes
from argosy.public_services.presented.facts import DeviceKey
from tests.partners.shop import PIN, Shop, inr, is_problem


async def shown(shop: Shop) -> str:
    """The code on Asha's phone."""
    session = await shop.wallet.signin.session(shop.tokens["asha"])
    assert session is not None
    assert await shop.wallet.presenting.switch_on(session, PIN) is None
    key = await shop.wallet.presenting.key(session)
    assert isinstance(key, DeviceKey)
    return codes.make(key.selector, key.secret, shop.clock.now())


async def test_a_scanned_code_is_paid_at_once(shop):
    asked = {
        "amount": inr(45_00),
        "presented_code": codes.grouped(await shown(shop)),
        "reference": "T-1",
    }
    said = await shop.post("/payments", asked, key="scan-1")
    assert said.status_code == 201, said.text
    payment = said.json()
    assert (payment["state"], payment["kind"], payment["reference"]) == ("paid", "presented", "T-1")
    assert payment["receipt"]
    assert (payment["code"], payment["link"]) == (None, None)
    again = await shop.post("/payments", asked, key="scan-1")
    assert again.json() == payment
    assert is_problem(await shop.post("/payments", asked), 409, "presented_spent")
    assert (await shop.get("/balance")).json()["balance"] == inr(45_00)
    listed = (await shop.get("/payments", reference="T-1")).json()["items"]
    assert [one["id"] for one in listed] == [payment["id"]]


async def test_a_larger_one_waits_for_the_customer_alone(shop):
    said = await shop.post(
        "/payments", {"amount": inr(450_00), "presented_code": await shown(shop)}
    )
    payment = said.json()
    assert (said.status_code, payment["state"], payment["kind"]) == (201, "awaiting", "presented")
    assert (payment["code"], payment["link"], payment["receipt"]) == (None, None, None)
    drawn = await shop.get(f"/payments/{payment['id']}/code.svg")
    assert is_problem(drawn, 409, "order_not_open")
    await shop.pay(payment["id"])
    paid = (await shop.get(f"/payments/{payment['id']}")).json()
    assert (paid["state"], bool(paid["receipt"])) == ("paid", True)


async def test_one_that_waits_can_be_taken_back(shop):
    said = await shop.post(
        "/payments", {"amount": inr(450_00), "presented_code": await shown(shop)}
    )
    gone = await shop.post(f"/payments/{said.json()['id']}/cancel")
    assert (gone.status_code, gone.json()["state"], gone.json()["receipt"]) == (
        200,
        "cancelled",
        None,
    )


async def test_what_is_no_code_and_what_cannot_be_tried(shop):
    said = await shop.post("/payments", {"amount": inr(1_00), "presented_code": "12"})
    assert is_problem(said, 404, "presented_unreadable")
    said = await shop.post("/payments", {"amount": inr(1_00), "presented_code": "x" * 701})
    assert is_problem(said, 422, "body_invalid")
    said = await shop.post("/payments:dry-run", {"amount": inr(1_00), "presented_code": "12"})
    assert is_problem(said, 422, "body_invalid")
