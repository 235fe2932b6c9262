"""The same request twice is one request."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from argosy.base.refusals import Unavailable
from argosy.partners.api.facts import Terms
from tests.partners.shop import GENEROUS, Shop, inr, is_problem

PAY = {"amount": inr(12_50), "reference": "T-1"}


async def count(shop: Shop) -> int:
    return await shop.wallet.db.value("SELECT count(*) FROM orders.orders")


async def test_the_first_answer_is_given_again_byte_for_byte(shop):
    first = await shop.post("/payments", PAY, key="order-1")
    shop.clock.advance(minutes=5)
    again = await shop.post("/payments", PAY, key="order-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await count(shop) == 1


async def test_a_refusal_is_given_again_too(shop):
    payment = await shop.payment()
    path = f"/payments/{payment['id']}/refunds"
    first = await shop.post(path, {}, key="r")
    assert is_problem(first, 409, "order_not_refundable")
    await shop.pay(payment["id"])
    again = await shop.post(path, {}, key="r")
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert (await shop.post(path, {}, key="r2")).status_code == 201


async def test_without_a_key_nothing_is_made(shop):
    said = await shop.api.post("/api/v1/payments", json=PAY)
    assert is_problem(said, 400, "idempotency_key_missing")
    for key in ("", " ", "a b", "a/b", "é", "a" * 129, "-a"):
        said = await shop.api.post(
            "/api/v1/payments", json=PAY, headers={"idempotency-key": key.encode()}
        )
        assert said.status_code == 400, key
    assert await count(shop) == 0


async def test_another_request_needs_another_key(shop):
    payment = await shop.payment()
    await shop.post("/payments", PAY, key="k")
    other = await shop.post("/payments", {**PAY, "reference": "T-2"}, key="k")
    assert is_problem(other, 422, "idempotency_key_reused")
    elsewhere = await shop.post(f"/payments/{payment['id']}/cancel", key="k")
    assert is_problem(elsewhere, 422, "idempotency_key_reused")


async def test_the_same_content_in_another_order_is_the_same_request(shop):
    body = b'{"reference": "T-1",   "amount": {"currency": "INR", "minor": 1250}}'
    headers = {"idempotency-key": "k", "content-type": "application/json; charset=utf-8"}
    first = await shop.post("/payments", PAY, key="k")
    again = await shop.api.post("/api/v1/payments", content=body, headers=headers)
    assert again.content == first.content


async def test_a_wrong_request_does_not_use_its_key_up(shop):
    assert (await shop.post("/payments", {"amount": inr(0)}, key="k")).status_code == 422
    assert (await shop.post("/payments", PAY, key="k")).status_code == 201


async def test_keys_belong_to_the_merchant(shop):
    from argosy.base.parties.facts import PartyKind

    await shop.join("rival", "+919800000009", PartyKind.MERCHANT)
    rival = shop.with_key((await shop.key("rival")).text)
    mine = await shop.post("/payments", PAY, key="k")
    theirs = await rival.post("/api/v1/payments", json=PAY, headers={"idempotency-key": "k"})
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]
    second_key = shop.with_key((await shop.key("tea")).text)
    same = await second_key.post("/api/v1/payments", json=PAY, headers={"idempotency-key": "k"})
    assert same.content == mine.content


async def test_fifty_at_once_are_one_payment_and_fifty_equal_answers(shop):
    said = await asyncio.gather(*(shop.post("/payments", PAY, key="rush") for _ in range(50)))
    assert {one.status_code for one in said} == {201}
    assert len({one.content for one in said}) == 1
    assert await count(shop) == 1
    assert sum("idempotency-replayed" in one.headers for one in said) == 49


async def test_twin_fifty_keys_at_once_are_fifty_payments(shop):
    said = await asyncio.gather(*(shop.post("/payments", PAY, key=f"rush-{n}") for n in range(50)))
    assert len({one.content for one in said}) == 50
    assert await count(shop) == 50


async def test_fifty_refunds_at_once_move_money_once(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    body = {"amount": inr(2_00)}
    said = await asyncio.gather(*(shop.post(path, body, key="rush") for _ in range(50)))
    assert {one.status_code for one in said} == {201}
    assert len({one.content for one in said}) == 1
    assert await shop.balance("asha") == 5_000_00 - 8_00


class Held:
    """A cashier that stops before or after a command until it is let go."""

    def __init__(self, cashier, *, after: bool = False) -> None:
        self._cashier = cashier
        self._after = after
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.dies: BaseException | None = None

    def __getattr__(self, name):
        return getattr(self._cashier, name)

    async def carry_out(self, command, asker):
        if self._after:
            said = await self._cashier.carry_out(command, asker)
        self.reached.set()
        await self.go.wait()
        if self.dies is not None:
            raise self.dies
        return said if self._after else await self._cashier.carry_out(command, asker)


def through(shop: Shop, cashier, terms: Terms = GENEROUS) -> Shop:
    """The same shop as another process serves it, with this cashier at the till."""
    from argosy.partners.api.door import door
    from tests.partners.shop import caller

    services = replace(shop.services, cashier=cashier, terms=terms)
    app = door(services)
    other = replace(shop, services=services, app=app, api=caller(app))
    other.api.headers["authorization"] = shop.api.headers["authorization"]
    return other


HASTY = replace(GENEROUS, looks_seconds=(0.01,))


async def test_while_the_first_is_at_work_the_second_is_told_so(shop):
    held = Held(shop.wallet.cashier)
    slow = through(shop, held)
    first = asyncio.create_task(slow.post("/payments", PAY, key="k"))
    await held.reached.wait()
    second = await through(shop, shop.wallet.cashier, HASTY).post("/payments", PAY, key="k")
    assert is_problem(second, 409, "idempotency_still_running")
    assert second.headers["retry-after"] == "1"
    asked = (await shop.get("/idempotency/k")).json()
    assert (asked["outcome"], asked["status"]) == ("running", None)
    held.go.set()
    made = await first
    assert made.status_code == 201
    again = await shop.post("/payments", PAY, key="k")
    assert again.content == made.content


async def test_who_dies_before_doing_leaves_it_to_the_next(shop):
    held = Held(shop.wallet.cashier)
    dying = asyncio.create_task(through(shop, held).post("/payments", PAY, key="k"))
    await held.reached.wait()
    dying.cancel()  # as by kill: nobody gives the lease back
    await asyncio.gather(dying, return_exceptions=True)
    shop.clock.advance(seconds=31)
    asked = (await shop.get("/idempotency/k")).json()
    assert asked["outcome"] == "not_done"
    assert (await shop.post("/payments", PAY, key="k")).status_code == 201
    assert await count(shop) == 1


async def test_who_dies_after_doing_has_done_it_once(shop):
    payment = await shop.paid(10_00)
    path = f"/payments/{payment['id']}/refunds"
    held = Held(shop.wallet.cashier, after=True)
    dying = asyncio.create_task(through(shop, held).post(path, {"amount": inr(2_00)}, key="k"))
    await held.reached.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)

    asked = (await shop.get("/idempotency/k")).json()  # the unknown outcome becomes known
    assert (asked["outcome"], asked["status"]) == ("done", None)
    refund = (await shop.api.get(asked["resource"])).json()
    assert refund["amount"] == inr(2_00)

    shop.clock.advance(seconds=31)
    again = await shop.post(path, {"amount": inr(2_00)}, key="k")
    assert (again.status_code, again.json()) == (201, refund)
    assert await shop.balance("asha") == 5_000_00 - 8_00


async def test_an_outage_leaves_the_key_free(shop):
    held = Held(shop.wallet.cashier, after=True)
    held.go.set()
    held.dies = Unavailable("the answer got lost")
    said = await through(shop, held).post("/payments", PAY, key="k")
    assert is_problem(said, 503, "api_unavailable")
    assert said.headers["retry-after"] == "1"
    asked = (await shop.get("/idempotency/k")).json()
    assert asked["outcome"] == "done"  # it was done, and nobody had said so
    again = await shop.post("/payments", PAY, key="k")
    assert again.status_code == 201
    assert again.headers["location"] == asked["resource"]
    assert await count(shop) == 1


async def test_a_bug_is_no_answer_to_keep(shop, caplog):
    held = Held(shop.wallet.cashier)
    held.go.set()
    held.dies = KeyError("broken")
    said = await through(shop, held).post("/payments", PAY, key="k")
    assert is_problem(said, 500, "internal_error")
    assert "broken" not in said.text
    assert "broken" in caplog.text
    assert (await shop.post("/payments", PAY, key="k")).status_code == 201


async def test_what_became_of_it_can_be_asked_by_key(shop):
    made = await shop.post("/payments", PAY, key="one:1")
    asked = (await shop.get("/idempotency/one:1")).json()
    assert asked == {
        "key": "one:1",
        "operation": "create_payment",
        "outcome": "done",
        "status": 201,
        "code": None,
        "resource": made.headers["location"],
        "first_at": "2026-11-22T04:30:00.000Z",
        "kept_until": "2026-11-29T04:30:00.000Z",
    }
    await shop.post(f"/payments/{made.json()['id']}/refunds", {}, key="two")
    asked = (await shop.get("/idempotency/two")).json()
    assert (asked["outcome"], asked["code"]) == ("refused", "order_not_refundable")
    assert is_problem(await shop.get("/idempotency/three"), 404, "idempotency_key_unknown")


async def test_keys_are_forgotten_after_a_week(shop):
    from argosy.partners.api.door import sweeps

    first = await shop.post("/payments", PAY, key="k")
    tidy = sweeps(shop.services)[0]
    shop.clock.advance(days=6, hours=23)
    assert await tidy.run(shop.clock.now(), 100) == 0
    shop.clock.advance(hours=1)
    assert is_problem(await shop.get("/idempotency/k"), 404, "idempotency_key_unknown")
    anew = await shop.post("/payments", PAY, key="k")  # before the clock has come by
    assert anew.json()["id"] != first.json()["id"]
    shop.clock.advance(days=7)
    assert await tidy.run(shop.clock.now(), 100) == 1


async def test_kept_answers_cannot_be_read_in_the_database(shop):
    await shop.post("/webhooks/endpoints", {"url": "https://tea.example/hook"}, key="k")
    rows = await shop.wallet.db.all("SELECT body_sealed, headers FROM api.idempotency")
    assert rows
    assert not any(b"whsec" in row["body_sealed"] for row in rows)


@pytest.mark.parametrize("after", [False, True])
async def test_a_taken_over_lease_counts_once(shop, after):
    """The first is slow beyond its lease; the second takes over; both end."""
    held = Held(shop.wallet.cashier, after=after)
    first = asyncio.create_task(through(shop, held).post("/payments", PAY, key="k"))
    await held.reached.wait()
    shop.clock.advance(seconds=31)
    second = await shop.post("/payments", PAY, key="k")
    assert second.status_code == 201
    held.go.set()
    late = await first
    assert (late.status_code, late.content) == (201, second.content)
    assert await count(shop) == 1
