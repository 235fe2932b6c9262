"""Messages to people: stored first, then carried, tried again until they arrive.

What is stored is the finished text, sealed. One-time codes are forgotten when they expire, whatever
became of them. A message that cannot be delivered is never dropped in silence: it is marked failed,
logged as an error and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.facts import Personal
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.parties.resealing import Sealing, column
from argosy.base.ports import Message
from argosy.base.refusals import must
from argosy.base.store import Connection, Database, Record
from argosy.public_services.notify.carriers import Carried, Carrier, InBox, Parcel
from argosy.public_services.words.words import Words

SECRET_KEPT = timedelta(minutes=10)
TRIES_MAX = 8
WAIT_FIRST = timedelta(seconds=15)
WAIT_MAX = timedelta(hours=2)
LETTERS_MAX = 100
_STORE = """
    INSERT INTO notify.message (recipient, id, party_id, market, template, phone_sealed,
        text_sealed, secret, created_at, forget_at, state, next_at, delivered_at)
    SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
        $6::bytea[], $7::bytea[], $8::boolean[], $9::timestamptz[], $10::timestamptz[],
        $11::text[], $12::timestamptz[], $13::timestamptz[])
    ON CONFLICT DO NOTHING
"""
_log = logging.getLogger(__name__)

SEALED = (
    Sealing(
        "notify.message",
        ("recipient", "id"),
        (
            column("phone_sealed", lambda row: (str(row["id"]), "phone")),
            column("text_sealed", lambda row: (str(row["id"]), "message")),
        ),
    ),
)
"""Messages, and the phones of those who have no wallet yet."""


class LetterState(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is read: `text` in the reader's language."""

    id: UUID
    at: datetime
    text: str = field(repr=False)
    secret: bool
    state: LetterState


class Notify:
    """Implements `ports.Notifier`, over one carrier."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        words: Words,
        carrier: Carrier | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._parties = parties
        self._words = words
        self._carrier: Carrier = carrier or InBox()

    async def notify(self, message: Message) -> None:
        """Store `message` and try to deliver it at once. The same id is the same message. When it
        returns the message is durable, and will be delivered or be found among the failed."""
        await self.notify_many([message])

    async def notify_many(self, messages: Iterable[Message]) -> None:
        """Store many messages in one statement, then deliver them as far as the carrier goes."""
        rows = [self._row(message) for message in messages]
        if not rows:
            return
        stored = await self._db.all(
            f"{_STORE} RETURNING recipient, id", *map(list, zip(*rows, strict=True))
        )
        if not self._carrier.is_box:
            await self._deliver([row["recipient"] for row in stored], [r["id"] for r in stored])

    async def store_many(self, messages: Iterable[Message], conn: Connection) -> None:
        """Store many messages in the transaction of `conn`, for `deliver_due` to deliver once that has
        committed: nobody outside is called while it is open."""
        rows = [self._row(message) for message in messages]
        if rows:
            await conn.execute(_STORE, *map(list, zip(*rows, strict=True)))

    async def deliver_due(self, limit: int = 100) -> int:
        """Try again what is due; a job calls this every few seconds. Says how many were tried."""
        due = await self._db.all(
            """
            SELECT recipient, id FROM notify.message
            WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at LIMIT $2
            """,
            self._clock.now(),
            limit,
        )
        return await self._deliver([row["recipient"] for row in due], [row["id"] for row in due])

    async def forget(self) -> int:
        """Erase the one-time codes that have expired; a job calls this every minute."""
        tag = await self._db.run(
            "UPDATE notify.message SET text_sealed = NULL"
            " WHERE forget_at <= $1 AND text_sealed IS NOT NULL",
            self._clock.now(),
        )
        return int(tag.rpartition(" ")[2])

    # reading

    async def inbox(self, market: str, phone: str, limit: int = 20) -> list[Letter]:
        """The messages to a phone (E.164) and to the wallet that has it, latest first: what the
        phone would show. For demo mode, where no message leaves the house."""
        recipients = [self._phone(market, phone)]
        party = await self._parties.by_phone(market, phone)
        if party is not None:
            recipients.append(self._party(party.id))
        return await self._letters(recipients, limit)

    async def inbox_of(self, party_id: UUID, limit: int = 20) -> list[Letter]:
        """The messages to a party, latest first, for the party itself."""
        return await self._letters([self._party(party_id)], limit)

    async def counts(self) -> dict[LetterState, int]:
        """How many messages wait and have failed; delivered ones are not counted, for there are too
        many of them."""
        rows = await self._db.all(
            "SELECT state, count(*) AS n FROM notify.message WHERE state <> 'delivered'"
            " GROUP BY state"
        )
        found = {LetterState(row["state"]): row["n"] for row in rows}
        return {s: found.get(s, 0) for s in (LetterState.WAITING, LetterState.FAILED)}

    # within

    def _row(self, message: Message) -> tuple[object, ...]:
        must((message.to is None) != (message.phone is None), "one receiver", id=message.id)
        now = self._clock.now()
        recipient = (
            self._party(message.to)
            if message.to is not None
            else self._phone(message.market, message.phone or "")
        )
        text = self._words.say(message.template, message.language, message.market, **message.facts)
        bound = str(message.id)
        state = LetterState.DELIVERED if self._carrier.is_box else LetterState.WAITING
        return (
            recipient,
            message.id,
            message.to,
            message.market,
            message.template,
            None if message.phone is None else self._keys.seal(message.phone, bound, "phone"),
            self._keys.seal(text, bound, "message"),
            message.secret,
            now,
            _forget_at(message, now),
            state.value,
            None if self._carrier.is_box else now,
            now if self._carrier.is_box else None,
        )

    async def _deliver(self, recipients: list[bytes], ids: list[UUID]) -> int:
        """Claim, carry, record. The claim moves the next try away first, so that of two processes
        one carries, and a crash in between only means one more try later."""
        now = self._clock.now()
        claimed = await self._db.all(
            """
            UPDATE notify.message m SET tries = m.tries + 1,
                next_at = coalesce(($4::timestamptz[])[m.tries + 1], $5)
            FROM unnest($1::bytea[], $2::uuid[]) AS w (recipient, id)
            WHERE m.recipient = w.recipient AND m.id = w.id AND m.state = 'waiting'
                AND m.next_at <= $3
            RETURNING m.recipient, m.id, m.party_id, m.market, m.template, m.phone_sealed,
                m.text_sealed, m.forget_at, m.tries
            """,
            recipients,
            ids,
            now,
            [now + min(WAIT_FIRST * 2**tries, WAIT_MAX) for tries in range(TRIES_MAX)],
            now + WAIT_MAX,
        )
        for row in claimed:
            await self._carry(row, now)
        return len(claimed)

    async def _carry(self, row: Record, now: datetime) -> None:
        expired = row["forget_at"] is not None and row["forget_at"] <= now
        if expired or row["text_sealed"] is None:
            await self._record(row, LetterState.FAILED, "expired before it could be delivered")
            return
        parcel = await self._parcel(row)
        if parcel is None:
            await self._record(row, LetterState.FAILED, "the receiver has no phone")
            return
        try:
            said = await self._carrier.carry(parcel)
            problem = said.value
        except Exception as error:  # noqa: BLE001 - a carrier is somebody else's
            _log.warning("carrier %s: %s", self._carrier.name, type(error).__name__)
            said, problem = Carried.LATER, type(error).__name__
        if said is Carried.SENT:
            await self._record(row, LetterState.DELIVERED, None)
        elif said is Carried.NEVER or row["tries"] >= TRIES_MAX:
            await self._record(row, LetterState.FAILED, problem)

    async def _parcel(self, row: Record) -> Parcel | None:
        bound = str(row["id"])
        if row["phone_sealed"] is not None:
            phone: str | None = self._keys.open(row["phone_sealed"], bound, "phone")
        else:
            reader = f"notify:{self._carrier.name}"
            personal = await self._parties.personal(row["party_id"], reader, row["template"])
            phone = personal.phone if isinstance(personal, Personal) else None
        if phone is None:
            return None
        text = self._keys.open(row["text_sealed"], bound, "message")
        return Parcel(row["id"], row["market"], text, phone, row["forget_at"])

    async def _record(self, row: Record, state: LetterState, problem: str | None) -> None:
        now = self._clock.now()
        await self._db.run(
            """
            UPDATE notify.message SET state = $3, problem = $4, next_at = NULL,
                delivered_at = CASE WHEN $3 = 'delivered' THEN $5::timestamptz END
            WHERE recipient = $1 AND id = $2 AND state = 'waiting'
            """,
            row["recipient"],
            row["id"],
            state.value,
            problem,
            now,
        )
        if state is LetterState.FAILED:
            _log.error("message %s (%s) was not delivered: %s", row["id"], row["template"], problem)

    async def _letters(self, recipients: list[bytes], limit: int) -> list[Letter]:
        rows = await self._db.all(
            """
            SELECT id, created_at, text_sealed, secret, state FROM notify.message
            WHERE recipient = ANY($1::bytea[]) AND text_sealed IS NOT NULL
                AND (forget_at IS NULL OR forget_at > $2)
            ORDER BY created_at DESC, id DESC LIMIT $3
            """,
            recipients,
            self._clock.now(),
            min(limit, LETTERS_MAX),
        )
        return [
            Letter(
                row["id"],
                row["created_at"],
                self._keys.open(row["text_sealed"], str(row["id"]), "message"),
                row["secret"],
                LetterState(row["state"]),
            )
            for row in rows
        ]

    def _party(self, party_id: UUID) -> bytes:
        return self._keys.digest("notify.party", party_id.bytes)

    def _phone(self, market: str, phone: str) -> bytes:
        return self._keys.digest("notify.phone", market, phone)


def _forget_at(message: Message, now: datetime) -> datetime | None:
    """When a secret is erased: when what it proves expires, and soon at the latest."""
    if not message.secret:
        return None
    given = message.facts.get("expires_at")
    latest = now + SECRET_KEPT
    return min(given, latest) if isinstance(given, datetime) else latest
