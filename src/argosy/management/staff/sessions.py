"""Signed-in sessions of staff: in the database, found by the hash of a token that only the browser has."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.store import Connection, Database, Record
from argosy.management.staff.facts import Member, rights_of

IDLE: Final = timedelta(minutes=30)
LASTS: Final = timedelta(hours=12)
KEPT: Final = timedelta(days=90)
TOKEN_BYTES: Final = 32
TOUCH_SECONDS: Final = 60.0
AGENT_CHARS_MAX: Final = 200

_FOUND = """
    SELECT session.*, member.name, member.roles, member.language, member.theme
    FROM staff.sessions AS session JOIN staff.members AS member ON member.id = session.member
    WHERE session.ended_at IS NULL AND session.ends_at > $1 AND session.seen_at > $2
      AND member.disabled_at IS NULL AND
"""


@dataclass(frozen=True)
class Session:
    """One browser's right to act as `member`, until `ends_at` or half an hour without a hand on it."""

    id: UUID
    member: Member
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str
    theme: str = "auto"


@dataclass(frozen=True)
class Opened:
    """A new session with the token that goes to the browser and nowhere else."""

    session: Session
    token: str


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        keys: Keys,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._chance = chance

    async def open(
        self, member: UUID, address: str, agent: str, conn: Connection | None = None
    ) -> Opened:
        """Sign the browser in as `member`, who has proven everything."""
        token = base64.urlsafe_b64encode(self._chance(TOKEN_BYTES)).rstrip(b"=").decode()
        now, session = self._clock.now(), self._ids.new()
        await (conn.execute if conn else self._db.run)(
            "INSERT INTO staff.sessions (id, digest, member, made_at, seen_at, ends_at, address, agent)"
            " VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
            session, self._digest(token), member, now, now + LASTS, address,
            agent[:AGENT_CHARS_MAX].replace("\x00", ""),
        )  # fmt: skip
        row = await (conn.fetchrow if conn else self._db.one)(
            _FOUND + "session.id = $3", now, now - IDLE, session
        )
        return Opened(_session(row), token)

    async def find(self, token: str) -> Session | None:
        """The living session of a browser's token."""
        return await self._found("session.digest = $3", self._digest(token))

    async def living(self, id: UUID) -> Session | None:
        """The session with its member's rights as they are now; None when it has ended."""
        return await self._found("session.id = $3", id)

    async def touch(self, session: Session) -> None:
        """Somebody has a hand on it: the half hour begins anew."""
        now = self._clock.now()
        if (now - session.seen_at).total_seconds() >= TOUCH_SECONDS:
            await self._db.run(
                "UPDATE staff.sessions SET seen_at = $2 WHERE id = $1", session.id, now
            )

    async def which_live(self, ids: Iterable[UUID]) -> dict[UUID, Member]:
        """Those of `ids` that have not ended, each with its member as they are now."""
        now = self._clock.now()
        rows = await self._db.all(_FOUND + "session.id = ANY($3)", now, now - IDLE, list(ids))
        return {row["id"]: _session(row).member for row in rows}

    async def end(self, id: UUID, by: str) -> Session | None:
        """End one. Answers it where it lived."""
        session = await self.living(id)
        await self._db.run(
            "UPDATE staff.sessions SET ended_at = $2, ended_by = $3"
            " WHERE id = $1 AND ended_at IS NULL",
            id, self._clock.now(), by,
        )  # fmt: skip
        return session

    async def end_all(self, member: UUID, by: str, conn: Connection | None = None) -> None:
        """End every session of `member`."""
        await (conn.execute if conn else self._db.run)(
            "UPDATE staff.sessions SET ended_at = $2, ended_by = $3"
            " WHERE member = $1 AND ended_at IS NULL",
            member, self._clock.now(), by,
        )  # fmt: skip

    async def listed(self, member: UUID | None = None, limit: int = 200) -> list[Session]:
        """Sessions that live, the newest first."""
        now = self._clock.now()
        rows = await self._db.all(
            _FOUND + "($3::uuid IS NULL OR session.member = $3) ORDER BY session.id DESC LIMIT $4",
            now, now - IDLE, member, limit,
        )  # fmt: skip
        return [_session(row) for row in rows]

    async def prune(self, limit: int = 500) -> int:
        """Forget sessions that ended long ago; the audit log keeps who signed in when."""
        tag = await self._db.run(
            "DELETE FROM staff.sessions WHERE id IN"
            " (SELECT id FROM staff.sessions WHERE ends_at < $1 LIMIT $2)",
            self._clock.now() - KEPT, limit,
        )  # fmt: skip
        return int(tag.split()[-1])

    async def _found(self, where: str, what: object) -> Session | None:
        now = self._clock.now()
        row = await self._db.one(_FOUND + where, now, now - IDLE, what)
        return None if row is None else _session(row)

    def _digest(self, token: str) -> bytes:
        return self._keys.digest("staff.session", token)


def _session(row: Record) -> Session:
    roles = tuple(row["roles"])
    return Session(
        id=row["id"],
        member=Member(row["member"], row["name"], roles, rights_of(roles), row["language"]),
        made_at=row["made_at"],
        seen_at=row["seen_at"],
        ends_at=row["ends_at"],
        address=row["address"],
        agent=row["agent"],
        theme=row["theme"],
    )
