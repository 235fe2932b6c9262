"""Migrations: found, applied once and in order; a changed or missing one is refused by name."""

import asyncio

import pytest

from argosy.base.store import Database
from argosy.base.store.migrations import MigrationError, discover, migrate, pending
from tests.house.tree import make_tree

FILES = {
    "base/outbox/schema/0001_events.sql": "CREATE TABLE events (id uuid);",
    "base/ledger/schema/0001_accounts.sql": "CREATE TABLE accounts (id uuid);",
    "base/ledger/schema/0002_journal.sql": "CREATE TABLE journal (id uuid);",
    "base/store/schema/0001_first.sql": "CREATE TABLE first (id uuid);",
    "base/parties/schema/0001_parties.sql": "CREATE TABLE parties (id uuid);",
    "base/almanac/schema/0001_days.sql": "CREATE TABLE days (id uuid);",
    "channels/lite/schema/0001_pages.sql": "CREATE TABLE pages (id uuid);",
    "banks/simulator/schema/0001_bank.sql": "CREATE TABLE bank (id uuid);",
}


@pytest.fixture
def package(tmp_path):
    return make_tree(tmp_path / "package", FILES)


def test_the_base_goes_first_in_its_order_then_the_boards_by_name(package):
    assert [str(m) for m in discover(package=package)] == [
        "base.store 0001_first",
        "base.ledger 0001_accounts",
        "base.ledger 0002_journal",
        "base.parties 0001_parties",
        "base.outbox 0001_events",
        "base.almanac 0001_days",
        "banks.simulator 0001_bank",
        "channels.lite 0001_pages",
    ]


async def test_each_is_applied_once(bare_db, package):
    assert len(await pending(bare_db, package=package)) == 8
    assert len(await migrate(bare_db, package=package)) == 8
    assert await migrate(bare_db, package=package) == []
    make_tree(package, {"base/ledger/schema/0003_more.sql": "CREATE TABLE more (id uuid)"})
    assert [str(m) for m in await migrate(bare_db, package=package)] == ["base.ledger 0003_more"]


async def test_a_pack_that_lies_elsewhere_brings_its_own(bare_db, package, tmp_path):
    outside = make_tree(tmp_path / "packs", {"atlantis/schema/0001_tides.sql": "SELECT 1"})
    applied = await migrate(bare_db, [outside], package)
    assert str(applied[-1]) == "outside.atlantis 0001_tides"


async def test_a_changed_file_is_refused_by_name(bare_db, package):
    await migrate(bare_db, package=package)
    make_tree(package, {"base/ledger/schema/0002_journal.sql": "CREATE TABLE journal (id bigint);"})
    with pytest.raises(MigrationError, match=r"base\.ledger 0002_journal was changed"):
        await migrate(bare_db, package=package)
    with pytest.raises(MigrationError, match="0002_journal"):
        await pending(bare_db, package=package)


async def test_a_missing_file_is_refused_by_name(bare_db, package):
    await migrate(bare_db, package=package)
    (package / "banks/simulator/schema/0001_bank.sql").unlink()
    with pytest.raises(MigrationError, match=r"banks\.simulator 0001_bank .* missing"):
        await migrate(bare_db, package=package)


async def test_a_migration_that_fails_leaves_nothing_of_itself(bare_db, package):
    broken = "CREATE TABLE half (id uuid); SELECT 1/0;"
    make_tree(package, {"channels/lite/schema/0002_half.sql": broken})
    with pytest.raises(Exception, match="division by zero"):
        await migrate(bare_db, package=package)
    assert await bare_db.value("SELECT to_regclass('half')") is None
    assert await bare_db.value("SELECT to_regclass('pages')") == "pages"
    make_tree(package, {"channels/lite/schema/0002_half.sql": "CREATE TABLE half (id uuid)"})
    assert len(await migrate(bare_db, package=package)) == 1


async def test_two_processes_that_start_at_once_take_turns(bare_db, package):
    others = [await Database.open(bare_db.url, size=1) for _ in range(3)]
    applied = await asyncio.gather(*(migrate(other, package=package) for other in others))
    assert sum(len(each) for each in applied) == 8
    for other in others:
        await other.close()


@pytest.mark.parametrize(
    "path,saying",
    [
        ("base/ledger/schema/accounts.sql", "NNNN_name.sql"),
        ("base/ledger/schema/0004_gap.sql", "0003 is missing"),
        ("base/ledger/schema/0002_again.sql", "stands twice"),
    ],
)
def test_a_file_with_a_wrong_name_is_never_skipped(package, path, saying):
    make_tree(package, {path: "SELECT 1"})
    with pytest.raises(MigrationError, match=saying):
        discover(package=package)


async def test_the_house_migrates_and_its_own_files_are_found(db):
    assert await pending(db) == []
    assert {"base.ledger", "base.parties", "base.store"} <= {m.folder for m in discover()}
