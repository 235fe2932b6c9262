"""After a change of keys: everything that is sealed is sealed anew with the current one.

Each board says what it keeps sealed (`Sealing`); the job goes through the tables a page at a time, beside
a running system. A row that changes meanwhile is left as it became, and seen by the next pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from argosy.base.parties.keys import Keys, WrongKey
from argosy.base.store import Database, Record

PAGE_ROWS = 500
PASSES_MAX = 20
PAUSE_SECONDS = 1.0
"""Before the last look: who read a row before it was sealed anew has written it back by then."""

Bound = Callable[[Record], tuple[str, ...]]
"""What a value is bound to, from its row."""
Progress = Callable[[str, int], None]
"""Hears how many values of a table were sealed anew in a pass."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One sealed value of a row: how SQL reads it as bytes, and how it is set to `{new}`."""

    name: str
    read: str
    write: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class Sealing:
    """What a table keeps sealed. `key` is its primary key, `reads` what `bound` wants besides, `where`
    leaves out rows whose column holds something plain."""

    table: str
    key: tuple[str, ...]
    cells: tuple[Cell, ...]
    reads: tuple[str, ...] = ()
    where: str = "true"


@dataclass(slots=True)
class Resealed:
    """What the job did: how many values by table, and what no key of the ring opens."""

    values: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def count(self) -> int:
        """How many values were sealed anew."""
        return sum(self.values.values())


def column(name: str, bound: Bound) -> Cell:
    """A `bytea` column."""
    return Cell(name, name, f"{name} = {{new}}", bound)


def in_json(of: str, name: str, bound: Bound) -> Cell:
    """A value that a `jsonb` column keeps under `name`, as hexadecimal digits."""
    return Cell(
        name,
        f"decode({of} ->> '{name}', 'hex')",
        f"{of} = jsonb_set({of}, '{{{{{name}}}}}', to_jsonb(encode({{new}}, 'hex')))",
        bound,
    )


async def reseal(
    database: Database,
    keys: Keys,
    sealings: Iterable[Sealing],
    progress: Progress = lambda _table, _count: None,
    pause_seconds: float = PAUSE_SECONDS,
) -> Resealed:
    """Seal with the current key what another key of the ring has sealed.

    It is finished when two passes in a row found nothing more. What no key opens is named, stays as it
    is, and keeps it from being finished. Raises `Unavailable` when the database does not answer; it
    may then be begun again.
    """
    done = Resealed()
    wanted = tuple(sealings)
    clean = 0
    for _ in range(PASSES_MAX):
        found = 0
        done.broken = []
        for sealing in wanted:
            count = await _pass(database, keys, sealing, done)
            if count:
                progress(sealing.table, count)
            found += count
        clean = 0 if found else clean + 1
        if clean == 2:
            done.finished = not done.broken
            break
        if not found:
            await asyncio.sleep(pause_seconds)
    return done


async def _pass(database: Database, keys: Keys, sealing: Sealing, done: Resealed) -> int:
    """One walk over a table; how many of its values were sealed anew."""
    after: Sequence[Any] | None = None
    count = 0
    while True:
        rows = await database.all(
            _page(sealing, after is not None), keys.current_id, PAGE_ROWS, *(after or ())
        )
        for row in rows:
            for cell in sealing.cells:
                count += await _cell(database, keys, sealing, cell, row, done)
        if len(rows) < PAGE_ROWS:
            return count
        after = [rows[-1][name] for name in sealing.key]


async def _cell(
    database: Database, keys: Keys, sealing: Sealing, cell: Cell, row: Record, done: Resealed
) -> int:
    old = row[f"cell_{cell.name}"]
    if old is None or keys.is_current(old):
        return 0
    bound = cell.bound(row)
    key = {name: row[name] for name in sealing.key}
    try:
        text = keys.open(old, *bound)
    except WrongKey:
        done.broken.append(f"{sealing.table} {_told(key)}: {cell.name}")
        return 0
    same = " AND ".join(f"{name} = ${n}" for n, name in enumerate(sealing.key, 3))
    tag = await database.run(
        f"UPDATE {sealing.table} SET {cell.write.format(new='$1::bytea')}"
        f" WHERE {same} AND {cell.read} = $2::bytea",
        keys.seal(text, *bound),
        old,
        *key.values(),
    )
    if tag != "UPDATE 1":
        return 0  # it changed meanwhile: the next pass looks again
    done.values[sealing.table] = done.values.get(sealing.table, 0) + 1
    return 1


def _page(sealing: Sealing, goes_on: bool) -> str:
    """The next rows in which something is sealed with another key. In front of what is sealed stand one
    byte for the form and four for the key."""
    key = ", ".join(sealing.key)
    cells = ", ".join(f"{cell.read} AS cell_{cell.name}" for cell in sealing.cells)
    other = " OR ".join(f"substring({cell.read} FROM 2 FOR 4) <> $1" for cell in sealing.cells)
    places = ", ".join(f"${n}" for n in range(3, 3 + len(sealing.key)))
    behind = f"AND ({key}) > ({places})" if goes_on else ""
    return (
        f"SELECT {', '.join(dict.fromkeys((*sealing.key, *sealing.reads)))}, {cells}"
        f" FROM {sealing.table} WHERE {sealing.where} AND ({other}) {behind}"
        f" ORDER BY {key} LIMIT $2"
    )


def _told(key: Mapping[str, Any]) -> str:
    return " ".join(v.hex() if isinstance(v, bytes) else str(v) for v in key.values())
