"""Verdicts leave as a file: CSV, JSON lines or Parquet, by its name."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.service.facts import ServiceReason

PAGE = 2_000
COLUMNS = (
    "verdict at event attempt sender kind account amount currency market channel device payee network"
    " decision challenge score rules unevaluated version outcome bad"
).split()
_PAGE = """
    SELECT s.*, l.bad FROM ctu.service_events s
      LEFT JOIN LATERAL (
        SELECT bad FROM ctu.labels l WHERE l.event = s.id ORDER BY l.added_at DESC LIMIT 1
      ) l ON TRUE
     WHERE s.verdict IS NOT NULL AND s.at >= $1 AND s.at < $2
       AND (s.at, s.id, s.attempt) > ($3, $4, $5)
     ORDER BY s.at, s.id, s.attempt LIMIT $6
"""
_NOBODY = UUID(int=0)


async def export(db: Database, path: Path, since: datetime, until: datetime) -> int | Refused:
    """Write every verdict that was given from `since` and before `until`; how many there were. The
    file is there whole or not at all."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".jsonl", ".parquet"):
        detail = "a file to write is called .csv, .jsonl or .parquet"
        return Refused(ServiceReason.IMPORT_UNREADABLE, {"detail": detail}, "file")
    handle, beside = tempfile.mkstemp(dir=_folder(path), suffix=".part")
    count = 0
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            if kind != ".jsonl":
                table.writeheader()
            async for row in _rows(db, since, until):
                count += 1
                if kind == ".jsonl":
                    file.write(msgspec.json.encode(row).decode() + "\n")
                else:
                    table.writerow(row)
        if kind == ".parquet":
            _as_parquet(beside, path)
        else:
            os.replace(beside, path)  # noqa: PTH105 - as quick as a file system is
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)  # noqa: PTH108
    return count


async def _rows(db: Database, since: datetime, until: datetime) -> AsyncIterator[dict[str, Any]]:
    place: tuple[Any, ...] = (since, _NOBODY, 0)
    while rows := await db.all(_PAGE, since, until, *place, PAGE):
        for row in rows:
            yield _told(row)
        place = (rows[-1]["at"], rows[-1]["id"], rows[-1]["attempt"])


def _folder(path: Path) -> Path:
    return path.absolute().parent


def _told(row: Any) -> dict[str, Any]:
    content, said = row["content"], row["answer"]
    return {
        "verdict": said["id"],
        "at": said["at"],
        "event": content["id"],
        "attempt": row["attempt"],
        "sender": row["sender"],
        **{
            name: content.get(name)
            for name in ("kind account amount currency market channel device payee network".split())
        },
        "decision": said["decision"],
        "challenge": said["challenge"],
        "score": said["score"],
        "rules": " ".join(hit["rule"] for hit in said["hits"]),
        "unevaluated": " ".join(said["unevaluated"]),
        "version": said["version"],
        "outcome": row["outcome"],
        "bad": row["bad"],
    }


def _as_parquet(table: str, path: Path) -> None:
    import duckdb  # heavy, and only a file of this kind needs it

    written = Path(f"{table}.parquet")
    try:
        with duckdb.connect(config={"threads": 1}) as conn:
            conn.execute(
                f"COPY (SELECT * FROM read_csv('{_quoted(table)}', header = true))"
                f" TO '{_quoted(str(written))}' (FORMAT parquet)"
            )
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
