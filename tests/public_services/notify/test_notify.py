"""Messages: stored sealed, delivered at least once, loud when they are not, codes soon
forgotten."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.money import Money
from argosy.base.parties.facts import Party
from argosy.base.ports import Message
from argosy.base.refusals import Bug
from argosy.base.store import Database
from argosy.public_services.notify.carriers import Carried, Parcel
from argosy.public_services.notify.notify import LetterState, Notify
from argosy.public_services.notify.routes import Ways
from argosy.public_services.words.words import Words
from tests.people import ASHA_PHONE, RAVI_NAME, RAVI_PHONE, customer
from tests.public_services.desk import Desk


class Line:
    """An SMS line that answers as it is told to."""

    name = "line"
    is_box = False

    def __init__(self, *answers: Carried | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[Parcel] = []

    async def carry(self, parcel: Parcel) -> Carried:
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else Carried.SENT
        if isinstance(answer, Exception):
            raise answer
        if answer is Carried.SENT:
            self.sent.append(parcel)
        return answer


def over(desk: Desk, line: Line) -> Notify:
    words = Words(desk.markets, strict=True)
    return Notify(desk.db, desk.clock, desk.keys, desk.parties, words, Ways.alone(line))


def pin_changed(
    ids: Ids, clock: SetClock, to: UUID | None = None, phone: str | None = None
) -> Message:
    facts = {"at": clock.now()}
    return Message(ids.new(), "signin.pin_changed", facts, "india", "en", to, phone)


@pytest.fixture
async def asha(desk: Desk, ids: Ids) -> Party:
    party = await desk.parties.open(customer(ids))
    assert isinstance(party, Party)
    return party


async def test_a_message_is_read_in_the_box_in_the_receivers_language(
    desk: Desk, asha: Party, ids: Ids
) -> None:
    facts = {"level": "full", "most": Money(20_000_000, "INR")}
    message = Message(ids.new(), "identity.level_raised", facts, "india", "hi", to=asha.id)
    await desk.notify.notify(message)
    letters = await desk.notify.inbox_of(asha.id)
    assert [letter.text for letter in letters] == [
        "आपके वॉलेट का स्तर अब full है। इसमें ₹2,00,000.00 तक रखे जा सकते हैं।"
    ]
    assert letters[0].state is LetterState.DELIVERED
    assert letters == await desk.notify.inbox("india", ASHA_PHONE)
    assert await desk.notify.inbox("india", RAVI_PHONE) == []


async def test_a_phone_without_a_wallet_gets_messages_too(
    desk: Desk, ids: Ids, clock: SetClock
) -> None:
    await desk.notify.notify(pin_changed(ids, clock, phone=RAVI_PHONE))
    assert len(await desk.notify.inbox("india", RAVI_PHONE)) == 1
    ravi = await desk.parties.open(customer(ids, RAVI_NAME, RAVI_PHONE))
    assert isinstance(ravi, Party)
    assert len(await desk.notify.inbox("india", RAVI_PHONE)) == 1
    assert await desk.notify.inbox_of(ravi.id) == []  # not proven to be the same person then


async def test_the_same_message_twice_is_one(desk: Desk, asha: Party, clock: SetClock) -> None:
    message = pin_changed(desk.ids, clock, asha.id)
    await asyncio.gather(*(desk.notify.notify(message) for _ in range(20)))
    await desk.notify.notify_many([message, message])
    assert len(await desk.notify.inbox_of(asha.id)) == 1


async def test_a_message_has_one_receiver(desk: Desk, asha: Party, clock: SetClock) -> None:
    for to, phone in ((None, None), (asha.id, ASHA_PHONE)):
        with pytest.raises(Bug):
            await desk.notify.notify(pin_changed(desk.ids, clock, to, phone))


async def test_codes_are_forgotten_when_they_expire(
    desk: Desk, db: Database, clock: SetClock
) -> None:
    await desk.send()
    assert len(await desk.notify.inbox("india", ASHA_PHONE)) == 1
    assert await desk.notify.forget() == 0
    clock.advance(minutes=5)
    assert await desk.notify.inbox("india", ASHA_PHONE) == []
    assert await desk.notify.forget() == 1
    assert await db.value("SELECT text_sealed FROM notify.message") is None
    assert await desk.notify.forget() == 0


async def test_twin_what_is_no_code_stays(desk: Desk, asha: Party, clock: SetClock) -> None:
    await desk.notify.notify(pin_changed(desk.ids, clock, asha.id))
    clock.advance(days=400)
    assert await desk.notify.forget() == 0
    assert len(await desk.notify.inbox_of(asha.id)) == 1


# --- over a line ---------------------------------------------------------------------------------


async def test_a_line_gets_phone_and_text_and_the_reading_is_logged(
    desk: Desk, asha: Party, clock: SetClock
) -> None:
    line = Line()
    notify = over(desk, line)
    message = pin_changed(desk.ids, clock, asha.id)
    await notify.notify(message)
    assert [(p.id, p.phone) for p in line.sent] == [(message.id, ASHA_PHONE)]
    assert line.sent[0].text.startswith("Your PIN was changed")
    accesses = await desk.parties.accesses(asha.id)
    assert [(a.reader, a.purpose) for a in accesses] == [("notify:line", "signin.pin_changed")]


async def test_a_line_that_is_down_is_tried_again_with_growing_waits(
    desk: Desk, asha: Party, clock: SetClock
) -> None:
    line = Line(Carried.LATER, ConnectionError("down"), Carried.LATER, Carried.SENT)
    notify = over(desk, line)
    await notify.notify(pin_changed(desk.ids, clock, asha.id))
    assert await notify.counts() == {LetterState.WAITING: 1, LetterState.FAILED: 0}
    tried = []
    for _ in range(120):
        clock.advance(seconds=1)
        if await notify.deliver_due():
            tried.append(int((clock.now() - asha.created_at).total_seconds()))
    assert tried == [15, 45, 105]
    assert len(line.sent) == 1
    assert (await notify.inbox_of(asha.id))[0].state is LetterState.DELIVERED
    assert await notify.counts() == {LetterState.WAITING: 0, LetterState.FAILED: 0}


@pytest.mark.parametrize("answers, tries", [([Carried.NEVER], 1), ([Carried.LATER] * 20, 8)])
async def test_what_cannot_be_delivered_is_loud(
    desk: Desk,
    asha: Party,
    clock: SetClock,
    caplog: pytest.LogCaptureFixture,
    answers: list[Carried],
    tries: int,
) -> None:
    notify = over(desk, Line(*answers))
    await notify.notify(pin_changed(desk.ids, clock, asha.id))
    for _ in range(20):
        clock.advance(hours=3)
        await notify.deliver_due()
    assert await notify.counts() == {LetterState.WAITING: 0, LetterState.FAILED: 1}
    assert await desk.db.value("SELECT tries FROM notify.message") == tries
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert ASHA_PHONE not in caplog.text


async def test_an_expired_code_is_not_sent_late(desk: Desk, clock: SetClock) -> None:
    line = Line(Carried.LATER)
    notify = over(desk, line)
    facts = {"code": "123987", "minutes": 5}
    message = Message(
        desk.ids.new(), "signin.code_enter", facts, "india", "en", phone=ASHA_PHONE, secret=True
    )
    await notify.notify(message)
    clock.advance(minutes=11)
    assert await notify.deliver_due() == 1
    assert line.sent == []
    assert (await notify.counts())[LetterState.FAILED] == 1


async def test_two_processes_carry_a_letter_once(desk: Desk, asha: Party, clock: SetClock) -> None:
    down = over(desk, Line(*[Carried.LATER] * 10))
    await down.notify_many(pin_changed(desk.ids, clock, asha.id) for _ in range(10))
    clock.advance(minutes=1)
    line = Line()
    await asyncio.gather(*(over(desk, line).deliver_due() for _ in range(4)))
    assert len({parcel.id for parcel in line.sent}) == len(line.sent) == 10


async def test_a_crash_between_claim_and_record_means_once_more(
    desk: Desk, asha: Party, clock: SetClock
) -> None:
    class Crash(BaseException):
        """The process dies: nothing of ours catches it."""

    class Dying(Line):
        async def carry(self, parcel: Parcel) -> Carried:
            raise Crash

    with pytest.raises(Crash):
        await over(desk, Dying()).notify(pin_changed(desk.ids, clock, asha.id))
    line = Line()
    assert await over(desk, line).deliver_due() == 0
    clock.advance(seconds=15)
    assert await over(desk, line).deliver_due() == 1
    assert len(line.sent) == 1
