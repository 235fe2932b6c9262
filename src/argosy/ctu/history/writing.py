"""Entries of the log that no payment commits: what was stopped, and what is judged for another wallet."""

from __future__ import annotations

from collections.abc import Sequence

from argosy.base.ids import named
from argosy.base.outbox import OBSERVED, observed_id
from argosy.base.store import Connection, Database, Together
from argosy.ctu.from_operation import Logged

_INSERT = """
    INSERT INTO outbox.events (id, subject, kind, body)
    SELECT id, subject, $4, body
      FROM unnest($1::uuid[], $2::uuid[], $3::json[]) WITH ORDINALITY AS t (id, subject, body, n)
     ORDER BY n
"""


class LogWriter:
    """Appends entries to the outbox; all who wait at once share an insert."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._inserts: Together[_Waiting, bool] = Together(self._insert)

    async def write(self, entry: Logged) -> None:
        """Append one entry; it is durable when this returns. Raises `Unavailable`: then nobody knows."""
        await self._inserts.get(_Waiting(entry))

    async def _insert(self, waiting: list[_Waiting]) -> dict[_Waiting, bool]:
        async with self._db.work() as conn:
            await append_entries(conn, [one.entry for one in waiting])
        return dict.fromkeys(waiting, True)


async def append_entries(conn: Connection, entries: Sequence[Logged]) -> None:
    """Append `entries` to the outbox in this order, in the transaction of `conn`."""
    await conn.execute(
        _INSERT,
        [observed_id(entry.event.id) for entry in entries],
        [named("ctu", "account", entry.event.account) for entry in entries],
        entries,
        OBSERVED,
    )


class _Waiting:
    """Two equal entries are still two."""

    __slots__ = ("entry",)

    def __init__(self, entry: Logged) -> None:
        self.entry = entry
