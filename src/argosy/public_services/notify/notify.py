"""Messages to people: stored first, then carried, tried again until they arrive.

What is stored is the finished text, sealed. One-time codes are forgotten when they expire, whatever
became of them. A message that cannot be delivered is never dropped in silence: it is marked failed,
logged as an error and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.parties.resealing import Sealing, column
from argosy.base.ports import Message
from argosy.base.refusals import Kind, Reason, Refused, must
from argosy.base.store import Connection, Database
from argosy.public_services.notify.carriers import Keyed, Reporting, Way
from argosy.public_services.notify.delivering import Delivering
from argosy.public_services.notify.fitting import fitted
from argosy.public_services.notify.routes import Ways
from argosy.public_services.notify.subscriptions import SEALED as SEALED_SUBSCRIPTIONS
from argosy.public_services.notify.subscriptions import Subscriptions
from argosy.public_services.words.words import Words

SECRET_KEPT = timedelta(minutes=10)
LETTERS_MAX = 100
IN_BOX = "in_box"
_ANY_CODE = "signin.code_enter"
_STORE = """
    INSERT INTO notify.message (recipient, id, party_id, market, template, phone_sealed,
        text_sealed, secret, created_at, forget_at, state, next_at, delivered_at, way, problem, ways)
    SELECT recipient, id, party_id, market, template, phone_sealed, text_sealed, secret, created_at,
        forget_at, state, next_at, delivered_at, way, problem, string_to_array(ways, ' ')
    FROM (SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
        $6::bytea[], $7::bytea[], $8::boolean[], $9::timestamptz[], $10::timestamptz[],
        $11::text[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::text[], $16::text[])
        AS w (recipient, id, party_id, market, template, phone_sealed, text_sealed, secret,
            created_at, forget_at, state, next_at, delivered_at, way, problem, ways)) rows
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
    SEALED_SUBSCRIPTIONS,
)
"""Messages, the phones of those who have no wallet yet, and where devices take push messages."""


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


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as staff see it: what it was about and what became of it, without its text. `way` is how
    it went (`in_box`, `sms`, ...), `problem` why it could not."""

    id: UUID
    at: datetime
    template: str
    secret: bool
    state: LetterState
    way: str | None
    problem: str | None


class NotifyReason(Reason):
    """Why a message is not sent again."""

    MESSAGE_NOT_FOUND = 476, Kind.UNKNOWN, "There is no such message of this wallet."
    MESSAGE_SECRET = 477, Kind.FORBIDDEN, "A one-time code is not sent again: ask for a new one."
    MESSAGE_WAITING = 478, Kind.STATE, "The message is on its way already."
    MESSAGE_NO_WAY = (
        479,
        Kind.STATE,
        "This message lies in the wallet's in-box; nothing carries it.",
    )


class Notify:
    """Implements `ports.Notifier`. Without `ways` every message stays in the in-box."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        words: Words,
        ways: Ways | None = None,
        *,
        private_allowed: bool = False,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._parties = parties
        self._words = words
        self._ways = ways or Ways.alone()
        self.subscriptions = Subscriptions(db, clock, keys, private_allowed=private_allowed)
        self._delivering = Delivering(
            db, clock, keys, parties, words.markets, self._ways, self.subscriptions
        )
        self.tallies = self._delivering.tallies

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
            f"{_STORE} RETURNING recipient, id, state", *map(list, zip(*rows, strict=True))
        )
        due = [row for row in stored if row["state"] == LetterState.WAITING]
        if due:
            await self._delivering.deliver([r["recipient"] for r in due], [r["id"] for r in due])

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
        if not due:
            return 0
        return await self._delivering.deliver(
            [row["recipient"] for row in due], [row["id"] for row in due]
        )

    def push_key(self, market: str) -> str | None:
        """What a page gives a browser that wants messages by push; None where none are sent."""
        carrier: object = self._ways.carrier(market, Way.PUSH)
        return carrier.public if isinstance(carrier, Keyed) else None

    def codeless(self) -> list[str]:
        """The markets where no one-time code can be sent, so that nobody can sign up there."""
        if self._ways.box_takes_codes:
            return []
        return sorted(
            market for market in self._words.markets if not self._ways.of(market, _ANY_CODE)
        )

    async def reported(self, token: str, report: Mapping[str, str]) -> bool | None:
        """A gateway tells what became of a message. None where `token` is no gateway's that reports;
        False where the report speaks of no message that is awaited."""
        for carrier in self._ways.each():
            if isinstance(carrier, Reporting) and carrier.is_from(token):
                return await carrier.report(report)
        return None

    async def close(self) -> None:
        """Close the lines of the carriers."""
        await self._ways.close()

    async def forget(self) -> int:
        """Erase the one-time codes that have expired, and await no report any more that has not come;
        a job calls this every minute."""
        await self._delivering.forget()
        tag = await self._db.run(
            "UPDATE notify.message SET text_sealed = NULL"
            " WHERE forget_at <= $1 AND text_sealed IS NOT NULL",
            self._clock.now(),
        )
        return int(tag.rpartition(" ")[2])

    # reading

    async def inbox(self, market: str, phone: str, limit: int = 20) -> list[Letter]:
        """The messages to a phone (E.164) or an e-mail address and to the wallet that has it, latest
        first: what the phone would show. For demo mode, where no message leaves the house."""
        recipients = [self._phone(market, phone)]
        party = await (
            self._parties.by_email(market, phone)
            if "@" in phone
            else self._parties.by_phone(market, phone)
        )
        if party is not None:
            recipients.append(self._party(party.id))
        return await self._letters(recipients, limit)

    async def inbox_of(self, party_id: UUID, limit: int = 20) -> list[Letter]:
        """The messages to a party, latest first, for the party itself."""
        return await self._letters([self._party(party_id)], limit)

    async def sent_to(
        self, party_id: UUID, before: datetime | None = None, limit: int = 20
    ) -> list[Sent]:
        """The messages to a party without their texts, latest first, from before `before` on."""
        rows = await self._db.all(
            """
            SELECT id, created_at AS at, template, secret, state, way, problem
            FROM notify.message
            WHERE recipient = $1 AND ($2::timestamptz IS NULL OR created_at < $2)
            ORDER BY created_at DESC, id DESC LIMIT $3
            """,
            self._party(party_id),
            before,
            min(limit, LETTERS_MAX),
        )
        return [Sent(**{**row, "state": LetterState(row["state"])}) for row in rows]

    async def sent_between(self, party_id: UUID, first: UUID, last: UUID) -> list[Sent]:
        """The messages to a party whose ids lie from `first` to `last`, without their texts: what was
        told of one step lies beside it."""
        rows = await self._db.all(
            """
            SELECT id, created_at AS at, template, secret, state, way, problem
            FROM notify.message WHERE recipient = $1 AND id BETWEEN $2 AND $3 ORDER BY id LIMIT $4
            """,
            self._party(party_id),
            first,
            last,
            LETTERS_MAX,
        )
        return [Sent(**{**row, "state": LetterState(row["state"])}) for row in rows]

    async def send_again(self, party_id: UUID, message_id: UUID) -> None | Refused:
        """Carry a message once more, over the ways that it has now. Refused with MESSAGE_SECRET for
        one-time codes, MESSAGE_WAITING, MESSAGE_NO_WAY and MESSAGE_NOT_FOUND."""
        recipient = self._party(party_id)
        row = await self._db.one(
            "SELECT market, template, secret, state, text_sealed IS NULL AS gone FROM notify.message"
            " WHERE recipient = $1 AND id = $2",
            recipient,
            message_id,
        )
        if row is None:
            return Refused(NotifyReason.MESSAGE_NOT_FOUND)
        if row["secret"] or row["gone"]:
            return Refused(NotifyReason.MESSAGE_SECRET)
        ways = self._ways.of(row["market"], row["template"])
        if not ways:
            return Refused(NotifyReason.MESSAGE_NO_WAY)
        tag = await self._db.run(
            """
            UPDATE notify.message SET state = 'waiting', next_at = $3, way = NULL, way_tries = 0,
                ways = $4, delivered_at = NULL, arrived_at = NULL, problem = NULL
            WHERE recipient = $1 AND id = $2 AND state <> 'waiting'
            """,
            recipient,
            message_id,
            self._clock.now(),
            [way.value for way in ways],
        )
        if tag != "UPDATE 1":
            return Refused(NotifyReason.MESSAGE_WAITING)
        await self._delivering.deliver([recipient], [message_id])
        return None

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
        contact = message.phone or message.email
        must((message.to is None) != (contact is None), "one receiver", id=message.id)
        now = self._clock.now()
        recipient = (
            self._party(message.to)
            if message.to is not None
            else self._phone(message.market, contact or "")
        )
        text = self._text(message)
        bound = str(message.id)
        ways = self._ways.of(message.market, message.template)
        state, problem = LetterState.WAITING, None
        if not ways:
            state = LetterState.DELIVERED
            if message.secret and not self._ways.box_takes_codes:
                state, problem = LetterState.FAILED, "no way to send it is set up"
                _log.error("message %s (%s): %s", message.id, message.template, problem)
        return (
            recipient,
            message.id,
            message.to,
            message.market,
            message.template,
            None if contact is None else self._keys.seal(contact, bound, "phone"),
            self._keys.seal(text, bound, "message"),
            message.secret,
            now,
            _forget_at(message, now),
            state.value,
            now if ways else None,
            now if state is LetterState.DELIVERED else None,
            IN_BOX if state is LetterState.DELIVERED else None,
            problem,
            " ".join(ways),
        )

    def _text(self, message: Message) -> str:
        def say(facts: Mapping[str, Any]) -> str:
            return self._words.say(message.template, message.language, message.market, **facts)

        code = message.facts.get("code") if message.secret else None
        return fitted(say, message.facts, code) if isinstance(code, str) else say(message.facts)

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
