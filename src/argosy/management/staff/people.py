"""The people of the staff: invited, enrolled by themselves, given roles, disabled; a name is for ever."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record
from argosy.management.staff.audit import Audit
from argosy.management.staff.facts import ROLES, Member, StaffReason, rights_of

INVITATION_LASTS: Final = timedelta(days=3)
TOKEN_BYTES: Final = 24
ADMINISTRATOR: Final = "administrator"
MACHINES: Final = frozenset({"argosy", "clock", "learning", "simulation", "the terminal"})
"""Names under which the software itself writes things down."""

NAME = re.compile(r"[a-z][a-z0-9._ -]{1,59}", re.ASCII)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('staff members', 0))"

SEALED = (
    Sealing(
        "staff.members",
        ("id",),
        (column("totp", lambda row: ("staff", str(row["id"]))),),
        where="totp IS NOT NULL",
    ),
    Sealing(
        "staff.invitations",
        ("member",),
        (column("totp", lambda row: ("staff", str(row["member"]))),),
        where="totp IS NOT NULL",
    ),
)
"""What is kept sealed here, for when keys change."""


@dataclass(frozen=True)
class Person:
    """Somebody of the staff, or who was. `enrolled_at`: since when with password and second factor."""

    id: UUID
    name: str
    roles: tuple[str, ...]
    language: str
    theme: str
    added_at: datetime
    added_by: str
    enrolled_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None

    @property
    def member(self) -> Member:
        return Member(self.id, self.name, self.roles, rights_of(self.roles), self.language)

    @property
    def state(self) -> str:
        """`active`, `invited` or `disabled`."""
        if self.disabled_at is not None:
            return "disabled"
        return "active" if self.enrolled_at is not None else "invited"


@dataclass(frozen=True)
class Invitation:
    """The way to a first password, or to another one: `token` is shown once and kept as a hash."""

    person: Person
    token: str
    ends_at: datetime


class People:
    """Adds people, changes their roles, ends their access."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        keys: Keys,
        audit: Audit,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._audit = audit
        self._chance = chance

    async def add(
        self, name: str, roles: Iterable[str], by: str, id: UUID | None = None
    ) -> Invitation | Refused:
        """Add somebody and invite them. The same `id` again is the same person, invited anew."""
        roles = tuple(sorted(set(roles)))
        if NAME.fullmatch(name) is None or name in MACHINES or name != name.strip():
            return Refused(StaffReason.MEMBER_NAME, field="name")
        if not roles or not ROLES.keys() >= set(roles):
            return Refused(StaffReason.ROLE_UNKNOWN, field="roles")
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            row = await conn.fetchrow(
                "INSERT INTO staff.members (id, name, roles, added_at, added_by)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING *",
                id or self._ids.new(), name, list(roles), self._clock.now(), by,
            )  # fmt: skip
            if row is None and id is not None:
                row = await conn.fetchrow(
                    "SELECT * FROM staff.members WHERE id = $1 AND name = $2 AND enrolled_at IS NULL",
                    id, name,
                )  # fmt: skip
            if row is None:
                return Refused(StaffReason.MEMBER_KNOWN, field="name")
            return await self._invite(conn, _person(row))

    async def invite_again(self, id: UUID) -> Invitation | Refused:
        """Let somebody choose password and second factor anew; what they had works until they have."""
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            row = await conn.fetchrow(
                "SELECT * FROM staff.members WHERE id = $1 AND disabled_at IS NULL", id
            )
            if row is None:
                return Refused(StaffReason.MEMBER_UNKNOWN)
            return await self._invite(conn, _person(row))

    async def set_roles(self, id: UUID, roles: Iterable[str]) -> Person | Refused:
        """Give somebody these roles and no others. There is always an administrator."""
        roles = tuple(sorted(set(roles)))
        if not roles or not ROLES.keys() >= set(roles):
            return Refused(StaffReason.ROLE_UNKNOWN, field="roles")
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            if ADMINISTRATOR not in roles and not await _another_administrator(conn, id):
                return Refused(StaffReason.LAST_ADMINISTRATOR)
            row = await conn.fetchrow(
                "UPDATE staff.members SET roles = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING *",
                id, list(roles),
            )  # fmt: skip
        return Refused(StaffReason.MEMBER_UNKNOWN) if row is None else _person(row)

    async def disable(self, id: UUID, by: str) -> Person | Refused:
        """From now on this person cannot sign in, and every session of theirs has ended."""
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            if not await _another_administrator(conn, id):
                return Refused(StaffReason.LAST_ADMINISTRATOR)
            row = await conn.fetchrow(
                "UPDATE staff.members SET disabled_at = coalesce(disabled_at, $2),"
                " disabled_by = coalesce(disabled_by, $3) WHERE id = $1 RETURNING *",
                id, self._clock.now(), by,
            )  # fmt: skip
            await conn.execute("DELETE FROM staff.invitations WHERE member = $1", id)
            await conn.execute(
                "UPDATE staff.sessions SET ended_at = $2, ended_by = $3"
                " WHERE member = $1 AND ended_at IS NULL",
                id, self._clock.now(), by,
            )  # fmt: skip
        return Refused(StaffReason.MEMBER_UNKNOWN) if row is None else _person(row)

    async def enable(self, id: UUID) -> Invitation | Refused:
        """Let somebody come back, with a new password and a new second factor."""
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            row = await conn.fetchrow(
                "UPDATE staff.members SET disabled_at = NULL, disabled_by = NULL, password = NULL,"
                " totp = NULL, enrolled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL RETURNING *",
                id,
            )  # fmt: skip
            if row is None:
                return Refused(StaffReason.MEMBER_UNKNOWN)
            await conn.execute("DELETE FROM staff.recoveries WHERE member = $1", id)
            return await self._invite(conn, _person(row))

    async def prefer(
        self, id: UUID, *, language: str | None = None, theme: str | None = None
    ) -> None:
        """Keep how somebody likes the console."""
        await self._db.run(
            "UPDATE staff.members SET language = coalesce($2, language),"
            " theme = coalesce($3, theme) WHERE id = $1",
            id, language, theme,
        )  # fmt: skip

    async def named(self, name: str) -> Person | None:
        """Whoever has this name."""
        row = await self._db.one("SELECT * FROM staff.members WHERE name = $1", name)
        return None if row is None else _person(row)

    async def get(self, id: UUID) -> Person | None:
        row = await self._db.one("SELECT * FROM staff.members WHERE id = $1", id)
        return None if row is None else _person(row)

    async def listed(self, after: str = "", limit: int = 50) -> list[Person]:
        """People by name, from the one after `after` on."""
        rows = await self._db.all(
            "SELECT * FROM staff.members WHERE name > $1 ORDER BY name LIMIT $2", after, limit
        )
        return [_person(row) for row in rows]

    async def is_empty(self) -> bool:
        """Whether nobody can sign in yet."""
        return not await self._db.value(
            "SELECT EXISTS (SELECT FROM staff.members WHERE enrolled_at IS NOT NULL)"
        )

    async def _invite(self, conn: Connection, person: Person) -> Invitation:
        token = base64.urlsafe_b64encode(self._chance(TOKEN_BYTES)).decode()
        now = self._clock.now()
        await conn.execute(
            "INSERT INTO staff.invitations (member, digest, made_at, ends_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (member) DO UPDATE SET digest = $2, made_at = $3, ends_at = $4,"
            " password = NULL, totp = NULL",
            person.id, self._keys.digest("staff.invitation", token), now, now + INVITATION_LASTS,
        )  # fmt: skip
        return Invitation(person, token, now + INVITATION_LASTS)


async def _another_administrator(conn: Connection, id: UUID) -> bool:
    """Whether somebody else is one, or this one is none."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM staff.members WHERE $2 = ANY(roles) AND id <> $1"
            " AND disabled_at IS NULL) OR NOT EXISTS (SELECT FROM staff.members WHERE id = $1"
            " AND $2 = ANY(roles) AND disabled_at IS NULL)",
            id,
            ADMINISTRATOR,
        )
    )


def _person(row: Record) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        roles=tuple(row["roles"]),
        language=row["language"],
        theme=row["theme"],
        added_at=row["added_at"],
        added_by=row["added_by"],
        enrolled_at=row["enrolled_at"],
        disabled_at=row["disabled_at"],
        disabled_by=row["disabled_by"],
    )
