"""Another wallet sends its events and is told what to do with them: each once, whatever happens."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from argosy.ctu.service.facts import Scope


async def test_an_event_is_judged_and_the_answer_says_why(hired, wallet):
    event = hired.event("anita", 60_000)
    said = await wallet.post("/v1/events", json=event)
    assert said.status_code == 200
    verdict = said.json()
    assert (verdict["event"], verdict["decision"], verdict["score"]) == (event["id"], "review", 0.8)
    assert verdict["hits"] == [
        {
            "rule": "amount.very_large",
            "decision": "review",
            "values": {"event.amount": 60_000_00},
        }
    ]
    shown = (await wallet.get(f"/v1/verdicts/{verdict['id']}")).json()
    assert (shown["content"]["account"], shown["outcome"]) == ("anita", "held")
    assert "amount.very_large asks for review: event.amount = 6000000" in shown["text"]


async def test_the_same_event_again_is_given_the_same_verdict(hired, wallet):
    event = hired.event()
    first = await wallet.post("/v1/events", json=event)
    again = await wallet.post("/v1/events", json={**event, "amount": 10000.0, "proofs": ["pin"]})
    assert again.json() == first.json()
    assert ("replayed" in first.headers, again.headers["replayed"]) == (False, "true")
    assert hired.brain.judged == 1
    assert await hired.db.value("SELECT count(*) FROM outbox.events") == 1


@pytest.mark.parametrize(
    "change, field",
    [
        ({"amount": 1}, "amount"),
        ({"payee": "other"}, "payee"),
        ({"device": None}, "device"),
        ({"attributes": {"level": "full"}}, "attributes.level"),
        ({"proofs": ["pin", "otp"]}, "proofs"),
    ],
)
async def test_another_event_under_a_known_id_is_refused_and_the_field_is_named(
    hired, wallet, change, field
):
    event = hired.event()
    await wallet.post("/v1/events", json=event)
    other = {name: value for name, value in {**event, **change}.items() if value is not None}
    said = await wallet.post("/v1/events", json=other)
    assert said.status_code == 409
    assert said.headers["content-type"] == "application/problem+json"
    problem = said.json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("event_exists_differently", field)
    assert f"`{field}`" in problem["detail"]


async def test_sent_at_the_same_moment_it_is_judged_for_both_and_kept_once(hired, wallet):
    event = hired.event()
    said = await asyncio.gather(*(wallet.post("/v1/events", json=event) for _ in range(8)))
    assert len({one.text for one in said}) == 1
    assert await hired.db.value("SELECT count(*) FROM ctu.service_events") == 1
    assert await hired.db.value("SELECT count(*) FROM outbox.events") == 1


async def test_a_challenged_event_comes_again_with_the_proof(hired, wallet):
    event = hired.event("anita", 20_000)
    asked = (await wallet.post("/v1/events", json=event)).json()
    assert (asked["decision"], asked["challenge"]) == ("challenge", "otp")
    proven = (await wallet.post("/v1/events", json={**event, "proofs": ["pin", "otp"]})).json()
    assert proven["decision"] == "allow"
    old = await wallet.post("/v1/events", json=event)
    assert old.json()["errors"][0]["field"] == "proofs"
    await hired.read_log()
    outcomes = await hired.db.all("SELECT outcome FROM ctu.events ORDER BY log_no")
    assert [row["outcome"] for row in outcomes] == ["challenged", "posted"]


async def test_no_answer_is_not_a_yes(hired, wallet):
    hired.brain.outage = True
    said = await wallet.post("/v1/events", json=hired.event())
    assert (said.status_code, said.json()["code"]) == (503, "risk_brain_unavailable")
    assert said.headers["retry-after"]
    assert await hired.db.value("SELECT count(*) FROM ctu.service_events") == 0


async def test_a_batch_is_judged_one_by_one(hired, wallet):
    known = hired.event("ravi")
    await wallet.post("/v1/events", json=known)
    events = [
        hired.event("anita"),
        {**known, "amount": 7},
        hired.event("thief"),
        known,
        hired.event("meera", 60_000),
    ]
    events.append(events[0])
    items = (await wallet.post("/v1/events:batch", json={"events": events})).json()["items"]
    assert [i["event"] for i in items] == [e["id"] for e in events]
    assert [i["verdict"] and i["verdict"]["decision"] for i in items] == [
        "allow",
        None,
        "deny",
        "allow",
        "review",
        "allow",
    ]
    assert items[1]["problem"]["code"] == "event_exists_differently"
    assert items[5]["verdict"] == items[0]["verdict"]


async def test_a_thousand_at_once(hired, wallet):
    events = [hired.event(f"customer {n % 50}", 10 + n) for n in range(1_000)]
    items = (await wallet.post("/v1/events:batch", json={"events": events})).json()["items"]
    assert len(items) == 1_000
    again = (await wallet.post("/v1/events:batch", json={"events": events})).json()["items"]
    assert again == items
    too_many = await wallet.post("/v1/events:batch", json={"events": [*events, hired.event()]})
    assert too_many.status_code == 422


# --- outcomes and labels ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rupees, said, status",
    [
        (10, "posted", 200),
        (10, "refused", 200),
        (10, "held", 409),
        (60_000, "posted", 200),
        (60_000, "refused", 200),
        (20_000, "posted", 200),
    ],
)
async def test_the_sender_tells_what_became_of_it(hired, wallet, rupees, said, status):
    event = hired.event("anita", rupees)
    await wallet.post("/v1/events", json=event)
    for _ in range(2):
        told = await wallet.post("/v1/outcomes", json={"event": event["id"], "outcome": said})
        assert told.status_code == status
    await hired.read_log()
    released = await hired.db.value("SELECT bool_or(released) FROM ctu.events")
    assert released is (rupees == 60_000 and said == "posted")


async def test_an_outcome_of_what_was_never_sent_is_not_found(wallet):
    told = await wallet.post("/v1/outcomes", json={"event": str(uuid4()), "outcome": "posted"})
    assert (told.status_code, told.json()["errors"][0]["field"]) == (404, "event")


async def test_what_was_found_out_is_a_label_at_once(hired, wallet):
    event = hired.event("anita", 500)
    await wallet.post("/v1/events", json=event)
    body = {"event": event["id"], "bad": True, "source": "chargeback", "scheme": "card_testing"}
    label = (await wallet.post("/v1/labels", json=body)).json()
    assert (label["bad"], label["loss"], label["scheme"]) == (True, 500_00, "card_testing")
    await hired.read_log()
    row = await hired.db.one("SELECT * FROM ctu.labels")
    assert (row["by"], row["known_no"] is not None or row["turn_no"] is not None) == (
        "wallet",
        True,
    )


async def test_a_label_on_what_was_never_sent_is_refused(wallet):
    said = await wallet.post("/v1/labels", json={"event": str(uuid4()), "bad": True})
    assert (said.status_code, said.json()["code"]) == (404, "event_not_known")


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, field",
    [
        ({"amonut": 1}, "amonut"),
        ({"amount": -1}, "amount"),
        ({"amount": "100"}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"currency": "QQQ"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"id": "x"}, "id"),
        ({"device": ""}, "device"),
        ({"kind": "Send Money"}, "kind"),
        ({"attributes": {"Level": 1}}, "attributes"),
        ({"attributes": {"level": {"a": 1}}}, "attributes[...]"),
        ({"account": None}, "account"),
        ({"account": "a\x00b"}, "account"),
        ({"at_ms": 10**15}, "at_ms"),
    ],
)
async def test_what_is_no_event_is_refused_by_the_name_of_its_field(hired, wallet, change, field):
    sent = {**hired.event(), **change}
    said = await wallet.post("/v1/events", json={k: v for k, v in sent.items() if v is not None})
    problem = said.json()
    assert (said.status_code, problem["code"]) == (422, "risk_body_invalid")
    assert problem["errors"][0]["field"].startswith(field)
    assert hired.brain.judged == 0


async def test_the_field_in_a_batch_is_named_with_its_place(hired, wallet):
    events = [hired.event(), {**hired.event(), "amount": -5}]
    said = await wallet.post("/v1/events:batch", json={"events": events})
    assert said.json()["errors"][0]["field"] == "events[1].amount" or "events[" in said.text


async def test_the_rest_is_refused_in_the_same_words(hired, wallet):
    async def code(**ask):
        said = await wallet.request(**{"method": "POST", "url": "/v1/events", **ask})
        return said.status_code, said.json()["code"]

    headers = {"content-type": "application/json"}
    assert await code(content=b"{", headers=headers) == (400, "risk_body_unreadable")
    assert await code(content=b"\xff", headers=headers) == (400, "risk_body_unreadable")
    assert await code(content=b"{}", headers={"content-type": "text/plain"}) == (
        415,
        "risk_content_type",
    )
    large = hired.event(attributes={f"a{n}": "x" * 400 for n in range(200)})
    assert await code(json=large) == (413, "risk_body_too_large")
    assert await code(method="DELETE") == (405, "risk_method_not_allowed")
    assert await code(url="/v1/nothing") == (404, "risk_route_unknown")
    assert await code(method="GET", url="/v1/cases?limt=3") == (422, "risk_query_invalid")
    assert await code(method="GET", url=f"/v1/verdicts/{uuid4()}") == (404, "verdict_not_found")


# --- keys ------------------------------------------------------------------------------------------


async def test_nobody_gets_in_without_a_key(hired, wallet):
    for key, status, code in (
        (None, 401, "risk_key_missing"),
        ("rk_" + "x" * 43, 401, "risk_key_unknown"),
        ("nonsense", 401, "risk_key_unknown"),
    ):
        async with hired.client(key) as stranger:
            said = await stranger.post("/v1/events", json=hired.event())
            assert (said.status_code, said.json()["code"]) == (status, code)
            assert said.headers["www-authenticate"] == "Bearer"


async def test_a_key_opens_what_it_is_for(hired):
    async with await hired.wallet(Scope.EVENTS) as sender:
        assert (await sender.post("/v1/events", json=hired.event())).status_code == 200
        assert (await sender.get("/v1/cases")).json()["code"] == "risk_key_scope"
    async with await hired.wallet(Scope.DESK) as desk:
        assert (await desk.post("/v1/events", json=hired.event())).status_code == 403
        assert (await desk.get("/v1/cases")).status_code == 200


async def test_a_revoked_key_opens_nothing(hired, wallet):
    (key,) = await hired.keys.list()
    await hired.keys.revoke(key.id)
    assert (await wallet.post("/v1/events", json=hired.event())).status_code == 401


async def test_a_key_is_not_in_the_database(hired):
    made = await hired.keys.create("wallet", webhook="http://127.0.0.1:9/")
    dump = str(await hired.db.all("SELECT * FROM ctu.service_keys"))
    assert made.text not in dump
    assert made.secret not in dump
    assert made.text not in repr(made)


# --- around ----------------------------------------------------------------------------------------


async def test_health_and_document_need_no_key(hired):
    async with hired.client() as anybody:
        assert (await anybody.get("/health/live")).json() == {"status": "live"}
        assert (await anybody.get("/health/ready")).json() == {"status": "ready"}
        document = (await anybody.get("/openapi.json")).json()
        assert document["openapi"] == "3.1.0"
        page = await anybody.get("/docs")
        assert "judge_event" in page.text
        hired.brain.outage = True
        assert (await anybody.get("/health/ready")).status_code == 503


async def test_how_the_brain_is_set_can_be_read(wallet):
    facts = (await wallet.get("/v1/facts")).json()
    assert facts == {"version": "f1", "items": [{"name": "account.count_1h"}]}
    assert (await wallet.get("/v1/rules")).json()["items"] == []
    assert (await wallet.get("/v1/models")).status_code == 200


# --- the clock -----------------------------------------------------------------------------------------


async def test_an_event_far_ahead_of_the_clock_is_refused_and_nothing_is_kept(hired, wallet):
    """It would be the newest of its account for years; what happens meanwhile would look long ago."""
    now = hired.event()["at_ms"]
    for ahead_ms, status in ((9 * 60_000, 200), (11 * 60_000, 409), (70 * 365 * 86_400_000, 409)):
        said = await wallet.post("/v1/events", json=hired.event(at_ms=now + ahead_ms))
        assert said.status_code == status
    assert said.json()["code"] == "event_ahead"
    assert said.json()["errors"][0]["field"] == "at_ms"
    assert await hired.db.value("SELECT count(*) FROM outbox.events") == 1
    # Of a batch the others are judged.
    batch = [hired.event(at_ms=now), hired.event(at_ms=now + 86_400_000), hired.event(at_ms=now)]
    items = (await wallet.post("/v1/events:batch", json={"events": batch})).json()["items"]
    assert ["verdict" in item and item["verdict"] is not None for item in items] == [
        True,
        False,
        True,
    ]


async def test_an_event_of_long_ago_is_judged(hired, wallet):
    said = await wallet.post("/v1/events", json=hired.event(at_ms=1))
    assert said.status_code == 200
