"""Who is on the staff."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import reseal
from argosy.base.refusals import Refused
from argosy.management.staff import demo
from argosy.management.staff.entering import Entering
from argosy.management.staff.facts import ROLES, Right, rights_of
from argosy.management.staff.people import SEALED, Person
from argosy.management.staff.sessions import Opened


def test_every_role_sees_the_overview_and_the_auditor_acts_nowhere():
    assert all(Right.HOME_SEE in rights for rights in ROLES.values())
    assert {right.rpartition(".")[2] for right in ROLES["auditor"]} == {"see"}
    assert rights_of(["analyst", "no such role"]) == ROLES["analyst"]


def test_nobody_of_one_role_moves_money_and_manages_staff():
    for rights in ROLES.values():
        assert not {Right.STAFF_MANAGE, Right.MONEY_ADJUST} <= rights


@pytest.mark.parametrize(
    "name,roles,said",
    [
        ("X", ("analyst",), "member_name"),
        ("Meera", ("analyst",), "member_name"),
        ("<b>meera</b>", ("analyst",), "member_name"),
        ("meera ", ("analyst",), "member_name"),
        ("argosy", ("analyst",), "member_name"),
        ("meera", (), "role_unknown"),
        ("meera", ("king",), "role_unknown"),
    ],
)
async def test_what_nobody_may_be_called_or_be(staff, name, roles, said):
    assert (await staff.people.add(name, roles, "the tests")).code == said


async def test_a_name_is_given_once(staff):
    await staff.invited("meera")
    assert (await staff.people.add("meera", ("analyst",), "the tests")).code == "member_known"


async def test_the_last_administrator_stays(staff):
    first = (await staff.invited("first", "administrator")).person
    assert (await staff.people.disable(first.id, "x")).code == "last_administrator"
    assert (await staff.people.set_roles(first.id, ["analyst"])).code == "last_administrator"
    second = (await staff.invited("second", "administrator")).person
    both = await asyncio.gather(
        staff.people.disable(first.id, "second"), staff.people.disable(second.id, "first")
    )
    assert sorted(isinstance(one, Refused) for one in both) == [False, True]


async def test_roles_change_what_a_living_session_may(staff):
    done, _ = await staff.enrolled("meera", "analyst")
    session = done.opened.session
    assert session.member.may(Right.RULES_EDIT)
    changed = await staff.people.set_roles(session.member.id, ["support"])
    assert isinstance(changed, Person)
    assert not (await staff.sessions.living(session.id)).member.may(Right.RULES_EDIT)


async def test_who_comes_back_begins_anew(staff):
    done, _ = await staff.enrolled("meera")
    person = done.opened.session.member.id
    await staff.people.disable(person, "x")
    back = await staff.people.enable(person)
    assert back.person.state == "invited"
    assert await staff.db.value("SELECT count(*) FROM staff.recoveries") == 0


async def test_the_demo_s_staff_signs_in_and_moves_in_once(staff):
    await demo.move_in(staff.db, staff.clock, staff.keys)
    await demo.move_in(staff.db, staff.clock, staff.keys)
    people = await staff.people.listed()
    assert sorted(person.name for person in people) == sorted(demo.demo_names())
    assert {role for person in people for role in person.roles} == set(ROLES)
    said = await staff.sign_in("risk lead", staff.code(demo.DEMO_SECRET), demo.DEMO_PASSWORD)
    assert isinstance(said, Opened)
    assert said.session.member.rights == ROLES["risk_lead"]


async def test_after_a_change_of_keys_the_second_factor_still_opens(staff):
    _, secret = await staff.enrolled("meera")
    await staff.invited("ravi")
    newer = Keys(b"n" * 32, b"s" * 32, [b"k" * 32])
    done = await reseal(staff.db, newer, SEALED)
    assert (done.finished, done.broken, done.values["staff.members"]) == (True, [], 1)
    only_new = Keys(b"n" * 32, b"s" * 32)
    staff.entering = Entering(staff.db, staff.clock, only_new, staff.audit, staff.sessions)
    assert isinstance(await staff.sign_in("meera", staff.code(secret)), Opened)
