"""A program gives payments back, in whole and in parts, and never more than was paid."""

from __future__ import annotations

import asyncio

from argosy.base.ids import Ids
from tests.partners.shop import inr, is_problem


async def test_a_payment_goes_back_in_parts(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    first = await shop.post(path, {"amount": inr(3_00), "description": "One was cold"})
    assert first.status_code == 201
    refund = first.json()
    assert (refund["amount"], refund["payment"]) == (inr(3_00), payment["id"])
    assert refund["description"] == "One was cold"
    assert first.headers["location"] == f"/api/v1{path}/{refund['id']}"
    assert (await shop.api.get(first.headers["location"])).json() == refund

    half = (await shop.get(f"/payments/{payment['id']}")).json()
    assert (half["state"], half["refunded"]) == ("partly_refunded", inr(3_00))

    rest = (await shop.post(path, {})).json()
    assert rest["amount"] == inr(7_00)
    whole = (await shop.get(f"/payments/{payment['id']}")).json()
    assert (whole["state"], whole["refunded"]) == ("refunded", inr(10_00))
    listed = (await shop.get(path)).json()
    assert [one["id"] for one in listed["items"]] == [refund["id"], rest["id"]]
    assert await shop.balance("asha") == 5_000_00
    assert await shop.balance("tea") == 0


async def test_no_more_goes_back_than_was_paid(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    said = await shop.post(path, {"amount": inr(10_01)})
    assert is_problem(said, 409, "refund_too_large", "amount")
    assert said.json()["facts"] == {"most": inr(10_00)}
    await shop.post(path, {})
    assert is_problem(await shop.post(path, {"amount": inr(1)}), 409, "refund_too_large")


async def test_what_was_not_paid_does_not_go_back(shop):
    payment = await shop.payment()
    said = await shop.post(f"/payments/{payment['id']}/refunds", {})
    assert is_problem(said, 409, "order_not_refundable")


async def test_without_money_there_is_no_refund(shop):
    payment = await shop.paid(10_00)
    tea = shop.people["tea"].account
    from argosy.base.ledger.facts import Transfer

    elsewhere = shop.people["asha"].account
    await shop.wallet.ledger.post([Transfer(shop.ids.new(), tea, elsewhere, 5_00, "INR", "rent")])
    said = await shop.post(f"/payments/{payment['id']}/refunds", {})
    assert is_problem(said, 409, "insufficient_funds")


async def test_a_refund_may_bring_its_own_id(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    own = str(shop.ids.new())
    said = await shop.post(path, {"amount": inr(1_00), "id": own}, key="a")
    assert said.json()["id"] == own
    again = await shop.post(path, {"amount": inr(1_00), "id": own}, key="b")
    assert again.json() == said.json()  # the same id is the same refund, whatever the key
    other = await shop.post(path, {"amount": inr(2_00), "id": own}, key="c")
    assert is_problem(other, 409, "order_exists_differently")
    assert await shop.balance("asha") == 5_000_00 - 9_00


async def test_an_id_of_another_kind_is_refused(shop):
    payment = await shop.paid()
    body = {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"}  # a UUIDv4
    said = await shop.post(f"/payments/{payment['id']}/refunds", body)
    assert is_problem(said, 422, "body_invalid", "id")


async def test_refunds_at_once_never_pass_the_payment(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    said = await asyncio.gather(*(shop.post(path, {"amount": inr(3_00)}) for _ in range(9)))
    codes = sorted(one.status_code for one in said)
    assert codes == [201] * 3 + [409] * 6
    assert await shop.balance("asha") == 5_000_00 - 1_00


async def test_a_dry_run_of_a_refund_equals_the_real_one(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    tried = await shop.api.post(f"/api/v1{path}:dry-run", json={"amount": inr(4_00)})
    assert tried.status_code == 200, tried.text
    assert (await shop.get(f"/payments/{payment['id']}")).json()["refunded"] == inr(0)
    assert await shop.balance("asha") == 5_000_00 - 10_00
    await shop.post(path, {"amount": inr(4_00)})
    real = (await shop.get(f"/payments/{payment['id']}")).json()
    assert tried.json()["amount"] == inr(4_00)
    assert {**tried.json()["payment"], "updated_at": real["updated_at"]} == real

    too_much = {"amount": inr(6_01)}
    tried = await shop.api.post(f"/api/v1{path}:dry-run", json=too_much)
    real = await shop.post(path, too_much)
    assert (tried.status_code, tried.content) == (real.status_code, real.content)


async def test_a_refund_that_is_not_there(shop):
    payment = await shop.paid()
    for refund in (Ids(shop.clock).new(), "nonsense"):
        said = await shop.get(f"/payments/{payment['id']}/refunds/{refund}")
        assert is_problem(said, 404, "refund_not_found")


async def test_the_statement_tells_all_of_it(shop):
    payment = await shop.paid(10_00, reference="T-9")
    shop.clock.advance(minutes=1)
    await shop.post(f"/payments/{payment['id']}/refunds", {"amount": inr(4_00)})
    first = (await shop.get("/statement", limit=1)).json()
    second = (await shop.get("/statement", limit=1, cursor=first["next"])).json()
    assert second["next"] is None
    lines = first["items"] + second["items"]
    assert [(one["kind"], one["moved"], one["balance"]) for one in lines] == [
        ("refund", inr(-4_00), inr(6_00)),
        ("pay", inr(10_00), inr(10_00)),
    ]
    assert {one["order"] for one in lines} == {payment["id"]}
    assert {one["reference"] for one in lines} == {"T-9"}
    assert "sha" not in str(lines)  # who paid is nobody's business
