"""SMS by an HTTP gateway."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from standardwebhooks.webhooks import Webhook

from argosy.base.clock import SetClock, SystemClock
from argosy.base.ids import Ids
from argosy.public_services.notify.carriers import Carried, Handed, Parcel
from argosy.public_services.notify.door import fields_of
from argosy.public_services.notify.gateway.carrier import HttpGateway, read
from tests.people import ASHA_PHONE
from tests.public_services.notify.post_office import PostOffice

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode()


@pytest.fixture
async def office():
    opened = await PostOffice().open()
    yield opened
    await opened.close()


def parcel(ids: Ids, **more) -> Parcel:
    return Parcel(ids.new(), "india", "123456 is your code.", ASHA_PHONE, **more)


async def carry(office: PostOffice, clock, query: str, one: Parcel, user: str = "") -> Handed:
    address = f"http://{user}127.0.0.1:{office.port}/send?{query}"
    carrier = HttpGateway(read(address), clock)
    try:
        return await carrier.carry(one)
    finally:
        await carrier.close()


async def test_a_text_is_posted_as_json(office: PostOffice, clock: SetClock, ids: Ids) -> None:
    office.answers = [(202, b'{"id":"g-77"}')]
    one = parcel(ids, expires_at=clock.now() + timedelta(minutes=5))
    assert await carry(office, clock, "from=ARGOSY", one) == Handed(Carried.SENT, ("g-77",))
    ((path, headers, body),) = office.got
    assert path == "/send"
    assert json.loads(body) == {
        "id": str(one.id),
        "to": ASHA_PHONE,
        "from": "ARGOSY",
        "text": "123456 is your code.",
        "expires_at": "2026-11-22T04:35:00.000Z",
    }
    assert headers["idempotency-key"] == str(one.id)
    assert "authorization" not in headers


async def test_a_gateway_is_spoken_to_in_its_own_words(
    office: PostOffice, clock: SetClock, ids: Ids
) -> None:
    query = "shape=form&name.to=msisdn&name.text=message&set.route=otp&from=12345"
    one = parcel(ids)
    assert (await carry(office, clock, query, one, "me:p%40ss@")).said is Carried.SENT
    ((_, headers, body),) = office.got
    assert dict(parse_qsl(body.decode())) == {
        "id": str(one.id),
        "msisdn": ASHA_PHONE,
        "message": "123456 is your code.",
        "route": "otp",
        "from": "12345",
    }
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"me:p@ss"


async def test_what_is_sent_is_signed(office: PostOffice, ids: Ids) -> None:
    await carry(office, SystemClock(), f"secret={SECRET}&token=abc", parcel(ids))
    ((_, headers, body),) = office.got
    assert Webhook(SECRET).verify(body.decode(), headers)
    assert headers["authorization"] == "Bearer abc"
    with pytest.raises(Exception, match="signature"):
        Webhook(SECRET).verify(body.decode() + " ", headers)


@pytest.mark.parametrize(
    "status, said",
    [
        (200, Carried.SENT),
        (400, Carried.NEVER),
        (422, Carried.NEVER),
        (401, Carried.LATER),
        (429, Carried.LATER),
        (500, Carried.LATER),
        (302, Carried.LATER),
    ],
)
async def test_what_the_gateway_answers(
    office: PostOffice, clock: SetClock, ids: Ids, status: int, said: Carried
) -> None:
    office.answers = [(status, b"no")]
    handed = await carry(office, clock, "", parcel(ids))
    assert handed.said is said
    assert ASHA_PHONE not in handed.why


async def test_a_gateway_that_is_away_means_later(
    office: PostOffice, clock: SetClock, ids: Ids
) -> None:
    await office.close()
    assert (await carry(office, clock, "", parcel(ids))).said is Carried.LATER


@pytest.mark.parametrize(
    "address",
    [
        "https:///send",
        "http://sms.example/send",
        "https://sms.example/send?shape=xml",
        "https://sms.example/send?name.whom=to",
        "https://sms.example/send?colour=hunter2",
        "https://sms.example/send?secret=hunter2",
        "https://sms.example:x/send?set.key=hunter2",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(address: str) -> None:
    with pytest.raises(ValueError, match=r"must|has a|takes") as wrong:
        read(address)
    assert "hunter2" not in str(wrong.value)


def test_twin_a_whole_address_is_read() -> None:
    facts = read("https://me:hunter2@sms.example:8443/v1/send?from=ARGOSY&set.key=hunter2")
    assert facts.url == "https://sms.example:8443/v1/send"
    assert "hunter2" not in repr(facts)


# --- what became of messages ------------------------------------------------------------------------

TOKEN = "tellsusthetruth1"


async def test_a_gateway_without_a_number_of_its_own_reports_by_ours(
    office: PostOffice, clock: SetClock, ids: Ids
) -> None:
    office.answers = [(202, b"ok"), (202, b'{"id":"g-1"}'), (202, b"ok")]
    one = parcel(ids)
    assert (await carry(office, clock, f"reports={TOKEN}", one)).references == (str(one.id),)
    assert (await carry(office, clock, f"reports={TOKEN}", one)).references == ("g-1",)
    assert (await carry(office, clock, "", one)).references == ()


@pytest.mark.parametrize(
    "report, told",
    [
        ({"id": "g-1", "status": "Delivered"}, ("g-1", True)),
        ({"message_id": "g-1", "state": "UNDELIV"}, ("g-1", False)),
        ({"messageId": "g-1", "dlr": "rejected"}, ("g-1", False)),
        ({"id": "g-1", "status": "enroute"}, None),
        ({"id": "g-1"}, None),
        ({"status": "delivered"}, None),
    ],
)
async def test_reports_are_read_as_gateways_write_them(clock, report, told) -> None:
    heard = []

    async def hear(carrier: str, reference: str, arrived: bool, _word: str) -> bool:
        heard.append((reference, arrived))
        return carrier == "gateway"

    carrier = HttpGateway(read(f"https://gateway.example/send?reports={TOKEN}"), clock)
    carrier.listen(hear)
    assert await carrier.report(report) is (told is not None)
    assert heard == ([told] if told else [])
    assert carrier.is_from(TOKEN)
    assert not carrier.is_from("somebodyelse1234")
    assert not HttpGateway(read("https://gateway.example/send"), clock).is_from("")


def test_a_token_for_reports_is_long_and_plain() -> None:
    for token in ("short", "with-signs-in-it-and-long"):
        with pytest.raises(ValueError, match="token for reports"):
            read(f"https://gateway.example/send?reports={token}")


def test_a_report_is_a_form_or_json() -> None:
    assert fields_of("application/json", b'{"id":7,"status":"delivered"}') == {
        "id": "7",
        "status": "delivered",
    }
    assert fields_of("application/x-www-form-urlencoded", b"id=7&status=failed") == {
        "id": "7",
        "status": "failed",
    }
    assert fields_of("application/json", b"[") is None
