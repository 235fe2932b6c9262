"""Messages as support sees them, and sent once more."""

from __future__ import annotations

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Party
from argosy.base.ports import Message
from argosy.public_services.notify.carriers import Carried
from argosy.public_services.notify.notify import LetterState, NotifyReason
from tests.people import customer
from tests.public_services.desk import Desk, refused
from tests.public_services.notify.test_notify import Line, over, pin_changed


async def asha_of(desk: Desk, ids: Ids) -> Party:
    party = await desk.parties.open(customer(ids))
    assert isinstance(party, Party)
    return party


async def test_a_message_that_failed_is_carried_again(
    desk: Desk, ids: Ids, clock: SetClock
) -> None:
    asha, line = await asha_of(desk, ids), Line(Carried.NEVER)
    notify = over(desk, line)
    message = pin_changed(ids, clock, asha.id)
    await notify.notify(message)
    sent = await notify.sent_to(asha.id)
    assert [(s.template, s.state) for s in sent] == [("signin.pin_changed", LetterState.FAILED)]
    assert await notify.send_again(asha.id, message.id) is None
    assert [p.id for p in line.sent] == [message.id]
    assert (await notify.sent_to(asha.id))[0].state is LetterState.DELIVERED
    assert await notify.send_again(asha.id, message.id) is None
    assert len(line.sent) == 2


async def test_what_is_not_sent_again(desk: Desk, ids: Ids, clock: SetClock) -> None:
    asha = await asha_of(desk, ids)
    waits = over(desk, Line(Carried.LATER, Carried.LATER))
    message = pin_changed(ids, clock, asha.id)
    await waits.notify(message)
    assert refused(await waits.send_again(asha.id, message.id)) is NotifyReason.MESSAGE_WAITING
    assert refused(await waits.send_again(asha.id, ids.new())) is NotifyReason.MESSAGE_NOT_FOUND
    assert refused(await waits.send_again(ids.new(), message.id)) is NotifyReason.MESSAGE_NOT_FOUND
    facts = {"code": "123456", "minutes": 5, "amount": None, "payee": None}
    code = Message(ids.new(), "signin.code_payment", facts, "india", "en", to=asha.id, secret=True)
    await waits.notify(code)
    assert refused(await waits.send_again(asha.id, code.id)) is NotifyReason.MESSAGE_SECRET
    boxed = pin_changed(ids, clock, asha.id)
    await desk.notify.notify(boxed)
    assert refused(await desk.notify.send_again(asha.id, boxed.id)) is NotifyReason.MESSAGE_NO_WAY


async def test_messages_are_paged_latest_first(desk: Desk, ids: Ids, clock: SetClock) -> None:
    asha = await asha_of(desk, ids)
    for _ in range(3):
        await desk.notify.notify(pin_changed(ids, clock, asha.id))
        clock.advance(minutes=1)
    first = await desk.notify.sent_to(asha.id, limit=2)
    rest = await desk.notify.sent_to(asha.id, before=first[-1].at, limit=2)
    assert len(first) == 2
    assert len(rest) == 1
    assert first[0].at > first[1].at > rest[0].at
