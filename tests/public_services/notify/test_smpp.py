"""SMS by SMPP, with a message centre on a real socket."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.public_services.notify.carriers import Carried, Handed, Parcel
from argosy.public_services.notify.smpp import carrier as smpp
from argosy.public_services.notify.smpp import pdu, session
from argosy.public_services.notify.smpp.carrier import Smpp, read
from argosy.public_services.notify.smpp.pdu import Command, Status
from tests.partners.test_calling_out import certificates
from tests.people import ASHA_PHONE
from tests.public_services.notify.centre import Centre

LONG = "आपका भुगतान पूरा हुआ। " * 8


@pytest.fixture
async def centre():
    opened = await Centre().open()
    yield opened
    await opened.close()


@pytest.fixture
async def line(centre: Centre, clock: SetClock):
    carrier = Smpp(read(centre.url()), clock)
    yield carrier
    await carrier.close()


@pytest.fixture
def parcel(ids: Ids):
    def make(text: str = "123456 is your code.", **more) -> Parcel:
        return Parcel(ids.new(), "india", text, ASHA_PHONE, **more)

    return make


async def until(true) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - it watches a socket's other end
            await asyncio.sleep(0.01)


async def test_a_text_comes_to_the_phone(centre: Centre, line: Smpp, parcel) -> None:
    said = await line.carry(parcel())
    assert said == Handed(Carried.SENT, ("m1",))
    assert centre.texts == [(ASHA_PHONE[1:], "123456 is your code.")]
    (sent,) = centre.got
    assert (sent.source, sent.coding, sent.with_header, sent.validity) == ("ARGOSY", 0, False, "")
    submit = next(u for u in centre.units if u.command == Command.SUBMIT_SM)
    assert submit.body.startswith(b"\0\x05\x00ARGOSY\0\x01\x01919876543210\0")


@pytest.mark.parametrize("text", [LONG, "x" * 400, "€" * 100])
async def test_a_long_text_comes_whole(centre: Centre, line: Smpp, parcel, text: str) -> None:
    said = await line.carry(parcel(text))
    assert centre.texts == [(ASHA_PHONE[1:], text)]
    assert len(said.references) == len(centre.got) > 1


async def test_a_code_is_not_kept_by_the_centre_longer_than_it_is_good(
    centre: Centre, line: Smpp, parcel, clock: SetClock
) -> None:
    await line.carry(parcel(expires_at=clock.now() + timedelta(hours=1, minutes=2, seconds=3)))
    assert centre.got[0].validity == "000000010203000R"


async def test_one_connection_and_a_window_for_many(
    centre: Centre, clock: SetClock, parcel
) -> None:
    centre.slow_seconds = 0.02
    line = Smpp(read(centre.url(more="?from=ARGOSY&window=4")), clock)
    said = await asyncio.gather(*(line.carry(parcel(f"n{n}")) for n in range(30)))
    assert {one.said for one in said} == {Carried.SENT}
    assert (centre.binds, centre.most_under_way) == (1, 4)
    assert len({reference for one in said for reference in one.references}) == 30
    await line.close()
    assert centre.units[-1].command == Command.UNBIND


@pytest.mark.parametrize(
    "status, said",
    [
        (Status.THROTTLED, Carried.LATER),
        (Status.QUEUE_FULL, Carried.LATER),
        (Status.SYSTEM_ERROR, Carried.LATER),
        (Status.BAD_DESTINATION, Carried.NEVER),
        (Status.BAD_SOURCE, Carried.NEVER),
        (0x4FF, Carried.LATER),
    ],
)
async def test_what_the_centre_refuses(
    centre: Centre, line: Smpp, parcel, status: int, said: Carried
) -> None:
    centre.answers = [status]
    assert (await line.carry(parcel())).said is said
    assert (await line.carry(parcel())).said is Carried.SENT


async def test_a_lost_line_is_opened_again(centre: Centre, line: Smpp, parcel) -> None:
    await line.carry(parcel())
    await centre.hang_up()
    await until(lambda: not line._session.is_open)
    assert (await line.carry(parcel())).said is Carried.SENT
    assert centre.binds == 2


async def test_a_line_that_breaks_while_we_wait_means_later(
    centre: Centre, line: Smpp, parcel
) -> None:
    await line.carry(parcel())
    centre.slow_seconds = 5
    waiting = asyncio.create_task(line.carry(parcel()))
    await until(lambda: centre.under_way == 1)
    await centre.hang_up()
    assert (await waiting).said is Carried.LATER


async def test_a_centre_that_is_away_is_asked_again_with_growing_waits(
    centre: Centre, clock: SetClock, parcel
) -> None:
    await centre.close()
    line = Smpp(read(centre.url()), clock)
    assert (await line.carry(parcel())).said is Carried.LATER
    centre = await Centre(port=centre.port).open()
    assert (await line.carry(parcel())).said is Carried.LATER  # not asked again at once
    assert centre.binds == 0
    clock.advance(seconds=1)
    assert (await line.carry(parcel())).said is Carried.SENT
    await line.close()
    await centre.close()


async def test_a_wrong_password_is_loud_and_keeps_its_secret(
    centre: Centre, clock: SetClock, parcel, caplog: pytest.LogCaptureFixture
) -> None:
    line = Smpp(read(centre.url().replace("secret", "wrong1")), clock)
    assert (await line.carry(parcel())).said is Carried.LATER
    assert "does not let us in" in caplog.text
    assert "wrong1" not in caplog.text
    assert "wrong1" not in repr(line._centre)


async def test_a_line_without_signs_of_life_is_given_up(
    centre: Centre, clock: SetClock, parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ANSWER_SECONDS_MAX", 0.1)
    monkeypatch.setattr(session, "GOODBYE_SECONDS_MAX", 0.1)
    facts = read(centre.url())
    line = Smpp(
        type(facts)(facts.host, facts.port, facts.user, facts.password, enquire_seconds=0.05), clock
    )
    assert (await line.carry(parcel())).said is Carried.SENT
    await until(lambda: any(u.command == Command.ENQUIRE_LINK for u in centre.units))
    assert line._session.is_open
    centre.silent = True
    await until(lambda: not line._session.is_open)
    centre.silent = False
    assert (await line.carry(parcel())).said is Carried.SENT
    await line.close()


async def test_we_answer_the_centres_signs_of_life(centre: Centre, line: Smpp, parcel) -> None:
    await line.carry(parcel())
    await centre.ask_for_life()
    await until(lambda: any(u.command == Command.ENQUIRE_LINK | pdu.RESPONSE for u in centre.units))


@pytest.mark.parametrize("option", [False, True])
@pytest.mark.parametrize(
    "state, arrived", [("DELIVRD", True), ("UNDELIV", False), ("EXPIRED", False)]
)
async def test_receipts_are_told(
    centre: Centre, line: Smpp, parcel, state: str, arrived: bool, option: bool
) -> None:
    heard: list[tuple[str, str, bool, str]] = []

    async def hear(*what) -> bool:
        heard.append(what)
        return True

    line.listen(hear)
    await line.carry(parcel())
    await centre.report("m1", state, option=option)
    await until(lambda: heard)
    assert heard == [("smpp", "m1", arrived, state)]
    await until(lambda: centre.units[-1].command == Command.DELIVER_SM | pdu.RESPONSE)
    assert centre.units[-1].status == 0


async def test_a_receipt_that_comes_too_early_is_looked_for_again(
    centre: Centre, line: Smpp, parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp, "HEAR_WAITS_SECONDS", (0.0, 0.01, 0.01))
    answers = [False, False, True]

    async def hear(*_what) -> bool:
        return answers.pop(0)

    line.listen(hear)
    await line.carry(parcel())
    await centre.report("m1", "DELIVRD")
    await until(lambda: not answers)


async def test_a_receipt_on_the_way_says_nothing_and_one_not_heard_comes_again(
    centre: Centre, line: Smpp, parcel
) -> None:
    heard = []

    async def hear(*what) -> bool:
        heard.append(what)
        raise ConnectionError

    line.listen(hear)
    await line.carry(parcel())
    await centre.report("m1", "ENROUTE")
    await until(lambda: centre.units[-1].command == Command.DELIVER_SM | pdu.RESPONSE)
    assert (heard, centre.units[-1].status) == ([], 0)
    await centre.report("m1", "DELIVRD")
    await until(lambda: centre.units[-1].status == Status.SYSTEM_ERROR)
    assert len(heard) == 1


async def test_over_tls_the_centre_proves_its_name(
    clock: SetClock, parcel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serving, trust = certificates("localhost", tmp_path)
    centre = await Centre().open(serving)
    line = Smpp(read(centre.url("smpps")), clock, trust)
    assert (await line.carry(parcel())).said is Carried.SENT
    stranger = Smpp(read(centre.url("smpps")), clock)
    assert (await stranger.carry(parcel())).said is Carried.LATER
    assert "certificate" in caplog.text.lower()
    await line.close()
    await centre.close()


@pytest.mark.parametrize(
    "address",
    [
        "smpp://",
        "smpp://host:2775",
        "smpp://user@host:99999",
        "smpp://user:pw@host/path",
        "smpp://user:pw@host?colour=red",
        "smpp://user:pw@host?window=0",
        "smpp://user:pw@host?window=many",
        "smpp://user:pw@host?from=ALongNameOfASender",
        "smpp://user:pw@host?from=1234567890123456",
        "smpp://user:much-too-long@host",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(address: str) -> None:
    with pytest.raises(ValueError, match=r"must look|has a|from 1") as wrong:
        read(address)
    assert "pw" not in str(wrong.value)
    assert "much-too" not in str(wrong.value)


def test_twin_a_whole_address_is_read() -> None:
    facts = read("smpps://us%40er:p%3Aw@sms.example?from=%2B66812345678&window=50&type=OTP")
    assert (facts.host, facts.port, facts.user, facts.password) == (
        "sms.example",
        3550,
        "us@er",
        "p:w",
    )
    assert (facts.source, facts.system_type, facts.window, facts.tls) == (
        "+66812345678",
        "OTP",
        50,
        True,
    )


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"\0\1\1919\0\1\1", b"\0\1\1919\0\1\1A\0\4\0\0\0\0\0\0\0\0\x20abc"]
)
def test_a_unit_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(pdu.BadUnit):
        pdu.delivery(body)
