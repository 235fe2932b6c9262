"""Web Push: encrypted for one device, signed, never to where it could do harm."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Party
from argosy.base.refusals import Refused
from argosy.public_services.notify.carriers import Carried, Parcel, Subscription
from argosy.public_services.notify.push import sealing
from argosy.public_services.notify.push.carrier import Push, new_key, public_key, read
from argosy.public_services.notify.subscriptions import DEVICES_MAX, NotifyReason, Subscriptions
from argosy.public_services.outside.calls import Bounds, Outside
from tests.people import customer
from tests.public_services.desk import Desk
from tests.public_services.notify.browser import Browser, b64, unb64
from tests.public_services.notify.post_office import PostOffice

KEY = read(f"vapid:{new_key()}")
CONTACT = "mailto:wallet@argosy.example"


@pytest.fixture
async def office():
    opened = await PostOffice().open()
    yield opened
    await opened.close()


@pytest.fixture
async def push(clock: SetClock):
    carrier = Push(KEY, clock, os.urandom, CONTACT, Outside(Bounds(private_allowed=True)))
    yield carrier
    await carrier.close()


def device(browser: Browser, office: PostOffice, ids: Ids, path: str = "/p/1") -> Subscription:
    url = f"http://127.0.0.1:{office.port}{path}"
    return Subscription(ids.new(), url, browser.point, browser.auth)


def letter(ids: Ids, *devices: Subscription, text: str = "You received ₹5.", **more) -> Parcel:
    return Parcel(ids.new(), "india", text, title="Argosy India", subscriptions=devices, **more)


def test_it_is_encrypted_as_in_the_standards_own_example() -> None:
    """RFC 8291, appendix A."""
    private = unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    body = sealing.encrypted(
        b"When I grow up, I want to be a watermelon",
        unb64(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        unb64("BTBZMqHH6r4Tts7J_aSIgg"),
        unb64("DGv6ra1nlYgDCS1FRnbzlw"),
        ec.derive_private_key(int.from_bytes(private), sealing.CURVE),
    )
    assert b64(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
        "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
        "y4a-fN"
    )


async def test_only_the_device_can_read_it(
    office: PostOffice, push: Push, ids: Ids, clock: SetClock
) -> None:
    browser = Browser()
    one = letter(ids, device(browser, office, ids), expires_at=clock.now() + timedelta(minutes=5))
    assert (await push.carry(one)).said is Carried.SENT
    ((path, headers, body),) = office.got
    assert json.loads(browser.opened(body)) == {
        "id": str(one.id),
        "title": "Argosy India",
        "body": "You received ₹5.",
    }
    assert b"received" not in body
    assert path == "/p/1"
    assert (headers["ttl"], headers["content-encoding"]) == ("300", "aes128gcm")
    with pytest.raises(Exception, match=r".*"):
        Browser().opened(body)


async def test_the_push_service_knows_whose_it_is(
    office: PostOffice, push: Push, ids: Ids, clock: SetClock
) -> None:
    await push.carry(letter(ids, device(Browser(), office, ids)))
    ((_, headers, _),) = office.got
    scheme, _, rest = headers["authorization"].partition(" ")
    token, key = (part.partition("=")[2] for part in rest.split(","))
    assert (scheme, key) == ("vapid", public_key(KEY))
    signed, _, signature = token.rpartition(".")
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    KEY.public_key().verify(der, signed.encode(), ec.ECDSA(SHA256()))
    head, claims = (json.loads(unb64(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims["aud"] == f"http://127.0.0.1:{office.port}"
    assert claims["sub"] == CONTACT
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600


@pytest.mark.parametrize(
    "statuses, said, gone",
    [
        ([201], Carried.SENT, 0),
        ([410], Carried.NEVER, 1),
        ([404], Carried.NEVER, 1),
        ([410, 201], Carried.SENT, 1),
        ([500, 201], Carried.SENT, 0),
        ([500, 410], Carried.LATER, 1),
        ([429], Carried.LATER, 0),
        ([413], Carried.NEVER, 0),
        ([403], Carried.NEVER, 0),
    ],
)
async def test_what_push_services_answer(
    office: PostOffice, push: Push, ids: Ids, statuses: list[int], said: Carried, gone: int
) -> None:
    office.answers = [(status, b"") for status in statuses]
    devices = [device(Browser(), office, ids) for _ in statuses]
    handed = await push.carry(letter(ids, *devices))
    assert (handed.said, len(handed.gone)) == (said, gone)


async def test_a_long_text_is_cut_to_what_every_service_takes(
    office: PostOffice, push: Push, ids: Ids
) -> None:
    browser = Browser()
    await push.carry(letter(ids, device(browser, office, ids), text="आ" * 5_000))
    ((_, _, body),) = office.got
    assert len(body) <= 4_096
    assert json.loads(browser.opened(body))["body"].endswith("आ...")


async def test_the_inner_network_is_not_called(
    office: PostOffice, clock: SetClock, ids: Ids
) -> None:
    """A name that leads inside is found when it is called, after it was kept."""

    async def inside(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "10.0.0.7"]

    push = Push(KEY, clock, os.urandom, CONTACT, Outside(Bounds(), inside))
    browser = Browser()
    one = Subscription(
        ids.new(), f"https://push.example:{office.port}/p", browser.point, browser.auth
    )
    handed = await push.carry(letter(ids, one))
    assert (handed.said, office.got) == (Carried.LATER, [])
    assert "no public address" in handed.why
    await push.close()


# --- subscriptions -------------------------------------------------------------------------------


@pytest.fixture
async def asha(desk: Desk, ids: Ids) -> Party:
    party = await desk.parties.open(customer(ids))
    assert isinstance(party, Party)
    return party


@pytest.fixture
def subscriptions(desk: Desk) -> Subscriptions:
    return Subscriptions(desk.db, desk.clock, desk.keys)


def named(n: int) -> UUID:
    return UUID(int=n)


async def test_a_device_is_kept_sealed_and_dropped(
    desk: Desk, subscriptions: Subscriptions, asha: Party
) -> None:
    browser, url = Browser(), "https://push.example/send/abc"
    assert await subscriptions.keep(asha.id, named(1), **browser.subscription(url)) is None
    newer = browser.subscription(url + "d")
    assert await subscriptions.keep(asha.id, named(1), **newer) is None
    (kept,) = await subscriptions.of(asha.id)
    assert kept == Subscription(named(1), url + "d", browser.point, browser.auth)
    row = await desk.db.one("SELECT * FROM notify.subscription")
    assert row is not None
    assert b"push.example" not in row["endpoint_sealed"]
    assert browser.auth not in row["auth_sealed"]
    await subscriptions.drop(asha.id, [named(1)])
    assert await subscriptions.of(asha.id) == ()


async def test_of_many_devices_the_latest_stay(
    desk: Desk, subscriptions: Subscriptions, asha: Party
) -> None:
    for n in range(DEVICES_MAX + 2):
        desk.clock.advance(seconds=1)
        url = f"https://push.example/{n}"
        await subscriptions.keep(asha.id, named(n), **Browser().subscription(url))
    kept = await subscriptions.of(asha.id)
    assert [one.device.int for one in kept] == list(range(DEVICES_MAX + 1, 1, -1))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://localhost/1",
        "https://127.0.0.1/1",
        "https://10.1.2.3/1",
        "https://[::1]/1",
        "https://169.254.169.254/latest",
        "https://user@push.example/",
        "ftp://push.example/",
        "https://push.example:port/",
        "https://push.example/\n",
        "https://push.example/" + "x" * 1_000,
        "",
    ],
)
async def test_an_endpoint_that_may_not_be_called_is_not_kept(
    subscriptions: Subscriptions, asha: Party, endpoint: str
) -> None:
    said = await subscriptions.keep(asha.id, named(1), **Browser().subscription(endpoint))
    assert said == Refused(NotifyReason.PUSH_UNREADABLE)


@pytest.mark.parametrize(
    "name, value", [("p256dh", b64(b"\4" + b"x" * 64)), ("p256dh", "?"), ("auth", b64(b"short"))]
)
async def test_keys_that_are_none_are_not_kept(
    subscriptions: Subscriptions, asha: Party, name: str, value: str
) -> None:
    facts = {**Browser().subscription("https://push.example/1"), name: value}
    said = await subscriptions.keep(asha.id, named(1), **facts)
    assert said == Refused(NotifyReason.PUSH_UNREADABLE)


@pytest.mark.parametrize("text", ["", "hunter2", "A" * 43 + "=", b64(b"x" * 31), b64(b"\xff" * 32)])
def test_a_key_that_cannot_be_used_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="must be 32 bytes") as wrong:
        read(f"vapid:{text}")
    assert not text or text not in str(wrong.value)
