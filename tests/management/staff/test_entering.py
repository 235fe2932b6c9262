"""How staff come in, and how nobody else does."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.refusals import Refused
from argosy.management.staff import passwords, second_factor
from argosy.management.staff.facts import StaffReason
from argosy.management.staff.sessions import IDLE, LASTS, Opened
from argosy.management.staff.tries import FREE_OF_ADDRESS, FREE_OF_PERSON, wait_after
from tests.management.staff.conftest import HOME, PASSWORD


def code_of(said) -> str:
    return said.code if isinstance(said, Refused) else "in"


async def test_an_invitation_leads_to_password_second_factor_and_recovery_codes(staff):
    invitation = await staff.invited("meera", "analyst", "support")
    assert code_of(await staff.sign_in("meera", "000000")) == "sign_in_wrong"

    whom = await staff.entering.invited(invitation.token)
    assert (whom.name, whom.secret) == ("meera", None)
    chosen = await staff.entering.choose_password(invitation.token, PASSWORD)
    wrong = await staff.entering.enrol(invitation.token, "000000", HOME, "a test")
    assert code_of(wrong) == "second_factor_wrong"
    done = await staff.entering.enrol(invitation.token, staff.code(chosen.secret), HOME, "a test")
    assert done.opened.session.member.name == "meera"
    assert set(done.opened.session.member.roles) == {"analyst", "support"}
    assert len(set(done.recovery_codes)) == second_factor.RECOVERY_CODES

    again = await staff.entering.invited(invitation.token)
    assert code_of(again) == "invitation_over"
    assert (await staff.people.named("meera")).state == "active"


async def test_an_invitation_ends_after_days_and_by_a_newer_one(staff):
    first = await staff.invited("meera")
    second = await staff.people.invite_again(first.person.id)
    assert code_of(await staff.entering.invited(first.token)) == "invitation_over"
    staff.clock.advance(days=4)
    assert code_of(await staff.entering.invited(second.token)) == "invitation_over"


async def test_nothing_that_the_database_holds_signs_anybody_in(staff):
    done, secret = await staff.enrolled("meera")
    texts = []
    for table in ("members", "recoveries", "invitations", "sessions", "audit", "tries"):
        texts += [str(dict(row)) for row in await staff.db.all(f"SELECT * FROM staff.{table}")]
    whole = "\n".join(texts)
    assert "$argon2id$" in whole
    for hidden in (PASSWORD, secret, done.opened.token, *done.recovery_codes):
        assert hidden not in whole


@pytest.mark.parametrize(
    "password",
    ["short", "meera meera", "aaaaaaaaaaaaaa", "password12345", "123456789012", "Administrator1!"],
)
async def test_a_weak_password_is_refused(staff, password):
    invitation = await staff.invited("meera meera")
    said = await staff.entering.choose_password(invitation.token, password)
    assert code_of(said) == "password_weak"


def test_twin_a_good_one_is_not_weak():
    assert not passwords.is_weak(PASSWORD, "meera")


async def test_a_code_is_taken_once(staff):
    _, secret = await staff.enrolled("meera")
    code = staff.code(secret)
    assert isinstance(await staff.sign_in("meera", code), Opened)
    assert code_of(await staff.sign_in("meera", code)) == "sign_in_wrong"
    staff.clock.advance(seconds=30)
    assert (
        code_of(await staff.sign_in("meera", code)) == "sign_in_wrong"
    )  # still of a step around now
    assert isinstance(await staff.sign_in("meera", staff.code(secret)), Opened)


async def test_a_code_is_taken_once_by_many_at_once_too(staff):
    _, secret = await staff.enrolled("meera")
    code = staff.code(secret)
    said = await asyncio.gather(*(staff.sign_in("meera", code) for _ in range(3)))
    assert sorted(code_of(one) for one in said) == ["in", "sign_in_wrong", "sign_in_wrong"]


async def test_a_recovery_code_signs_in_once(staff):
    done, _ = await staff.enrolled("meera")
    code = done.recovery_codes[3].upper()
    assert isinstance(await staff.sign_in("meera", code), Opened)
    assert code_of(await staff.sign_in("meera", code)) == "sign_in_wrong"


async def test_wrong_tries_make_waits_that_grow_and_a_right_one_ends_them(staff):
    _, secret = await staff.enrolled("meera")
    for _ in range(FREE_OF_PERSON):
        assert code_of(await staff.sign_in("meera", "000000", "wrong")) == "sign_in_wrong"
    said = await staff.sign_in("meera", staff.code(secret))
    assert said.reason is StaffReason.SIGN_IN_WAIT
    assert 0 < said.facts["wait_seconds"] <= 6
    staff.clock.advance(seconds=6)
    assert code_of(await staff.sign_in("meera", "000000", "wrong")) == "sign_in_wrong"
    longer = await staff.sign_in("meera", staff.code(secret))
    assert longer.facts["wait_seconds"] > 6
    staff.clock.advance(seconds=30)
    assert isinstance(await staff.sign_in("meera", staff.code(secret)), Opened)
    staff.clock.advance(seconds=60)
    assert code_of(await staff.sign_in("meera", "000000", "wrong")) == "sign_in_wrong"


def test_a_wait_has_an_end():
    assert wait_after(10_000, FREE_OF_PERSON).total_seconds() == 900


async def test_many_at_once_have_no_more_tries_than_one_after_the_other(staff):
    await staff.enrolled("meera")
    said = await asyncio.gather(
        *(staff.sign_in("meera", f"{n:06}", "wrong") for n in range(FREE_OF_PERSON + 6))
    )
    codes = [code_of(one) for one in said]
    assert codes.count("sign_in_wrong") == FREE_OF_PERSON
    assert codes.count("sign_in_wait") == 6


async def test_an_address_that_tries_one_name_after_the_other_waits_too(staff, monkeypatch):
    async def never(password, kept):
        return False

    monkeypatch.setattr(passwords, "fits", never)  # argon2 is slow, and not what this is about
    for n in range(FREE_OF_ADDRESS):
        assert code_of(await staff.sign_in(f"nobody {n}", "000000", "wrong")) == "sign_in_wrong"
    assert code_of(await staff.sign_in("somebody", "000000", "wrong")) == "sign_in_wait"
    elsewhere = await staff.sign_in("somebody", "000000", "wrong", "198.51.100.9")
    assert code_of(elsewhere) == "sign_in_wrong"


async def test_signing_in_rightly_again_and_again_makes_no_address_wait(staff):
    _, secret = await staff.enrolled("meera")
    for _ in range(FREE_OF_ADDRESS + 2):
        assert isinstance(await staff.sign_in("meera", staff.code(secret)), Opened)
        staff.clock.advance(seconds=30)


async def test_right_and_wrong_are_in_the_log_and_no_name_that_nobody_has(staff):
    _, secret = await staff.enrolled("meera")
    await staff.sign_in("meera", staff.code(secret))
    await staff.sign_in("meera", "000000")
    await staff.sign_in("my secret password", "000000")
    assert await staff.said("staff.sign_in") == ["sign_in_wrong", "sign_in_wrong", "done"]
    found = await staff.audit.search(action="staff.sign_in")
    assert [entry.name for entry in found.entries] == ["", "meera", "meera"]
    assert "my secret password" not in str(found)


async def test_a_session_ends_when_nobody_uses_it_and_after_a_day_s_work(staff):
    done, _ = await staff.enrolled("meera")
    token = done.opened.token
    for _ in range(5):
        staff.clock.advance(minutes=IDLE.total_seconds() / 60 - 2)
        session = await staff.sessions.find(token)
        assert session is not None
        await staff.sessions.touch(session)
    staff.clock.advance(seconds=IDLE.total_seconds() + 1)
    assert await staff.sessions.find(token) is None

    _, secret = await staff.enrolled("ravi")
    opened = await staff.sign_in("ravi", staff.code(secret))
    begun = staff.clock.now()
    while staff.clock.now() - begun < LASTS:
        session = await staff.sessions.find(opened.token)
        assert session is not None
        await staff.sessions.touch(session)
        staff.clock.advance(minutes=25)
    assert await staff.sessions.find(opened.token) is None


async def test_signed_out_and_disabled_is_out(staff):
    done, secret = await staff.enrolled("meera")
    other = await staff.sign_in("meera", staff.code(secret))
    await staff.entering.sign_out(done.opened.token)
    assert await staff.sessions.find(done.opened.token) is None
    assert await staff.sessions.find(other.token) is not None
    await staff.people.disable(other.session.member.id, "the tests")
    assert await staff.sessions.find(other.token) is None
    staff.clock.advance(seconds=60)
    assert code_of(await staff.sign_in("meera", staff.code(secret))) == "sign_in_wrong"


async def test_a_new_password_ends_what_was_before(staff):
    done, secret = await staff.enrolled("meera")
    invitation = await staff.people.invite_again(done.opened.session.member.id)
    chosen = await staff.entering.choose_password(invitation.token, "another good password")
    assert isinstance(await staff.sign_in("meera", staff.code(secret)), Opened)  # until it is done
    staff.clock.advance(seconds=30)
    await staff.entering.enrol(invitation.token, staff.code(chosen.secret), HOME, "a test")
    assert await staff.sessions.find(done.opened.token) is None
    staff.clock.advance(seconds=60)
    assert code_of(await staff.sign_in("meera", staff.code(secret))) == "sign_in_wrong"
    code = staff.code(chosen.secret)
    assert code_of(await staff.sign_in("meera", code)) == "sign_in_wrong"  # the old password
    staff.clock.advance(seconds=30)
    code = staff.code(chosen.secret)
    assert isinstance(await staff.sign_in("meera", code, "another good password"), Opened)
