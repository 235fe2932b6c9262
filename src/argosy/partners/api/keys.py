"""API keys: made, shown once, kept as a keyed hash, read fresh for every request, revoked at once."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Party, PartyKind, PartyReason, PartyState
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record, Together
from argosy.partners.api.facts import (
    KEYS_MAX,
    LABEL_CHARS_MAX,
    OPERATOR,
    USE_NOTED_EVERY,
    ApiReason,
    Caller,
    Key,
    Mode,
    NewKey,
    Scope,
    Signing,
)
from argosy.public_services.signin.tokens import Token

_HINT_CHARS = 4
_SECRET_BYTES = 32
_PUBLIC_KEY_BYTES = 32
_KEY_COLUMNS = """k.party_id, k.id AS key_id, k.scope, k.label, k.mode, k.hint, k.signing, k.verifier,
    k.created_at AS made_at, k.revoked_at, k.used_at"""

SEALED = (
    Sealing(
        "api.keys",
        ("party_id", "id"),
        (column("verifier", lambda row: _bound(row["party_id"], row["id"])),),
        where=f"signing = '{Signing.HMAC.value}'",  # a public key is no secret
    ),
)
"""The secrets that requests are signed with."""


class ApiKeys:
    """The keys of programs. `mode` is the installation's: a key of the other one is not known here."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        mode: Mode,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._ids = ids
        self._clock = clock
        self._keys = keys
        self._mode = mode
        self._chance = chance
        self._found: Together[tuple[UUID, bytes], Record] = Together(self._load)
        self._noted: Together[tuple[UUID, UUID], bool] = Together(self._note)

    async def create(
        self,
        party: Party,
        label: str,
        signing: Signing = Signing.NONE,
        public_key: bytes | None = None,
        key_id: UUID | None = None,
    ) -> NewKey | Refused:
        """A new key of the merchant `party`; what is shown now can never be shown again.

        `signing` makes every request with it need a signature: by HMAC with a secret made here, or
        by Ed25519 for the raw `public_key` of 32 bytes. Asked again with the same `key_id` nothing is
        made, and nothing shown: KEY_MADE_BEFORE.
        """
        if party.kind is not PartyKind.MERCHANT:
            return Refused(ApiReason.KEYS_ONLY_MERCHANTS)
        idle = not_trading(party)
        if idle is not None:
            return idle
        return await self._create(party.id, Scope.MERCHANT, label, signing, public_key, key_id)

    async def make(
        self, party: Party, label: str, *, signed: bool, key_id: UUID
    ) -> NewKey | Refused:
        """`create` as a channel asks for it; `signed` requests are signed by HMAC."""
        signing = Signing.HMAC if signed else Signing.NONE
        return await self.create(party, label, signing, key_id=key_id)

    async def create_operator(
        self, label: str, signing: Signing = Signing.NONE, public_key: bytes | None = None
    ) -> NewKey | Refused:
        """A new key for the ledger itself. Who has it can move any money: keep it with the operator."""
        return await self._create(OPERATOR, Scope.LEDGER, label, signing, public_key)

    async def list(self, party_id: UUID) -> list[Key]:
        """All keys of a party, the latest first, revoked ones too."""
        rows = await self._db.all(
            f"SELECT {_KEY_COLUMNS} FROM api.keys k WHERE k.party_id = $1"
            " ORDER BY k.revoked_at IS NOT NULL, k.id DESC LIMIT $2",
            party_id,
            5 * KEYS_MAX,
        )
        return [_key(row) for row in rows]

    async def revoke(self, party_id: UUID, key_id: UUID) -> Refused | None:
        """From now on the key opens nothing. Doing it again changes nothing."""
        tag = await self._db.run(
            "UPDATE api.keys SET revoked_at = coalesce(revoked_at, $3)"
            " WHERE party_id = $1 AND id = $2",
            party_id,
            key_id,
            self._clock.now(),
        )
        return None if tag == "UPDATE 1" else Refused(ApiReason.KEY_NOT_FOUND)

    async def read(self, text: str) -> Caller | Refused:
        """Who shows the key `text`, read fresh together with all who ask at this moment."""
        prefix = _prefix(self._mode)
        token = Token.read(text.removeprefix(prefix)) if text.startswith(prefix) else None
        row = await self._found.get((token.owner, self._digest(token))) if token else None
        if row is None:
            return Refused(ApiReason.KEY_UNKNOWN)
        key = _key(row)
        if key.used_at is None or self._clock.now() - key.used_at > USE_NOTED_EVERY:
            await self._noted.get((key.party, key.id))
        party = None if key.scope is Scope.LEDGER else party_of(row)
        verifier = row["verifier"]
        if key.signing is Signing.HMAC:
            verifier = self._keys.open(verifier, *_bound(key.party, key.id)).encode()
        return Caller(key, party, verifier)

    # within

    async def _create(
        self,
        owner: UUID,
        scope: Scope,
        label: str,
        signing: Signing,
        public_key: bytes | None,
        key_id: UUID | None = None,
    ) -> NewKey | Refused:
        label = label.strip()
        if not 1 <= len(label) <= LABEL_CHARS_MAX or not label.isprintable():
            return Refused(ApiReason.KEY_LABEL_UNREADABLE, field="label")
        key_id, secret, verifier = key_id or self._ids.new(), None, None
        if signing is Signing.HMAC:
            secret = base64.urlsafe_b64encode(self._chance(_SECRET_BYTES)).rstrip(b"=").decode()
            verifier = self._keys.seal(secret, *_bound(owner, key_id))
        elif signing is Signing.ED25519:
            if public_key is None or len(public_key) != _PUBLIC_KEY_BYTES:
                return Refused(ApiReason.PUBLIC_KEY_UNREADABLE, field="public_key")
            verifier = public_key
        token = Token.make(owner, self._chance)
        text = _prefix(self._mode) + token.text
        key = Key(
            key_id,
            owner,
            scope,
            label,
            self._mode,
            f"{_prefix(self._mode)}...{text[-_HINT_CHARS:]}",
            signing,
            self._clock.now(),
        )
        tag = await self._db.run(
            """
            INSERT INTO api.keys (party_id, id, digest, scope, label, mode, hint, signing, verifier,
                                  created_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
             WHERE (SELECT count(*) FROM api.keys WHERE party_id = $1 AND revoked_at IS NULL) < $11
            ON CONFLICT (party_id, id) DO NOTHING
            """,
            owner,
            key_id,
            self._digest(token),
            scope.value,
            label,
            self._mode.value,
            key.hint,
            signing.value,
            verifier,
            key.created_at,
            KEYS_MAX,
        )
        if tag != "INSERT 0 1":
            if await self._db.value(
                "SELECT true FROM api.keys WHERE party_id = $1 AND id = $2", owner, key_id
            ):
                return Refused(ApiReason.KEY_MADE_BEFORE)
            return Refused(ApiReason.KEYS_TOO_MANY, {"most": KEYS_MAX})
        return NewKey(key, text, secret)

    async def _load(self, wanted: Sequence[tuple[UUID, bytes]]) -> dict[tuple[UUID, bytes], Record]:
        rows = await self._db.all(
            f"""
            SELECT w.digest AS shown, {_KEY_COLUMNS}, {COLUMNS}
              FROM unnest($1::uuid[], $2::bytea[]) AS w (party_id, digest)
              JOIN api.keys k ON (k.party_id, k.digest) = (w.party_id, w.digest)
              LEFT JOIN parties.party p ON p.id = k.party_id
             WHERE k.revoked_at IS NULL
            """,
            *map(list, zip(*wanted, strict=True)),
        )
        return {(row["party_id"], row["shown"]): row for row in rows}

    async def _note(self, wanted: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], bool]:
        """That these keys were shown now. Of several servers that see it at once, one writes it."""
        now = self._clock.now()
        await self._db.run(
            """
            UPDATE api.keys k SET used_at = $3
              FROM unnest($1::uuid[], $2::uuid[]) AS w (party_id, id)
             WHERE (k.party_id, k.id) = (w.party_id, w.id)
               AND (k.used_at IS NULL OR k.used_at < $4)
            """,
            *map(list, zip(*wanted, strict=True)),
            now,
            now - USE_NOTED_EVERY,
        )
        return {}

    def _digest(self, token: Token) -> bytes:
        return self._keys.digest("api key", token.owner.bytes, token.text)


def not_trading(party: Party) -> Refused | None:
    """Why a program of this party may do nothing now, reading included; None where it may."""
    if party.state is PartyState.FROZEN:
        return Refused(PartyReason.PARTY_FROZEN)
    return Refused(PartyReason.PARTY_CLOSED) if party.state is PartyState.CLOSED else None


def _prefix(mode: Mode) -> str:
    return f"ak_{mode.value}_"


def _bound(owner: UUID, key_id: UUID) -> tuple[str, ...]:
    return "api key", str(owner), str(key_id)


def _key(row: Any) -> Key:
    return Key(
        row["key_id"],
        row["party_id"],
        Scope(row["scope"]),
        row["label"],
        Mode(row["mode"]),
        row["hint"],
        Signing(row["signing"]),
        row["made_at"],
        row["revoked_at"],
        row["used_at"],
    )
