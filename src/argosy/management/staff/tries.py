"""Wrong tries to sign in: by person and by network address, each with a wait that grows.

A try is counted before it is judged, one try at a time, so many at once get no more tries than one after
the other. Who proves to be right takes back the own try, and the wrong ones at the own name.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.store import Database

FREE_OF_PERSON: Final = 4
FREE_OF_ADDRESS: Final = 20
WAIT_SECONDS_FIRST: Final = 5
WAIT_SECONDS_MAX: Final = 900
DOUBLINGS_MAX: Final = 20
FORGOTTEN_AFTER: Final = timedelta(days=1)

_COUNT = """
    INSERT INTO staff.tries (digest, wrong, wait_until, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (digest) DO UPDATE SET wrong = $2, wait_until = $3, at = $4
"""


class Tries:
    """Counts tries and says how long to wait before the next one."""

    def __init__(self, db: Database, clock: Clock, keys: Keys) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys

    async def begin(self, name: str, address: str) -> int:
        """Count a try at `name` from `address`: 0, or the seconds to wait, and then it was no try."""
        now = self._clock.now()
        free = {self._person(name): FREE_OF_PERSON, self._address(address): FREE_OF_ADDRESS}
        async with self._db.work() as conn:
            await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('staff tries', 0))")
            await conn.execute("DELETE FROM staff.tries WHERE at < $1", now - FORGOTTEN_AFTER)
            rows = await conn.fetch(
                "SELECT digest, wrong, wait_until FROM staff.tries WHERE digest = ANY($1)",
                list(free),
            )
            wait = max(((row["wait_until"] - now).total_seconds() for row in rows), default=0)
            if wait > 0:
                return int(wait) + 1
            wrong = {row["digest"]: row["wrong"] + 1 for row in rows}
            for digest, most in free.items():
                tries = wrong.get(digest, 1)
                await conn.execute(_COUNT, digest, tries, now + wait_after(tries, most), now)
        return 0

    async def right(self, name: str, address: str) -> None:
        """It was right: forget the tries at the name, and this one from the address."""
        await self._db.run("DELETE FROM staff.tries WHERE digest = $1", self._person(name))
        await self._db.run(
            "UPDATE staff.tries SET wrong = greatest(0, wrong - 1), wait_until = at WHERE digest = $1",
            self._address(address),
        )

    def _person(self, name: str) -> bytes:
        return self._keys.digest("staff.tries", "person", name)

    def _address(self, address: str) -> bytes:
        return self._keys.digest("staff.tries", "address", address)


def wait_after(tries: int, free: int) -> timedelta:
    """How long to wait after so many tries, where `free` of them cost nothing."""
    if tries < free:
        return timedelta()
    doubled = min(DOUBLINGS_MAX, tries - free)
    return timedelta(seconds=min(WAIT_SECONDS_MAX, WAIT_SECONDS_FIRST * 2**doubled))
