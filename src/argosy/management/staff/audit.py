"""What staff did: one row an act, never changed, each chained to the one before it.

The digest of a row covers the row and the digest before it, so a row cannot be changed, left out or put
in between without every later digest being wrong; where the chain ends is kept beside it. A trigger
refuses changes to whoever comes through SQL; the chain shows those of whoever switched the trigger off:
its digests are keyed, so who has only the database cannot make them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.store import Connection, Database, Record
from argosy.management.staff.facts import Member

NOBODY: Final = ""
TERMINAL: Final = "the terminal"
"""Who acts where the operator works at the machine itself, with its database and its key."""

TEXT_CHARS_MAX: Final = 500
DETAIL_CHARS_MAX: Final = 8_000
CHECK_ROWS: Final = 5_000
FINDINGS_MAX: Final = 20
_COLUMNS = "number, at, member, name, action, subject, reason, detail, outcome, session, digest"


@dataclass(frozen=True)
class Entry:
    """One row of the log. `member` is None where nobody was proven, as at a wrong sign-in."""

    number: int
    at: datetime
    member: UUID | None
    name: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, Any]
    outcome: str
    session: UUID | None


@dataclass(frozen=True)
class Entries:
    """One page of the log, the newest first; `after` is the cursor of the next, None at the end."""

    entries: list[Entry]
    after: int | None


@dataclass(frozen=True)
class Checked:
    """What `Audit.check` found: how many rows hold, and a sentence for each that does not."""

    rows: int
    findings: tuple[str, ...]

    def text(self) -> str:
        """As it is told at the terminal."""
        if self.findings:
            return "\n".join(("THE AUDIT LOG WAS TAMPERED WITH", *self.findings))
        return f"audit log: {self.rows} rows, the chain holds"


class Audit:
    """Writes the log and reads it."""

    def __init__(self, db: Database, clock: Clock, keys: Keys) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys

    async def write(
        self,
        where: Connection | Database | None,
        member: Member | None,
        action: str,
        subject: str,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
        outcome: str = "done",
        *,
        session: UUID | None = None,
        name: str = NOBODY,
    ) -> Entry:
        """Add a row: in the transaction of `where`, or in one of its own.

        `action` is `<area>.<verb>`; `detail` small facts, never personal data. `name` says who acts where
        no member does. Texts are cut at `TEXT_CHARS_MAX`.
        """
        row = Entry(
            number=0,
            at=self._clock.now(),
            member=None if member is None else member.id,
            name=_cut(name if member is None else member.name),
            action=_cut(action),
            subject=_cut(subject),
            reason=_cut(reason),
            detail=detail or {},
            outcome=_cut(outcome),
            session=session,
        )
        if where is None or isinstance(where, Database):
            async with (where or self._db).work() as conn:
                return await self._append(conn, row)
        return await self._append(where, row)

    async def search(
        self,
        text: str = "",
        *,
        member: UUID | None = None,
        action: str = "",
        subject: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> Entries:
        """The newest rows that fit: `text` are words anywhere, `action` the beginning of it."""
        values: list[Any] = []
        terms: list[str] = []

        def term(sql: str, value: Any) -> None:
            values.append(value)
            terms.append(sql.format(f"${len(values)}"))

        if text.strip():
            term("words @@ plainto_tsquery('simple', {0}::text)", text.replace(".", " "))
        if member is not None:
            term("member = {0}", member)
        if action:
            term("starts_with(action, {0})", action)
        if subject:
            term("subject = {0}", subject)
        if since is not None:
            term("at >= {0}", since)
        if until is not None:
            term("at < {0}", until)
        if after is not None:
            term("number < {0}", after)
        values.append(limit + 1)
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM staff.audit WHERE {' AND '.join(terms) or 'true'}"
            f" ORDER BY number DESC LIMIT ${len(values)}",
            *values,
        )
        entries = [_entry(row) for row in rows[:limit]]
        return Entries(entries, entries[-1].number if len(rows) > limit else None)

    async def check(self) -> Checked:
        """Add the whole chain up again from its first row."""
        findings: list[str] = []
        before, last = b"", 0
        while True:
            rows = await self._db.all(
                f"SELECT {_COLUMNS} FROM staff.audit WHERE number > $1 ORDER BY number LIMIT $2",
                last,
                CHECK_ROWS,
            )
            for row in rows:
                if row["number"] != last + 1:
                    findings.append(f"rows {last + 1} to {row['number'] - 1} are missing")
                elif row["digest"] != self._digest(before, row):
                    findings.append(f"row {row['number']} is not as it was written")
                before, last = row["digest"], row["number"]
            if len(rows) < CHECK_ROWS or len(findings) >= FINDINGS_MAX:
                break
        end = await self._db.one("SELECT number, digest FROM staff.audit_end")
        if len(findings) < FINDINGS_MAX and (
            end is None
            or (end["number"] < last)
            or (end["number"] == last and end["digest"] != before)
        ):
            findings.append("the end of the chain is not where it was noted")
        elif end is not None and end["number"] > last and len(findings) < FINDINGS_MAX:
            missing = await self._db.value(
                "SELECT count(*) FROM staff.audit WHERE number > $1", last
            )
            if missing < end["number"] - last:
                findings.append(f"rows after {last} are missing, up to {end['number']}")
        return Checked(last, tuple(findings[:FINDINGS_MAX]))

    async def _append(self, conn: Connection, entry: Entry) -> Entry:
        """One after the other: the row that says where the chain ends is the lock."""
        end = await conn.fetchrow("SELECT number, digest FROM staff.audit_end FOR UPDATE")
        detail = _text(entry.detail)
        values = {
            "number": end["number"] + 1,
            "at": entry.at,
            "member": entry.member,
            "name": entry.name,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "detail": detail,
            "outcome": entry.outcome,
            "session": entry.session,
        }
        digest = self._digest(end["digest"], values)
        await conn.execute(
            f"INSERT INTO staff.audit ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *values.values(),
            digest,
        )
        await conn.execute(
            "UPDATE staff.audit_end SET number = $1, digest = $2", values["number"], digest
        )
        return replace(entry, number=values["number"])

    def _digest(self, before: bytes, row: Mapping[str, Any] | Record) -> bytes:
        told = [
            row["number"],
            row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            None if row["member"] is None else str(row["member"]),
            row["name"],
            row["action"],
            row["subject"],
            row["reason"],
            row["detail"],
            row["outcome"],
            None if row["session"] is None else str(row["session"]),
        ]
        return self._keys.digest("staff.audit", before, msgspec.json.encode(told))


def _text(detail: Mapping[str, Any]) -> str:
    text = msgspec.json.encode(dict(detail), order="sorted").decode()
    if len(text) > DETAIL_CHARS_MAX:
        text = msgspec.json.encode({"cut": text[: DETAIL_CHARS_MAX // 2]}).decode()
    return text.replace("\\u0000", "")


def _cut(text: str) -> str:
    return text[:TEXT_CHARS_MAX].replace("\x00", "").encode("utf-8", "replace").decode()


def _entry(row: Record) -> Entry:
    return Entry(
        number=row["number"],
        at=row["at"],
        member=row["member"],
        name=row["name"],
        action=row["action"],
        subject=row["subject"],
        reason=row["reason"],
        detail=msgspec.json.decode(row["detail"]),
        outcome=row["outcome"],
        session=row["session"],
    )
