"""The rows of phones that dial, and whose turn it is when a gateway posts the same thing twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys, WrongKey
from argosy.base.parties.resealing import Sealing, column
from argosy.base.store import Database, Record
from argosy.channels.ussd.facts import LINES_KEPT, Dial, Reply, State

TURN_SECONDS_MAX = 20.0
LOOK_AGAIN_SECONDS = 0.1
LOOKS_MAX = 80
PAST_MAX = 5
_STATE, _ANSWER = "ussd state", "ussd answer"
_COLUMNS = "phone, market, session, past, consumed, input, state_sealed, answer_sealed, changed_at"

SEALED = (
    Sealing(
        "ussd.line",
        ("phone",),
        (
            column("state_sealed", lambda row: (row["phone"].hex(), _STATE)),
            column("answer_sealed", lambda row: (row["phone"].hex(), _ANSWER)),
        ),
    ),
)
"""What phones are about to do, and what they were last shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """A phone's row as it was when the turn began. `consumed` counts the inputs of `session` that were
    taken; `input` is the keyed hash of all of them."""

    phone: bytes
    session: str
    past: tuple[str, ...]
    consumed: int
    input: bytes | None
    state: State
    answer: Reply | None
    changed_at: datetime


class Lines:
    """Takes turns on rows and writes them. Several processes may."""

    def __init__(self, db: Database, clock: Clock, keys: Keys) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys

    def input_hash(self, dial: Dial) -> bytes:
        """The keyed hash of what was typed: a PIN is in it, so the key is outside the database."""
        return self._keys.digest("ussd input", dial.session, *dial.inputs)

    async def begin(self, phone: bytes, dial: Dial) -> Line | None:
        """Take the turn on a phone; None where another post has it and does not end. A turn that was
        left by a crash is over after some seconds."""
        for _ in range(LOOKS_MAX):
            now = self._clock.now()
            row = await self._db.one(
                f"""
                INSERT INTO ussd.line AS l (phone, market, session, busy_until, changed_at)
                VALUES ($1, $2, '', $3, $4)
                ON CONFLICT (phone) DO UPDATE SET busy_until = excluded.busy_until
                    WHERE l.busy_until IS NULL OR l.busy_until <= $4
                RETURNING {_COLUMNS}
                """,
                phone,
                dial.market.code,
                now + timedelta(seconds=TURN_SECONDS_MAX),
                now,
            )
            if row is not None:
                return self._line(row)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return None

    async def keep(self, line: Line, state: State) -> None:
        """Write what the phone is about to do, in the middle of a turn: before anything is shown or
        done that a drop may cut off."""
        await self._db.run(
            "UPDATE ussd.line SET state_sealed = $2, changed_at = $3 WHERE phone = $1",
            line.phone,
            self._seal(line.phone, _STATE, msgspec.json.encode(state).decode()),
            self._clock.now(),
        )

    async def end(self, line: Line, dial: Dial, state: State, answer: Reply) -> None:
        """Write what was answered, and give the turn to the next post."""
        past = line.past
        if line.session not in ("", dial.session):
            past = (line.session, *past)[:PAST_MAX]
        await self._db.run(
            """
            UPDATE ussd.line SET market = $2, session = $3, past = $4, consumed = $5, input = $6,
                state_sealed = $7, answer_sealed = $8, busy_until = NULL, changed_at = $9
            WHERE phone = $1
            """,
            line.phone,
            dial.market.code,
            dial.session,
            list(past),
            len(dial.inputs),
            self.input_hash(dial),
            self._seal(line.phone, _STATE, msgspec.json.encode(state).decode()),
            self._seal(line.phone, _ANSWER, answer.wire),
            self._clock.now(),
        )

    async def release(self, line: Line) -> None:
        """Give the turn away with nothing written: the post may come again."""
        await self._db.run("UPDATE ussd.line SET busy_until = NULL WHERE phone = $1", line.phone)

    async def prune(self) -> int:
        """Forget phones that have not dialled for days; a job calls this every hour."""
        before = self._clock.now() - LINES_KEPT
        tag = await self._db.run("DELETE FROM ussd.line WHERE changed_at < $1", before)
        return int(tag.rpartition(" ")[2])

    # within

    def _line(self, row: Record) -> Line:
        phone: bytes = row["phone"]
        state = State()
        told = self._open(phone, _STATE, row["state_sealed"])
        if told is not None:
            state = msgspec.json.decode(told, type=State)
        wire = self._open(phone, _ANSWER, row["answer_sealed"])
        answer = None if wire is None else Reply(wire[4:], wire.startswith("END"))
        return Line(
            phone,
            row["session"],
            tuple(row["past"]),
            row["consumed"],
            row["input"],
            state,
            answer,
            row["changed_at"],
        )

    def _seal(self, phone: bytes, what: str, text: str) -> bytes:
        return self._keys.seal(text, phone.hex(), what)

    def _open(self, phone: bytes, what: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        try:
            return self._keys.open(sealed, phone.hex(), what)
        except WrongKey:  # the key was thrown away: the phone begins anew
            return None
