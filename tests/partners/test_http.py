"""What HTTP brings: wrong bodies, wrong addresses, wrong methods; and what each answer carries."""

from __future__ import annotations

import json

import pytest

from argosy.base.refusals import Kind, every_reason
from argosy.partners.api.answers import STATUS, status_of
from argosy.partners.api.facts import Terms
from tests.partners.shop import GENEROUS, Shop, inr, is_problem

PAYMENTS = "/api/v1/payments"
JSON = {"content-type": "application/json"}


def body(text: str | bytes, **headers: str) -> dict:
    return {"content": text, "headers": {"idempotency-key": "k", **JSON, **headers}}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"amount": NaN}',
        b'{"amount": {"minor": 1, "currency": "INR"}} {}',
        b'{"reference": "\xff\xfe"}',
        b'{"description": "\xed\xa0\x80", "amount": {"minor": 1, "currency": "INR"}}',
        b'{"description": "\\ud800", "amount": {"minor": 1, "currency": "INR"}}',
        b"\xef\xbb\xbf{}",
        b"[" * 30_000,
    ],
)
async def test_what_is_no_json_in_utf_8_is_refused(shop, text):
    said = await shop.api.post(PAYMENTS, **body(text))
    assert said.status_code in (400, 422), said.text
    assert said.json()["code"] in ("body_unreadable", "body_invalid")


@pytest.mark.parametrize("text", [b"[]", b"null", b'"text"', b"1", b"{}"])
async def test_json_of_another_form_is_refused(shop, text):
    assert is_problem(await shop.api.post(PAYMENTS, **body(text)), 422, "body_invalid")


@pytest.mark.parametrize(
    "media",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)
async def test_another_content_type_is_refused(shop, media):
    said = await shop.api.post(
        PAYMENTS, **body(json.dumps({"amount": inr(1)}), **{"content-type": media})
    )
    assert is_problem(said, 415, "content_type_unknown")


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"']
)
async def test_json_may_be_announced_in_each_correct_way(shop, media):
    said = await shop.api.post(
        PAYMENTS, **body(json.dumps({"amount": inr(1)}), **{"content-type": media})
    )
    assert said.status_code == 201


async def test_a_body_is_bounded(shop):
    large = json.dumps({"amount": inr(1), "description": "x" * 70_000})
    assert is_problem(await shop.api.post(PAYMENTS, **body(large)), 413, "body_too_large")

    async def endless():
        for _ in range(100):
            yield b" " * 1000

    said = await shop.api.post(
        PAYMENTS, content=endless(), headers={"idempotency-key": "k", **JSON}
    )
    assert is_problem(said, 413, "body_too_large")


async def test_an_unknown_address_is_a_problem_too(shop):
    for path in ("/api/v1/nothing", "/api", "/api/", "/api/v2/payments", "/api/v1/payments/a/b/c"):
        assert is_problem(await shop.api.get(path), 404, "route_unknown"), path


async def test_another_method_is_refused_and_the_right_ones_named(shop):
    for method, path, allowed in (
        ("DELETE", PAYMENTS, {"GET", "POST", "OPTIONS"}),
        ("PUT", "/api/v1/balance", {"GET", "OPTIONS"}),
        ("POST", "/api/docs", {"GET", "OPTIONS"}),
    ):
        said = await shop.api.request(method, path)
        assert is_problem(said, 405, "method_not_allowed")
        assert {word.strip() for word in said.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=ten", "limit=1.5", "limit=", "limit=1&limit=2", "page=2",
        "state=lost", "state=", "limit", "reference=%FF", "limit=" + "9" * 30, "&", "=1",
        "reference=" + "x" * 65,
    ],
)  # fmt: skip
async def test_a_wrong_query_is_refused(shop, query):
    assert is_problem(await shop.api.get(f"{PAYMENTS}?{query}"), 422, "query_invalid")


async def test_each_answer_has_a_request_id(shop):
    said = await shop.api.get("/api/v1/balance", headers={"x-request-id": "till-7.42_a"})
    assert said.headers["x-request-id"] == "till-7.42_a"
    for unsound in ("", "a b", "x" * 65, "<script>", "é"):
        said = await shop.api.get("/api/v1/balance", headers={"x-request-id": unsound.encode()})
        assert len(said.headers["x-request-id"]) == 32, unsound
    for path in ("/api/openapi.json", "/api/docs", "/api/v1/nothing"):
        assert (await shop.api.get(path)).headers["x-request-id"]
    options = await shop.api.options("/api/v1/payments")
    assert (options.status_code, bool(options.headers["x-request-id"])) == (204, True)


async def test_no_answer_is_cached_or_sniffed(shop):
    said = await shop.get("/balance")
    assert said.headers["cache-control"] == "no-store"
    assert said.headers["x-content-type-options"] == "nosniff"


async def test_a_field_is_named_by_its_path(shop):
    said = await shop.post(
        "/webhooks/endpoints", {"url": "https://a.example/", "events": ["*", "x"]}
    )
    assert is_problem(said, 422, "body_invalid", "events[1]")


async def test_an_outage_is_said_and_nothing_is_known(shop, caplog):
    from argosy.base.refusals import Unavailable

    async def gone(_text):
        raise Unavailable("the database did not answer")

    shop.services.api_keys.read = gone
    said = await shop.get("/balance")
    assert is_problem(said, 503, "api_unavailable")
    assert said.headers["retry-after"] == "1"
    assert "database" not in said.text


def test_every_refusal_has_a_status():
    assert set(STATUS) == set(Kind)
    assert {status_of(reason) for reason in every_reason()} <= {
        400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503,
    }  # fmt: skip


async def test_a_batch_may_be_larger_and_is_bounded_too(db, clock, ids):
    from dataclasses import replace

    terms: Terms = replace(GENEROUS, body_bytes_max=1000, batch_bytes_max=5000)
    shop = await Shop.opened(db, clock, ids, terms)
    operator = await shop.operator()
    for size, status in ((900, 422), (4000, 422), (6000, 413)):
        said = await operator.post(
            "/api/v1/ledger/transfers", json={"transfers": [], "x": "y" * size}
        )
        assert said.status_code == status


@pytest.mark.parametrize("number", ["1250.0", "1.25e3", "12500e-1", "1250"])
async def test_a_whole_number_may_be_written_in_each_way_of_json(shop, number):
    text = json.dumps({"amount": inr(4711)}).replace("4711", number)
    said = await shop.api.post(PAYMENTS, **body(text))
    assert said.json()["amount"] == inr(1250)


@pytest.mark.parametrize("number", ["12.5", "1e30", "1e400", "1e999999999", "-0.0", "1250.000001"])
async def test_another_number_is_no_amount(shop, number):
    text = json.dumps({"amount": inr(4711)}).replace("4711", number)
    said = await shop.api.post(PAYMENTS, **body(text))
    assert said.status_code in (400, 422), said.text


async def test_nothing_is_the_word_null_in_a_query(shop):
    for query in ("state=null", "state=None"):
        assert is_problem(await shop.api.get(f"{PAYMENTS}?{query}"), 422, "query_invalid", "state")


async def test_an_address_says_what_it_takes(shop):
    for path, allowed in (
        (PAYMENTS, "GET, POST, OPTIONS"),
        ("/api/v1/webhooks/endpoints/x", "DELETE, GET, PATCH, OPTIONS"),
        ("/api/docs", "GET, OPTIONS"),
    ):
        said = await shop.with_key(None).options(path)
        assert (said.status_code, said.headers["allow"]) == (204, allowed)


async def test_it_stands_beside_the_other_channels(shop):
    """The wiring's own web application: the API keeps its words, whatever the others do."""
    from argosy.web import web
    from tests.partners.shop import caller

    client = caller(web(shop.wallet))
    key = {"authorization": f"Bearer {shop.keys['tea'].text}"}
    assert (await client.get("/api/v1/balance", headers=key)).json()["balance"] == inr(0)
    assert is_problem(await client.get("/api/v1/nothing", headers=key), 404, "route_unknown")
    assert is_problem(await client.put("/api/v1/balance", headers=key), 405, "method_not_allowed")
    made = await client.post(
        "/api/v1/payments", json={"amount": inr(1)}, headers={**key, "idempotency-key": "k"}
    )
    assert made.status_code == 201
