"""The ledger hired alone: accounts, batches, balances at any instant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from argosy.base.ids import named
from tests.partners.shop import Shop, is_problem

BANK, ANITA, RAVI = (str(named("books", name)) for name in ("bank", "anita", "ravi"))


class Books:
    """An operator's program at the ledger."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient) -> None:
        self.shop, self.client = shop, client

    async def ask(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/api/v1/ledger{path}", params=query)

    async def post(self, *transfers: dict[str, Any]) -> list[dict[str, Any]]:
        said = await self.client.post(
            "/api/v1/ledger/transfers", json={"transfers": list(transfers)}
        )
        assert said.status_code == 200, said.text
        return said.json()["outcomes"]

    async def words(self, *transfers: dict[str, Any]) -> list[str]:
        return [
            one["refusal"]["code"] if one["refusal"] else one["outcome"]
            for one in await self.post(*transfers)
        ]

    def move(self, debit: str, credit: str, minor: int, **more: Any) -> dict[str, Any]:
        return {
            "id": str(self.shop.ids.new()), "debit": debit, "credit": credit,
            "amount_minor": minor, "currency": "THB", **more,
        }  # fmt: skip


@pytest.fixture
async def books(shop) -> Books:
    client = await shop.operator()
    accounts = [
        {"id": BANK, "currency": "THB", "side": "debit", "kind": "bank", "floor_minor": None},
        {"id": ANITA, "currency": "THB", "side": "credit", "kind": "purse", "ceiling_minor": 1000},
        {"id": RAVI, "currency": "THB", "side": "credit", "kind": "purse"},
    ]
    said = await client.post("/api/v1/ledger/accounts", json={"accounts": accounts})
    assert [one["outcome"] for one in said.json()["outcomes"]] == ["open"] * 3, said.text
    return Books(shop, client)


async def test_each_transfer_of_a_batch_is_answered_on_its_own(books):
    first = books.move(BANK, ANITA, 500)
    assert await books.words(
        first,
        books.move(ANITA, RAVI, 200),
        books.move(ANITA, RAVI, 301),
        books.move(BANK, ANITA, 701),
        books.move(RAVI, RAVI, 1),
        books.move(RAVI, str(named("books", "nobody")), 1),
        {**books.move(RAVI, ANITA, 1), "currency": "INR"},
        books.move(RAVI, ANITA, 0),
        books.move(RAVI, ANITA, -5),
    ) == [
        "posted", "posted", "insufficient_funds", "ceiling_exceeded", "same_account",
        "credit_account_not_found", "currency_differs", "amount_out_of_range",
        "amount_out_of_range",
    ]  # fmt: skip
    assert await books.words(first) == ["existed"]
    assert await books.words({**first, "amount_minor": 501}) == ["exists_with_different_amount"]
    anita = (await books.ask(f"/accounts/{ANITA}")).json()
    assert (anita["totals"]["balance_minor"], anita["available_minor"]) == (300, 300)
    assert (anita["side"], anita["currency"], anita["entries"]) == ("credit", "THB", 2)


async def test_a_group_is_made_all_or_none(books):
    assert await books.words(
        books.move(BANK, ANITA, 100, group=1),
        books.move(ANITA, RAVI, 101, group=1),
        books.move(BANK, RAVI, 7),
        books.move(BANK, ANITA, 50, group=2),
        books.move(ANITA, RAVI, 50, group=2),
    ) == ["group_refused", "insufficient_funds", "posted", "posted", "posted"]
    ravi = (await books.ask(f"/accounts/{RAVI}")).json()
    assert ravi["totals"]["balance_minor"] == 57


async def test_the_same_id_twice_in_one_batch(books):
    one = books.move(BANK, ANITA, 10)
    assert await books.words(one, one) == ["posted", "existed"]
    said = await books.client.post(
        "/api/v1/ledger/transfers", json={"transfers": [{**one, "group": 1}, {**one, "group": 1}]}
    )
    assert is_problem(said, 422, "body_invalid", "transfers")


async def test_money_is_held_and_posted_in_part(books):
    hold = books.move(BANK, ANITA, 100, action="hold", expires_at="2026-11-22T05:30:00Z")
    assert await books.words(hold) == ["posted"]
    anita = (await books.ask(f"/accounts/{ANITA}")).json()
    assert anita["totals"]["credits_pending"] == 100
    ending = {"hold": hold["id"], "currency": "THB"}
    post = {"id": str(books.shop.ids.new()), "action": "post", "amount_minor": 60, **ending}
    assert await books.words(post) == ["posted"]
    void = {"id": str(books.shop.ids.new()), "action": "void", **ending}
    assert await books.words(void) == ["hold_already_posted"]
    anita = (await books.ask(f"/accounts/{ANITA}")).json()["totals"]
    assert (anita["credits_pending"], anita["balance_minor"]) == (0, 60)


async def test_up_to_what_is_there(books):
    await books.words(books.move(BANK, ANITA, 40))
    (said,) = await books.post(books.move(ANITA, RAVI, 100, up_to="debit"))
    assert (said["outcome"], said["amount_minor"]) == ("posted", 40)


async def test_a_balance_at_any_instant(books):
    start = books.shop.clock.now()
    for _ in range(3):
        books.shop.clock.advance(hours=1)
        await books.words(books.move(BANK, ANITA, 100))
    for hours, minor in ((0, 0), (1, 100), (1.5, 100), (2, 200), (3, 300), (1000, 300)):
        at = (start + timedelta(hours=hours)).isoformat()
        said = (await books.ask(f"/accounts/{ANITA}/balance", at=at)).json()
        assert said["totals"]["balance_minor"] == minor, hours
    now = (await books.ask(f"/accounts/{ANITA}/balance")).json()
    assert (now["totals"]["balance_minor"], now["at"]) == (300, "2026-11-22T07:30:00.000Z")
    said = await books.ask(f"/accounts/{ANITA}/balance", at="2026-11-21T00:00:00Z")
    assert is_problem(said, 404, "account_not_found")  # it was not open yet
    for at in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"):
        assert (await books.ask(f"/accounts/{ANITA}/balance", at=at)).status_code in (200, 404)
    said = await books.ask(f"/accounts/{ANITA}/balance", at="2026-11-22")
    assert is_problem(said, 422, "query_invalid", "at")


async def test_a_statement_page_by_page(books):
    for minor in (1, 2, 3):
        await books.words(books.move(BANK, ANITA, minor))
    seen, cursor = [], {}
    while True:
        page = (await books.ask(f"/accounts/{ANITA}/statement", limit=2, **cursor)).json()
        seen += [(one["moved_minor"], one["balance_minor"]) for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [(3, 6), (2, 3), (1, 1)]
    said = await books.ask(f"/accounts/{RAVI}/statement", **cursor)
    assert is_problem(said, 404, "cursor_unknown")  # it fits one account


async def test_accounts_are_answered_on_their_own_too(books):
    crossed = {"id": str(books.shop.ids.new()), "currency": "THB", "side": "credit", "kind": "x",
               "floor_minor": 2, "ceiling_minor": 1}  # fmt: skip
    unknown = {**crossed, "currency": "QQQ", "floor_minor": 0}
    same = {"id": RAVI, "currency": "THB", "side": "credit", "kind": "purse"}
    other = {**same, "side": "debit"}
    said = await books.client.post(
        "/api/v1/ledger/accounts", json={"accounts": [crossed, same, unknown, other]}
    )
    words = [
        one["refusal"]["code"] if one["refusal"] else "open" for one in said.json()["outcomes"]
    ]
    assert words == [
        "account_bounds_crossed", "open", "currency_unknown", "account_exists_differently",
    ]  # fmt: skip


async def test_an_account_that_is_not_there(books):
    for path in ("", "/balance", "/statement"):
        for account in (str(books.shop.ids.new()), "nonsense"):
            said = await books.ask(f"/accounts/{account}{path}")
            assert is_problem(said, 404, "account_not_found")


async def test_a_batch_has_an_end(books):
    one = books.move(BANK, ANITA, 1)
    said = await books.client.post("/api/v1/ledger/transfers", json={"transfers": [one] * 1001})
    assert is_problem(said, 422, "body_invalid", "transfers")
    assert await books.words(*[books.move(BANK, RAVI, 1) for _ in range(1000)]) == ["posted"] * 1000
