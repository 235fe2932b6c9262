"""Names are found by how their words begin, and the index tells nobody a name."""

from __future__ import annotations

import dataclasses

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import NewParty, Party, PartyKind, PartyState
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.parties.ring import Ring, claim
from argosy.base.store import Database
from tests.people import customer, make_keys

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def parties(db: Database, ids: Ids, clock: SetClock) -> Parties:
    return Parties(db, ids, clock, make_keys())


async def opened(parties: Parties, new: NewParty) -> Party:
    party = await parties.open(new)
    assert isinstance(party, Party), party
    return party


async def found(parties: Parties, text: str) -> set[Party]:
    return set(await parties.name_keys.find(text))


async def test_every_word_is_found_by_its_beginning_whatever_its_case_and_accents(
    parties: Parties, ids: Ids
) -> None:
    asha = await opened(parties, customer(ids, "Asha Raghunathan", "+919876543210"))
    jose = await opened(parties, customer(ids, "José Ñuñez-Li", "+919876543211"))
    for text in ("ash", "ASHA", "ragh", "raghunat", "Raghunathan", "asha rag", "rag ash"):
        assert await found(parties, text) == {asha}, text
    for text in ("jose", "nun", "Ñuñ jos", "li", "nunez li"):
        assert await found(parties, text) == {jose}, text
    for text in ("", "  ", "as", "sha", "asha nun", "raghunax", "%", "'; DROP TABLE"):
        assert await found(parties, text) == set(), text


async def test_names_in_other_scripts_are_found_too(parties: Parties, ids: Ids) -> None:
    hindi = await opened(parties, customer(ids, "आशा रघुनाथन", "+919876543210"))
    thai = await opened(parties, customer(ids, "สมชาย ใจดี", "+919876543211"))
    wang = await opened(parties, customer(ids, "王小明", "+919876543212"))
    assert await found(parties, "रघु") == {hindi}
    assert await found(parties, "สมช") == {thai}
    for text in ("王", "王小", "王小明"):
        assert await found(parties, text) == {wang}


async def test_a_shop_is_found_by_its_name_and_its_owners(parties: Parties, ids: Ids) -> None:
    new = dataclasses.replace(
        customer(ids, "Ravi Kulkarni"),
        kind=PartyKind.MERCHANT,
        business_name="Blue Lotus Tea House",
        merchant_class="small",
    )
    shop = await opened(parties, new)
    for text in ("blue lotus", "tea hou", "kulk", "ravi tea"):
        assert await found(parties, text) == {shop}
    closed = await parties.set_state(shop.id, PartyState.CLOSED)
    assert isinstance(closed, Party)
    assert await found(parties, "lotus") == {closed}


async def test_a_new_name_replaces_the_old_one(db: Database, parties: Parties, ids: Ids) -> None:
    asha = await opened(parties, customer(ids, "Asha Raghunathan"))
    async with db.work() as conn:
        await parties.name_keys.note(asha.id, ("Asha Menon", None), conn)
    assert await found(parties, "menon") == {asha}
    assert await found(parties, "raghu") == set()


async def test_the_index_has_no_name_and_another_key_finds_nothing(
    db: Database, ids: Ids, clock: SetClock, parties: Parties
) -> None:
    await opened(parties, customer(ids, "Asha Raghunathan"))
    row = await db.one("SELECT * FROM parties.name_keys")
    assert row is not None
    assert "sha" not in repr(dict(row))
    stranger = Parties(db, ids, clock, make_keys("another secret"))
    assert await found(stranger, "asha") == set()


async def test_it_is_found_after_the_keys_have_changed(
    db: Database, ids: Ids, clock: SetClock
) -> None:
    before = await claim(db, Ring(FIRST), demo=False)
    asha = await opened(_with(db, ids, clock, before.keys()), customer(ids, "Asha Raghunathan"))
    after = await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    assert await found(_with(db, ids, clock, after.keys()), "ragh") == {asha}


def _with(db: Database, ids: Ids, clock: SetClock, keys: Keys) -> Parties:
    return Parties(db, ids, clock, keys)


async def test_parties_from_before_the_index_are_indexed_a_page_at_a_time_and_each_reading_is_logged(
    db: Database, parties: Parties, ids: Ids
) -> None:
    people = [
        await opened(parties, customer(ids, f"Asha Person{n}", f"+91987654321{n}"))
        for n in range(5)
    ]
    await db.run("DELETE FROM parties.name_keys")
    await db.run("UPDATE parties.name_round SET done = false")
    assert await found(parties, "asha") == set()
    assert [await parties.index_names(2) for _ in range(4)] == [2, 2, 1, 0]
    assert await found(parties, "asha") == set(people)
    assert [a.purpose for a in await parties.accesses(people[0].id)] == ["index of names"]
    assert await parties.index_names(2) == 0
    assert len(await parties.accesses(people[0].id)) == 1
