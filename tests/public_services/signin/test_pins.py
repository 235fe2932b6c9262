"""The PIN: guessed at most five times, however many guess at once, and free of writes when
right."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.public_services.signin.facts import Purpose, SignedIn, SigninReason
from argosy.public_services.signin.pins import is_weak
from tests.people import ASHA_PHONE
from tests.public_services.desk import PHONE, PIN, Desk, refused

WRONG = "730146"


async def failures(desk: Desk, party: UUID) -> int:
    return int(await desk.db.value("SELECT failures FROM signin.pin WHERE party_id = $1", party))


async def test_the_way_down(desk: Desk, clock: SetClock) -> None:
    """Five tries, then waits that grow, then only a new PIN by one-time code."""
    entered = await desk.sign_up()
    me = entered.party.id
    said = []
    for _ in range(4):
        answer = await desk.signin.check_pin(me, WRONG)
        assert isinstance(answer, Refused)
        said.append((answer.reason, answer.facts["tries_left"]))
    assert said == [(SigninReason.PIN_WRONG, left) for left in (4, 3, 2, 1)]
    for seconds in (60, 300, 1800, 7200):
        answer = await desk.signin.check_pin(me, WRONG)
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.facts["wait_seconds"]) == (SigninReason.PIN_WAIT, seconds)
        # Waiting, the right PIN is not even weighed.
        assert refused(await desk.signin.check_pin(me, PIN)) is SigninReason.PIN_WAIT
        clock.advance(seconds=seconds)
    assert refused(await desk.signin.check_pin(me, WRONG)) is SigninReason.PIN_LOCKED
    clock.advance(days=30)
    assert refused(await desk.signin.check_pin(me, PIN)) is SigninReason.PIN_LOCKED

    proof = await desk.prove(purpose=Purpose.RESET_PIN)
    assert isinstance(await desk.signin.reset_pin(proof.ticket, "904417", PHONE), SignedIn)
    assert await desk.signin.check_pin(me, "904417") is None


async def test_a_right_pin_forgets_the_wrong_ones(desk: Desk, clock: SetClock) -> None:
    me = (await desk.sign_up()).party.id
    for _ in range(5):
        await desk.signin.check_pin(me, WRONG)
    clock.advance(minutes=1)
    assert await desk.signin.check_pin(me, PIN) is None
    assert await failures(desk, me) == 0
    answer = await desk.signin.check_pin(me, WRONG)
    assert isinstance(answer, Refused)
    assert answer.facts["tries_left"] == 4


async def test_fifty_wrong_guesses_at_once_are_five(desk: Desk) -> None:
    me = (await desk.sign_up()).party.id
    guesses = [f"{n:06d}" for n in range(400_000, 400_050)]
    answers = await asyncio.gather(*(desk.signin.check_pin(me, guess) for guess in guesses))
    told_wrong = [a for a in answers if refused(a) is SigninReason.PIN_WRONG]
    assert len(told_wrong) == 4
    assert all(refused(a) is SigninReason.PIN_WAIT for a in answers if a not in told_wrong)
    assert await failures(desk, me) == 5


async def test_the_right_one_among_fifty_at_once_is_found_by_luck_only(desk: Desk) -> None:
    entered = await desk.sign_up()
    session = await desk.session(entered.token)  # all fifty read "no failures yet"
    guesses = [f"{n:06d}" for n in range(400_000, 400_049)]
    guesses.insert(20, PIN)
    answers = await asyncio.gather(*(desk.signin.check_pin(session, g) for g in guesses))
    assert [a for a in answers if a is None] == []
    assert await failures(desk, entered.party.id) == 5


async def test_a_read_kept_back_for_later_guesses_is_not_believed(desk: Desk) -> None:
    """A thousand requests read their session, then send their PINs one by one."""
    entered = await desk.sign_up()
    kept = await desk.session(entered.token)
    for n in range(5):
        await desk.signin.check_pin(kept, f"{400_000 + n}")
    assert kept.pin is not None
    assert kept.pin.failures == 0
    assert refused(await desk.signin.check_pin(kept, PIN)) is SigninReason.PIN_WAIT


async def test_a_read_that_is_old_is_not_believed_by_another_process(
    db: Database, desk: Desk, clock: SetClock, ids: Ids
) -> None:
    entered = await desk.sign_up()
    other = Desk.over(db, clock, ids, seed=8)
    kept = await other.session(entered.token)
    for n in range(5):
        await desk.signin.check_pin(entered.party.id, f"{400_000 + n}")
    clock.advance(seconds=6)
    assert refused(await other.signin.check_pin(kept, PIN)) is SigninReason.PIN_WAIT


async def test_two_processes_weigh_one_guess_more_at_most(
    db: Database, desk: Desk, clock: SetClock, ids: Ids
) -> None:
    me = (await desk.sign_up()).party.id
    other = Desk.over(db, clock, ids, seed=8)
    asked = [(desk, other)[n % 2].signin.check_pin(me, f"{400_000 + n}") for n in range(50)]
    answers = await asyncio.gather(*asked)
    told_wrong = [a for a in answers if refused(a) is SigninReason.PIN_WRONG]
    assert len(told_wrong) == 4  # each that was told was counted before
    assert await failures(desk, me) == 5


async def test_a_right_pin_writes_nothing(desk: Desk) -> None:
    entered = await desk.sign_up()
    session = await desk.session(entered.token)
    before = await desk.db.value("SELECT xmin::text FROM signin.pin")
    answers = await asyncio.gather(*(desk.signin.check_pin(session, PIN) for _ in range(50)))
    assert answers == [None] * 50
    assert await desk.db.value("SELECT xmin::text FROM signin.pin") == before


async def test_a_right_pin_with_the_sessions_read_asks_the_database_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = await desk.sign_up()
    session = await desk.session(entered.token)

    async def never(*_args: object) -> None:
        raise AssertionError("the database was asked")

    with monkeypatch.context() as patch:
        for verb in ("all", "one", "value", "run"):
            patch.setattr(desk.db, verb, never)
        assert await desk.signin.check_pin(session, PIN) is None
        with pytest.raises(AssertionError, match="was asked"):
            await desk.signin.check_pin(session, WRONG)


async def test_memory_of_guesses_does_not_grow(desk: Desk) -> None:
    me = (await desk.sign_up()).party.id
    await asyncio.gather(*(desk.signin.check_pin(me, PIN) for _ in range(50)))
    assert desk.signin._pins._turns == {}


@pytest.mark.parametrize(
    "pin, reason",
    [
        ("", SigninReason.PIN_MALFORMED),
        ("12345", SigninReason.PIN_MALFORMED),
        ("1234567", SigninReason.PIN_MALFORMED),
        ("12a456", SigninReason.PIN_MALFORMED),
        ("५८२९१३", SigninReason.PIN_MALFORMED),
        ("123456", SigninReason.PIN_WEAK),
        ("987654", SigninReason.PIN_WEAK),
        ("890123", SigninReason.PIN_WEAK),
        ("111111", SigninReason.PIN_WEAK),
        ("121212", SigninReason.PIN_WEAK),
        ("123123", SigninReason.PIN_WEAK),
        ("112233", SigninReason.PIN_WEAK),
        (ASHA_PHONE[-6:], SigninReason.PIN_WEAK),
    ],
)
async def test_what_may_not_be_a_pin(desk: Desk, pin: str, reason: SigninReason) -> None:
    proof = await desk.prove()
    answer = await desk.signin.sign_up(proof.ticket, "Asha", pin, PHONE, language="en")
    assert refused(answer) is reason
    assert await desk.parties.by_phone("india", ASHA_PHONE) is None


def test_few_pins_are_weak() -> None:
    weak = sum(is_weak(f"{n:06d}") for n in range(10**6))
    assert 1000 < weak < 2000


async def test_changing_the_pin_needs_the_old_one(desk: Desk, clock: SetClock) -> None:
    entered = await desk.sign_up()
    session = await desk.session(entered.token)
    change = desk.signin.change_pin
    assert refused(await change(session, WRONG, "904417")) is SigninReason.PIN_WRONG
    assert refused(await change(session, PIN, "222222")) is SigninReason.PIN_WEAK
    assert refused(await change(session, PIN, PIN)) is SigninReason.PIN_UNCHANGED
    clock.advance(seconds=1)
    assert await change(session, PIN, "904417") is None
    fresh = await desk.session(entered.token)
    assert refused(await desk.signin.check_pin(fresh, PIN)) is SigninReason.PIN_WRONG
    assert await desk.signin.check_pin(fresh, "904417") is None
    letters = await desk.notify.inbox_of(entered.party.id)
    assert letters[0].text.startswith("Your PIN was changed")


async def test_two_with_the_same_pin_keep_different_hashes(desk: Desk) -> None:
    await desk.sign_up()
    await desk.sign_up("Ravi Kulkarni", "+919812345678")
    rows = await desk.db.all("SELECT salt, digest FROM signin.pin")
    assert len({row["digest"] for row in rows}) == len({row["salt"] for row in rows}) == 2


async def test_a_party_without_a_pin_is_told(desk: Desk, ids: Ids) -> None:
    assert refused(await desk.signin.check_pin(ids.new(), PIN)) is SigninReason.PIN_NOT_SET


async def test_wrong_pins_at_sign_in_count_alike(desk: Desk, clock: SetClock) -> None:
    me = (await desk.sign_up()).party.id
    clock.advance(seconds=1)
    proof = await desk.prove()
    for _ in range(5):
        answer = await desk.signin.sign_in(proof.ticket, WRONG, PHONE)
        assert isinstance(answer, Refused)
    assert refused(await desk.signin.check_pin(me, PIN)) is SigninReason.PIN_WAIT
    clock.advance(seconds=timedelta(minutes=1).seconds)
    assert isinstance(await desk.signin.sign_in(proof.ticket, PIN, PHONE), SignedIn)
