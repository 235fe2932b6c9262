"""The sender's own analysts at the hired brain: cases, decisions, calls back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from argosy.ctu.service.facts import NewKey, ServiceReason
from tests.partners.receiver import NO, Receiver


@pytest.fixture
async def held(hired, wallet):
    """An event that is held, with its case."""
    event = hired.event("anita", 60_000, payee="mule")
    await wallet.post("/v1/events", json=event)
    await hired.read_log()
    (case,) = (await wallet.get("/v1/cases")).json()["items"]
    return event, case


def decision(by: str, what: str = "returned", **more):
    return {"decision": what, "by": by, "why": "the owner was called", **more}


async def test_a_case_is_shown_with_all_that_is_known(hired, wallet, held):
    event, case = held
    assert (case["event"], case["cause"], case["at_risk"]) == (event["id"], "review", 48_000_00)
    shown = (await wallet.get(f"/v1/cases/{case['id']}")).json()
    assert shown["case"] == case
    assert shown["content"]["payee"] == "mule"
    assert [p["id"] for p in shown["account_history"]] == [event["id"]]
    assert [s["what"] for s in shown["timeline"]] == ["send", "opened"]
    links = (await wallet.get(f"/v1/cases/{case['id']}/links")).json()
    assert {n["id"] for n in links["nodes"]} >= {"account anita", "account mule"}
    assert links["gang"] == [case["id"]]


async def test_a_case_is_claimed_decided_by_two_and_learned_from(hired, wallet, held):
    event, case = held
    path = f"/v1/cases/{case['id']}"
    claimed = (await wallet.post(f"{path}/claim", json={"by": "staff:7"})).json()
    assert claimed["claimed_by"] == "staff:7"
    other = await wallet.post(f"{path}/claim", json={"by": "staff:8"})
    assert (other.status_code, other.json()["code"]) == (409, "case_claimed")
    first = (await wallet.post(f"{path}/decide", json=decision("staff:7"))).json()
    assert (first["state"], first["proposal"]["by"]) == ("open", "staff:7")
    alone = await wallet.post(f"{path}/decide", json=decision("staff:7"))
    assert (alone.status_code, alone.json()["code"]) == (403, "case_needs_another")
    second = await wallet.post(f"{path}/decide", json=decision("staff:8", scheme="mule"))
    assert second.json()["state"] == "returned"
    await hired.read_log()
    label = await hired.db.one("SELECT * FROM ctu.labels")
    assert (str(label["event"]), label["bad"], label["scheme"]) == (event["id"], True, "mule")
    assert (await wallet.get("/v1/cases")).json()["items"] == []
    (done,) = (await wallet.get("/v1/cases?state=returned")).json()["items"]
    assert done["decided_by"] == "staff:8"


async def test_many_are_decided_at_once(hired, wallet):
    for n in range(3):
        await wallet.post("/v1/events", json=hired.event(f"victim {n}", 55_000))
    await hired.read_log()
    cases = [c["id"] for c in (await wallet.get("/v1/cases")).json()["items"]]
    for by in ("staff:7", "staff:8"):
        body = {"cases": [*cases, str(uuid4())], **decision(by)}
        items = (await wallet.post("/v1/cases:decide", json=body)).json()["items"]
    assert [i["case"] and i["case"]["state"] for i in items] == ["returned"] * 3 + [None]
    assert items[-1]["problem"]["code"] == "case_not_found"


async def test_the_list_is_paged(hired, wallet):
    events = [hired.event(f"p {n}", 50_000 + n) for n in range(5)]
    await wallet.post("/v1/events:batch", json={"events": events})
    await hired.read_log()
    seen, after = [], ""
    while True:
        page = (await wallet.get(f"/v1/cases?limit=2{after}")).json()
        seen += [c["id"] for c in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 5


# --- the sender is called --------------------------------------------------------------------------


@pytest.fixture
async def receiver():
    made = await Receiver().open()
    yield made
    made.close()


async def decided(hired, receiver) -> NewKey:
    made = await hired.keys.create("shop wallet", webhook=receiver.url("/risk"))
    async with hired.client(made.text) as sender:
        await sender.post("/v1/events", json=hired.event("thief", 5))
        await sender.post("/v1/events", json=hired.event("anita", 60_000))
        await hired.read_log()
        (case,) = (await sender.get("/v1/cases")).json()["items"]
        for by in ("staff:7", "staff:8"):
            await sender.post(f"/v1/cases/{case['id']}/decide", json=decision(by))
    await hired.read_log()
    return made


async def test_a_decision_calls_the_sender_with_a_signature(hired, receiver):
    made = await decided(hired, receiver)
    assert await hired.calls.call_due() == 1
    (call,) = receiver.got
    assert call.path == "/risk"
    at = datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), UTC)
    assert at == hired.clock.now().replace(microsecond=0)
    signature = Webhook(made.secret).sign(call.headers["webhook-id"], at, call.body.decode())
    assert call.headers["webhook-signature"] == signature
    data = call.content["data"]
    assert (call.kind, data["decision"], data["bad"]) == ("case.decided", "returned", True)
    assert await hired.calls.call_due() == 0


async def test_who_does_not_answer_is_called_again_and_in_the_end_no_more(hired, receiver, clock):
    receiver.then = NO
    await decided(hired, receiver)
    for _ in range(20):
        await hired.calls.call_due()
        clock.advance(hours=6)
    assert len(receiver.got) == hired.bounds.call_tries_max
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    row = await hired.db.one("SELECT state, said FROM ctu.service_calls")
    assert tuple(row) == ("given_up", "status 500")


async def test_another_senders_case_is_not_told(hired, wallet, receiver):
    await hired.keys.create("other wallet", webhook=receiver.url("/risk"))
    await wallet.post("/v1/events", json=hired.event("anita", 60_000))
    await hired.read_log()
    (case,) = await hired.cases.list()
    for by in ("staff:7", "staff:8"):
        await wallet.post(f"/v1/cases/{case.id}/decide", json=decision(by))
    await hired.read_log()
    assert await hired.calls.call_due() == 0


@pytest.mark.parametrize(
    "sender, webhook, reason",
    [
        ("", None, ServiceReason.RISK_KEY_LABEL),
        ("x" * 61, None, ServiceReason.RISK_KEY_LABEL),
        ("a\nb", None, ServiceReason.RISK_KEY_LABEL),
        ("wallet", "ftp://x/", ServiceReason.RISK_WEBHOOK_URL),
        ("wallet", "https://", ServiceReason.RISK_WEBHOOK_URL),
    ],
)
async def test_what_is_no_key_is_refused(hired, sender, webhook, reason):
    assert (await hired.keys.create(sender, webhook=webhook)).reason is reason


async def test_answers_are_the_same_bytes_from_every_process(hired, wallet):
    event = hired.event("anita", 60_000)
    said = await asyncio.gather(*(wallet.post("/v1/events", json=event) for _ in range(2)))
    assert said[0].content == said[1].content
    assert msgspec.json.decode(said[0].content)["event"] == event["id"]
