"""Sessions: read fresh, rotated without losing anybody on a poor line, ended at once everywhere."""

from __future__ import annotations

import asyncio
import base64

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import PartyState
from argosy.base.store import Database
from argosy.public_services.signin.facts import DeviceClaim, SigninReason
from argosy.public_services.signin.tokens import Token
from tests.people import RAVI_NAME, RAVI_PHONE, make_chance
from tests.public_services.desk import Desk, refused

TABLET = DeviceClaim("Firefox on a tablet")


async def test_a_session_says_who_asks(desk: Desk) -> None:
    entered = await desk.sign_up()
    session = await desk.session(entered.token)
    assert session.id == entered.session_id
    assert session.party == entered.party == await desk.parties.get(entered.party.id)
    assert (session.market, session.level) == ("india", "small")
    assert session.device.label == "Chrome on Android"
    assert session.pin is not None
    assert session.pin.failures == 0
    assert not session.rotate_due
    for secret in (session.token, session.csrf, entered.device_cookie):
        assert secret not in repr(session) + repr(entered)


async def test_what_changes_is_seen_by_the_next_request(desk: Desk) -> None:
    entered = await desk.sign_up()
    await desk.parties.set_level(entered.party.id, "full")
    await desk.parties.set_state(entered.party.id, PartyState.FROZEN)
    session = await desk.session(entered.token)
    assert (session.level, session.party.state) == ("full", PartyState.FROZEN)
    await desk.parties.set_state(entered.party.id, PartyState.CLOSED)
    assert await desk.signin.session(entered.token) is None


@pytest.mark.parametrize("token", ["", "x", "A" * 64, "A" * 63, "é" * 64, "\x00" * 64, "A" * 9000])
async def test_what_is_no_token(desk: Desk, token: str) -> None:
    await desk.sign_up()
    assert await desk.signin.session(token) is None


async def test_a_guessed_token_of_a_known_party_opens_nothing(desk: Desk) -> None:
    entered = await desk.sign_up()
    forged = Token.make(entered.party.id, make_chance(99))
    assert await desk.signin.session(forged.text) is None
    raw = bytearray(base64.urlsafe_b64decode(entered.token))
    raw[-1] ^= 1
    assert await desk.signin.session(base64.urlsafe_b64encode(bytes(raw)).decode()) is None


async def test_ones_token_under_anothers_name_opens_nothing(desk: Desk) -> None:
    asha = await desk.sign_up()
    ravi = await desk.sign_up(RAVI_NAME, RAVI_PHONE)
    mixed = ravi.party.id.bytes + base64.urlsafe_b64decode(asha.token)[16:]
    assert await desk.signin.session(base64.urlsafe_b64encode(mixed).decode()) is None


async def test_the_token_is_not_in_the_database(desk: Desk) -> None:
    entered = await desk.sign_up()
    secret = base64.urlsafe_b64decode(entered.token)[16:]
    rows = await desk.db.all("SELECT s::text AS text FROM signin.session s")
    assert secret.hex() not in rows[0]["text"]
    assert entered.token not in rows[0]["text"]


async def test_sign_out_takes_effect_at_once_in_every_process(
    db: Database, desk: Desk, clock: SetClock, ids: Ids
) -> None:
    entered = await desk.sign_up()
    other = Desk.over(db, clock, ids, seed=8)
    session = await other.session(entered.token)
    await desk.signin.sign_out(session)
    assert await other.signin.session(entered.token) is None
    assert await desk.signin.session(entered.token) is None


# --- rotation ------------------------------------------------------------------------------------


async def test_the_token_rotates_and_the_former_has_a_short_grace(
    desk: Desk, clock: SetClock
) -> None:
    entered = await desk.sign_up()
    clock.advance(minutes=15)
    session = await desk.session(entered.token)
    assert session.rotate_due
    following = await desk.signin.rotate(session)
    assert following is not None
    assert not (await desk.session(entered.token)).rotate_due  # it is under way
    fresh = await desk.session(following)
    assert not fresh.rotate_due
    assert (fresh.id, fresh.csrf) == (session.id, session.csrf)  # open forms still fit
    clock.advance(seconds=29)
    assert await desk.signin.session(entered.token) is not None


async def test_a_spent_token_shown_late_ends_the_session_for_both(
    desk: Desk, clock: SetClock
) -> None:
    entered = await desk.sign_up()
    clock.advance(minutes=15)
    thief = await desk.signin.rotate(await desk.session(entered.token))
    assert thief is not None
    await desk.session(thief)
    clock.advance(seconds=31)
    assert await desk.signin.session(entered.token) is None
    assert await desk.signin.session(thief) is None
    assert await desk.db.value("SELECT ended_why FROM signin.session") == "replayed"
    letters = await desk.notify.inbox_of(entered.party.id)
    assert "signed you out for your safety" in letters[0].text


async def test_a_token_spent_long_ago_is_a_theft_too(desk: Desk, clock: SetClock) -> None:
    entered = await desk.sign_up()
    token = entered.token
    for _ in range(3):
        clock.advance(minutes=15)
        following = await desk.signin.rotate(await desk.session(token))
        assert following is not None
        token = following
        await desk.session(token)
    assert await desk.signin.session(entered.token) is None
    assert await desk.signin.session(token) is None


async def test_twin_a_token_that_never_was_ends_nothing(desk: Desk) -> None:
    entered = await desk.sign_up()
    await desk.signin.session(Token.make(entered.party.id, make_chance(99)).text)
    assert await desk.signin.session(entered.token) is not None


async def test_whoever_never_got_the_next_token_goes_on(desk: Desk, clock: SetClock) -> None:
    """The answer with the new cookie is lost on the way, which on a poor line is every day."""
    entered = await desk.sign_up()
    for _ in range(3):
        clock.advance(minutes=15)
        session = await desk.session(entered.token)
        assert session.rotate_due
        assert await desk.signin.rotate(session) is not None
    assert await desk.signin.session(entered.token) is not None


async def test_of_fifty_requests_one_is_given_the_next_token(desk: Desk, clock: SetClock) -> None:
    entered = await desk.sign_up()
    clock.advance(minutes=15)
    sessions = await asyncio.gather(*(desk.session(entered.token) for _ in range(50)))
    given = await asyncio.gather(*(desk.signin.rotate(s) for s in sessions))
    following = [token for token in given if token is not None]
    assert len(following) == 1
    await asyncio.gather(*(desk.session(following[0]) for _ in range(50)))
    assert await desk.db.value("SELECT count(*) FROM signin.spent_token") == 1


async def test_a_session_ends_when_idle_and_when_old(desk: Desk, clock: SetClock) -> None:
    idle = await desk.sign_up()
    clock.advance(days=14)
    assert await desk.signin.session(idle.token) is None
    assert await desk.signin.sessions(idle.party.id) == []

    token = (await desk.sign_in()).token
    for _ in range(9):
        clock.advance(days=10)
        session = await desk.signin.session(token)
        if session is None:
            break
        token = await desk.signin.rotate(session) or token
        await desk.signin.session(token)
    else:
        pytest.fail("it lives for more than 90 days")


# --- the owner's list ----------------------------------------------------------------------------


async def test_the_owner_sees_and_ends_other_sessions(desk: Desk, clock: SetClock) -> None:
    first = await desk.sign_up()
    clock.advance(minutes=1)
    second = await desk.sign_in(device=TABLET)
    session = await desk.session(second.token)
    lines = await desk.signin.sessions(first.party.id)
    assert [line.label for line in lines] == ["Firefox on a tablet", "Chrome on Android"]
    assert await desk.signin.revoke(session, first.session_id) is None
    assert await desk.signin.session(first.token) is None
    again = await desk.signin.revoke(session, first.session_id)
    assert refused(again) is SigninReason.SESSION_NOT_FOUND


async def test_nobody_ends_a_foreign_session(desk: Desk) -> None:
    asha = await desk.sign_up()
    ravi = await desk.sign_up(RAVI_NAME, RAVI_PHONE)
    session = await desk.session(ravi.token)
    answer = await desk.signin.revoke(session, asha.session_id)
    assert refused(answer) is SigninReason.SESSION_NOT_FOUND
    assert await desk.signin.session(asha.token) is not None


async def test_all_sessions_but_one_end(desk: Desk, clock: SetClock) -> None:
    first = await desk.sign_up()
    clock.advance(minutes=1)
    second = await desk.sign_in(device=TABLET)
    assert await desk.signin.revoke_all(first.party.id, keep=second.session_id) == 1
    assert await desk.signin.session(first.token) is None
    assert await desk.signin.session(second.token) is not None


async def test_signing_in_again_on_the_same_device_replaces_the_session(
    desk: Desk, clock: SetClock
) -> None:
    first = await desk.sign_up()
    clock.advance(minutes=1)
    claim = DeviceClaim("Chrome on Android", cookie=first.device_cookie)
    second = await desk.sign_in(device=claim)
    assert not second.new_device
    assert second.device_cookie == first.device_cookie
    assert await desk.signin.session(first.token) is None


async def test_ten_sessions_are_the_most(desk: Desk, clock: SetClock) -> None:
    first = await desk.sign_up()
    tokens = [first.token]
    for _ in range(10):
        clock.advance(minutes=1)
        signed_in = await desk.signin.admit(first.party, TABLET)
        tokens.append(signed_in.token)  # type: ignore[union-attr]
    alive = [await desk.signin.session(token) is not None for token in tokens]
    assert alive == [False] + [True] * 10


# --- forms ---------------------------------------------------------------------------------------


async def test_a_form_fits_its_own_session_only(desk: Desk) -> None:
    asha = await desk.session((await desk.sign_up()).token)
    ravi = await desk.session((await desk.sign_up(RAVI_NAME, RAVI_PHONE)).token)
    assert desk.signin.form_fits(asha, asha.csrf) is None
    for csrf in (ravi.csrf, "", "é", asha.csrf[:-1]):
        assert refused(desk.signin.form_fits(asha, csrf)) is SigninReason.FORM_FOREIGN


async def test_a_thousand_reads_share_few_queries(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = await desk.sign_up()
    plain, asked = desk.db.all, 0

    async def counted(sql: str, *args: object) -> object:
        nonlocal asked
        asked += 1
        return await plain(sql, *args)

    monkeypatch.setattr(desk.db, "all", counted)
    sessions = await asyncio.gather(*(desk.session(entered.token) for _ in range(1000)))
    assert {session.id for session in sessions} == {entered.session_id}
    assert asked <= 3


async def test_what_is_long_over_is_pruned(desk: Desk, clock: SetClock) -> None:
    entered = await desk.sign_up()
    await desk.signin.sign_out(await desk.session(entered.token))
    clock.advance(days=31)
    await desk.signin.prune()
    assert await desk.db.value("SELECT count(*) FROM signin.session") == 0
