"""E-mail by SMTP, with a mail server on a real socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.public_services.notify.carriers import Carried, Parcel
from argosy.public_services.notify.mail.carrier import Mail, read
from tests.partners.test_calling_out import certificates
from tests.public_services.notify.mail_room import MailRoom

TO = "asha@example.org"


def parcel(ids: Ids, email: str | None = TO) -> Parcel:
    text = "आपको ₹500.00 मिले।"
    return Parcel(ids.new(), "india", text, email=email, title="Argosy India")


def mail(room: MailRoom, clock: SetClock, trust=None, scheme="smtp", user="") -> Mail:
    address = f"{scheme}://{user}localhost:{room.port}?from=wallet@argosy.example"
    return Mail(read(address), clock, trust)


@pytest.fixture
async def room():
    opened = await MailRoom().open()
    yield opened
    await opened.close()


async def test_a_letter_arrives_as_it_was_written(
    room: MailRoom, clock: SetClock, ids: Ids
) -> None:
    one = parcel(ids)
    assert (await mail(room, clock).carry(one)).said is Carried.SENT
    ((source, to, letter),) = room.got
    assert (source, to) == ("wallet@argosy.example", TO)
    assert letter.get_content().strip() == one.text
    assert letter["subject"] == "Argosy India"
    assert str(letter["from"]) == "Argosy India <wallet@argosy.example>"
    assert letter["message-id"] == f"<{one.id}@argosy.example>"
    assert letter["auto-submitted"] == "auto-generated"


async def test_over_starttls_with_a_password(clock: SetClock, ids: Ids, tmp_path: Path) -> None:
    serving, trust = certificates("localhost", tmp_path)
    room = await MailRoom(serving, "pa:ss").open()
    said = await mail(room, clock, trust, user="wallet:pa%3Ass@").carry(parcel(ids))
    assert (said.said, len(room.got)) == (Carried.SENT, 1)
    assert room.said.index("STARTTLS") < room.said.index("AUTH")
    await room.close()


async def test_over_tls_from_the_first_byte(clock: SetClock, ids: Ids, tmp_path: Path) -> None:
    serving, trust = certificates("localhost", tmp_path)
    room = await MailRoom().open(serving)
    assert (await mail(room, clock, trust, "smtps").carry(parcel(ids))).said is Carried.SENT
    assert (await mail(room, clock, None, "smtps").carry(parcel(ids))).said is Carried.LATER
    assert len(room.got) == 1
    await room.close()


async def test_a_server_elsewhere_without_tls_gets_nothing(
    room: MailRoom, clock: SetClock, ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argosy.public_services.notify.mail import carrier

    monkeypatch.setattr(carrier.Server, "is_here", False)
    assert (await mail(room, clock).carry(parcel(ids))).said is Carried.LATER
    assert (room.got, "MAIL" in room.said) == ([], False)


@pytest.mark.parametrize(
    "refusal, said",
    [("550 no such mailbox", Carried.NEVER), ("450 full, try later", Carried.LATER)],
)
async def test_what_the_server_refuses(
    room: MailRoom, clock: SetClock, ids: Ids, refusal: str, said: Carried
) -> None:
    room.refusals = [refusal]
    handed = await mail(room, clock).carry(parcel(ids))
    assert (handed.said, room.got) == (said, [])
    assert TO not in handed.why


async def test_a_wrong_password_and_a_server_that_is_away_mean_later(
    clock: SetClock, ids: Ids
) -> None:
    room = await MailRoom(password="right").open()
    handed = await mail(room, clock, user="me:wrong1@").carry(parcel(ids))
    assert (handed.said, "wrong1" in handed.why) == (Carried.LATER, False)
    await room.close()
    assert (await mail(room, clock).carry(parcel(ids))).said is Carried.LATER


@pytest.mark.parametrize("address", ["a@b\r\nBcc: all@x", "no address", "", "a@", "x y@z"])
async def test_an_address_that_is_none_reaches_no_server(
    room: MailRoom, clock: SetClock, ids: Ids, address: str
) -> None:
    assert (await mail(room, clock).carry(parcel(ids, address))).said is Carried.NEVER
    assert room.said == []


@pytest.mark.parametrize(
    "address",
    [
        "smtp://host",
        "smtp://host?from=nobody",
        "smtp://?from=a@b.example",
        "smtp://host:x?from=a@b.example",
        "smtp://host/path?from=a@b.example",
        "smtp://u:hunter2@host?from=a@b.example&colour=red",
        "smtp://u:hunter2@host?from=a@b@c",
    ],
)
def test_an_address_of_a_server_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must look like") as wrong:
        read(address)
    assert "hunter2" not in str(wrong.value)


def test_twin_a_whole_address_is_read() -> None:
    facts = read("smtps://me:hunter2@mail.example?from=wallet@argosy.example")
    assert (facts.host, facts.port, facts.tls, facts.user) == ("mail.example", 465, True, "me")
    assert "hunter2" not in repr(facts)
