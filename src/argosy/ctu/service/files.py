"""Rows of a CSV or Parquet file, one after the other, with their place in it."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from argosy.base.refusals import Refused
from argosy.ctu.service.facts import ServiceReason

HEAD_BYTES = 1024 * 1024
FETCH_ROWS = 2_000
FIELD_CHARS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Line:
    """One row: where it stands (the line in a CSV file, the row in a Parquet file, from 1), and its
    texts by column. Empty cells are not there. `wrong`: why it cannot be read."""

    number: int
    cells: dict[str, str]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read: its columns, its size in rows where that is known, its fingerprint."""

    path: Path
    columns: tuple[str, ...]
    rows: int | None
    mark: str

    def lines(self, skip: int = 0) -> Iterator[Line]:
        """The rows after the first `skip`."""
        read = _parquet if _is_parquet(self.path) else _csv
        yield from read(self.path, self.columns, skip)


def opened(path: Path) -> Table | Refused:
    """The table of a file, by its name: `.csv`, `.tsv` or `.parquet`."""
    if path.suffix.lower() not in (".csv", ".tsv", ".parquet"):
        return _unreadable("a file to bring in is called .csv, .tsv or .parquet")
    try:
        mark = _mark(path)
        if _is_parquet(path):
            return _open_parquet(path, mark)
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file, delimiter=_delimiter(path)), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return _unreadable(str(error))
    if not columns or len(set(columns)) != len(columns):
        return _unreadable("the first line must name the columns, each once")
    return Table(path, tuple(columns), None, mark)


def _csv(path: Path, columns: tuple[str, ...], skip: int) -> Iterator[Line]:
    csv.field_size_limit(FIELD_CHARS_MAX)
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        rows = csv.reader(file, delimiter=_delimiter(path))
        next(rows, None)
        number = 0
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                if number > skip:
                    yield Line(line, {}, str(error))
                continue
            if not row:
                continue
            number += 1
            if number <= skip:
                continue
            if len(row) != len(columns):
                yield Line(line, {}, f"has {len(row)} cells and not {len(columns)}")
                continue
            cells = {c: v.strip() for c, v in zip(columns, row, strict=True) if v.strip()}
            yield Line(line, cells)


def _parquet(path: Path, columns: tuple[str, ...], skip: int) -> Iterator[Line]:
    import duckdb  # heavy, and only a file of this kind needs it

    with duckdb.connect(config={"threads": 1}) as conn:
        found = conn.execute("SELECT * FROM read_parquet(?) OFFSET ?", [str(path), skip])
        number = skip
        while rows := found.fetchmany(FETCH_ROWS):
            for row in rows:
                number += 1
                cells = {c: _text(v) for c, v in zip(columns, row, strict=True) if v is not None}
                yield Line(number, {c: v for c, v in cells.items() if v != ""})


def _open_parquet(path: Path, mark: str) -> Table | Refused:
    import duckdb

    try:
        with duckdb.connect(config={"threads": 1}) as conn:
            found = conn.execute("SELECT * FROM read_parquet(?) LIMIT 0", [str(path)])
            columns = tuple(str(one[0]) for one in found.description or ())
            counted = conn.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    except duckdb.Error as error:
        return _unreadable(str(error).splitlines()[0])
    return Table(path, columns, None if counted is None else int(counted[0]), mark)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _mark(path: Path) -> str:
    """What tells one file from another: its beginning and its size."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return f"{hashlib.sha256(head).hexdigest()[:32]} {path.stat().st_size}"


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _unreadable(detail: str) -> Refused:
    return Refused(ServiceReason.IMPORT_UNREADABLE, {"detail": detail[:300]}, "file")
