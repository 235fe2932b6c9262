"""Parties: opened with their account, found by phone and number, personal data under a log."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from uuid import UUID

import asyncpg
import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids, derive
from argosy.base.parties import numbers
from argosy.base.parties.facts import (
    NewParty,
    Party,
    PartyKind,
    PartyReason,
    PartyState,
    Personal,
    main_account,
)
from argosy.base.parties.keys import Keys, WrongKey
from argosy.base.parties.names import masked, read_email, read_name
from argosy.base.parties.parties import Parties
from argosy.base.parties.resealing import reseal
from argosy.base.parties.rows import SEALED
from argosy.base.refusals import Bug, Refused
from argosy.base.store import Connection, Database
from tests.people import ASHA_NAME, ASHA_PHONE, RAVI_NAME, RAVI_PHONE, customer, make_keys

ME = "party:me"


@pytest.fixture
def parties(db: Database, ids: Ids, clock: SetClock) -> Parties:
    return Parties(db, ids, clock, make_keys())


async def opened(parties: Parties, new: NewParty) -> Party:
    party = await parties.open(new)
    assert isinstance(party, Party), party
    return party


def refused(answer: object) -> PartyReason:
    assert isinstance(answer, Refused), answer
    assert isinstance(answer.reason, PartyReason)
    return answer.reason


# --- opening and finding -------------------------------------------------------------------------


async def test_a_party_is_found_by_id_phone_and_number(parties: Parties, ids: Ids) -> None:
    asha = await opened(parties, customer(ids))
    assert (asha.kind, asha.level, asha.state) == (PartyKind.CUSTOMER, "small", PartyState.ACTIVE)
    assert await parties.get(asha.id) == asha
    assert await parties.by_phone("india", ASHA_PHONE) == asha
    assert await parties.by_number("india", asha.number) == asha
    assert await parties.by_phone("thailand", ASHA_PHONE) is None
    assert await parties.by_phone("india", RAVI_PHONE) is None
    assert await parties.get(ids.new()) is None
    assert asha.account == main_account(asha.id) == derive(asha.id, "account")


async def test_opening_again_is_the_same_party(parties: Parties, ids: Ids) -> None:
    new = customer(ids)
    first = await opened(parties, new)
    assert await parties.open(new) == first
    assert await parties.open(dataclasses.replace(new, name=f"  {ASHA_NAME} ")) == first
    other = dataclasses.replace(new, name="Somebody Else")
    assert refused(await parties.open(other)) is PartyReason.PARTY_EXISTS_DIFFERENTLY


async def test_a_phone_has_one_wallet_in_a_market(parties: Parties, ids: Ids) -> None:
    await opened(parties, customer(ids))
    thief = customer(ids, "Not Asha")
    assert refused(await parties.open(thief)) is PartyReason.PHONE_TAKEN
    assert await parties.get(thief.id) is None
    abroad = dataclasses.replace(customer(ids), market="thailand")
    assert (await opened(parties, abroad)).market == "thailand"


async def test_fifty_at_once_open_one_party(parties: Parties, ids: Ids) -> None:
    new = customer(ids)
    answers = await asyncio.gather(*(parties.open(new) for _ in range(50)))
    assert len({answer.id for answer in answers if isinstance(answer, Party)}) == 1
    assert not [answer for answer in answers if isinstance(answer, Refused)]


async def test_fifty_strangers_with_one_phone_open_one_wallet(parties: Parties, ids: Ids) -> None:
    new = [customer(ids) for _ in range(50)]
    answers = await asyncio.gather(*(parties.open(each) for each in new))
    assert sum(isinstance(answer, Party) for answer in answers) == 1
    reasons = {refused(answer) for answer in answers if isinstance(answer, Refused)}
    assert reasons == {PartyReason.PHONE_TAKEN}


async def test_the_account_and_the_party_are_one_step(
    db: Database, ids: Ids, clock: SetClock
) -> None:
    opened_accounts: list[UUID] = []

    async def opening(party: Party, conn: Connection) -> None:
        await conn.execute("SELECT 1")
        opened_accounts.append(party.account)
        if len(opened_accounts) == 1:
            raise ConnectionError("the line is cut")

    parties = Parties(db, ids, clock, make_keys(), opening)
    new = customer(ids)
    with pytest.raises(Exception, match="the line is cut"):
        await parties.open(new)
    assert await parties.get(new.id) is None
    assert await parties.by_phone("india", ASHA_PHONE) is None
    party = await opened(parties, new)
    assert opened_accounts == [party.account] * 2


async def test_a_refusal_leaves_nothing_in_the_callers_transaction(
    db: Database, parties: Parties, ids: Ids
) -> None:
    await opened(parties, customer(ids))
    async with db.work() as conn:
        assert refused(await parties.open(customer(ids), conn)) is PartyReason.PHONE_TAKEN
        ravi = await parties.open(customer(ids, RAVI_NAME, RAVI_PHONE), conn)
    assert isinstance(ravi, Party)
    assert await parties.get(ravi.id) == ravi
    assert await db.value("SELECT count(*) FROM parties.handle WHERE kind = 'number'") == 2


async def test_closing_frees_the_phone_and_never_the_number(parties: Parties, ids: Ids) -> None:
    asha = await opened(parties, customer(ids))
    frozen = await parties.set_state(asha.id, PartyState.FROZEN)
    assert isinstance(frozen, Party)
    assert frozen.state is PartyState.FROZEN
    await parties.set_state(asha.id, PartyState.CLOSED)
    assert await parties.by_phone("india", ASHA_PHONE) is None
    found = await parties.by_number("india", asha.number)
    assert found is not None
    assert found.state is PartyState.CLOSED
    thawed = await parties.set_state(asha.id, PartyState.ACTIVE)
    assert refused(thawed) is PartyReason.PARTY_CLOSED
    assert refused(await parties.set_level(asha.id, "full")) is PartyReason.PARTY_CLOSED
    assert refused(await parties.set_level(ids.new(), "full")) is PartyReason.PARTY_NOT_FOUND
    assert (await opened(parties, customer(ids))).id != asha.id


async def test_a_thousand_reads_share_few_queries(parties: Parties, ids: Ids) -> None:
    asha = await opened(parties, customer(ids))
    asked = [parties.by_number("india", asha.number) for _ in range(1000)]
    assert set(await asyncio.gather(*asked)) == {asha}


# --- what may be given ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, reason",
    [
        ({"name": ""}, PartyReason.NAME_MISSING),
        ({"name": " \t "}, PartyReason.NAME_UNREADABLE),
        ({"name": "x" * 61}, PartyReason.NAME_UNREADABLE),
        ({"name": "12345"}, PartyReason.NAME_UNREADABLE),
        ({"name": "Asha\u202eRao"}, PartyReason.NAME_UNREADABLE),
        ({"name": "Asha\x00"}, PartyReason.NAME_UNREADABLE),
        ({"email": "asha"}, PartyReason.EMAIL_UNREADABLE),
        ({"email": "asha@example.org@x"}, PartyReason.EMAIL_UNREADABLE),
        ({"business_name": "\u200b"}, PartyReason.NAME_UNREADABLE),
    ],
)
async def test_what_no_name_or_address_is_refused(
    parties: Parties, ids: Ids, given: dict[str, str], reason: PartyReason
) -> None:
    new = dataclasses.replace(customer(ids), **given)
    assert refused(await parties.open(new)) is reason


def test_names_are_read_in_one_form() -> None:
    assert read_name("  Asha   Rao ") == "Asha Rao"
    assert read_name("Jose\u0301") == "José"
    assert read_email(" Asha@Example.ORG ") == "asha@example.org"


@pytest.mark.parametrize(
    "name, seen",
    [
        ("Asha Rao", "Asha R."),
        ("Asha Lata Rao", "Asha R."),
        ("Asha", "As…"),
        ("Om", "Om"),
        ("आशा राव", "आशा रा."),
        ("क्षितिज", "क्षिति…"),
    ],
)
def test_a_name_is_masked_by_letters_as_they_are_read(name: str, seen: str) -> None:
    assert masked(name) == seen


# --- public numbers ------------------------------------------------------------------------------


def test_one_wrong_digit_or_a_swap_is_always_found() -> None:
    chance = random.Random(1).randbytes
    for _ in range(200):
        number = numbers.draw(chance)
        assert numbers.reads(f" {number[:5]} {number[5:]} ") == number
        for at in range(10):
            for digit in "0123456789":
                wrong = number[:at] + digit + number[at + 1 :]
                assert wrong == number or numbers.reads(wrong) is None
        for at in range(9):
            swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
            assert swapped == number or numbers.reads(swapped) is None


@pytest.mark.parametrize("text", ["", "123", "98765432101", "१२३४५६७८९०", "9876543210", "abc"])
def test_what_is_no_number(text: str) -> None:
    assert numbers.reads(text) is None


async def test_a_number_that_is_taken_is_drawn_again(
    db: Database, ids: Ids, clock: SetClock
) -> None:
    draws = iter([b"\0" * 16, b"\0" * 16, b"\0" * 15 + b"\1"])
    parties = Parties(db, ids, clock, make_keys(), chance=lambda _: next(draws))
    first = await opened(parties, customer(ids))
    second = await opened(parties, customer(ids, RAVI_NAME, RAVI_PHONE))
    assert first.number != second.number


# --- personal data -------------------------------------------------------------------------------


async def test_reading_personal_data_leaves_a_line(
    parties: Parties, ids: Ids, clock: SetClock
) -> None:
    asha = await opened(parties, customer(ids))
    assert await parties.accesses(asha.id) == []
    personal = await parties.personal(asha.id, "staff:17", "complaint 4711")
    assert personal == Personal(asha.id, ASHA_NAME, ASHA_PHONE)
    assert ASHA_NAME not in repr(personal)
    clock.advance(seconds=1)
    assert await parties.display_name(asha.id, ME, "pay") == "Asha R."
    said = [(a.reader, a.purpose, a.fields, a.at) for a in await parties.accesses(asha.id)]
    assert said[0] == (ME, "pay", ("name", "business_name"), clock.now())
    assert said[1][:2] == ("staff:17", "complaint 4711")
    assert set(said[1][2]) == {"name", "phone", "email", "city", "business_name"}


async def test_names_shown_together_are_logged_one_by_one(parties: Parties, ids: Ids) -> None:
    asha = await opened(parties, customer(ids))
    ravi = await opened(parties, customer(ids, RAVI_NAME, RAVI_PHONE))
    asked = [(asha.id, "party:1"), (asha.id, "party:2"), (ravi.id, "party:1"), (ids.new(), ME)]
    shown = await asyncio.gather(*(parties.display_name(p, r, "pay") for p, r in asked))
    assert shown == ["Asha R.", "Asha R.", "Ravi K.", None]
    assert {a.reader for a in await parties.accesses(asha.id)} == {"party:1", "party:2"}
    assert len(await parties.accesses(ravi.id)) == 1


async def test_a_shop_is_shown_by_its_whole_name(parties: Parties, ids: Ids) -> None:
    new = dataclasses.replace(
        customer(ids), kind=PartyKind.MERCHANT, business_name="Asha's Tea Corner", city="Pune"
    )
    shop = await opened(parties, new)
    assert await parties.display_name(shop.id, ME, "pay") == "Asha's Tea Corner"


async def test_nobody_reads_without_saying_who_and_what_for(parties: Parties, ids: Ids) -> None:
    asha = await opened(parties, customer(ids))
    for reader, purpose in (("", "pay"), (ME, ""), ("x" * 81, "pay")):
        with pytest.raises(Bug):
            await parties.personal(asha.id, reader, purpose)
    unknown = await parties.personal(ids.new(), ME, "pay")
    assert refused(unknown) is PartyReason.PARTY_NOT_FOUND


CHANGES = (
    "UPDATE parties.access_log SET reader = 'nobody'",
    "DELETE FROM parties.access_log",
    "TRUNCATE parties.access_log",
)


@pytest.mark.parametrize("change", CHANGES)
async def test_the_access_log_only_grows(
    db: Database, parties: Parties, ids: Ids, change: str
) -> None:
    asha = await opened(parties, customer(ids))
    await parties.personal(asha.id, ME, "pay")
    with pytest.raises(asyncpg.RestrictViolationError, match="only grows"):
        await db.run(change)
    assert len(await parties.accesses(asha.id)) == 1


@pytest.mark.parametrize("change", CHANGES)
async def test_twin_without_its_guard_the_log_could_be_changed(
    db: Database, parties: Parties, ids: Ids, change: str
) -> None:
    asha = await opened(parties, customer(ids))
    await parties.personal(asha.id, ME, "pay")
    async with db.work() as conn:
        undone = conn.transaction()
        await undone.start()
        await conn.execute("ALTER TABLE parties.access_log DISABLE TRIGGER append_only")
        await conn.execute(change)
        left = await conn.fetchval("SELECT count(*) FROM parties.access_log WHERE reader = $1", ME)
        await undone.rollback()
    assert left == 0


# --- keys ----------------------------------------------------------------------------------------


async def test_another_key_reads_and_finds_nothing(
    db: Database, parties: Parties, ids: Ids, clock: SetClock
) -> None:
    asha = await opened(parties, customer(ids))
    stranger = Parties(db, ids, clock, make_keys("another secret"))
    with pytest.raises(WrongKey):
        await stranger.personal(asha.id, ME, "pay")
    assert await stranger.by_phone("india", ASHA_PHONE) is None
    assert await stranger.get(asha.id) == asha  # what is not personal needs no key


async def test_a_sealed_value_does_not_open_in_another_row(
    db: Database, parties: Parties, ids: Ids
) -> None:
    asha = await opened(parties, customer(ids))
    ravi = await opened(parties, customer(ids, RAVI_NAME, RAVI_PHONE))
    await db.run(
        "UPDATE parties.party SET name_sealed = (SELECT name_sealed FROM parties.party"
        " WHERE id = $1) WHERE id = $2",
        asha.id,
        ravi.id,
    )
    with pytest.raises(WrongKey):
        await parties.personal(ravi.id, ME, "pay")


async def test_one_changed_bit_is_found() -> None:
    keys = make_keys()
    sealed = keys.seal("Asha", "row", "name")
    assert keys.open(sealed, "row", "name") == "Asha"
    for at in range(len(sealed)):
        wrong = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(WrongKey):
            keys.open(wrong, "row", "name")
    for bound in (("row", "phone"), ("other", "name"), ("rowname",), ("row", "nam", "e")):
        with pytest.raises(WrongKey):
            keys.open(sealed, *bound)


async def test_keys_rotate_and_old_data_is_sealed_anew(
    db: Database, ids: Ids, clock: SetClock
) -> None:
    old, new, search = (bytes([n]) * 32 for n in (1, 2, 3))
    before = Parties(db, ids, clock, Keys(old, search))
    people = [customer(ids, f"Person {chr(65 + n)}", f"+91900000000{n}") for n in range(5)]
    for each in people:
        await opened(before, each)
    both = Parties(db, ids, clock, Keys(new, search, older=[old]))
    assert await both.by_phone("india", "+919000000000") is not None
    done = await reseal(db, Keys(new, search, older=[old]), SEALED, pause_seconds=0)
    assert (done.finished, done.count) == (True, 2 * len(people))
    only_new = Parties(db, ids, clock, Keys(new, search))
    for each in people:
        personal = await only_new.personal(each.id, ME, "pay")
        assert isinstance(personal, Personal)
        assert (personal.name, personal.phone) == (each.name, each.phone)


def test_keys_are_whole_and_different() -> None:
    with pytest.raises(Bug):
        Keys(b"short", b"x" * 32)
    with pytest.raises(Bug):
        Keys(b"x" * 32, b"y" * 32, older=[b"x" * 32])
