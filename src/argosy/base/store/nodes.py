"""A database on several nodes (Citus): which table lies where, and the step that puts it there.

Each folder with tables says in `schema/nodes.toml` where they lie: spread over the nodes by a column,
copied to every node, or kept on the coordinator, with the reason. What nobody speaks of is kept there
too, where everything works as on one machine. `plan` and `problems` are pure; `distribute` carries out
what is not done yet, so that it may be repeated and stopped at any moment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import argosy
from argosy.base.store import migrations
from argosy.base.store.database import Connection, Database, Record, StoreError
from argosy.base.store.migrations import Migration

FILE = "nodes.toml"
_LOCK = 0x4172676F6E6F  # any fixed number: one process at a time moves tables
_SPREADABLE = {"uuid", "bytea", "text", "bigint", "integer"}
_UNSAID = "nobody has said where it lies"
_NO_CITUS = (
    "This database has no Citus, so all of it lies on one machine. To spread it: install Citus on every"
    " node, `CREATE EXTENSION citus` in this database, add the nodes, and run this again."
)


class NodesError(StoreError):
    """The tables cannot be spread as it is asked. Nothing was moved by this call."""


class Place(StrEnum):
    """Where a table lies."""

    COPIED = "copied"  # whole, on every node
    SPREAD = "spread"  # by the hash of one column
    KEPT = "kept"  # on the coordinator, an ordinary table


@dataclass(frozen=True, slots=True)
class Placed:
    """A table and its place. `by` is the column of a spread one; it lies `beside` another table where
    rows with the same value are to be on the same node. `because` says why one is kept."""

    table: str
    place: Place
    by: str | None = None
    beside: str | None = None
    because: str = ""

    def __str__(self) -> str:
        if self.place is Place.SPREAD:
            beside = f", beside {self.beside}" if self.beside else ""
            return f"{self.table}: spread by {self.by}{beside}"
        return f"{self.table}: {self.place}" + (f", {self.because}" if self.because else "")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the catalogue knows it: the type of each column, the columns of the primary key and of
    each unique index, the tables that foreign keys lead to, and whether it has triggers."""

    name: str
    columns: Mapping[str, str]
    keys: tuple[tuple[str, ...], ...]
    foreign: tuple[str, ...] = ()
    triggers: bool = False


@dataclass(frozen=True, slots=True)
class Lies:
    """Where Citus has a table now."""

    place: Place
    by: str | None = None


@dataclass(slots=True)
class Moved:
    """What one call of `distribute` did."""

    moved: list[Placed] = field(default_factory=list)
    before: int = 0


# --- what the folders say ------------------------------------------------------------------------


def declared(outside: Iterable[Path] = (), package: Path | None = None) -> list[Placed]:
    """What every `schema/nodes.toml` of the package and of the folders `outside` says."""
    found: list[Placed] = []
    for root in (package or Path(argosy.__path__[0]), *map(Path, outside)):
        for path in sorted(root.rglob(f"schema/{FILE}")):
            found += _read(path)
    return found


def _read(path: Path) -> list[Placed]:
    rows = tomllib.loads(path.read_text("utf-8")).get("table", [])
    return [_placed(path, row) for row in rows]


def _placed(path: Path, row: Mapping[str, Any]) -> Placed:
    words = dict(row)
    name, by, beside = words.pop("name", None), words.pop("by", None), words.pop("beside", None)
    kept, copied = words.pop("kept", None), words.pop("copied", False)
    if words or not name or [by is not None, kept is not None, bool(copied)].count(True) != 1:
        raise NodesError(f"{path}: {dict(row)}: a table has a name and one of by, kept, copied")
    if by is not None:
        return Placed(name, Place.SPREAD, by, beside)
    return Placed(name, Place.COPIED) if copied else Placed(name, Place.KEPT, because=kept)


# --- the plan ------------------------------------------------------------------------------------


def plan(said: Iterable[Placed], tables: Sequence[Table]) -> list[Placed]:
    """Where each of `tables` is to lie, in the order of the moves: what others lie beside comes first."""
    places = {one.table: one for one in said}
    wanted = [
        places.get(table.name, Placed(table.name, Place.KEPT, because=_UNSAID)) for table in tables
    ]
    order = list(Place)
    return sorted(wanted, key=lambda p: (order.index(p.place), p.beside is not None, p.table))


def problems(said: Sequence[Placed], tables: Sequence[Table]) -> list[str]:
    """Why the tables cannot lie as `said`: a sentence for each obstacle."""
    facts = {table.name: table for table in tables}
    places = {one.table: one for one in said}
    names = [one.table for one in said]
    wrong = [f"{name} is named twice" for name in sorted(places) if names.count(name) > 1]
    for one in said:
        table = facts.get(one.table)
        if table is None:
            wrong.append(f"{one.table} is no table of this database")
            continue
        wrong += _crossing(one, table, places)
        if one.place is Place.SPREAD:
            wrong += _unspreadable(one, table, places)
    return wrong


def _unspreadable(one: Placed, table: Table, places: Mapping[str, Placed]) -> Iterable[str]:
    by = one.by or ""
    kind = table.columns.get(by)
    if kind not in _SPREADABLE:
        yield f"{one.table} cannot be spread by {by}: " + (
            f"a {kind} is no key" if kind else "it has no such column"
        )
    if not table.keys:
        yield f"{one.table} has no primary key"
    for key in table.keys:
        if by not in key:
            yield f"{one.table}: the key ({', '.join(key)}) lacks {by}, by which it is spread"
    if one.beside is not None:
        leader = places.get(one.beside)
        if leader is None or leader.place is not Place.SPREAD or leader.beside is not None:
            yield f"{one.table} cannot lie beside {one.beside}, which is not spread by itself"


def _crossing(one: Placed, table: Table, places: Mapping[str, Placed]) -> Iterable[str]:
    for other in table.foreign:
        there = places.get(other)
        together = there is not None and one.place == there.place and one.place is not Place.SPREAD
        if not together:
            yield f"{one.table}: a foreign key leads to {other}"


# --- the catalogue -------------------------------------------------------------------------------

_TABLES = """
    SELECT format('%s.%s', n.nspname, c.relname) AS name,
           (SELECT jsonb_object_agg(a.attname, format_type(a.atttypid, NULL)) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
           coalesce((SELECT jsonb_agg(coalesce((SELECT jsonb_agg(a.attname) FROM pg_attribute a
                         WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)), '[]'))
             FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique), '[]') AS keys,
           coalesce((SELECT jsonb_agg(DISTINCT format('%s.%s', fn.nspname, f.relname))
             FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
             JOIN pg_namespace fn ON fn.oid = f.relnamespace
            WHERE k.conrelid = c.oid AND k.contype = 'f'), '[]') AS "foreign",
           EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS triggers
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'public')
      AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.classid = 'pg_class'::regclass
           AND d.objid = c.oid)
    ORDER BY 1
"""


async def tables_of(database: Database) -> list[Table]:
    """Every table of ours in the database: those in schemas, but for what extensions own."""
    return [_table(row) for row in await database.all(_TABLES)]


def _table(row: Record) -> Table:
    keys = tuple(tuple(key) for key in row["keys"])
    return Table(row["name"], row["columns"], keys, tuple(row["foreign"]), row["triggers"])


async def spreads(database: Database) -> bool:
    """Whether the database is one that Citus can spread."""
    there = await database.value("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
    return there is not None


# --- the step ------------------------------------------------------------------------------------


async def distribute(
    database: Database, outside: Iterable[Path] = (), package: Path | None = None
) -> Moved:
    """Put every table where it is to lie; what lies there already is left alone.

    Rows that are there go along. Each table has a transaction of its own. Raises `NodesError`, before
    anything is moved, where there is no Citus, where the tables cannot lie as their folders say, or
    where one lies elsewhere already.
    """
    if not await spreads(database):
        raise NodesError(_NO_CITUS)
    tables = await tables_of(database)
    said = declared(outside, package)
    wanted = plan(said, tables)
    lie = await _lie(database)
    wrong = problems(said, tables)
    wrong += [
        f"{one.table} lies elsewhere: {lie[one.table].place} by {lie[one.table].by}"
        for one in wanted
        if one.table in lie and lie[one.table] != Lies(one.place, one.by)
    ]
    if wrong:
        raise NodesError("The tables cannot be spread: " + "; ".join(wrong) + ".")
    done = Moved()
    for one in wanted:
        if one.place is Place.KEPT:
            continue
        async with database.work() as conn:
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            if one.table in await _lie(
                conn
            ):  # by this process earlier, or by another one meanwhile
                done.before += 1
                continue
            await _move(conn, one)
            done.moved.append(one)
    return done


async def migrate(database: Database, outside: Iterable[Path] = ()) -> list[Migration]:
    """Bring the schema up to date, and where there is Citus the tables to their places; what was
    applied. Raises as `migrations.migrate` and `distribute` do."""
    applied = await migrations.migrate(database, outside)
    if await spreads(database):
        await distribute(database, outside)
    return applied


async def _lie(reader: Database | Connection) -> dict[str, Lies]:
    sql = """
        SELECT format('%s.%s', n.nspname, c.relname) AS name, citus_table_type AS type,
               distribution_column AS by
        FROM citus_tables t JOIN pg_class c ON c.oid = t.table_name
        JOIN pg_namespace n ON n.oid = c.relnamespace
    """
    rows = await (reader.all(sql) if isinstance(reader, Database) else reader.fetch(sql))
    return {
        row["name"]: Lies(Place.COPIED)
        if row["type"] == "reference"
        else Lies(Place.SPREAD, row["by"])
        for row in rows
    }


async def _move(conn: Connection, one: Placed) -> None:
    # Append-only tables are so by triggers, which work on every shard as they work here.
    await conn.execute("SET LOCAL citus.enable_unsafe_triggers = on")
    filled = await conn.fetchval(f"SELECT EXISTS (SELECT FROM {one.table})")
    if one.place is Place.COPIED:
        await conn.execute("SELECT create_reference_table($1::text::regclass)", one.table)
    else:
        await conn.execute(
            "SELECT create_distributed_table($1::text::regclass, $2, colocate_with => $3)",
            one.table,
            one.by,
            one.beside or "none",
        )
    if filled:
        # The rows are on the nodes now; what is left here would only be in the way. The triggers that
        # forbid it are meant for rows that are nowhere else.
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(
            "SELECT truncate_local_data_after_distributing_table($1::text::regclass)", one.table
        )
