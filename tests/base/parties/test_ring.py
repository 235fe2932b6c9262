"""The operator's key changes: whom a database belongs to, and what must be given with the new one."""

from __future__ import annotations

import asyncio

import pytest

from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column, in_json, reseal
from argosy.base.parties.ring import Ring, claim, retired, subkey
from argosy.base.store import Database, StoreError
from argosy.base.store.installation import claim as claim_before

FIRST, SECOND, THIRD, STRANGER = (bytes([n]) * 32 for n in (1, 2, 3, 9))


async def test_a_new_database_belongs_to_the_key_that_comes_first(db: Database):
    ring = await claim(db, Ring(FIRST), demo=False)
    assert ring.root == FIRST
    assert await claim(db, Ring(FIRST), demo=False) == ring
    with pytest.raises(StoreError, match="another ARGOSY_KEY"):
        await claim(db, Ring(STRANGER), demo=False)
    with pytest.raises(StoreError, match="none of ARGOSY_KEYS_OLD"):
        await claim(db, Ring(STRANGER, (THIRD,)), demo=False)


async def test_a_demo_stays_one_and_nothing_else_becomes_one(db: Database):
    await claim(db, Ring(FIRST), demo=True)
    with pytest.raises(StoreError, match="holds a demo"):
        await claim(db, Ring(FIRST), demo=False)


async def test_a_database_from_before_there_was_a_root_keeps_its_hashes(db: Database):
    await claim_before(db, subkey(FIRST, "installation"), demo=False)
    ring = await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    assert ring.root == FIRST
    assert ring.subkey("search") == Ring(FIRST).subkey("search")


async def test_what_is_hashed_stays_while_the_key_changes_again_and_again(db: Database):
    first = (await claim(db, Ring(FIRST), demo=False)).keys()
    second = (await claim(db, Ring(SECOND, (FIRST,)), demo=False)).keys()
    third = (await claim(db, Ring(THIRD, (SECOND, FIRST)), demo=False)).keys()
    assert (
        first.digest("handle", "x") == second.digest("handle", "x") == third.digest("handle", "x")
    )
    sealed = first.seal("Asha", "row", "name")
    assert third.open(sealed, "row", "name") == "Asha"
    assert not third.is_current(sealed)
    assert third.is_current(third.seal("Asha", "row", "name"))


async def test_a_key_that_data_may_be_sealed_with_cannot_be_left_out(db: Database):
    await claim(db, Ring(FIRST), demo=False)
    await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    with pytest.raises(StoreError, match="may still be sealed with an earlier key"):
        await claim(db, Ring(SECOND), demo=False)
    await claim(db, Ring(THIRD, (SECOND, FIRST)), demo=False)
    with pytest.raises(StoreError, match="argosy keys reseal"):
        await claim(db, Ring(THIRD, (FIRST,)), demo=False)
    await retired(db, Ring(THIRD))
    assert (await claim(db, Ring(THIRD), demo=False)).root == FIRST


async def test_a_job_that_ends_after_the_next_change_lets_no_key_go(db: Database):
    await claim(db, Ring(FIRST), demo=False)
    second = await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    await claim(db, Ring(THIRD, (SECOND, FIRST)), demo=False)
    await retired(db, second)
    with pytest.raises(StoreError, match="earlier key"):
        await claim(db, Ring(THIRD), demo=False)


async def test_the_key_before_is_a_stranger_afterwards(db: Database):
    await claim(db, Ring(FIRST), demo=False)
    await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    with pytest.raises(StoreError, match="another ARGOSY_KEY"):
        await claim(db, Ring(FIRST), demo=False)


async def test_back_to_the_key_before_is_a_change_like_any(db: Database):
    await claim(db, Ring(FIRST), demo=False)
    await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    back = await claim(db, Ring(FIRST, (SECOND,)), demo=False)
    assert back.root == FIRST
    with pytest.raises(StoreError, match="earlier key"):
        await claim(db, Ring(FIRST), demo=False)


async def test_servers_that_start_at_once_agree(db: Database):
    await claim(db, Ring(FIRST), demo=False)
    rings = await asyncio.gather(*(claim(db, Ring(SECOND, (FIRST,)), demo=False) for _ in range(8)))
    assert {ring.root for ring in rings} == {FIRST}


async def test_who_has_the_tables_alone_has_no_root(db: Database):
    await claim(db, Ring(FIRST), demo=False)
    await claim(db, Ring(SECOND, (FIRST,)), demo=False)
    row = await db.one("SELECT key_check, root_sealed, retiring FROM store.installation")
    kept = bytes(row["key_check"]) + bytes(row["root_sealed"]) + b"".join(row["retiring"])
    assert FIRST not in kept
    assert SECOND not in kept
    await db.run("UPDATE store.installation SET root_sealed = set_byte(root_sealed, 20, 7)")
    with pytest.raises(StoreError, match="does not open"):
        await claim(db, Ring(SECOND, (FIRST,)), demo=False)


# --- sealing anew --------------------------------------------------------------------------------

LETTERS = Sealing(
    "letters",
    ("box", "n"),
    (
        column("text", lambda row: (str(row["n"]), "text")),
        in_json("data", "phone", lambda row: (str(row["n"]), "phone")),
    ),
    where="NOT plain",
)
OLD, BOTH, NEW = Keys(FIRST, THIRD), Keys(SECOND, THIRD, [FIRST]), Keys(SECOND, THIRD)


@pytest.fixture
async def letters(bare_db: Database) -> Database:
    await bare_db.run(
        "CREATE TABLE letters (box text, n int, text bytea, data jsonb NOT NULL, plain bool,"
        " PRIMARY KEY (box, n))"
    )
    rows = [
        (
            f"box {n % 7}",
            n,
            None if n % 5 == 0 else OLD.seal(f"letter {n}", str(n), "text"),
            {"to": "x"}
            if n % 3 == 0
            else {"to": "x", "phone": OLD.seal("+91", str(n), "phone").hex()},
            False,
        )
        for n in range(1200)
    ]
    await bare_db.many("INSERT INTO letters VALUES ($1, $2, $3, $4, $5)", rows)
    await bare_db.run("INSERT INTO letters VALUES ('p', -1, 'public', '{}', true)")
    return bare_db


async def opens(db: Database, keys: Keys) -> int:
    """How many values of the letters `keys` open."""
    count = 0
    for row in await db.all("SELECT * FROM letters WHERE NOT plain"):
        if row["text"] is not None:
            assert keys.open(row["text"], str(row["n"]), "text") == f"letter {row['n']}"
            count += 1
        if "phone" in row["data"]:
            assert keys.open(bytes.fromhex(row["data"]["phone"]), str(row["n"]), "phone") == "+91"
            assert row["data"]["to"] == "x"
            count += 1
    return count


async def test_all_pages_are_sealed_anew_and_what_is_plain_stays(letters: Database):
    told: list[tuple[str, int]] = []
    done = await reseal(
        letters, BOTH, [LETTERS], lambda table, n: told.append((table, n)), pause_seconds=0
    )
    assert (done.finished, done.count, told) == (True, 1760, [("letters", 1760)])
    assert await opens(letters, NEW) == 1760
    assert await letters.value("SELECT text FROM letters WHERE plain") == b"public"
    again = await reseal(letters, BOTH, [LETTERS], pause_seconds=0)
    assert (again.finished, again.count) == (True, 0)


async def test_two_at_once_and_somebody_who_writes_meanwhile(letters: Database):
    async def writing() -> None:
        for n in range(1, 60, 2):
            old = OLD.seal(f"letter {n}", str(n), "text")  # read before, written back late
            await letters.run("UPDATE letters SET text = $2 WHERE n = $1", n, old)

    done = await asyncio.gather(
        *(reseal(letters, BOTH, [LETTERS], pause_seconds=0.2) for _ in range(2)), writing()
    )
    assert all(one.finished for one in done[:2])
    for row in await letters.all(
        "SELECT n, text FROM letters WHERE text IS NOT NULL AND NOT plain"
    ):
        assert NEW.open(row["text"], str(row["n"]), "text") == f"letter {row['n']}"


async def test_what_no_key_opens_is_named_and_keeps_it_from_being_finished(letters: Database):
    lost = Keys(STRANGER, THIRD).seal("?", "1", "text")
    await letters.run("UPDATE letters SET text = $1 WHERE n = 1", lost)
    done = await reseal(letters, BOTH, [LETTERS], pause_seconds=0)
    assert (done.finished, done.broken) == (False, ["letters box 1 1: text"])
    assert await letters.value("SELECT text FROM letters WHERE n = 1") == lost
