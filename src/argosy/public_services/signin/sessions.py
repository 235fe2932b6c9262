"""Sessions: a cookie that rotates, read fresh for every request, ended at once everywhere.

A rotation hands out the next token and keeps the one in use good until the next is first shown, for
on a poor line the answer that carries it may never arrive. From that moment the former token has a
short grace, for requests already under way. Whoever shows it later holds a copy that should not
exist: the session ends, for both of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Party, PartyState
from argosy.base.parties.keys import Keys
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record, Together
from argosy.public_services.signin.devices import device_of
from argosy.public_services.signin.facts import (
    Device,
    Session,
    SessionLine,
    SigninReason,
    Terms,
)
from argosy.public_services.signin.pins import pin_of
from argosy.public_services.signin.tokens import Token, encode

_HAND_OUT_AGAIN = timedelta(minutes=2)
_KEPT_AFTER_END = timedelta(days=30)
_CSRF_BYTES = 16
_Key = tuple[UUID, bytes]

_READ = f"""
    SELECT w.digest AS shown, s.id AS session_id, s.digest AS in_use, s.next, s.next_at, s.previous,
        s.previous_until, s.started_at, s.rotated_at, d.id AS device_id, d.label, d.public_key,
        d.algorithm, d.bound_at, n.salt, n.digest, n.failures, n.wait_until, n.changed_at, {COLUMNS}
    FROM unnest($1::uuid[], $2::bytea[]) AS w (party_id, digest)
    JOIN signin.session s ON s.party_id = w.party_id
        AND (s.digest = w.digest OR s.next = w.digest OR s.previous = w.digest)
        AND s.ended_at IS NULL
    JOIN signin.device d ON d.party_id = s.party_id AND d.id = s.device_id
    JOIN parties.party p ON p.id = s.party_id
    LEFT JOIN signin.pin n ON n.party_id = s.party_id
"""


@dataclass(frozen=True, slots=True)
class _Found:
    row: Record
    read_at: datetime


class Sessions:
    """Opens, reads, rotates and ends sessions."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        terms: Terms,
        chance: Callable[[int], bytes],
    ) -> None:
        self._db = db
        self._ids = ids
        self._clock = clock
        self._keys = keys
        self._terms = terms
        self._chance = chance
        self._found = Together(self._load)
        self._spent = Together(self._load_spent)

    async def open(
        self, party: Party, device: Device, conn: Connection
    ) -> tuple[UUID, str, datetime]:
        """A session of `party` on `device`, which ends an earlier one there and the oldest of too
        many. Answers its id, the cookie's value and when it ends at the latest."""
        now = self._clock.now()
        session_id = self._ids.new()
        token = Token.make(party.id, self._chance)
        await conn.execute(
            """
            UPDATE signin.session SET ended_at = $2, ended_why = 'replaced'
            WHERE party_id = $1 AND ended_at IS NULL AND (device_id = $3 OR id IN (
                SELECT id FROM signin.session WHERE party_id = $1 AND ended_at IS NULL
                ORDER BY rotated_at DESC OFFSET $4))
            """,
            party.id,
            now,
            device.id,
            self._terms.sessions_max - 1,
        )
        await conn.execute(
            """
            INSERT INTO signin.session (party_id, id, device_id, digest, started_at, rotated_at)
            VALUES ($1, $2, $3, $4, $5, $5)
            """,
            party.id,
            session_id,
            device.id,
            self._digest(token),
            now,
        )
        return session_id, token.text, now + self._terms.life_max

    async def read(self, text: str) -> tuple[Session | None, UUID | None]:
        """Who shows this cookie value, read fresh together with all who ask at this moment. Where
        it is a spent one, the session is ended and the party named, to be told."""
        token = Token.read(text)
        if token is None:
            return None, None
        digest = self._digest(token)
        found = await self._found.get((token.owner, digest))
        if found is None:
            return None, await self._end_replayed(token.owner, digest)
        row, now = found.row, found.read_at
        if not self._is_alive(row, now) or row["state"] == PartyState.CLOSED:
            return None, None
        if row["in_use"] != digest:
            if row["next"] == digest:
                await self._take_into_use(token.owner, row["session_id"], digest, row["in_use"])
            elif row["previous_until"] is None or row["previous_until"] < now:
                return None, await self._end_replayed(token.owner, digest)
        return self._session(row, now, token, digest), None

    async def rotate(self, session: Session) -> str | None:
        """The next cookie value; None where another request of these moments has been given it."""
        now = self._clock.now()
        token = Token.make(session.party_id, self._chance)
        shown = Token(session.party_id, session.token)
        tag = await self._db.run(
            """
            UPDATE signin.session SET next = $4, next_at = $5
            WHERE party_id = $1 AND id = $2 AND digest = $3 AND ended_at IS NULL
                AND (next_at IS NULL OR next_at < $6)
            """,
            session.party_id,
            session.id,
            self._digest(shown),
            self._digest(token),
            now,
            now - _HAND_OUT_AGAIN,
        )
        return token.text if tag == "UPDATE 1" else None

    def form_fits(self, session: Session, csrf: str) -> None | Refused:
        """Whether a form's secret is the session's."""
        if hmac.compare_digest(session.csrf.encode(), csrf.encode()):
            return None
        return Refused(SigninReason.FORM_FOREIGN, field="csrf")

    async def end(self, party_id: UUID, session_id: UUID, why: str) -> bool:
        """End one session; False where there is no such live one of this party."""
        tag = await self._db.run(
            """
            UPDATE signin.session SET ended_at = $3, ended_why = $4
            WHERE party_id = $1 AND id = $2 AND ended_at IS NULL
            """,
            party_id,
            session_id,
            self._clock.now(),
            why,
        )
        return tag == "UPDATE 1"

    async def end_all(
        self, party_id: UUID, why: str, keep: UUID | None = None, conn: Connection | None = None
    ) -> int:
        """End all sessions of a party but `keep`; says how many."""
        run = self._db.run if conn is None else conn.execute
        tag = await run(
            """
            UPDATE signin.session SET ended_at = $2, ended_why = $3
            WHERE party_id = $1 AND ended_at IS NULL AND ($4::uuid IS NULL OR id <> $4)
            """,
            party_id,
            self._clock.now(),
            why,
            keep,
        )
        return int(tag.rpartition(" ")[2])

    async def end_of_device(self, party_id: UUID, device_id: UUID, conn: Connection) -> int:
        """End all sessions of one device of a party; says how many."""
        tag = await conn.execute(
            """
            UPDATE signin.session SET ended_at = $3, ended_why = 'revoked'
            WHERE party_id = $1 AND device_id = $2 AND ended_at IS NULL
            """,
            party_id,
            device_id,
            self._clock.now(),
        )
        return int(tag.rpartition(" ")[2])

    async def lines(self, party_id: UUID) -> list[SessionLine]:
        """The live sessions of a party, the last used first."""
        now = self._clock.now()
        rows = await self._db.all(
            """
            SELECT s.id, s.device_id, d.label, s.started_at, s.rotated_at
            FROM signin.session s JOIN signin.device d
                ON d.party_id = s.party_id AND d.id = s.device_id
            WHERE s.party_id = $1 AND s.ended_at IS NULL ORDER BY s.rotated_at DESC, s.id
            """,
            party_id,
        )
        return [SessionLine(*row) for row in rows if self._is_alive(row, now)]

    async def prune(self) -> int:
        """Forget sessions that are long over, and the tokens they spent."""
        now = self._clock.now()
        tag = await self._db.run(
            "DELETE FROM signin.session WHERE ended_at < $1 OR started_at < $2",
            now - _KEPT_AFTER_END,
            now - self._terms.life_max - _KEPT_AFTER_END,
        )
        await self._db.run(
            "DELETE FROM signin.spent_token WHERE spent_at < $1", now - self._terms.life_max
        )
        return int(tag.rpartition(" ")[2])

    # within

    async def _load(self, wanted: list[_Key]) -> dict[_Key, _Found]:
        read_at = self._clock.now()
        rows = await self._db.all(_READ, [party for party, _ in wanted], [d for _, d in wanted])
        return {(row["id"], row["shown"]): _Found(row, read_at) for row in rows}

    async def _load_spent(self, wanted: list[_Key]) -> dict[_Key, UUID]:
        rows = await self._db.all(
            """
            SELECT t.party_id, t.digest, t.session_id
            FROM unnest($1::uuid[], $2::bytea[]) AS w (party_id, digest)
            JOIN signin.spent_token t USING (party_id, digest)
            """,
            [party for party, _ in wanted],
            [digest for _, digest in wanted],
        )
        return {(row["party_id"], row["digest"]): row["session_id"] for row in rows}

    async def _take_into_use(
        self, party_id: UUID, session_id: UUID, digest: bytes, former: bytes
    ) -> None:
        now = self._clock.now()
        await self._db.run(
            """
            WITH taken AS (
                UPDATE signin.session SET digest = $3, next = NULL, next_at = NULL, previous = $4,
                    previous_until = $5, rotated_at = $6
                WHERE party_id = $1 AND id = $2 AND next = $3 AND digest = $4 AND ended_at IS NULL
                RETURNING party_id, id
            )
            INSERT INTO signin.spent_token (party_id, digest, session_id, spent_at)
            SELECT party_id, $4, id, $6 FROM taken ON CONFLICT DO NOTHING
            """,
            party_id,
            session_id,
            digest,
            former,
            now + self._terms.rotate_grace,
            now,
        )

    async def _end_replayed(self, party_id: UUID, digest: bytes) -> UUID | None:
        session_id = await self._spent.get((party_id, digest))
        if session_id is None or not await self.end(party_id, session_id, "replayed"):
            return None
        return party_id

    def _is_alive(self, row: Record, now: datetime) -> bool:
        terms = self._terms
        return bool(
            now < row["started_at"] + terms.life_max and now < row["rotated_at"] + terms.idle_max
        )

    def _session(self, row: Record, now: datetime, token: Token, digest: bytes) -> Session:
        is_due = now - row["rotated_at"] >= self._terms.rotate_after
        handed_out = row["next_at"] is not None and now - row["next_at"] < _HAND_OUT_AGAIN
        return Session(
            id=row["session_id"],
            party=party_of(row),
            device=device_of(row),
            pin=None if row["salt"] is None else pin_of(row, now),
            csrf_of=self._csrf,
            token=token.text,
            started_at=row["started_at"],
            expires_at=row["started_at"] + self._terms.life_max,
            rotate_due=is_due and not handed_out and row["in_use"] == digest,
        )

    def _csrf(self, session_id: UUID) -> str:
        return encode(self._keys.digest("csrf", session_id.bytes)[:_CSRF_BYTES])

    def _digest(self, token: Token) -> bytes:
        return self._keys.digest("session", token.text)
