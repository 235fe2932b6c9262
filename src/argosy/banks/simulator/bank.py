"""The simulated bank itself, with books of its own. It knows the wallet only by the letters it gets.

Everything it has taken in survives a restart. It speaks JSON in bytes, as a wire does, so that what
arrives can be late, missing or unreadable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from argosy.banks.simulator.behaviour import (
    NOT_TAKEN_IN,
    REJECTIONS,
    Behaviour,
    Mood,
    by_number,
    chaotic,
    mood,
)
from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.store import Connection, Database

NEVER_SECONDS = 3_600.0
STATEMENT_ENTRIES_MAX = 10_000
EVERYBODY = "*"

_TAKE_IN = """
    INSERT INTO simulator.instructions (id, direction, amount_minor, currency, account_hash,
                                        deadline_at, received_at, state, reason, reference, order_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING id
"""
_BOOK = """
    INSERT INTO simulator.entries (instruction, at, currency, amount_minor, reference)
    VALUES ($1, $2, $3, $4, $5)
"""
_MOODS = """
    SELECT scope, behaviour, seconds FROM simulator.moods
     WHERE (scope, key) IN (('instruction', $1), ('bank_account', $2), ('everybody', $3))
     ORDER BY scope = 'instruction' DESC, scope = 'bank_account' DESC LIMIT 1
"""

_CALL = "INSERT INTO simulator.callbacks (instruction, due_at) VALUES ($1, $2)"
_CALLS_BACK = frozenset({Behaviour.LATE, Behaviour.VERY_LATE, Behaviour.TWICE})

Pause = Callable[[float], Awaitable[None]]


class Letter(msgspec.Struct, frozen=True):
    """What the bank is asked, as it goes over the wire."""

    id: UUID
    direction: str
    amount_minor: int
    currency: str
    bank_account: str
    deadline_at: datetime
    order: UUID | None = None


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the bank answers: `done`, `rejected`, `never_seen`, or `differs` (the id was used before
    with another content)."""

    state: str
    reference: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the wallet's account at this bank: positive what came in, negative what went out."""

    instruction: UUID
    at: datetime
    currency: str
    amount_minor: int
    reference: str


class Bank:
    """The bank. `keys` hash the account numbers, of which it keeps none; `pause` waits; `seed` makes
    chaos repeatable."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        *,
        seed: int = 1,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._db = db
        self._keys = keys
        self._clock = clock
        self._seed = seed
        self._pause = pause

    # --- over the wire -------------------------------------------------------------------------------

    async def instruct(self, wire: bytes) -> bytes:
        """Take an instruction in, or what the bank's mood makes of it. The same id is done once."""
        letter = msgspec.json.decode(wire, type=Letter)
        mood_now = await self._mood(letter)
        behaviour = mood_now.behaviour
        if behaviour is Behaviour.ERROR:
            raise ConnectionResetError("the line to the bank broke")
        if behaviour in NOT_TAKEN_IN:
            return await self._never()
        answer = await self._take_in(letter, mood_now)
        if behaviour is Behaviour.ERROR_DONE:
            raise ConnectionResetError("the line to the bank broke")
        if behaviour in (Behaviour.LOST_REPLY, Behaviour.SILENT):
            return await self._never()
        if behaviour in (Behaviour.LATE, Behaviour.VERY_LATE):
            await self._pause(mood_now.seconds)
        if behaviour is Behaviour.GARBAGE:
            return b"\x00<html>503 \xff"
        return msgspec.json.encode(answer)

    async def ask(self, wire: bytes) -> bytes:
        """What the bank knows of an instruction; where it is silent, it is silent here as well."""
        letter = msgspec.json.decode(wire, type=Letter)
        if (await self._mood(letter)).behaviour is Behaviour.SILENT:
            return await self._never()
        row = await self._db.one("SELECT * FROM simulator.instructions WHERE id = $1", letter.id)
        return msgspec.json.encode(
            Answer("never_seen") if row is None else self._known(row, letter)
        )

    # --- for whoever stages the play ---------------------------------------------------------------------

    async def behave(
        self,
        behaviour: Behaviour,
        *,
        instruction: UUID | None = None,
        bank_account: str | None = None,
        seconds: float | None = None,
    ) -> None:
        """From now on behave so: towards one instruction, one bank account, or else everybody."""
        scope, key = self._scope(instruction, bank_account)
        await self._db.run(
            "INSERT INTO simulator.moods (scope, key, behaviour, seconds) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (scope, key)"
            " DO UPDATE SET behaviour = excluded.behaviour, seconds = excluded.seconds",
            scope,
            key,
            behaviour.value,
            seconds,
        )

    async def behave_as_usual(
        self, *, instruction: UUID | None = None, bank_account: str | None = None
    ) -> None:
        """Forget what `behave` said with the same arguments."""
        scope, key = self._scope(instruction, bank_account)
        await self._db.run("DELETE FROM simulator.moods WHERE scope = $1 AND key = $2", scope, key)

    async def statement(
        self, currency: str, since: datetime | None = None, until: datetime | None = None
    ) -> list[Entry]:
        """The wallet's account at this bank, oldest first: from `since` on, before `until`."""
        rows = await self._db.all(
            """
            SELECT * FROM simulator.entries
             WHERE currency = $1 AND ($2::timestamptz IS NULL OR at >= $2)
               AND ($3::timestamptz IS NULL OR at < $3)
             ORDER BY at, instruction LIMIT $4
            """,
            currency,
            since,
            until,
            STATEMENT_ENTRIES_MAX,
        )
        return [
            Entry(r["instruction"], r["at"], r["currency"], r["amount_minor"], r["reference"])
            for r in rows
        ]

    async def balance_minor(self, currency: str) -> int:
        """What the bank says the wallet has there."""
        total = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM simulator.entries"
        return int(await self._db.value(f"{total} WHERE currency = $1", currency))

    async def due_calls(self, limit: int = 100) -> list[tuple[UUID, UUID | None, Answer]]:
        """The answers that the bank wants to give by itself now, each with its instruction and with the
        wallet's order; `called` ticks one off."""
        rows = await self._db.all(
            """
            SELECT i.* FROM simulator.callbacks c JOIN simulator.instructions i ON i.id = c.instruction
             WHERE c.called_at IS NULL AND c.due_at <= $1 ORDER BY c.due_at LIMIT $2
            """,
            self._clock.now(),
            limit,
        )
        return [(row["id"], row["order_id"], _answer(row)) for row in rows]

    async def called(self, instruction: UUID) -> None:
        """The second answer has arrived."""
        await self._db.run(
            "UPDATE simulator.callbacks SET called_at = $2 WHERE instruction = $1",
            instruction,
            self._clock.now(),
        )

    # --- inside ----------------------------------------------------------------------------------------

    async def _mood(self, letter: Letter) -> Mood:
        told = await self._db.one(
            _MOODS, str(letter.id), self._hash(letter.bank_account).hex(), EVERYBODY
        )
        if told is None:
            found = by_number(letter.bank_account)
        else:
            found = mood(Behaviour(told["behaviour"]), told["seconds"])
        if found.behaviour is Behaviour.CHAOS:
            return chaotic(self._seed, letter.id)
        return found

    async def _take_in(self, letter: Letter, mood_now: Mood) -> Answer:
        now = self._clock.now()
        reason = REJECTIONS.get(mood_now.behaviour)
        if now >= letter.deadline_at:
            reason = "too_late"
        state = "done" if reason is None else "rejected"
        async with self._db.work() as conn:
            fresh = await conn.fetchval(
                _TAKE_IN,
                letter.id,
                letter.direction,
                letter.amount_minor,
                letter.currency,
                self._hash(letter.bank_account),
                letter.deadline_at,
                now,
                state,
                reason,
                _reference(letter.id),
                letter.order,
            )
            if fresh is not None and state == "done":
                await self._book(conn, letter, now)
            if fresh is not None and mood_now.behaviour in _CALLS_BACK:
                due = now + timedelta(seconds=mood_now.seconds)
                await conn.execute(_CALL, letter.id, due)
        row: Any = await self._db.one(
            "SELECT * FROM simulator.instructions WHERE id = $1", letter.id
        )
        return self._known(row, letter)

    async def _book(self, conn: Connection, letter: Letter, now: datetime) -> None:
        minor = letter.amount_minor if letter.direction == "collect" else -letter.amount_minor
        await conn.execute(
            _BOOK,
            letter.id,
            now,
            letter.currency,
            minor,
            _reference(letter.id),
        )

    def _hash(self, bank_account: str) -> bytes:
        return self._keys.digest("simulator account", bank_account)

    def _known(self, row: Any, letter: Letter) -> Answer:
        """What is known of an instruction; what was taken in before hashes were kept has none."""
        kept = row["account_hash"]
        same_account = kept is None or kept == self._hash(letter.bank_account)
        asked = letter.direction, letter.amount_minor, letter.currency
        same = (row["direction"], row["amount_minor"], row["currency"]) == asked
        return _answer(row) if same and same_account else Answer("differs")

    def _scope(self, instruction: UUID | None, bank_account: str | None) -> tuple[str, str]:
        if instruction is not None:
            return "instruction", str(instruction)
        if bank_account is not None:
            return "bank_account", self._hash(bank_account).hex()
        return "everybody", EVERYBODY

    async def _never(self) -> bytes:
        await self._pause(NEVER_SECONDS)
        raise TimeoutError("the bank never answered")


def _reference(instruction: UUID) -> str:
    return f"SIM{instruction.int % 10**12:012}"


def _answer(row: Any) -> Answer:
    return Answer(row["state"], row["reference"], row["reason"])
