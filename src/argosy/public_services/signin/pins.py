"""The PIN. Six digits can be guessed however slow the hash is, so the guard is a counter.

A wrong guess is counted in the database before its answer is told. A right one with nothing to
reset writes nothing, so that a payment costs no write for its PIN; it is checked against what the
session's own read brought along. That read may be a moment old, and a thousand guesses sent at once
could all have read "no failures yet". So guesses for one party take turns in a process, and whoever
waited, or comes soon after a wrong one, or with an old read, reads again. Several processes do not
take turns with each other: with P of them at most 4 + P guesses are weighed before the first wait,
not five.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record
from argosy.public_services.signin.facts import PinFacts, SigninReason, Terms

FACTS_AGE_MAX = timedelta(seconds=5)
_ROUNDS_MAX = 8
_SALT_BYTES = 16
_MEMO_MAX = 4096
_WEAK = frozenset(
    """112233 332211 123321 321123 159753 147258 258369 147852 142536 102030 101010 696969 131313
    246810 135790 112358 314159 271828 520520 521521 786786 007007 100100 200200 123654
    456123""".split()
)


class Pins:
    """Sets and checks PINs."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        terms: Terms,
        chance: Callable[[int], bytes],
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._terms = terms
        self._chance = chance
        self._turns: dict[UUID, tuple[asyncio.Lock, int]] = {}
        self._wrong_at: dict[UUID, datetime] = {}

    def acceptable(self, pin: str, phone: str | None = None) -> None | Refused:
        """Whether `pin` may be chosen."""
        if not self._is_shaped(pin):
            digits = self._terms.pin_digits
            return Refused(SigninReason.PIN_MALFORMED, {"digits": digits}, field="pin")
        if is_weak(pin) or (phone is not None and phone.endswith(pin)):
            return Refused(SigninReason.PIN_WEAK, field="pin")
        return None

    async def set(self, party_id: UUID, pin: str, conn: Connection) -> None:
        """Write a PIN, acceptable or not, and forget all failures."""
        salt = self._chance(_SALT_BYTES)
        await conn.execute(
            """
            INSERT INTO signin.pin (party_id, salt, digest, changed_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (party_id) DO UPDATE SET salt = excluded.salt, digest = excluded.digest,
                failures = 0, wait_until = NULL, changed_at = excluded.changed_at
            """,
            party_id,
            salt,
            self._digest(party_id, salt, pin),
            self._clock.now(),
        )

    async def lock(self, party_id: UUID, conn: Connection) -> bool:
        """Let no PIN be right until a new one is set; False where there is none. A payment that is being
        checked this very moment may still go through."""
        tag = await conn.execute(
            "UPDATE signin.pin SET failures = $2, wait_until = NULL WHERE party_id = $1",
            party_id,
            self._terms.pin_tries_max + len(self._terms.pin_waits),
        )
        return bool(tag == "UPDATE 1")

    async def check(
        self, party_id: UUID, pin: str, facts: PinFacts | None = None
    ) -> None | Refused:
        """None when the PIN is right. `facts` are the session's, read for this very request."""
        if not self._is_shaped(pin):
            digits = self._terms.pin_digits
            return Refused(SigninReason.PIN_MALFORMED, {"digits": digits}, field="pin")
        if facts is not None and self._is_plainly_right(party_id, pin, facts):
            return None
        async with self._turn(party_id) as alone:
            if facts is None or not alone or not self._is_fresh(party_id, facts):
                facts = await self.load(party_id)
            for _ in range(_ROUNDS_MAX):
                if facts is None:
                    return Refused(SigninReason.PIN_NOT_SET, field="pin")
                stopped = self._stopped(facts)
                if stopped is not None:
                    return stopped
                if not self._fits(facts, party_id, pin):
                    return await self._count_wrong(party_id)
                if facts.failures == 0 or await self._forget_failures(party_id, facts):
                    return None
                facts = await self.load(party_id)
        return Refused(SigninReason.PIN_WAIT, {"wait_seconds": 1}, field="pin")

    async def load(self, party_id: UUID) -> PinFacts | None:
        """The PIN's facts as they stand now."""
        read_at = self._clock.now()
        row = await self._db.one(
            "SELECT salt, digest, failures, wait_until, changed_at FROM signin.pin"
            " WHERE party_id = $1",
            party_id,
        )
        return None if row is None else pin_of(row, read_at)

    # within

    async def _count_wrong(self, party_id: UUID) -> Refused:
        now = self._clock.now()
        first = self._terms.pin_tries_max
        try:
            row = await self._db.one(
                """
                UPDATE signin.pin SET failures = failures + 1,
                    wait_until = CASE WHEN failures + 1 >= $3
                        THEN ($4::timestamptz[])[failures + 2 - $3] END
                WHERE party_id = $1 AND failures < $5 AND (wait_until IS NULL OR wait_until <= $2)
                RETURNING failures, wait_until
                """,
                party_id,
                now,
                first,
                [now + wait for wait in self._terms.pin_waits],
                first + len(self._terms.pin_waits),
            )
        finally:
            # Only now: what was read before the count was durable is too old to be trusted.
            self._remember_wrong(party_id, self._clock.now())
        if row is None:
            # Others were faster: this guess was not weighed, and is told nothing of itself.
            facts = await self.load(party_id)
            stopped = None if facts is None else self._stopped(facts)
            return stopped or Refused(SigninReason.PIN_WAIT, {"wait_seconds": 1}, field="pin")
        if row["failures"] < first:
            left = first - row["failures"]
            return Refused(SigninReason.PIN_WRONG, {"tries_left": left}, field="pin")
        return self._wait_or_lock(row["failures"], row["wait_until"], now)

    async def _forget_failures(self, party_id: UUID, facts: PinFacts) -> bool:
        tag = await self._db.run(
            """
            UPDATE signin.pin SET failures = 0, wait_until = NULL
            WHERE party_id = $1 AND failures = $2 AND digest = $3
                AND (wait_until IS NULL OR wait_until <= $4)
            """,
            party_id,
            facts.failures,
            facts.digest,
            self._clock.now(),
        )
        return tag == "UPDATE 1"

    def _stopped(self, facts: PinFacts) -> Refused | None:
        now = self._clock.now()
        locked = facts.failures >= self._terms.pin_tries_max + len(self._terms.pin_waits)
        if locked or (facts.wait_until is not None and facts.wait_until > now):
            return self._wait_or_lock(facts.failures, facts.wait_until, now)
        return None

    def _wait_or_lock(self, failures: int, until: datetime | None, now: datetime) -> Refused:
        if until is None or failures >= self._terms.pin_tries_max + len(self._terms.pin_waits):
            return Refused(SigninReason.PIN_LOCKED, field="pin")
        seconds = max(1, int((until - now).total_seconds()))
        return Refused(SigninReason.PIN_WAIT, {"wait_seconds": seconds}, field="pin")

    def _is_fresh(self, party_id: UUID, facts: PinFacts) -> bool:
        now = self._clock.now()
        if now - facts.read_at > FACTS_AGE_MAX:
            return False
        wrong_at = self._wrong_at.get(party_id)
        return wrong_at is None or wrong_at < facts.read_at

    def _remember_wrong(self, party_id: UUID, now: datetime) -> None:
        if len(self._wrong_at) >= _MEMO_MAX:
            # What is older than any read that still counts as fresh is needed no more.
            kept = {p: at for p, at in self._wrong_at.items() if now - at <= 2 * FACTS_AGE_MAX}
            self._wrong_at = kept
        self._wrong_at[party_id] = now

    @asynccontextmanager
    async def _turn(self, party_id: UUID) -> AsyncIterator[bool]:
        """One guess at a time for a party. Gives whether nobody was before us."""
        lock, waiting = self._turns.get(party_id) or (asyncio.Lock(), 0)
        self._turns[party_id] = (lock, waiting + 1)
        try:
            async with lock:
                yield waiting == 0
        finally:
            lock, waiting = self._turns[party_id]
            if waiting == 1:
                del self._turns[party_id]
            else:
                self._turns[party_id] = (lock, waiting - 1)

    def _is_shaped(self, pin: str) -> bool:
        return len(pin) == self._terms.pin_digits and pin.isascii() and pin.isdigit()

    def _is_plainly_right(self, party_id: UUID, pin: str, facts: PinFacts) -> bool:
        """Whether the PIN is right with nothing to reset, and nobody else guesses: no turn to wait for."""
        return (
            party_id not in self._turns
            and not facts.failures
            and self._is_fresh(party_id, facts)
            and self._stopped(facts) is None
            and self._fits(facts, party_id, pin)
        )

    def _fits(self, facts: PinFacts, party_id: UUID, pin: str) -> bool:
        return hmac.compare_digest(facts.digest, self._digest(party_id, facts.salt, pin))

    def _digest(self, party_id: UUID, salt: bytes, pin: str) -> bytes:
        return self._keys.digest("pin", party_id.bytes, salt, pin)


def pin_of(row: Record, read_at: datetime) -> PinFacts:
    """The PIN's facts from a row of `signin.pin`."""
    return PinFacts(
        row["salt"], row["digest"], row["failures"], row["wait_until"], row["changed_at"], read_at
    )


def is_weak(pin: str) -> bool:
    """Whether `pin` is among the first that a thief would try: one digit or a group repeated, a run
    up or down, or one of the known favourites."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        return True
    halves = {size for size in (1, 2, 3) if pin == pin[:size] * (len(pin) // size)}
    return bool(halves) or len(set(pin)) == 1 or pin in _WEAK
