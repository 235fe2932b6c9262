"""Parties in the database: opening, finding, reading personal data under a log, changing state."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties import numbers
from argosy.base.parties.facts import (
    NO_TRADE,
    READER_CHARS_MAX,
    Access,
    NewParty,
    Party,
    PartyKind,
    PartyReason,
    PartyState,
    Personal,
)
from argosy.base.parties.keys import Keys
from argosy.base.parties.name_keys import NameKeys
from argosy.base.parties.names import shown
from argosy.base.parties.rows import COLUMNS, FIELDS, party_of, readable, sealed_columns
from argosy.base.refusals import Refused, must
from argosy.base.store import Connection, Database, Record, Together

NUMBER_DRAWS_MAX = 40
ACCESSES_MAX = 200
INDEXER = "names"


class Opening(Protocol):
    """What else must exist once a party does: its ledger account. Called with the party's facts on
    the connection of the transaction that makes it, before the party can be seen; must be
    idempotent."""

    async def __call__(self, party: Party, conn: Connection) -> None: ...


class Parties:
    """Everyone who takes part. Plain facts are free to read; personal data leaves a trace."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        opening: Opening | None = None,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._ids = ids
        self._clock = clock
        self._keys = keys
        self._opening = opening
        self._chance = chance
        self._by_id = Together(self._load_by_id)
        self._by_handle = Together(self._load_by_handle)
        self._names = Together(self._load_names)
        self.name_keys = NameKeys(db, keys)

    # opening

    async def open(self, new: NewParty, conn: Connection | None = None) -> Party | Refused:
        """Open `new`, or give the same party again; in the transaction of `conn` where given.

        The `opening` hook runs in the same transaction, so there is no party without its account.
        Refusals: PHONE_TAKEN, EMAIL_TAKEN, PARTY_EXISTS_DIFFERENTLY and unreadable fields.
        """
        read = readable(new)
        if isinstance(read, Refused):
            return read
        if conn is not None:
            return await self._open(read, conn)
        async with self._db.work() as own:
            return await self._open(read, own)

    async def _open(self, new: NewParty, conn: Connection) -> Party | Refused:
        try:
            async with conn.transaction():
                return await self._insert(new, conn)
        except _Undone as undone:
            row = await conn.fetchrow(
                f"SELECT {COLUMNS}, p.fingerprint FROM parties.party p WHERE p.id = $1", new.id
            )
            if row is None:
                return undone.refused
            if row["fingerprint"] != self._fingerprint(new):
                return Refused(PartyReason.PARTY_EXISTS_DIFFERENTLY)
            return party_of(row)

    async def _insert(self, new: NewParty, conn: Connection) -> Party:
        exists = "SELECT 1 FROM parties.party WHERE id = $1"
        if await conn.fetchval(exists, new.id):
            raise _Undone(Refused(PartyReason.PARTY_EXISTS_DIFFERENTLY))
        number = await self._draw_number(new, conn)
        for kind, value, reason in (
            ("phone", new.phone, PartyReason.PHONE_TAKEN),
            ("email", new.email, PartyReason.EMAIL_TAKEN),
        ):
            if value is not None and not await self._take(kind, value, new, conn):
                raise _Undone(Refused(reason, field=kind))
        sealed = [
            None if value is None else self._keys.seal(value, str(new.id), name)
            for name in FIELDS
            for value in (getattr(new, name),)
        ]
        row = await conn.fetchrow(
            f"""
            INSERT INTO parties.party AS p (id, kind, market, level, state, number, language,
                merchant_class, created_at, fingerprint,
                name_sealed, phone_sealed, email_sealed, city_sealed, business_name_sealed)
            VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (id) DO NOTHING RETURNING {COLUMNS}
            """,
            new.id,
            new.kind.value,
            new.market,
            new.level,
            number,
            new.language,
            new.merchant_class,
            self._clock.now(),
            self._fingerprint(new),
            *sealed,
        )
        if row is None:
            raise _Undone(Refused(PartyReason.PARTY_EXISTS_DIFFERENTLY))
        party = party_of(row)
        await self.name_keys.note(party.id, (new.name, new.business_name), conn)
        if self._opening is not None:
            await self._opening(party, conn)
        return party

    async def _draw_number(self, new: NewParty, conn: Connection) -> str:
        for _ in range(NUMBER_DRAWS_MAX):
            number = numbers.draw(self._chance)
            if await self._take("number", number, new, conn):
                return number
        must(False, "no free number was drawn", market=new.market, draws=NUMBER_DRAWS_MAX)
        return ""

    async def _take(self, kind: str, value: str, new: NewParty, conn: Connection) -> bool:
        taken = await conn.fetchval(
            """
            INSERT INTO parties.handle (digest, market, kind, party_id) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING RETURNING true
            """,
            self._handle(kind, new.market, value),
            new.market,
            kind,
            new.id,
        )
        return bool(taken)

    # finding

    async def get(self, party_id: UUID) -> Party | None:
        """The party; simultaneous reads share one query (so do `by_phone` and `by_number`)."""
        return await self._by_id.get(party_id)

    async def by_phone(self, market: str, phone: str) -> Party | None:
        """Who has `phone` (E.164) in `market`. A closed party does not."""
        return await self._by_handle.get((self._handle("phone", market, phone), market, "phone"))

    async def by_email(self, market: str, email: str) -> Party | None:
        """Who has `email` (as `read_email` gives it) in `market`. A closed party does not."""
        return await self._by_handle.get((self._handle("email", market, email), market, "email"))

    async def by_number(self, market: str, number: str) -> Party | None:
        """Who has the public `number` in `market`, as read by `numbers.reads`."""
        key = (self._handle("number", market, number), market, "number")
        return await self._by_handle.get(key)

    def phone_hash(self, market: str, phone: str) -> bytes:
        """The keyed hash by which `phone` (E.164) is found in `market`, for whoever must recognise
        a phone without keeping it."""
        return self._handle("phone", market, phone)

    # personal data

    async def personal(self, party_id: UUID, reader: str, purpose: str) -> Personal | Refused:
        """All personal data of a party; the access is in the log before this returns.

        `reader` says who looks (`party:<id>`, `staff:<id>`, `notify`), `purpose` what for. Raises
        `WrongKey` where the data was sealed with a key that is not in the ring.
        """
        rows = await self._logged_read([(party_id, reader, purpose)], FIELDS)
        if not rows:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        return self._opened(rows[0], FIELDS)

    async def display_name(self, party_id: UUID, reader: str, purpose: str) -> str | None:
        """The name to show to somebody else: `Asha R.`, or a business's name in full; None where
        there is no such party. Logged as every access; simultaneous ones share one statement."""
        return await self._names.get((party_id, reader, purpose))

    async def index_names(self, limit: int) -> int:
        """Index the names of up to `limit` parties from before there was an index; a job calls this
        until none is left. Each reading is in the access log. Says how many there were."""
        round_ = await self._db.one("SELECT after, done FROM parties.name_round")
        if round_ is None or round_["done"]:
            return 0
        rows = await self._db.all(
            "SELECT id FROM parties.party WHERE id > $1 ORDER BY id LIMIT $2",
            round_["after"],
            limit,
        )
        fields = ("name", "business_name")
        wanted = [(row["id"], INDEXER, "index of names") for row in rows]
        read = await self._logged_read(wanted, fields) if wanted else []
        async with self._db.work() as conn:
            for row in read:
                told = self._opened(row, fields)
                await self.name_keys.note(row["id"], (told.name, told.business_name), conn)
            await conn.execute(
                "UPDATE parties.name_round SET after = $1, done = $2",
                rows[-1]["id"] if rows else round_["after"],
                len(rows) < limit,
            )
        return len(rows)

    async def note_access(
        self, party_id: UUID, reader: str, purpose: str, fields: tuple[str, ...], conn: Connection
    ) -> None:
        """Log that personal data kept elsewhere was read, in the transaction of the reading."""
        await conn.execute(
            """
            INSERT INTO parties.access_log (party_id, id, at, reader, purpose, fields)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            party_id,
            self._ids.new(),
            self._clock.now(),
            reader,
            purpose,
            list(fields),
        )

    async def accesses(self, party_id: UUID, limit: int = ACCESSES_MAX) -> list[Access]:
        """Who read this party's personal data, latest first."""
        rows = await self._db.all(
            """
            SELECT party_id, at, reader, purpose, fields FROM parties.access_log
            WHERE party_id = $1 ORDER BY id DESC LIMIT $2
            """,
            party_id,
            min(limit, ACCESSES_MAX),
        )
        return [Access(**{**row, "fields": tuple(row["fields"])}) for row in rows]

    # changing

    async def set_state(
        self,
        party_id: UUID,
        state: PartyState,
        conn: Connection | None = None,
        *,
        only_from: PartyState | None = None,
    ) -> Party | Refused:
        """Freeze, thaw, put to sleep, wake or close. Closing is for good and frees phone and e-mail for
        somebody else; the public number is never given again. With `only_from` a party of another
        state is left as it is, and the refusal says why it could not."""
        if conn is None:
            async with self._db.work() as own:
                return await self.set_state(party_id, state, own, only_from=only_from)
        row = await conn.fetchrow(
            f"""
            UPDATE parties.party p SET state = $2
            WHERE p.id = $1 AND (p.state <> 'closed' OR $2 = 'closed')
                AND ($3::text IS NULL OR p.state = $3) RETURNING {COLUMNS}
            """,
            party_id,
            state.value,
            None if only_from is None else only_from.value,
        )
        if row is None:
            return await self._why_not(party_id, conn)
        if state is PartyState.CLOSED:
            await conn.execute(
                "DELETE FROM parties.handle WHERE party_id = $1 AND kind <> 'number'", party_id
            )
        return party_of(row)

    async def set_level(
        self, party_id: UUID, level: str, conn: Connection | None = None
    ) -> Party | Refused:
        """Write the identity level. The ledger's ceiling is the caller's to change along with
        it."""
        if conn is None:
            async with self._db.work() as own:
                return await self.set_level(party_id, level, own)
        row = await conn.fetchrow(
            f"""
            UPDATE parties.party p SET level = $2
            WHERE p.id = $1 AND p.state <> 'closed' RETURNING {COLUMNS}
            """,
            party_id,
            level,
        )
        return await self._why_not(party_id, conn) if row is None else party_of(row)

    async def set_language(self, party_id: UUID, language: str) -> Party | Refused:
        """Write the language a party wants to read."""
        row = await self._db.one(
            f"UPDATE parties.party p SET language = $2 WHERE p.id = $1 RETURNING {COLUMNS}",
            party_id,
            language,
        )
        return Refused(PartyReason.PARTY_NOT_FOUND) if row is None else party_of(row)

    # within

    async def _load_by_id(self, wanted: list[UUID]) -> dict[UUID, Party]:
        rows = await self._db.all(
            f"SELECT {COLUMNS} FROM parties.party p WHERE p.id = ANY($1::uuid[])", wanted
        )
        return {row["id"]: party_of(row) for row in rows}

    async def _load_by_handle(
        self, wanted: list[tuple[bytes, str, str]]
    ) -> dict[tuple[bytes, str, str], Party]:
        rows = await self._db.all(
            f"""
            SELECT h.digest, h.market AS h_market, h.kind AS h_kind, {COLUMNS}
            FROM unnest($1::bytea[], $2::text[], $3::text[]) AS w (digest, market, kind)
            JOIN parties.handle h USING (digest, market, kind)
            JOIN parties.party p ON p.id = h.party_id
            """,
            *map(list, zip(*wanted, strict=True)),
        )
        return {(row["digest"], row["h_market"], row["h_kind"]): party_of(row) for row in rows}

    async def _load_names(
        self, wanted: list[tuple[UUID, str, str]]
    ) -> dict[tuple[UUID, str, str], str]:
        fields = ("name", "business_name")
        return {
            (row["id"], row["reader"], row["purpose"]): shown(
                PartyKind(row["kind"]), self._opened(row, fields)
            )
            for row in await self._logged_read(wanted, fields)
        }

    async def _logged_read(
        self, wanted: list[tuple[UUID, str, str]], fields: tuple[str, ...]
    ) -> list[Record]:
        """Log and read in one statement, hence one transaction: no read without its line."""
        for _, reader, purpose in wanted:
            must(0 < len(reader) <= READER_CHARS_MAX, "who reads must be said", reader=reader)
            must(0 < len(purpose) <= READER_CHARS_MAX, "what for must be said", purpose=purpose)
        return await self._db.all(
            f"""
            WITH wanted AS (
                SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
                    AS w (id, reader, purpose, line)
            ), logged AS (
                INSERT INTO parties.access_log (party_id, id, at, reader, purpose, fields)
                SELECT p.id, w.line, $5, w.reader, w.purpose, $6
                FROM wanted w JOIN parties.party p ON p.id = w.id
            )
            SELECT p.id, p.kind, w.reader, w.purpose, {sealed_columns(fields)}
            FROM wanted w JOIN parties.party p ON p.id = w.id
            """,
            *map(list, zip(*wanted, strict=True)),
            [self._ids.new() for _ in wanted],
            self._clock.now(),
            list(fields),
        )

    async def _why_not(self, party_id: UUID, conn: Connection) -> Refused:
        found = await conn.fetchval("SELECT state FROM parties.party WHERE id = $1", party_id)
        if found is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        return Refused(NO_TRADE.get(PartyState(found), PartyReason.PARTY_NOT_CLOSING))

    def _opened(self, row: Record, fields: tuple[str, ...]) -> Personal:
        sealed = {name: row[f"{name}_sealed"] for name in fields}
        return Personal(
            row["id"],
            **{
                name: self._keys.open(value, str(row["id"]), name)
                for name, value in sealed.items()
                if value is not None
            },
        )

    def _handle(self, kind: str, market: str, value: str) -> bytes:
        return self._keys.digest("handle", kind, market, value)

    def _fingerprint(self, new: NewParty) -> bytes:
        facts = (new.kind, new.market, new.language, new.merchant_class or "")
        personal = [getattr(new, name) or "" for name in FIELDS]
        return self._keys.digest("party", str(new.id), *facts, *personal)


class _Undone(Exception):
    """Takes a refusal out of a transaction that must leave nothing behind."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
