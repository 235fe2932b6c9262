"""Migrations: `schema/NNNN_name.sql` in any folder, found by walking, applied in order, forward only.

The base goes first, in the order of `BASE_ORDER`, then everything else by its dotted folder name. A
file that was applied may never change or vanish: the program then refuses to start and names it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import argosy
from argosy.base.store.database import Connection, Database, StoreError

BASE_ORDER = ("store", "ledger", "parties", "orders", "wallet", "gate", "outbox")
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 0x4172676F7379  # any fixed number: it spells the program's name
_TABLE = """
CREATE TABLE IF NOT EXISTS argosy_migrations (
    folder text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (folder, number)
)
"""


class MigrationError(StoreError):
    """The schema files and the database contradict each other. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `folder` is dotted, as `base.ledger`; numbers in a folder count up from 1."""

    folder: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.folder} {self.number:04}_{self.name}"


def discover(outside: Iterable[Path] = (), package: Path | None = None) -> list[Migration]:
    """All migrations of the package and of the folders `outside` (packs that lie elsewhere), in the
    order in which they are applied. A file with a wrong name or number is refused, never skipped."""
    roots = [(package or Path(argosy.__path__[0]), ""), *((Path(o), "outside.") for o in outside)]
    found: list[Migration] = []
    for root, prefix in roots:
        for schema in sorted(root.rglob("schema")):
            if schema.is_dir():
                dotted = ".".join(schema.parent.relative_to(root).parts)
                found += _read(schema, prefix + dotted)
    for before, after in zip(
        sorted(found, key=_order), sorted(found, key=_order)[1:], strict=False
    ):
        if (before.folder, before.number) == (after.folder, after.number):
            raise MigrationError(f"Two migrations of the same number: {before} and {after}.")
    return sorted(found, key=_order)


async def migrate(
    database: Database,
    outside: Iterable[Path] = (),
    package: Path | None = None,
    only: Callable[[str], bool] = lambda _folder: True,
) -> list[Migration]:
    """Bring the database up to date and return what was applied now.

    Each file has a transaction of its own. Two processes may start at once: they take turns. `only`
    says by its dotted folder whether a migration is wanted here: a part that stands alone has its own.
    """
    found = discover(outside, package)
    if await database.value("SELECT to_regclass('argosy_migrations')") is None:
        async with database.work() as conn:
            await _take_turn(conn)
            await conn.execute(_TABLE)
    applied = []
    for migration in await _pending(database, found):
        if not only(migration.folder):
            continue
        async with database.work() as conn:
            await _take_turn(conn)
            stands = await conn.fetchval(
                "SELECT checksum FROM argosy_migrations WHERE folder = $1 AND number = $2",
                migration.folder,
                migration.number,
            )
            if stands is None:
                await conn.execute(migration.sql)
                await conn.execute(
                    "INSERT INTO argosy_migrations (folder, number, name, checksum)"
                    " VALUES ($1, $2, $3, $4)",
                    migration.folder,
                    migration.number,
                    migration.name,
                    migration.checksum,
                )
                applied.append(migration)
    return applied


async def pending(
    database: Database, outside: Iterable[Path] = (), package: Path | None = None
) -> list[Migration]:
    """What `migrate` would apply. Raises `MigrationError` as it would."""
    found = discover(outside, package)
    if await database.value("SELECT to_regclass('argosy_migrations')") is None:
        return found
    return await _pending(database, found)


async def _pending(database: Database, found: list[Migration]) -> list[Migration]:
    rows = await database.all("SELECT folder, number, name, checksum FROM argosy_migrations")
    applied = {(row["folder"], row["number"]): row for row in rows}
    files = {(m.folder, m.number): m for m in found}
    wrong = [
        f"{row['folder']} {row['number']:04}_{row['name']} was applied, and its file is missing"
        for key, row in sorted(applied.items())
        if key not in files
    ] + [
        f"{files[key]} was changed after it was applied"
        for key, row in sorted(applied.items())
        if key in files and files[key].checksum != row["checksum"]
    ]
    if wrong:
        raise MigrationError("The database does not fit this program: " + "; ".join(wrong) + ".")
    return [m for m in found if (m.folder, m.number) not in applied]


async def _take_turn(conn: Connection) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


def _read(schema: Path, folder: str) -> list[Migration]:
    found = []
    for number, path in enumerate(sorted(schema.glob("*.sql")), start=1):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path}: a migration is called NNNN_name.sql")
        if int(match[1]) != number:
            raise MigrationError(f"{path}: number {number:04} is missing or stands twice")
        found.append(Migration(folder, number, match[2], path.read_text("utf-8")))
    return found


def _order(migration: Migration) -> tuple[bool, int, str, int]:
    board, _, rest = migration.folder.partition(".")
    rank = BASE_ORDER.index(rest) if board == "base" and rest in BASE_ORDER else len(BASE_ORDER)
    return board != "base", rank, migration.folder, migration.number
