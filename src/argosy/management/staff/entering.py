"""How a person comes in: by an invitation the first time, by password and second factor from then on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record
from argosy.management.staff import passwords, second_factor
from argosy.management.staff.audit import Audit
from argosy.management.staff.facts import Member, StaffReason, rights_of
from argosy.management.staff.sessions import Opened, Sessions
from argosy.management.staff.tries import Tries

NAME_CHARS_MAX = 60


@dataclass(frozen=True)
class Invited:
    """Whom an invitation is for. `secret` is there once a password was chosen."""

    id: UUID
    name: str
    language: str
    secret: str | None


@dataclass(frozen=True)
class Enrolled:
    """Somebody is in for the first time, with the recovery codes, which are shown now and never again."""

    opened: Opened
    recovery_codes: list[str]


class Entering:
    """Judges who wants to come in, and writes it down, right or wrong."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        audit: Audit,
        sessions: Sessions,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._sessions = sessions
        self._chance = chance
        self._tries = Tries(db, clock, keys)

    async def sign_in(
        self, name: str, password: str, code: str, address: str, agent: str
    ) -> Opened | Refused:
        """Password and second factor at once: which of them was wrong is never said."""
        name = name.strip().lower()[:NAME_CHARS_MAX].replace("\x00", "")
        wait = await self._tries.begin(name, address)
        row = await self._db.one(
            "SELECT * FROM staff.members WHERE name = $1 AND enrolled_at IS NOT NULL", name
        )
        member = None if row is None else _member(row)
        if wait:
            await self._note(member, "staff.sign_in", address, "staff.sign_in_wait")
            return Refused(StaffReason.SIGN_IN_WAIT, {"wait_seconds": wait})
        fits = await passwords.fits(password, None if row is None else row["password"])
        is_here = row is not None and row["disabled_at"] is None
        if not (fits and is_here and row is not None and await self._second(row, code)):
            await self._note(member, "staff.sign_in", address, StaffReason.SIGN_IN_WRONG.code)
            return Refused(StaffReason.SIGN_IN_WRONG)
        await self._tries.right(name, address)
        opened = await self._sessions.open(row["id"], address, agent)
        await self._note(
            opened.session.member, "staff.sign_in", address, "done", session=opened.session.id
        )
        return opened

    async def invited(self, token: str) -> Invited | Refused:
        """Whom the invitation `token` is for."""
        row = await self._invitation(token)
        if row is None:
            return Refused(StaffReason.INVITATION_OVER)
        return self._invited(row)

    async def choose_password(self, token: str, password: str) -> Invited | Refused:
        """The invited person's own password; answers with the secret of the second factor to enrol."""
        row = await self._invitation(token)
        if row is None:
            return Refused(StaffReason.INVITATION_OVER)
        if passwords.is_weak(password, row["name"]):
            return Refused(
                StaffReason.PASSWORD_WEAK, {"least": passwords.PASSWORD_CHARS_MIN}, "password"
            )
        hashed = await passwords.made(password)
        secret = second_factor.new_secret(self._chance)
        row = await self._db.one(
            "UPDATE staff.invitations SET password = $2, totp = $3 WHERE digest = $1 RETURNING member",
            self._digest(token), hashed, self._keys.seal(secret, "staff", str(row["member"])),
        )  # fmt: skip
        row = None if row is None else await self._invitation(token)
        return Refused(StaffReason.INVITATION_OVER) if row is None else self._invited(row)

    async def enrol(self, token: str, code: str, address: str, agent: str) -> Enrolled | Refused:
        """The first code proves that the secret has arrived: the person is in, and the invitation over."""
        row = await self._invitation(token)
        if row is None or row["totp"] is None:
            return Refused(StaffReason.INVITATION_OVER)
        if await self._tries.begin(row["name"], address):
            return Refused(StaffReason.SIGN_IN_WAIT, {"wait_seconds": 5})
        secret = self._keys.open(row["totp"], "staff", str(row["member"]))
        step = second_factor.step_of(secret, code.replace(" ", ""), self._clock.now())
        if step is None:
            return Refused(StaffReason.SECOND_FACTOR_WRONG, field="code")
        codes = second_factor.new_recovery_codes(self._chance)
        async with self._db.work() as conn:
            gone = await conn.fetchval(
                "DELETE FROM staff.invitations WHERE digest = $1 AND totp = $2 RETURNING member",
                self._digest(token), row["totp"],
            )  # fmt: skip
            if gone is None:
                return Refused(StaffReason.INVITATION_OVER)
            opened = await self._admit(conn, row, step, codes, address, agent)
        await self._tries.right(row["name"], address)
        return Enrolled(opened, codes)

    async def _admit(
        self,
        conn: Connection,
        row: Record,
        step: int,
        codes: list[str],
        address: str,
        agent: str,
    ) -> Opened:
        member = row["member"]
        await conn.execute(
            "UPDATE staff.members SET password = $2, totp = $3, totp_step = $4, enrolled_at = $5"
            " WHERE id = $1",
            member, row["password"], row["totp"], step, self._clock.now(),
        )  # fmt: skip
        await self._sessions.end_all(member, row["name"], conn)
        await keep_recovery_codes(conn, self._keys, member, codes)
        opened = await self._sessions.open(member, address, agent, conn)
        await self._note(
            opened.session.member, "staff.enrol", address, "done", conn, opened.session.id
        )
        return opened

    async def sign_out(self, token: str) -> None:
        """End the session of a browser's token, wherever its windows are."""
        session = await self._sessions.find(token)
        if session is not None:
            await self._sessions.end(session.id, session.member.name)
            await self._note(
                session.member, "staff.sign_out", session.address, "done", session=session.id
            )

    async def _second(self, row: Record, code: str) -> bool:
        """Whether `code` is a code of now that was not used before, or a recovery code, used up by this."""
        code = code.strip().replace(" ", "")
        if second_factor.is_recovery_shaped(code):
            used = await self._db.value(
                "DELETE FROM staff.recoveries WHERE member = $1 AND digest = $2 RETURNING true",
                row["id"], recovery_digest(self._keys, row["id"], code),
            )  # fmt: skip
            return bool(used)
        secret = self._keys.open(row["totp"], "staff", str(row["id"]))
        step = second_factor.step_of(secret, code, self._clock.now())
        if step is None:
            return False
        return bool(
            await self._db.value(
                "UPDATE staff.members SET totp_step = $2 WHERE id = $1 AND totp_step < $2 RETURNING true",
                row["id"], step,
            )
        )  # fmt: skip

    async def _invitation(self, token: str) -> Record | None:
        return await self._db.one(
            "SELECT invitation.*, member.name, member.language FROM staff.invitations AS invitation"
            " JOIN staff.members AS member ON member.id = invitation.member"
            " WHERE invitation.digest = $1 AND invitation.ends_at > $2 AND member.disabled_at IS NULL",
            self._digest(token), self._clock.now(),
        )  # fmt: skip

    def _invited(self, row: Record) -> Invited:
        sealed = row["totp"]
        secret = None if sealed is None else self._keys.open(sealed, "staff", str(row["member"]))
        return Invited(row["member"], row["name"], row["language"], secret)

    def _digest(self, token: str) -> bytes:
        return self._keys.digest("staff.invitation", token)

    async def _note(
        self,
        member: Member | None,
        action: str,
        address: str,
        outcome: str,
        conn: Connection | None = None,
        session: UUID | None = None,
    ) -> None:
        """A name that nobody has is not written down: it may be a password in the wrong field."""
        subject = "" if member is None else str(member.id)
        detail: dict[str, Any] = {"address": address}
        await self._audit.write(conn, member, action, subject, "", detail, outcome, session=session)


def recovery_digest(keys: Keys, member: UUID, code: str) -> bytes:
    """As a recovery code is kept."""
    return keys.digest("staff.recovery", str(member), second_factor.plain(code))


async def keep_recovery_codes(conn: Connection, keys: Keys, member: UUID, codes: list[str]) -> None:
    """Keep new recovery codes as hashes; the ones before open nothing any more."""
    await conn.execute("DELETE FROM staff.recoveries WHERE member = $1", member)
    await conn.executemany(
        "INSERT INTO staff.recoveries (member, digest) VALUES ($1, $2)",
        [(member, recovery_digest(keys, member, code)) for code in codes],
    )


def _member(row: Record) -> Member:
    roles = tuple(row["roles"])
    return Member(row["id"], row["name"], roles, rights_of(roles), row["language"])
