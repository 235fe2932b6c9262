"""Merchants are told what happens: signed, in order for each payment, at least once, and by nobody
who could be made to call where he should not."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from argosy.base.outbox import append
from argosy.base.postings import Event
from argosy.partners.api.shapes import DeliveryState as Words
from argosy.partners.webhooks.facts import DeliveryState
from argosy.partners.webhooks.webhooks import Webhooks
from tests.partners import receiver as acts
from tests.partners.hooks import Hooks
from tests.partners.receiver import Receiver
from tests.partners.shop import CALLING, Shop, inr, is_problem


@pytest.fixture
async def receiver() -> Any:
    opened = await Receiver().open()
    yield opened
    opened.close()


@pytest.fixture
def hooks(shop) -> Hooks:
    return Hooks(shop)


async def endpoint(shop: Shop, url: str, **more: Any) -> dict[str, Any]:
    said = await shop.post("/webhooks/endpoints", {"url": url, **more})
    assert said.status_code == 201, said.text
    return said.json()


async def told(shop: Shop, payment: str, *kinds: str) -> None:
    """Announce `kinds` of a payment, one after the other."""
    for kind in kinds:
        async with shop.wallet.db.work() as conn:
            tea = shop.people["tea"].id
            body = {"id": payment, "payee": str(tea), "state": kind.partition(".")[2]}
            event = Event(shop.ids.new(), UUID(payment), kind, body, (tea,))
            await append(conn, [event], shop.clock.now())


# --- what arrives ----------------------------------------------------------------------------------


async def test_a_payment_is_told_from_beginning_to_end(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url("/hook?shop=tea"))
    payment = await shop.paid(12_50, reference="T-1", description="Two chai for Asha")
    await shop.post(f"/payments/{payment['id']}/refunds", {"amount": inr(2_50)})
    assert await hooks.run() == 3
    assert receiver.kinds == ["payment.created", "payment.paid", "payment.refunded"]
    for got in receiver.got:
        assert got.path == "/hook?shop=tea"
        assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
        Webhook(made["secret"]).verify(got.body, _now(got.headers))
    refunded = receiver.got[-1].content
    assert refunded["data"]["id"] == payment["id"]
    assert refunded["data"]["reference"] == "T-1"
    assert refunded["data"]["refunded_minor"] == 2_50
    assert refunded["timestamp"] == "2026-11-22T04:30:00.000Z"
    assert await hooks.run() == 0


def _now(headers: dict[str, str]) -> dict[str, str]:
    """The headers as they are; the library looks at the machine's clock, so that is moved to theirs."""
    import standardwebhooks.webhooks as library

    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)

    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    library.datetime = Stopped
    return headers


@pytest.fixture(autouse=True)
def _the_librarys_own_clock():
    import standardwebhooks.webhooks as library

    real = library.datetime
    yield
    library.datetime = real


async def test_twin_a_changed_body_or_another_secret_is_seen(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    await shop.payment()
    await hooks.run()
    (got,) = receiver.got
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(got.body + b" ", _now(got.headers))
    other = "whsec_" + "A" * 43 + "="
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(got.body, _now(got.headers))


async def test_nobody_personal_is_in_it(shop, hooks, receiver):
    await endpoint(shop, receiver.url(), events=["*"])
    payment = await shop.paid(description="for Asha at +919800000001")
    await shop.post(f"/payments/{payment['id']}/refunds", {"description": "sorry Asha"})
    await hooks.run()
    everything = b"".join(got.body for got in receiver.got).decode()
    asha = shop.people["asha"]
    for personal in ("Asha", "98000", str(asha.id), str(asha.account), asha.number, "sorry"):
        assert personal not in everything
    assert "payment.refunded" in everything


async def test_bodies_are_stable(shop, hooks, receiver):
    await endpoint(shop, receiver.url("/a"))
    await endpoint(shop, receiver.url("/b"))
    receiver.answers = [acts.NO]
    await shop.payment()
    await hooks.run()
    await hooks.run(seconds=5)
    assert len(receiver.got) == 3
    assert len({got.body for got in receiver.got}) == 1
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    data = receiver.got[0].content["data"]
    assert list(data) == sorted(data)


async def test_an_endpoint_hears_what_it_asked_for(shop, hooks, receiver):
    await endpoint(shop, receiver.url("/paid"), events=["payment.paid"])
    await endpoint(shop, receiver.url("/all"), events=["*"])
    await endpoint(shop, receiver.url("/none"), events=["withdrawal.*"])
    await shop.paid()
    await hooks.run()
    heard = sorted((got.path, got.kind) for got in receiver.got)
    assert heard == [
        ("/all", "payment.created"),
        ("/all", "payment.paid"),
        ("/paid", "payment.paid"),
    ]


async def test_nobody_hears_of_others(shop, hooks, receiver):
    """Nor does a merchant who pays another merchant take it for income."""
    from argosy.base.parties.facts import PartyKind

    mill = await shop.join("mill", "+919800000009", PartyKind.MERCHANT)
    client = shop.with_key((await shop.key("mill")).text)
    await client.post(
        "/api/v1/webhooks/endpoints", json={"url": receiver.url("/mill")}, headers=shop.fresh()
    )
    await endpoint(shop, receiver.url("/tea"))
    payment = await shop.payment()
    tea = shop.people["tea"].id
    async with shop.wallet.db.work() as conn:
        body = {"id": payment["id"], "payee": str(tea)}
        both = (mill.id, tea)
        paid = Event(shop.ids.new(), UUID(payment["id"]), "payment.paid", body, both)
        await append(conn, [paid], shop.clock.now())
    await hooks.run()
    assert [(got.path, got.kind) for got in receiver.got] == [
        ("/tea", "payment.created"),
        ("/tea", "payment.paid"),
    ]


async def test_an_endpoint_hears_nothing_from_before_it_was_there(shop, hooks, receiver):
    await shop.payment()
    shop.clock.advance(seconds=1)
    await endpoint(shop, receiver.url())
    await shop.payment()
    await hooks.run()
    assert receiver.kinds == ["payment.created"]


# --- failures --------------------------------------------------------------------------------------


async def test_it_is_tried_again_after_growing_waits_and_then_given_up(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    receiver.then = acts.NO
    await shop.payment()
    await hooks.run()
    waits = []
    while True:
        (one,) = await hooks.listed()
        if one["state"] == "dead":
            break
        next_at = datetime.fromisoformat(one["next_at"])
        waits.append(next_at - shop.clock.now())
        shop.clock.set(next_at - timedelta(milliseconds=1))
        assert await hooks.run() == 0
        assert await hooks.run(milliseconds=1) == 1
        if len(waits) == 6:  # it would be paused: see below
            await shop.wallet.db.run("UPDATE webhooks.endpoints SET failing_since = now()")
    assert waits == list(CALLING.waits)
    assert len(receiver.got) == 10
    (dead,) = await hooks.listed(state="dead")
    assert (dead["tries"], dead["status"], dead["answer"]) == (10, 500, "broken")
    assert dead["problem"] == "answered 500"
    assert await hooks.listed(state="waiting") == []


async def test_waits_are_lengthened_by_chance_handed_in(db, clock, ids, receiver):
    shop = await Shop.opened(db, clock, ids, jitter=lambda: 1.0)
    hooks = Hooks(shop)
    await endpoint(shop, receiver.url())
    receiver.then = acts.NO
    await shop.payment()
    await hooks.run()
    (one,) = await hooks.listed()
    assert datetime.fromisoformat(one["next_at"]) - clock.now() == timedelta(seconds=6)


async def test_a_receiver_may_ask_for_more_time(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    receiver.answers = [acts.LATER]
    await shop.payment()
    await hooks.run()
    assert await hooks.run(seconds=599) == 0
    assert await hooks.run(seconds=1) == 1
    assert (await hooks.states()) == {"payment.created": "delivered"}


LIES = {
    "says nothing": (acts.silence, "no answer in time"),
    "drips": (acts.drip, None),
    "is no web server": (acts.NO_HTTP, "RemoteProtocolError"),
    "stops in the middle": (acts.HALF, "RemoteProtocolError"),
    "sends us elsewhere": (acts.AWAY, "redirects are not followed"),
    "hangs up": (b"", "RemoteProtocolError"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_receiver_that_lies_is_not_believed(shop, hooks, receiver, lie):
    act, problem = LIES[lie]
    await endpoint(shop, receiver.url())
    receiver.answers = [act % receiver.port if act is acts.AWAY else act]
    await shop.payment()
    assert await hooks.run() == 1
    (one,) = await hooks.listed()
    assert one["state"] == "waiting"
    assert problem is None or one["problem"].startswith(problem)
    assert len(receiver.got) == 1
    await hooks.run(seconds=5)
    assert await hooks.states() == {"payment.created": "delivered"}


async def test_a_flood_is_not_read(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    receiver.answers = [acts.flood]
    await shop.payment()
    await hooks.run()
    (one,) = await hooks.listed()
    assert (one["state"], one["answer"]) == ("delivered", "x" * CALLING.answer_bytes_max)


async def test_nobody_at_the_address(shop, hooks, receiver):
    receiver.close()
    await endpoint(shop, receiver.url())
    await shop.payment()
    await hooks.run()
    (one,) = await hooks.listed()
    assert (one["state"], one["status"]) == ("waiting", None)
    assert one["problem"].startswith("ConnectError")


# --- order -----------------------------------------------------------------------------------------


async def test_a_later_event_waits_for_the_earlier_one_of_its_payment(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    first, second = await shop.payment(), await shop.payment()
    receiver.answers = [acts.NO, acts.NO]  # for the two `created`
    await told(shop, first["id"], "payment.paid", "payment.refunded")
    await told(shop, second["id"], "payment.cancelled")
    await hooks.run()
    assert receiver.kinds == ["payment.created"] * 2
    waiting = await hooks.listed()
    assert [one["next_at"] is None for one in waiting if one["kind"] != "payment.created"] == [
        True
    ] * 3
    receiver.got.clear()
    await hooks.run(seconds=5)
    by_payment = {p["id"]: [] for p in (first, second)}
    for got in receiver.got:
        by_payment[got.content["data"]["id"]].append(got.kind)
    assert by_payment[first["id"]] == ["payment.created", "payment.paid", "payment.refunded"]
    assert by_payment[second["id"]] == ["payment.created", "payment.cancelled"]


async def test_twin_without_turns_the_order_is_lost(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    payment = await shop.payment()
    await told(shop, payment["id"], "payment.paid")
    receiver.answers = [acts.NO]
    await hooks.run()
    await shop.wallet.db.run(
        "UPDATE webhooks.deliveries SET next_at = $1 WHERE next_at IS NULL", shop.clock.now()
    )
    await hooks.run()
    assert receiver.kinds == ["payment.created", "payment.paid"]  # paid, and created not yet
    assert (await hooks.states())["payment.created"] == "waiting"


async def test_one_payment_does_not_wait_for_another(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    await shop.payment()
    receiver.answers = [acts.NO]
    await hooks.run()
    await shop.payment()
    await hooks.run()
    assert len(receiver.got) == 2
    assert sorted(one["state"] for one in await hooks.listed()) == ["delivered", "waiting"]


async def test_what_is_given_up_lets_the_next_one_go(shop, receiver, db, clock, ids):
    few = replace(CALLING, waits=(timedelta(seconds=5),))
    shop.services = replace(
        shop.services,
        webhooks=Webhooks(db, ids, clock, shop.wallet.keys, few, jitter=lambda: 0.0),
    )
    hooks = Hooks(shop)
    await endpoint_of(hooks, receiver.url())
    payment = await shop.payment()
    await told(shop, payment["id"], "payment.paid")
    receiver.answers = [acts.NO, acts.NO]
    await hooks.run()
    assert receiver.kinds == ["payment.created"]
    await hooks.run(seconds=5)
    assert receiver.kinds == ["payment.created", "payment.created", "payment.paid"]
    assert await hooks.states() == {"payment.created": "dead", "payment.paid": "delivered"}


async def endpoint_of(hooks: Hooks, url: str) -> None:
    tea = hooks.shop.people["tea"].id
    await hooks.webhooks.endpoints.create(tea, url, ["payment.*"])


async def test_order_holds_under_failures_and_two_processes(shop, receiver, db, clock, ids):
    """Twelve payments of four events each, two processes call and note, and every third event fails
    twice: an event and not a call, or one event could meet the failing call each time until it is dead."""
    await endpoint(shop, receiver.url())
    payments = [(await shop.payment())["id"] for _ in range(12)]
    tries: Counter[str] = Counter()

    async def sometimes(writer: asyncio.StreamWriter) -> None:
        called = receiver.got[-1].headers["webhook-id"]
        tries[called] += 1
        fails = list(tries).index(called) % 3 == 2 and tries[called] <= 2
        await asyncio.sleep(0.002 * (len(receiver.got) % 5))
        writer.write(acts.NO if fails else acts.YES)
        await writer.drain()

    receiver.then = sometimes
    other = Webhooks(db, ids, clock, shop.wallet.keys, CALLING, jitter=lambda: 0.0)
    one, two = Hooks(shop), Hooks(shop, other)
    kinds = ("payment.paid", "payment.partly", "payment.refunded")

    async def happen() -> None:
        for kind in kinds:
            await asyncio.gather(*(told(shop, payment, kind) for payment in payments))

    await one.note()
    await asyncio.gather(happen(), one.run(), two.run(), one.run(), two.run())
    for _ in range(40):
        await asyncio.gather(one.run(seconds=3600), two.run())
        if not await one.listed(state="waiting"):
            break
    delivered: dict[str, list[str]] = {payment: [] for payment in payments}
    for got in receiver.got:
        heard = delivered[got.content["data"]["id"]]
        if not heard or heard[-1] != got.kind:  # a repetition of the same one is no disorder
            heard.append(got.kind)
    assert set(map(tuple, delivered.values())) == {("payment.created", *kinds)}
    assert {d["state"] for d in await one.listed()} == {"delivered"}


async def test_two_processes_never_deliver_the_same_at_once(shop, receiver, db, clock, ids):
    await endpoint(shop, receiver.url())
    for _ in range(30):
        await shop.payment()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(acts.YES)
        await writer.drain()

    receiver.then = slowly
    others = [Hooks(shop, Webhooks(db, ids, clock, shop.wallet.keys, CALLING)) for _ in range(3)]
    await others[0].note()
    assert sum(await asyncio.gather(*(other.run() for other in others))) == 30
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 30


async def test_who_dies_while_calling_leaves_it_to_the_next_one_after_the_lease(
    shop, hooks, receiver
):
    await endpoint(shop, receiver.url())
    await shop.payment()
    receiver.answers = [acts.silence]
    dying = asyncio.create_task(hooks.run())
    await receiver.called.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert await hooks.run(seconds=59) == 0
    assert await hooks.run(seconds=1) == 1
    assert await hooks.states() == {"payment.created": "delivered"}
    assert len(receiver.got) == 2  # at least once


async def test_events_are_noted_once_whatever_becomes_of_the_reader(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    await shop.paid()
    other = Hooks(shop, shop.wallet.webhooks)
    await asyncio.gather(hooks.note(), other.note())
    await shop.wallet.db.run("UPDATE outbox.cursors SET xact = '0', place = 0")
    await hooks.note()  # all of it once more, as after a lost cursor
    assert len(await hooks.listed()) == 2


# --- fairness and pauses ---------------------------------------------------------------------------


async def test_a_slow_receiver_holds_up_nobody_else(shop, hooks, receiver):
    slow = await Receiver(then=acts.silence).open()
    await endpoint(shop, slow.url())
    for _ in range(20):
        await shop.payment()
    await endpoint(shop, receiver.url())
    for _ in range(20):
        await shop.payment()
    await hooks.note()
    running = asyncio.create_task(hooks.run())
    async with asyncio.timeout(
        CALLING.call_seconds_max - 0.5
    ):  # before the first slow call is over
        while len(receiver.got) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    slow.close()
    assert slow.at_most <= CALLING.calls_at_once_each


async def test_a_sweep_at_its_limit_leaves_slow_calls_to_go_on(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    receiver.answers = [acts.silence]
    for _ in range(5):
        await shop.payment()
    await hooks.note()
    now = shop.clock.now()
    async with asyncio.timeout(CALLING.call_seconds_max - 0.5):  # less than the slow call takes
        assert await hooks.webhooks.call(now, 2) == 2
        assert await hooks.webhooks.call(now, 2) == 2
    assert await hooks.webhooks.call(now, 2) == 1  # and with nothing left, waits for all
    assert sorted(one["state"] for one in await hooks.listed()) == ["delivered"] * 4 + ["waiting"]


async def test_an_endpoint_that_keeps_failing_is_paused_and_loses_nothing(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    receiver.then = acts.NO
    for _ in range(25):
        await shop.payment()
    await hooks.run()
    path = f"/webhooks/endpoints/{made['id']}"
    stands = (await shop.get(path)).json()
    assert (stands["state"], stands["failures"]) == ("active", 25)  # it may be back in a minute
    await hooks.run(hours=12)
    stands = (await shop.get(path)).json()
    assert (stands["state"], stands["paused_why"]) == ("paused", "failing")
    receiver.got.clear()
    await shop.payment()
    assert await hooks.run(hours=1) == 0
    receiver.then = acts.YES
    resumed = await shop.api.patch(f"/api/v1{path}", json={"state": "active"})
    assert (resumed.json()["state"], resumed.json()["failures"]) == ("active", 0)
    await hooks.run(hours=1)
    await hooks.run(hours=1)
    assert len(receiver.got) == 26
    assert {one["state"] for one in await hooks.listed()} == {"delivered"}


async def test_a_success_forgets_the_failures_before_it(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    receiver.answers = [acts.NO]
    await shop.payment()
    await hooks.run()
    path = f"/webhooks/endpoints/{made['id']}"
    assert (await shop.get(path)).json()["failures"] == 1
    await hooks.run(seconds=5)
    assert (await shop.get(path)).json()["failures"] == 0


async def test_an_address_that_is_gone_is_called_no_more(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    receiver.answers = [acts.GONE]
    await shop.payment()
    await hooks.run()
    stands = (await shop.get(f"/webhooks/endpoints/{made['id']}")).json()
    assert (stands["state"], stands["paused_why"]) == ("paused", "gone")
    assert await hooks.run(hours=1) == 0


async def test_what_waits_too_long_is_given_up_and_what_is_old_forgotten(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    await shop.api.patch(f"/api/v1/webhooks/endpoints/{made['id']}", json={"state": "paused"})
    payment = await shop.payment()
    await told(shop, payment["id"], "payment.paid")
    await hooks.run()
    now = shop.clock.advance(days=14, seconds=1)
    assert await hooks.webhooks.tidy(now, 100) == 2
    assert set((await hooks.states()).values()) == {"dead"}
    now = shop.clock.advance(days=30, seconds=1)
    assert await hooks.webhooks.tidy(now, 100) == 2
    assert await hooks.listed() == []


# --- again -----------------------------------------------------------------------------------------


async def test_a_dead_letter_is_delivered_again_on_request(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    payment = await shop.payment()
    await hooks.run()
    await shop.wallet.db.run(
        "UPDATE webhooks.deliveries SET state = 'dead', ended_at = now(), next_at = NULL"
    )
    (dead,) = await hooks.listed(state="dead")
    assert dead["subject"] == payment["id"]
    path = f"/webhooks/deliveries/{dead['id']}"
    said = await shop.post(f"{path}/redeliver", key="again")
    assert (said.status_code, said.json()["state"], said.json()["tries"]) == (202, "waiting", 0)
    assert is_problem(await shop.post(f"{path}/redeliver"), 409, "delivery_waiting")
    assert await hooks.run() == 1
    first, second = receiver.got
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert (await shop.get(path)).json()["state"] == "delivered"
    once = await shop.post(f"{path}/redeliver", key="again")  # the first answer, and no third call
    assert once.headers["idempotency-replayed"] == "true"
    assert await hooks.run() == 0
    assert (await shop.post(f"{path}/redeliver", key="third")).status_code == 202
    assert await hooks.run() == 1


async def test_what_is_delivered_again_keeps_its_place_before_what_waits(shop, hooks, receiver):
    await endpoint(shop, receiver.url())
    payment = await shop.payment()
    await hooks.run()
    receiver.then = acts.NO
    await told(shop, payment["id"], "payment.paid")
    await hooks.run()
    created = next(one for one in await hooks.listed() if one["kind"] == "payment.created")
    await shop.post(f"/webhooks/deliveries/{created['id']}/redeliver")
    receiver.then = acts.YES
    receiver.got.clear()
    await hooks.run(seconds=5)
    assert receiver.kinds == ["payment.created", "payment.paid"]


async def test_deliveries_of_others_are_not_there(shop, hooks, receiver):
    from argosy.base.parties.facts import PartyKind

    made = await endpoint(shop, receiver.url())
    await shop.payment()
    await hooks.run()
    (one,) = await hooks.listed()
    await shop.join("rival", "+919800000009", PartyKind.MERCHANT)
    rival = shop.with_key((await shop.key("rival")).text)
    assert (await rival.get("/api/v1/webhooks/deliveries")).json()["items"] == []
    for path, code in (
        (f"deliveries/{one['id']}", "delivery_not_found"),
        ("deliveries/nonsense", "delivery_not_found"),
        (f"endpoints/{made['id']}", "endpoint_not_found"),
        ("endpoints/nonsense", "endpoint_not_found"),
    ):
        assert is_problem(await rival.get(f"/api/v1/webhooks/{path}"), 404, code)


# --- endpoints -------------------------------------------------------------------------------------


async def test_a_secret_is_shown_once_and_kept_sealed(shop, receiver):
    made = await endpoint(shop, receiver.url(), label="Till")
    assert made["secret"].startswith("whsec_")
    read = (await shop.get(f"/webhooks/endpoints/{made['id']}")).json()
    assert "secret" not in read
    assert read == {k: v for k, v in made.items() if k != "secret"}
    row = await shop.wallet.db.value("SELECT e::text FROM webhooks.endpoints e")
    assert made["secret"][6:] not in row
    assert (await shop.get("/webhooks/endpoints")).json()["items"] == [read]


async def test_a_new_secret_signs_at_once_and_the_old_one_for_a_day(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    path = f"/webhooks/endpoints/{made['id']}/rotate"
    rotated = (await shop.post(path, key="turn")).json()
    assert rotated["secret"] != made["secret"]
    assert (await shop.post(path, key="turn")).json() == rotated
    await shop.payment()
    await hooks.run()
    (got,) = receiver.got
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(got.body, _now(got.headers))
    shop.clock.advance(days=1)
    await shop.payment()
    await hooks.run()
    got = receiver.got[-1]
    assert len(got.headers["webhook-signature"].split(" ")) == 1
    Webhook(rotated["secret"]).verify(got.body, _now(got.headers))


async def test_an_endpoint_that_is_deleted_is_called_no_more(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url())
    await shop.payment()
    await hooks.note()
    path = f"/api/v1/webhooks/endpoints/{made['id']}"
    said = await shop.api.delete(path)
    assert (said.status_code, said.content) == (204, b"")
    assert is_problem(await shop.api.delete(path), 404, "endpoint_not_found")
    assert await hooks.run() == 0
    assert receiver.got == []


async def test_endpoints_are_bounded(shop, receiver):
    said = await asyncio.gather(
        *(shop.post("/webhooks/endpoints", {"url": receiver.url()}) for _ in range(14))
    )
    assert sorted(one.status_code for one in said) == [201] * 10 + [403] * 4
    refused = next(one for one in said if one.status_code == 403)
    assert is_problem(refused, 403, "endpoints_too_many")


async def test_an_address_must_be_one(shop):
    for url in (
        "", "ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example:0/",
        "https://a.example:65536/", "https://a b/", "https://ä.example/", "//a.example/",
        "https://a.example/\n", "https://a.example/" + "x" * 500, "https://[::1]/",
    ):  # fmt: skip
        said = await shop.post("/webhooks/endpoints", {"url": url})
        assert is_problem(said, 422, "body_invalid"), url


async def test_changes_are_checked_like_new_ones(shop, hooks, receiver):
    made = await endpoint(shop, receiver.url("/old"))
    path = f"/api/v1/webhooks/endpoints/{made['id']}"
    wrong = await shop.api.patch(path, json={"url": "gopher://x/"})
    assert is_problem(wrong, 422, "body_invalid", "url")
    changed = await shop.api.patch(
        path, json={"url": receiver.url("/new"), "events": ["payment.paid"], "label": "New"}
    )
    assert changed.json()["label"] == "New"
    await shop.paid()
    await hooks.run()
    assert [(got.path, got.kind) for got in receiver.got] == [("/new", "payment.paid")]


async def test_the_state_words_of_the_api_are_those_of_the_service():
    assert set(get_args(Words)) == {state.value for state in DeliveryState}
