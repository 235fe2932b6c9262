"""Names and keys of people, in the database; a key is kept as a digest and read fresh each time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Kind, Reason, Refused
from argosy.base.store import Database

KEY_PREFIX: Final = "staff_"
KEY_BYTES: Final = 32
FIRST: Final = "the installation"
"""Who added the first one."""

MACHINES: Final = frozenset({"argosy", "clock", "learning", "simulation"})
"""Names under which the software itself writes things down."""

_NAME = re.compile(r"[a-z][a-z0-9._ -]{1,59}", re.ASCII)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ctu staff', 0))"


class StaffReason(Reason):
    """Refusals of staff: 340-346."""

    STAFF_NONE = 340, Kind.STATE, "Nobody is known yet: `argosy risk staff add` adds the first one."
    STAFF_KEY_MISSING = (
        341,
        Kind.UNPROVEN,
        "Prove who you are: set ARGOSY_STAFF_KEY to your own key, or type it when asked.",
    )
    STAFF_KEY_WRONG = 342, Kind.UNPROVEN, "This is not the key of whoever is named."
    STAFF_KNOWN = (
        343,
        Kind.STATE,
        "There is, or was, somebody of this name; a name is never given again.",
    )
    STAFF_NAME = (
        344,
        Kind.INPUT,
        "A name has 2 to 60 small letters, digits, dots, hyphens and blanks, and is no machine's.",
    )
    STAFF_UNKNOWN = 345, Kind.UNKNOWN, "Nobody of this name works here."
    STAFF_LAST = 346, Kind.STATE, "The last one stays: somebody must be able to add others."


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works here, or did (`left_at`)."""

    name: str
    id: UUID
    added_at: datetime
    added_by: str
    renewed_at: datetime | None = None
    left_at: datetime | None = None
    removed_by: str | None = None
    party: UUID | None = None


class NewKey(msgspec.Struct, frozen=True):
    """A person with the key that is shown now and never again."""

    person: Person
    text: str


class Staff:
    """Adds people, and says whether a key is the one of a name."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._chance = chance

    async def add(self, name: str, by: str = "", key: str = "") -> NewKey | Refused:
        """Add somebody: the first one without more, everybody else by one (`by`) who proves it with `key`."""
        if _NAME.fullmatch(name) is None or name in MACHINES or name != name.strip():
            return Refused(StaffReason.STAFF_NAME, field="name")
        text = self._new_key()
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            if await conn.fetchval("SELECT count(*) FROM ctu.staff"):
                proven = await self.proven(by, key)
                if isinstance(proven, Refused):
                    return proven
                by = proven.name
            else:
                by = FIRST
            row = await conn.fetchrow(
                "INSERT INTO ctu.staff (name, id, digest, added_at, added_by)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING *",
                name, self._ids.new(), _digest(text), self._clock.now(), by,
            )  # fmt: skip
        return Refused(StaffReason.STAFF_KNOWN) if row is None else NewKey(_person(row), text)

    async def renew(self, name: str, key: str) -> NewKey | Refused:
        """Another key for whoever proves to be `name` with the one there is, which opens nothing any more.

        Nobody renews somebody else's: who could, could decide in two names.
        """
        proven = await self.proven(name, key)
        if isinstance(proven, Refused):
            return proven
        text = self._new_key()
        row = await self._db.one(
            "UPDATE ctu.staff SET digest = $3, renewed_at = $4"
            " WHERE name = $1 AND digest = $2 AND left_at IS NULL RETURNING *",
            name, _digest(key), _digest(text), self._clock.now(),
        )  # fmt: skip
        return Refused(StaffReason.STAFF_KEY_WRONG) if row is None else NewKey(_person(row), text)

    async def remove(self, name: str, by: str, key: str) -> Person | Refused:
        """From now on the key of `name` opens nothing. Somebody always stays."""
        proven = await self.proven(by, key)
        if isinstance(proven, Refused):
            return proven
        async with self._db.work() as conn:
            await conn.execute(_LOCK)
            here = await conn.fetch("SELECT name FROM ctu.staff WHERE left_at IS NULL")
            if name not in {row["name"] for row in here}:
                return Refused(StaffReason.STAFF_UNKNOWN)
            if len(here) == 1:
                return Refused(StaffReason.STAFF_LAST)
            row = await conn.fetchrow(
                "UPDATE ctu.staff SET left_at = $2, removed_by = $3 WHERE name = $1 RETURNING *",
                name, self._clock.now(), proven.name,
            )  # fmt: skip
        return _person(row)

    async def list(self) -> list[Person]:
        """Everybody who works here or did, in the order in which they came."""
        return [
            _person(row)
            for row in await self._db.all("SELECT * FROM ctu.staff ORDER BY added_at, name")
        ]

    async def proven(self, name: str, key: str) -> Person | Refused:
        """Whoever is `name`, where `key` is that one's key."""
        row = await self._db.one("SELECT * FROM ctu.staff WHERE name = $1", name)
        if row is None and not await self._db.value("SELECT count(*) FROM ctu.staff"):
            return Refused(StaffReason.STAFF_NONE)
        if not key:
            return Refused(StaffReason.STAFF_KEY_MISSING)
        if row is None or row["left_at"] or not hmac.compare_digest(row["digest"], _digest(key)):
            return Refused(StaffReason.STAFF_KEY_WRONG)
        return _person(row)

    def _new_key(self) -> str:
        return KEY_PREFIX + base64.urlsafe_b64encode(self._chance(KEY_BYTES)).rstrip(b"=").decode()


def _digest(text: str) -> bytes:
    """Enough for a key of 256 bits that chance made: there is no dictionary of those."""
    return hashlib.sha256(text.encode()).digest()


def _person(row: Any) -> Person:
    fields = dict(row)
    del fields["digest"]
    return Person(**fields)
