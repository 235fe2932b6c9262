"""Tables on several nodes: the plan against the real catalogue, and the step over a stand-in for Citus.

The stand-in is two SQL functions and a view with Citus' own names, which note what they are asked for.
`test_on_citus` runs where there is a real one.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from argosy.base.store import Database, nodes
from argosy.base.store.nodes import (
    NodesError,
    Place,
    Placed,
    Table,
    declared,
    distribute,
    plan,
    problems,
    spreads,
    tables_of,
)
from tests.house.tree import make_tree

ELSEWHERE = ("ctu.", "test_seeds.")  # the brain may say later; what the tests keep for themselves
OWNER = Table("shop.owner", {"id": "uuid", "name": "text", "born": "date"}, (("id",),))
VISIT = Table("shop.visit", {"owner_id": "uuid", "id": "uuid"}, (("owner_id", "id"),))
TABLES = [VISIT, OWNER]
UNIQUE = Table("shop.visit", VISIT.columns, (("id",), ("owner_id",)))
KEYLESS = Table("shop.owner", OWNER.columns, ())
LED = Table("shop.visit", VISIT.columns, VISIT.keys, ("shop.owner",))
SAID = [
    Placed("shop.visit", Place.SPREAD, "owner_id", "shop.owner"),
    Placed("shop.owner", Place.SPREAD, "id"),
]
STAND_IN = """
    INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        VALUES (77, 'citus', 10, 'public'::regnamespace, false, '14.0-1');
    CREATE TABLE moves (n serial, table_name regclass, citus_table_type text,
                        distribution_column text, beside text);
    CREATE VIEW citus_tables AS SELECT table_name, citus_table_type, distribution_column FROM moves;
    CREATE FUNCTION create_distributed_table(t regclass, by text, colocate_with text DEFAULT 'default')
    RETURNS void LANGUAGE sql AS $$
        INSERT INTO moves (table_name, citus_table_type, distribution_column, beside)
            VALUES (t, 'distributed', by, colocate_with) $$;
    CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE sql AS $$
        INSERT INTO moves (table_name, citus_table_type, distribution_column)
            VALUES (t, 'reference', '<none>') $$;
    CREATE FUNCTION truncate_local_data_after_distributing_table(t regclass)
    RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('TRUNCATE %s', t); END $$;
"""


# --- the plan, and the catalogue -----------------------------------------------------------------


async def test_every_table_lies_somewhere_once_and_can_lie_there(db: Database):
    tables, said = await tables_of(db), declared()
    wanted = plan(said, tables)
    assert sorted(one.table for one in wanted) == sorted(table.name for table in tables)
    assert problems(said, tables) == []
    assert problems(wanted, tables) == []


async def test_every_folder_speaks_of_each_of_its_tables(db: Database):
    named = {one.table for one in declared()}
    silent = [t.name for t in await tables_of(db) if t.name not in named]
    assert [name for name in silent if not name.startswith(ELSEWHERE)] == []


async def test_what_is_kept_says_why(db: Database):
    assert all(one.because for one in declared() if one.place is Place.KEPT)


async def test_no_foreign_key_of_ours_crosses_a_table(db: Database):
    assert [table.name for table in await tables_of(db) if table.foreign] == []


def test_what_others_lie_beside_is_moved_before_them():
    assert [one.table for one in plan(SAID, TABLES)] == ["shop.owner", "shop.visit"]


def test_what_nobody_speaks_of_is_kept():
    [kept] = plan([], [OWNER])
    assert kept.place is Place.KEPT
    assert "nobody" in kept.because


# --- twins: what cannot be is refused by name ----------------------------------------------------


def test_twin_a_sound_plan_has_no_problems():
    assert problems(SAID, TABLES) == []


@pytest.mark.parametrize(
    "said, tables, problem",
    [
        ([*SAID, SAID[0]], TABLES, "shop.visit is named twice"),
        ([Placed("shop.ghost", Place.COPIED)], [], "shop.ghost is no table"),
        ([Placed("shop.owner", Place.SPREAD, "age")], [OWNER], "it has no such column"),
        ([Placed("shop.owner", Place.SPREAD, "born")], [OWNER], "a date is no key"),
        ([Placed("shop.visit", Place.SPREAD, "id")], [UNIQUE], "the key (owner_id) lacks id"),
        ([Placed("shop.owner", Place.SPREAD, "id")], [KEYLESS], "no primary key"),
        ([SAID[0]], [VISIT], "cannot lie beside shop.owner"),
        ([SAID[0], Placed("shop.owner", Place.COPIED)], TABLES, "cannot lie beside shop.owner"),
        (SAID, [OWNER, LED], "a foreign key leads to shop.owner"),
    ],
)  # fmt: skip
def test_twin_what_cannot_be_is_named(said: list[Placed], tables: list[Table], problem: str):
    assert any(problem in one for one in problems(said, tables)), problems(said, tables)


@pytest.mark.parametrize(
    "text",
    [
        '[[table]]\nname = "a.b"',
        '[[table]]\nname = "a.b"\nby = "id"\nkept = "why"',
        '[[table]]\nby = "id"',
        '[[table]]\nname = "a.b"\nby = "id"\nbeyond = "x"',
    ],
)
def test_a_word_that_nobody_knows_is_refused(text: str, tmp_path: Path):
    package = make_tree(tmp_path, {"shop/schema/nodes.toml": text})
    with pytest.raises(NodesError, match=r"nodes\.toml"):
        declared(package=package)


# --- the step ------------------------------------------------------------------------------------

SHOP = {
    "shop/schema/0001_shop.sql": """
        CREATE SCHEMA shop;
        CREATE TABLE shop.owner (id uuid PRIMARY KEY, name text);
        CREATE TABLE shop.visit (owner_id uuid, id uuid, PRIMARY KEY (owner_id, id));
        CREATE TABLE shop.sign (one boolean PRIMARY KEY);
        CREATE TABLE shop.till (id uuid PRIMARY KEY);
    """,
    "shop/schema/nodes.toml": """
        [[table]]
        name = "shop.visit"
        by = "owner_id"
        beside = "shop.owner"
        [[table]]
        name = "shop.owner"
        by = "id"
        [[table]]
        name = "shop.sign"
        copied = true
        [[table]]
        name = "shop.till"
        kept = "there is one"
    """,
}


@pytest.fixture
async def shop(bare_db: Database, tmp_path: Path) -> Path:
    package = make_tree(tmp_path / "package", SHOP)
    await nodes.migrations.migrate(bare_db, package=package)
    return package


async def moves(db: Database) -> list[tuple[str, str, str | None]]:
    rows = await db.all(
        "SELECT table_name::text AS t, distribution_column, beside FROM moves ORDER BY n"
    )
    return [(row["t"], row["distribution_column"], row["beside"]) for row in rows]


async def test_a_database_without_citus_is_left_alone(bare_db: Database, shop: Path):
    assert not await spreads(bare_db)
    with pytest.raises(NodesError, match="no Citus"):
        await distribute(bare_db, package=shop)


async def test_each_table_is_moved_once_and_in_order(bare_db: Database, shop: Path):
    await bare_db.run(STAND_IN)
    await bare_db.run("INSERT INTO shop.owner VALUES (gen_random_uuid(), 'Anita')")
    done = await distribute(bare_db, package=shop)
    assert await moves(bare_db) == [
        ("shop.sign", "<none>", None),
        ("shop.owner", "id", "none"),
        ("shop.visit", "owner_id", "shop.owner"),
    ]
    assert [str(one) for one in done.moved] == [
        "shop.sign: copied",
        "shop.owner: spread by id",
        "shop.visit: spread by owner_id, beside shop.owner",
    ]
    # What lay here went along: the copy that is left behind is cleared away.
    assert await bare_db.value("SELECT count(*) FROM shop.owner") == 0
    again = await distribute(bare_db, package=shop)
    assert (again.moved, again.before) == ([], 3)
    assert len(await moves(bare_db)) == 3


async def test_a_table_that_came_later_is_moved_then(bare_db: Database, shop: Path):
    await bare_db.run(STAND_IN)
    await distribute(bare_db, package=shop)
    more = '[[table]]\nname = "shop.basket"\nby = "owner_id"\nbeside = "shop.owner"\n'
    make_tree(
        shop,
        {
            "shop/schema/0002_more.sql": "CREATE TABLE shop.basket (owner_id uuid PRIMARY KEY);",
            "shop/schema/nodes.toml": SHOP["shop/schema/nodes.toml"].replace("        ", "") + more,
        },
    )
    await nodes.migrations.migrate(bare_db, package=shop)
    done = await distribute(bare_db, package=shop)
    assert [one.table for one in done.moved] == ["shop.basket"]


async def test_stopped_halfway_it_goes_on_where_it_was(bare_db: Database, shop: Path):
    await bare_db.run(STAND_IN)
    await bare_db.run(
        "ALTER TABLE moves ADD CONSTRAINT broken CHECK (distribution_column <> 'owner_id')"
    )
    with pytest.raises(Exception, match="broken"):
        await distribute(bare_db, package=shop)
    assert len(await moves(bare_db)) == 2
    await bare_db.run("ALTER TABLE moves DROP CONSTRAINT broken")
    done = await distribute(bare_db, package=shop)
    assert ([one.table for one in done.moved], done.before) == (["shop.visit"], 2)


async def test_two_at_once_move_each_table_once(bare_db: Database, shop: Path):
    await bare_db.run(STAND_IN)
    done = await asyncio.gather(*(distribute(bare_db, package=shop) for _ in range(3)))
    assert len(await moves(bare_db)) == 3
    assert sum(len(one.moved) for one in done) == 3


async def test_a_table_that_lies_elsewhere_is_refused_before_anything_is_moved(
    bare_db: Database, shop: Path
):
    await bare_db.run(STAND_IN)
    await bare_db.run("SELECT create_distributed_table('shop.visit', 'id')")
    with pytest.raises(NodesError, match=r"shop\.visit lies elsewhere: spread by id"):
        await distribute(bare_db, package=shop)
    assert len(await moves(bare_db)) == 1


async def test_our_own_schema_is_moved_by_its_plan(bare_db: Database):
    await bare_db.run(STAND_IN)
    await nodes.migrate(bare_db)
    wanted = plan(declared(), await tables_of(bare_db))
    asked = [one for one in wanted if one.place is not Place.KEPT]
    assert [name for name, _, _ in await moves(bare_db)] == [one.table for one in asked]
    assert len(asked) > 10


# --- where there is a real one -------------------------------------------------------------------


@pytest.mark.skipif(
    "TEST_CITUS_URL" not in os.environ,
    reason="TEST_CITUS_URL names no empty database on a Citus coordinator",
)
async def test_on_citus():
    database = await Database.open(os.environ["TEST_CITUS_URL"], size=2)
    try:
        await nodes.migrate(database)
        done = await distribute(database)
        assert done.moved == []
        wanted = [one for one in plan(declared(), await tables_of(database)) if one.by]
        shards = await database.all("SELECT DISTINCT table_name::text AS name FROM citus_shards")
        assert {one.table for one in wanted} <= {row["name"] for row in shards}
        await database.run(
            "INSERT INTO parties.access_log"
            " VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'test', 'test', '{}')"
        )
        for change in (
            "UPDATE parties.access_log SET reader = 'x'",
            "DELETE FROM parties.access_log",
        ):
            with pytest.raises(Exception, match="only grows"):
                await database.run(change)
    finally:
        await database.close()
