"""One-time codes: made, bounded, sent, and each good once.

A code is six digits, so what guards it is not its length: five tries, five minutes, one live code
for each subject, and few sends an hour for each phone and each network. Nothing here looks up
whether a phone has a wallet, so nothing can tell. The code is kept as a keyed hash only and never
logged.

Anybody may ask for a code to anybody's phone, so nobody's asking may stop its owner: a young code
is not replaced, who asks meanwhile shares it with tries of their own, and a device that was bound
with the phone before has its own codes and its own budget, which no stranger can use up.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.refusals import Refused, must
from argosy.base.store import Connection, Database, Record
from argosy.public_services.signin.facts import OtpSent, Purpose, SigninReason, Terms
from argosy.public_services.signin.tokens import Token, decode, encode

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SUBJECT_BYTES = 16
_NONCE_BYTES = 8
_RANGE_DIGITS = 4
_WIDE_TIMES = 4

SEALED = (
    Sealing(
        "signin.code",
        ("subject",),
        (column("phone_sealed", lambda row: (str(row["id"]), "code")),),
        reads=("id",),
    ),
    Sealing(
        "signin.ticket",
        ("id",),
        (column("phone_sealed", lambda row: (str(row["id"]), "ticket")),),
    ),
)
"""Phones that are being proven."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `most` sends to or from `subject` in each window of length `window`."""

    subject: bytes
    window: timedelta
    most: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A phone that was just proven: what a ticket's text stands for."""

    id: UUID
    market: str
    purpose: Purpose
    phone: str


class _Spent(Exception):
    """A quota is used up for `wait`: no error, it ends a transaction."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


class Codes:
    """Codes and the tickets that a right code gives."""

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

    # subjects and quotas

    def phone_subject(
        self, market: str, phone: str, purpose: Purpose, *, known: bool = False
    ) -> bytes:
        """`known`: asked for on a device that was bound with this phone before."""
        label = "code.subject.known" if known else "code.subject"
        return self._keys.digest(label, market, phone, purpose)[:_SUBJECT_BYTES]

    def operation_subject(self, party_id: UUID, operation_id: UUID) -> bytes:
        digest = self._keys.digest("code.operation", party_id.bytes, operation_id.bytes)
        return digest[:_SUBJECT_BYTES]

    def phone_quotas(self, market: str, phone: str, *, known: bool = False) -> list[Quota]:
        """The known devices' budget is as large as the strangers', and over at the same moments, so
        that a refusal does not say which it was."""
        subject = self._keys.digest("sends.known" if known else "sends.phone", market, phone)
        own = [
            Quota(subject, _HOUR, self._terms.sends_per_phone_hour_max),
            Quota(subject + b"d", _DAY, self._terms.sends_per_phone_day_max),
        ]
        if known:
            return own
        neighbours = self._keys.digest("sends.range", market, phone[:-_RANGE_DIGITS])
        return [
            *own,
            Quota(neighbours, _HOUR, self._terms.sends_per_range_hour_max),
            Quota(neighbours + b"d", _DAY, self._terms.sends_per_range_day_max),
        ]

    def party_quotas(self, party_id: UUID) -> list[Quota]:
        subject = self._keys.digest("sends.party", party_id.bytes)
        return [Quota(subject, _HOUR, self._terms.challenges_per_hour_max)]

    def network_quotas(self, network: str | None) -> list[Quota]:
        if not network:
            return []
        quotas = []
        for one, times in _networks_of(network).items():
            subject = self._keys.digest("sends.network", one)
            quotas += [
                Quota(subject, _HOUR, times * self._terms.sends_per_network_hour_max),
                Quota(subject + b"d", _DAY, times * self._terms.sends_per_network_day_max),
            ]
        return quotas

    # devices that are known

    async def knows(self, market: str, phone: str, device_id: UUID) -> bool:
        """Whether the device was bound with the proof of this phone before."""
        mark = self._mark(market, phone, device_id)
        found = await self._db.value("SELECT true FROM signin.known WHERE mark = $1", mark)
        return bool(found)

    async def remember(self, ticket: Ticket, device_id: UUID, conn: Connection) -> None:
        """Know the device by the phone of the ticket, in the transaction that binds it."""
        await conn.execute(
            "INSERT INTO signin.known (mark, bound_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            self._mark(ticket.market, ticket.phone, device_id),
            self._clock.now(),
        )

    # codes

    async def make(
        self,
        subject: bytes,
        purpose: Purpose,
        market: str,
        quotas: list[Quota],
        *,
        phone: str | None = None,
        content: str = "",
        asks: Sequence[Quota] = (),
        keep: timedelta | None = None,
    ) -> tuple[OtpSent, str | None] | Refused:
        """A new code for `subject`, which ends the one before it. Answers what to tell the asker
        and, apart from it, the code to send. Durable when it returns; sending comes after.

        A live code younger than `keep` stays: there is none to send, and the answer looks like any
        other. `quotas` count what is sent, `asks` whatever is asked.
        """
        now = self._clock.now()
        code_id = self._ids.new()
        digits = self._terms.code_digits
        code = f"{int.from_bytes(self._chance(16)) % 10**digits:0{digits}d}"
        expires_at = now + self._terms.code_life
        try:
            async with self._db.work() as conn:
                is_new = await conn.fetchval(
                    """
                    INSERT INTO signin.code AS c (subject, id, digest, market, purpose,
                        phone_sealed, sent_at, expires_at, tries)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    ON CONFLICT (subject) DO UPDATE SET id = excluded.id, digest = excluded.digest,
                        phone_sealed = excluded.phone_sealed, sent_at = excluded.sent_at,
                        expires_at = excluded.expires_at, spent_at = NULL,
                        asks = 1, tries = excluded.tries
                    WHERE $10::timestamptz IS NULL OR c.sent_at <= $10 OR c.expires_at <= $7
                        OR c.spent_at IS NOT NULL OR $11 <= ALL (c.tries)
                    RETURNING true
                    """,
                    subject,
                    code_id,
                    self._digest(subject, code_id, content, code),
                    market,
                    purpose.value,
                    None if phone is None else self._keys.seal(phone, str(code_id), "code"),
                    now,
                    expires_at,
                    [0] * self._terms.code_askers_max,
                    None if keep is None else now - keep,
                    self._terms.code_tries_max,
                )
                asker = 1
                if not is_new:
                    code_id, asker = await self._share(subject, expires_at, conn)
                counted = [*asks, *quotas] if is_new else [*asks]
                # In one order for all, so that two senders never wait for each other in a ring.
                for quota in sorted(counted, key=lambda q: q.subject):
                    if not await self._count(quota, now, conn):
                        raise _Spent(_window_end(now, quota.window) - now)
        except _Spent as spent:  # what was done so far is undone: nothing is sent
            return Refused(SigninReason.OTP_SENDS_SPENT, {"wait_seconds": _seconds(spent.wait)})
        otp_id = self._otp_id(subject, code_id, asker, self._chance(_NONCE_BYTES))
        return OtpSent(otp_id, expires_at, digits), code if is_new else None

    async def unsent(self, subject: bytes) -> None:
        """Forget a code that could not be sent, so that the next asker gets another."""
        await self._db.run("DELETE FROM signin.code WHERE subject = $1", subject)

    async def confirm(self, otp_id: str, code: str) -> tuple[str, Ticket, datetime] | Refused:
        """Spend a code. Answers the ticket's text, the ticket, and until when it is good."""
        raw = decode(otp_id)
        if raw is None or len(raw) != _SUBJECT_BYTES + 2 * _NONCE_BYTES:
            return Refused(SigninReason.OTP_EXPIRED)
        subject, nonce = raw[:_SUBJECT_BYTES], raw[_SUBJECT_BYTES:][:_NONCE_BYTES]
        async with self._db.work() as conn:
            live = await conn.fetchrow(
                "SELECT id, asks FROM signin.code WHERE subject = $1", subject
            )
            if live is None:
                return Refused(SigninReason.OTP_EXPIRED, field="code")
            code_id = live["id"]
            askers = range(1, live["asks"] + 1)
            fits = (n for n in askers if self._otp_id(subject, code_id, n, nonce) == otp_id)
            asker = next(fits, None)
            if asker is None:
                return Refused(SigninReason.OTP_EXPIRED, field="code")
            row = await self._try(conn, subject, code_id, "", code, asker=asker, again=False)
            if isinstance(row, Refused):
                return row
            if row["phone_sealed"] is None:
                return Refused(SigninReason.OTP_EXPIRED)
            phone = self._keys.open(row["phone_sealed"], str(code_id), "code")
            ticket = Ticket(self._ids.new(), row["market"], Purpose(row["purpose"]), phone)
            token = Token.make(ticket.id, self._chance)
            expires_at = self._clock.now() + self._terms.ticket_life
            await conn.execute(
                """
                INSERT INTO signin.ticket (id, digest, market, purpose, phone_sealed, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
                ticket.id,
                self._keys.digest("ticket", token.text),
                ticket.market,
                ticket.purpose.value,
                self._keys.seal(phone, str(ticket.id), "ticket"),
                expires_at,
            )
        return token.text, ticket, expires_at

    async def proven(self, subject: bytes, content: str, code: str) -> None | Refused:
        """None when `code` is the live one of `subject` for `content`, now or when first shown."""
        async with self._db.work() as conn:
            code_id = await conn.fetchval("SELECT id FROM signin.code WHERE subject = $1", subject)
            if code_id is None:
                return Refused(SigninReason.OTP_EXPIRED, field="code")
            row = await self._try(conn, subject, code_id, content, code, asker=1, again=True)
        return row if isinstance(row, Refused) else None

    async def ticket(self, text: str) -> Ticket | Refused:
        """What the text of a ticket stands for, while it is good."""
        token = Token.read(text)
        row = token and await self._db.one(
            """
            SELECT digest, market, purpose, phone_sealed FROM signin.ticket
            WHERE id = $1 AND spent_at IS NULL AND expires_at > $2
            """,
            token.owner,
            self._clock.now(),
        )
        if not token or not row:
            return Refused(SigninReason.TICKET_INVALID)
        if not hmac.compare_digest(row["digest"], self._keys.digest("ticket", token.text)):
            return Refused(SigninReason.TICKET_INVALID)
        phone = self._keys.open(row["phone_sealed"], str(token.owner), "ticket")
        return Ticket(token.owner, row["market"], Purpose(row["purpose"]), phone)

    async def spend_ticket(self, ticket: Ticket, conn: Connection) -> bool:
        """End a ticket in the transaction of what it was for; False where it was ended before."""
        tag = await conn.execute(
            "UPDATE signin.ticket SET spent_at = $2 WHERE id = $1 AND spent_at IS NULL",
            ticket.id,
            self._clock.now(),
        )
        return bool(tag == "UPDATE 1")

    async def prune(self) -> int:
        """Forget codes, tickets and counters that are over."""
        now = self._clock.now()
        gone = 0
        for table, until in (("code", "expires_at"), ("ticket", "expires_at"), ("sends", "until")):
            tag = await self._db.run(f"DELETE FROM signin.{table} WHERE {until} <= $1", now)
            gone += int(tag.rpartition(" ")[2])
        return gone

    # within

    async def _share(
        self, subject: bytes, expires_at: datetime, conn: Connection
    ) -> tuple[UUID, int]:
        """One more asker for the live code. It lives as long as they are told; the last place is
        shared, so that asking again and again gives no more guesses."""
        row = await conn.fetchrow(
            """
            UPDATE signin.code SET asks = least(asks + 1, cardinality(tries)), expires_at = $2
            WHERE subject = $1 RETURNING id, asks
            """,
            subject,
            expires_at,
        )
        must(row is not None, "a code that is locked is gone")
        return row["id"], row["asks"]

    def _otp_id(self, subject: bytes, code_id: UUID, asker: int, nonce: bytes) -> str:
        """The text looks new each time: nobody sees by it whether a code was shared."""
        mac = self._keys.digest("code.asker", subject, code_id.bytes, str(asker), nonce)
        return encode(subject + nonce + mac[:_NONCE_BYTES])

    def _mark(self, market: str, phone: str, device_id: UUID) -> bytes:
        return self._keys.digest("code.known", market, phone, device_id.bytes)

    async def _try(
        self,
        conn: Connection,
        subject: bytes,
        code_id: UUID,
        content: str,
        code: str,
        *,
        asker: int,
        again: bool,
    ) -> Record | Refused:
        """Count the try and compare in one statement: however many try at once, each is counted
        before it hears the answer. Comparing keyed hashes needs no constant time."""
        now = self._clock.now()
        row = await conn.fetchrow(
            """
            UPDATE signin.code SET
                tries[$7] = tries[$7] + CASE WHEN digest = $3 THEN 0 ELSE 1 END,
                spent_at = CASE WHEN digest = $3 THEN coalesce(spent_at, $4) ELSE spent_at END
            WHERE subject = $1 AND id = $2 AND tries[$7] < $5 AND expires_at > $4
                AND (spent_at IS NULL OR $6)
            RETURNING digest = $3 AS is_right, tries[$7] AS tries, market, purpose, phone_sealed
            """,
            subject,
            code_id,
            self._digest(subject, code_id, content, "".join(code.split())),
            now,
            self._terms.code_tries_max,
            again,
            asker,
        )
        if row is None:
            tries = await conn.fetchval(
                """
                SELECT tries[$4] FROM signin.code
                WHERE subject = $1 AND id = $2 AND spent_at IS NULL AND expires_at > $3
                """,
                subject,
                code_id,
                now,
                asker,
            )
            spent = tries is not None and tries >= self._terms.code_tries_max
            reason = SigninReason.OTP_TRIES_SPENT if spent else SigninReason.OTP_EXPIRED
            return Refused(reason, field="code")
        if row["is_right"]:
            return row
        left = self._terms.code_tries_max - row["tries"]
        if left <= 0:
            return Refused(SigninReason.OTP_TRIES_SPENT, field="code")
        return Refused(SigninReason.OTP_WRONG, {"tries_left": left}, field="code")

    async def _count(self, quota: Quota, now: datetime, conn: Connection) -> bool:
        counted = await conn.fetchval(
            """
            INSERT INTO signin.sends AS s (subject, until, count) VALUES ($1, $2, 1)
            ON CONFLICT (subject, until) DO UPDATE SET count = s.count + 1 WHERE s.count < $3
            RETURNING true
            """,
            quota.subject,
            _window_end(now, quota.window),
            quota.most,
        )
        return bool(counted)

    def _digest(self, subject: bytes, code_id: UUID, content: str, code: str) -> bytes:
        return self._keys.digest("code", subject, code_id.bytes, content, code)


def _window_end(now: datetime, window: timedelta) -> datetime:
    length = int(window.total_seconds())
    return datetime.fromtimestamp((int(now.timestamp()) // length + 1) * length, UTC)


def _seconds(wait: timedelta) -> int:
    return max(1, int(wait.total_seconds()))


def _networks_of(network: str) -> dict[str, int]:
    """Where a request comes from, and how many times one address' budget that has: an IPv4 customer
    has an address, an IPv6 one a whole /64, and who rents a server has a /48 with 65,536 of those."""
    try:
        address = ipaddress.ip_address(network.strip())
    except ValueError:
        return {network.strip(): 1}
    if address.version == 4:
        return {str(address): 1}
    wide = ipaddress.ip_network((address, 48), strict=False)
    return {str(ipaddress.ip_network((address, 64), strict=False)): 1, str(wide): _WIDE_TIMES}
