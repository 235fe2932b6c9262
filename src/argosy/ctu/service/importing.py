"""A file of past events is brought in: in order, resumable, each event once, with what was refused.

Where it stopped stands in the database, with the rows, so that a cut changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged
from argosy.ctu.history import put_labels
from argosy.ctu.history.writing import append_entries
from argosy.ctu.service.facts import ServiceReason
from argosy.ctu.service.files import Line, Table
from argosy.ctu.service.intake import Intake, Kept, ahead, content_of, difference
from argosy.ctu.service.mapping import Columns, Reject, Row

CHUNK = 1_000
REJECTS_SHOWN = 1_000

_KNOWN = "SELECT DISTINCT ON (id) * FROM ctu.service_events WHERE id = ANY ($1) ORDER BY id, attempt DESC"
_INSERT = """
    INSERT INTO ctu.service_events (id, attempt, content, outcome, sender, at)
    SELECT id, 1, content, outcome, $4, $5
      FROM unnest($1::uuid[], $2::jsonb[], $3::text[]) AS t (id, content, outcome)
"""
_STAND = """
    UPDATE ctu.service_imports
       SET rows_done = rows_done + $2, taken = taken + $3, known = known + $4,
           rejected = rejected + $5
     WHERE name = $1 AND rows_done = $6 RETURNING rows_done
"""
_REJECTS = """
    INSERT INTO ctu.service_rejects (name, line, field, reason)
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an import has come. `known` rows had been brought in before, `turned` ran backwards in
    time in this run: facts are told in the order of the file."""

    name: str
    rows: int
    taken: int
    known: int
    rejected: int
    turned: int
    ended: bool


Progress = Callable[[Standing], None]


class Imports:
    """Brings files in. With `intake` each event is judged as well, as if it came now."""

    def __init__(self, db: Database, clock: Clock, intake: Intake | None = None) -> None:
        self._db = db
        self._clock = clock
        self._intake = intake
        self._turned = 0
        self._last_ms = 0

    async def run(
        self, table: Table, columns: Columns, progress: Progress = lambda _: None
    ) -> Standing | Refused:
        """Bring in what of `table` has not been brought in; how it stands then."""
        standing = await self._begin(table, columns)
        if isinstance(standing, Refused):
            return standing
        for lines in _chunks(table.lines(standing.rows)):
            standing = await self._chunk(standing, columns, lines)
            progress(standing)
        await self._db.run(
            "UPDATE ctu.service_imports SET ended_at = coalesce(ended_at, $2) WHERE name = $1",
            standing.name,
            self._clock.now(),
        )
        return await self.standing(columns.name) or standing

    async def standing(self, name: str) -> Standing | None:
        """How far the import of this name has come, or None."""
        row = await self._db.one("SELECT * FROM ctu.service_imports WHERE name = $1", name)
        if row is None:
            return None
        return Standing(
            name,
            row["rows_done"],
            row["taken"],
            row["known"],
            row["rejected"],
            self._turned,
            row["ended_at"] is not None,
        )

    async def rejects(self, name: str, limit: int = REJECTS_SHOWN) -> list[Reject]:
        """The lines that were refused, in the file's order."""
        rows = await self._db.all(
            "SELECT * FROM ctu.service_rejects WHERE name = $1 ORDER BY line LIMIT $2", name, limit
        )
        return [Reject(row["line"], row["field"], row["reason"]) for row in rows]

    # within

    async def _begin(self, table: Table, columns: Columns) -> Standing | Refused:
        told = {**columns.told(), "file": table.mark, "judged": self._intake is not None}
        await self._db.run(
            "INSERT INTO ctu.service_imports (name, mapping, begun_at) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            columns.name,
            told,
            self._clock.now(),
        )
        row = await self._db.one(
            "SELECT mapping FROM ctu.service_imports WHERE name = $1", columns.name
        )
        standing = await self.standing(columns.name)
        if row is None or standing is None or row["mapping"] != told:
            return Refused(ServiceReason.IMPORT_DIFFERS, {"name": columns.name}, "name")
        return standing

    async def _chunk(self, standing: Standing, columns: Columns, lines: Sequence[Line]) -> Standing:
        rejects: list[Reject] = []
        rows: dict[UUID, Row] = {}
        known = 0
        for line in lines:
            row = columns.row(line)
            if not isinstance(row, Reject) and ahead(row.event, self._clock.now()) is not None:
                row = Reject(
                    row.line, "at_ms", "lies more than ten minutes ahead of the clock here"
                )
            if isinstance(row, Reject):
                rejects.append(row)
                continue
            before = rows.get(row.event.id)
            if before is None:
                rows[row.event.id] = row
            else:
                known += 1
                rejects += _differs(row, before.event)
        found = await self._db.all(_KNOWN, list(rows))
        for kept in map(Kept.read, found):
            row = rows.pop(kept.event.id)
            rejects += _differs(row, kept.event)
            known += 1
        known -= sum(reject.reason.startswith(_KNOWN_WORDS) for reject in rejects)
        self._count_turns(rows.values())
        if self._intake is not None and rows:
            await self._intake.judge(columns.name, [row.event for row in rows.values()])
        async with self._db.work() as conn:
            await self._write(conn, columns.name, list(rows.values()))
            await _keep_rejects(conn, columns.name, rejects)
            done = await conn.fetchval(
                _STAND,
                columns.name,
                len(lines),
                len(rows),
                known,
                len(rejects),
                standing.rows,
            )
            if done is None:  # another process brings in the same file: it has done these rows
                raise ImportTaken(columns.name)
        return Standing(
            columns.name,
            done,
            standing.taken + len(rows),
            standing.known + known,
            standing.rejected + len(rejects),
            self._turned,
            ended=False,
        )

    async def _write(self, conn: Connection, name: str, rows: Sequence[Row]) -> None:
        if rows and self._intake is None:
            await conn.execute(
                _INSERT,
                [row.event.id for row in rows],
                [content_of(row.event) for row in rows],
                [row.outcome for row in rows],
                name,
                self._clock.now(),
            )
            await append_entries(
                conn, [Logged(event=row.event, outcome=row.outcome) for row in rows]
            )
        await put_labels(conn, [row.label for row in rows if row.label is not None])

    def _count_turns(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._turned += row.event.at_ms < self._last_ms
            self._last_ms = max(self._last_ms, row.event.at_ms)


class ImportTaken(Exception):
    """Two processes bring in the same file at once; this one stops."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Somebody else brings in {name} at this moment; this run stops.")


_KNOWN_WORDS = "an event with this id is known"


def _differs(row: Row, before: Event) -> list[Reject]:
    field = difference(before, row.event)
    if field is None:
        return []
    return [Reject(row.line, field, f"{_KNOWN_WORDS}, with another `{field}`")]


async def _keep_rejects(conn: Connection, name: str, rejects: Sequence[Reject]) -> None:
    if rejects:
        columns: tuple[list[Any], ...] = (
            [one.line for one in rejects],
            [one.field for one in rejects],
            [one.reason[:300] for one in rejects],
        )
        await conn.execute(_REJECTS, name, *columns)


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk
