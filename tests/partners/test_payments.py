"""A program asks for payments, reads, lists and takes them back."""

from __future__ import annotations

from argosy.base.markets import DecodedCode
from argosy.products.pay.facts import RETURN_URL
from tests.partners.shop import inr, is_problem


async def test_a_payment_is_asked_for_and_paid(shop):
    said = await shop.post(
        "/payments", {"amount": inr(12_50), "reference": "T-1", "description": "Two chai"}
    )
    assert said.status_code == 201
    payment = said.json()
    assert said.headers["location"] == f"/api/v1/payments/{payment['id']}"
    assert payment["state"] == "awaiting"
    assert payment["amount"] == inr(12_50)
    assert (payment["reference"], payment["description"]) == ("T-1", "Two chai")
    assert payment["link"].endswith(f"/p/{payment['id']}")
    assert payment["created_at"] == "2026-11-22T04:30:00.000Z"
    assert payment["expires_at"] == "2026-11-22T04:45:00.000Z"
    assert (await shop.get(f"/payments/{payment['id']}")).json() == payment

    await shop.pay(payment["id"])
    paid = (await shop.get(f"/payments/{payment['id']}")).json()
    assert (paid["state"], paid["refunded"]) == ("paid", inr(0))
    assert paid["receipt"]
    assert (paid["code"], paid["link"], paid["expires_at"]) == (None, None, None)
    assert (await shop.get("/balance")).json()["balance"] == inr(12_50)


async def test_the_code_leads_to_the_payment(shop):
    payment = await shop.payment(99_00)
    read = shop.wallet.markets["india"].decode_code(payment["code"])
    assert isinstance(read, DecodedCode)
    assert read.amount_minor == 99_00
    assert read.order_reference == payment["id"]
    assert read.name == "Tea House"
    drawn = await shop.api.get(payment["code_svg_url"])
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert drawn.text.startswith("<?xml") or drawn.text.startswith("<svg")


async def test_a_link_has_no_code(shop):
    payment = await shop.payment(kind="link", return_url="https://tea.example/thanks?n=1")
    assert (payment["kind"], payment["code"], payment["code_svg_url"]) == ("link", None, None)
    assert payment["return_url"] == "https://tea.example/thanks?n=1"
    assert payment["link"]


async def test_a_return_address_is_an_address(shop):
    for url in ("javascript:alert(1)", "//x", "https://a b", "https://u:p@x/", "https://x/\n"):
        said = await shop.post("/payments", {"amount": inr(1), "return_url": url})
        assert is_problem(said, 422, "body_invalid"), url
    assert RETURN_URL.startswith("^https?://")


async def test_a_payment_expires_before_the_clock_has_come_by(shop):
    payment = await shop.payment(expires_in=60)
    shop.clock.advance(seconds=60)
    gone = (await shop.get(f"/payments/{payment['id']}")).json()
    assert (gone["state"], gone["code"], gone["link"]) == ("expired", None, None)
    said = await shop.api.get(payment["code_svg_url"])
    assert is_problem(said, 409, "order_not_open")


async def test_a_waiting_payment_is_taken_back_once(shop):
    payment = await shop.payment()
    path = f"/payments/{payment['id']}/cancel"
    said = await shop.post(path, key="stop")
    assert (said.status_code, said.json()["state"]) == (200, "cancelled")
    again = await shop.post(path, key="stop")
    assert (again.content, again.headers["idempotency-replayed"]) == (said.content, "true")
    assert is_problem(await shop.post(path), 409, "order_not_open")


async def test_a_paid_payment_cannot_be_taken_back(shop):
    payment = await shop.paid()
    said = await shop.post(f"/payments/{payment['id']}/cancel")
    assert is_problem(said, 409, "order_not_open")
    assert said.json()["facts"] == {"state": "paid"}


async def test_payments_of_others_are_not_there(shop):
    from argosy.base.parties.facts import PartyKind

    await shop.join("rival", "+919800000009", PartyKind.MERCHANT)
    rival = shop.with_key((await shop.key("rival")).text)
    payment = await shop.payment()
    assert is_problem(await rival.get(f"/api/v1/payments/{payment['id']}"), 404, "order_not_found")
    for verb, body in (("cancel", None), ("refunds", {})):
        said = await rival.post(
            f"/api/v1/payments/{payment['id']}/{verb}", json=body, headers=shop.fresh()
        )
        assert is_problem(said, 404, "order_not_found")
    assert (await rival.get("/api/v1/payments")).json() == {"items": [], "next": None}
    assert is_problem(await shop.get("/payments/nonsense"), 404, "order_not_found")


async def test_a_payment_at_the_till_can_be_read_too(shop):
    receipt = await shop.pay_till(7_00)
    read = (await shop.get(f"/payments/{receipt.order.id}")).json()
    assert (read["state"], read["amount"], read["kind"]) == ("paid", inr(7_00), "qr")


async def test_payments_are_listed_newest_first_and_page_by_page(shop):
    made = []
    for n in range(5):
        shop.clock.advance(seconds=1)
        made.append((await shop.payment(100 + n))["id"])
    seen, cursor, pages = [], None, 0
    while True:
        page = (
            await shop.get("/payments", limit=2, **({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [one["id"] for one in page["items"]]
        pages += 1
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert pages == 3


async def test_payments_are_found_by_state_and_reference(shop):
    one = await shop.payment(reference="A 1")
    await shop.payment(reference="A 2")
    two = await shop.paid(reference="A 1")
    by_reference = (await shop.get("/payments", reference="A 1")).json()["items"]
    assert {p["id"] for p in by_reference} == {one["id"], two["id"]}
    paid = (await shop.get("/payments", state="paid")).json()["items"]
    assert [p["id"] for p in paid] == [two["id"]]
    both = (await shop.get("/payments", state="awaiting", reference="A 1")).json()["items"]
    assert [p["id"] for p in both] == [one["id"]]


async def test_a_filtered_list_is_paged_without_gaps(shop):
    wanted = []
    for n in range(12):
        payment = await (shop.paid if n % 3 == 0 else shop.payment)(100 + n)
        shop.clock.advance(seconds=61)
        if n % 3 == 0:
            wanted.append(payment["id"])
    seen, cursor = [], None
    for _ in range(20):
        more = {"cursor": cursor} if cursor else {}
        page = (await shop.get("/payments", state="paid", limit=1, **more)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == wanted[::-1]


async def test_a_cursor_fits_one_list_of_one_merchant(shop):
    for _ in range(2):
        await shop.payment()
    cursor = (await shop.get("/payments", limit=1)).json()["next"]
    for path, text in (
        ("/statement", cursor),
        ("/webhooks/deliveries", cursor),
        ("/payments", cursor[:-1] + ("A" if cursor[-1] != "A" else "B")),
        ("/payments", "nonsense"),
        ("/payments", ""),
    ):
        assert is_problem(await shop.get(path, cursor=text), 404, "cursor_unknown")


async def test_a_dry_run_says_what_the_real_run_says_and_leaves_nothing(shop):
    body = {"amount": inr(12_50), "reference": "T-1", "description": "Two chai", "expires_in": 60}
    tried = (await shop.api.post("/api/v1/payments:dry-run", json=body)).json()
    assert (await shop.get("/payments")).json()["items"] == []
    real = (await shop.post("/payments", body)).json()
    own = {"id", "code", "code_svg_url", "link"}
    assert {k: v for k, v in tried.items() if k not in own} == {
        k: v for k, v in real.items() if k not in own
    }


async def test_a_large_shop_pays_its_price(shop):
    from argosy.base.parties.facts import PartyKind

    await shop.join("mall", "+919800000008", PartyKind.MERCHANT, "large")
    mall = shop.with_key((await shop.key("mall")).text)
    said = await mall.post("/api/v1/payments", json={"amount": inr(1_000_00)}, headers=shop.fresh())
    assert (said.json()["fee"], said.json()["fee_paid_by"]) == (inr(4_00), "payee")
    await shop.pay(said.json()["id"])
    line = (await mall.get("/api/v1/statement")).json()["items"][0]
    assert (line["moved"], line["balance"]) == (inr(996_00), inr(996_00))


AMOUNTS = [
    ({"minor": 0, "currency": "INR"}, 422, "body_invalid", "amount.minor"),
    ({"minor": -1, "currency": "INR"}, 422, "body_invalid", "amount.minor"),
    ({"minor": 10**30, "currency": "INR"}, 422, "body_invalid", "amount.minor"),
    ({"minor": 1.5, "currency": "INR"}, 422, "body_invalid", "amount.minor"),
    ({"minor": "100", "currency": "INR"}, 422, "body_invalid", "amount.minor"),
    ({"minor": True, "currency": "INR"}, 422, "body_invalid", "amount.minor"),
    ({"minor": 100, "currency": "inr"}, 422, "body_invalid", "amount.currency"),
    ({"minor": 100, "currency": "USD"}, 409, "currency_mismatch", "currency"),
    ({"minor": 100, "currency": "QQQ"}, 409, "currency_mismatch", "currency"),
    ({"minor": 100}, 422, "body_invalid", "amount"),
    ({"minor": 100, "currency": "INR", "tip": 1}, 422, "body_invalid", "amount"),
    (100, 422, "body_invalid", "amount"),
    (None, 422, "body_invalid", "amount"),
]


async def test_wrong_amounts_are_refused_by_name(shop):
    for amount, status, code, field in AMOUNTS:
        said = await shop.post("/payments", {"amount": amount})
        assert is_problem(said, status, code, field), amount
    assert (await shop.get("/payments")).json()["items"] == []


async def test_what_does_not_print_becomes_a_space(shop):
    payment = await shop.payment(description="two\u0000lines\n\u200bhere")
    assert payment["description"] == "two lines  here"


async def test_a_frozen_merchant_can_neither_read_nor_ask(shop):
    from argosy.base.parties.facts import PartyState

    payment = await shop.payment()
    await shop.wallet.parties.set_state(shop.people["tea"].id, PartyState.FROZEN)
    said = await shop.post("/payments", {"amount": inr(1)})
    assert is_problem(said, 409, "party_frozen")
    assert is_problem(await shop.get(f"/payments/{payment['id']}"), 409, "party_frozen")
