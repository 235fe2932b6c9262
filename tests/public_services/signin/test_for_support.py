"""What support does for a person who asks: end a session, remove a device, ask for a new PIN, wake."""

from __future__ import annotations

from datetime import timedelta

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Party, PartyReason, PartyState
from argosy.public_services.signin.facts import DeviceClaim, Purpose, SignedIn, SigninReason
from tests.public_services.desk import PIN, Desk, refused

TABLET = DeviceClaim("Firefox on a tablet")


async def test_one_session_ends_and_the_others_go_on(desk: Desk, ids: Ids) -> None:
    first = await desk.sign_up()
    second = await desk.sign_in(device=TABLET)
    assert await desk.signin.support.end_session(first.party.id, first.session_id) is None
    assert await desk.signin.session(first.token) is None
    assert await desk.signin.session(second.token) is not None
    again = await desk.signin.support.end_session(first.party.id, first.session_id)
    assert refused(again) is SigninReason.SESSION_NOT_FOUND
    other = await desk.signin.support.end_session(ids.new(), second.session_id)
    assert refused(other) is SigninReason.SESSION_NOT_FOUND


async def test_a_removed_device_is_signed_out_and_comes_back_as_a_new_one(desk: Desk) -> None:
    first = await desk.sign_up()
    second = await desk.sign_in(device=TABLET)
    device = (await desk.session(second.token)).device
    labels = {d.label for d in await desk.signin.support.devices(first.party.id)}
    assert labels == {"Chrome on Android", "Firefox on a tablet"}
    assert await desk.signin.support.remove_device(first.party.id, device.id) == 1
    assert await desk.signin.session(second.token) is None
    assert await desk.signin.session(first.token) is not None
    assert len(await desk.signin.support.devices(first.party.id)) == 1
    again = await desk.signin.support.remove_device(first.party.id, device.id)
    assert refused(again) is SigninReason.DEVICE_NOT_FOUND
    claim = DeviceClaim("Firefox on a tablet", cookie=second.device_cookie)
    assert (await desk.sign_in(device=claim)).new_device


async def test_after_a_new_pin_is_asked_for_the_old_one_is_worth_nothing(
    desk: Desk, clock: SetClock
) -> None:
    entered = await desk.sign_up()
    assert await desk.signin.support.ask_new_pin(entered.party.id) is None
    assert await desk.signin.session(entered.token) is None
    letters = await desk.notify.inbox_of(entered.party.id)
    assert "set a new PIN" in letters[0].text
    clock.advance(hours=5)
    proof = await desk.prove()
    answer = await desk.signin.sign_in(proof.ticket, PIN, TABLET)
    assert refused(answer) is SigninReason.PIN_LOCKED
    proof = await desk.prove(purpose=Purpose.RESET_PIN)
    assert isinstance(await desk.signin.reset_pin(proof.ticket, "739204", TABLET), SignedIn)
    assert await desk.signin.check_pin(entered.party.id, "739204") is None


async def test_nobody_without_a_pin_is_asked_for_a_new_one(desk: Desk, ids: Ids) -> None:
    assert refused(await desk.signin.support.ask_new_pin(ids.new())) is PartyReason.PARTY_NOT_FOUND


async def test_a_woken_wallet_was_seen_now_and_stays_awake(desk: Desk, clock: SetClock) -> None:
    asha = (await desk.sign_up()).party
    clock.advance(days=800)
    await desk.parties.set_state(asha.id, PartyState.DORMANT)
    woken = await desk.signin.support.wake(asha.id)
    assert isinstance(woken, Party)
    assert woken.state is PartyState.ACTIVE
    seen = await desk.signin.last_seen([asha.id])
    assert clock.now() - seen[asha.id] < timedelta(seconds=1)
    again = await desk.signin.support.wake(asha.id)
    assert refused(again) is PartyReason.PARTY_NOT_CLOSING
