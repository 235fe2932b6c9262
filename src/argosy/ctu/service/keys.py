"""Keys of the brain's own API: made at the terminal, shown once, kept as a keyed hash, read fresh."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database, Together
from argosy.ctu.service.facts import (
    KEY_PREFIX,
    LABEL_CHARS_MAX,
    Key,
    NewKey,
    Scope,
    ServiceReason,
)

KEY_BYTES = 32
NONCE_BYTES = 12
HINT_CHARS = 4
_TEXT = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)


class RiskKeys:
    """The keys of senders and desks. `subkey` gives secrets by purpose, from outside the database."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        subkey: Callable[[str], bytes],
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._digest_key = subkey("risk.keys")
        self._seal = AESGCM(subkey("risk.webhooks"))
        self._chance = chance
        self._found: Together[bytes, Key] = Together(self._load)

    async def create(
        self,
        sender: str,
        scopes: Iterable[Scope] = tuple(Scope),
        webhook: str | None = None,
    ) -> NewKey | Refused:
        """A new key for `sender`; what is shown now can never be shown again. `webhook` is called, with
        a signature, when a case about one of the sender's events is decided."""
        sender = sender.strip()
        if not 1 <= len(sender) <= LABEL_CHARS_MAX or not sender.isprintable():
            return Refused(ServiceReason.RISK_KEY_LABEL, field="sender")
        if webhook is not None and not _is_web(webhook):
            return Refused(ServiceReason.RISK_WEBHOOK_URL, field="webhook")
        text = KEY_PREFIX + _encoded(self._chance(KEY_BYTES))
        secret = _encoded64(self._chance(KEY_BYTES)) if webhook is not None else None
        key = Key(
            self._ids.new(),
            sender,
            frozenset(scopes),
            f"{KEY_PREFIX}...{text[-HINT_CHARS:]}",
            webhook,
            self._clock.now(),
        )
        await self._db.run(
            "INSERT INTO ctu.service_keys (id, digest, sender, scopes, hint, webhook, secret, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            key.id,
            self._digest(text),
            sender,
            sorted(scope.value for scope in key.scopes),
            key.hint,
            webhook,
            None if secret is None else self._sealed(key.id, secret),
            key.created_at,
        )
        return NewKey(key, text, secret)

    async def list(self) -> list[Key]:
        """All keys, the latest first, revoked ones too."""
        rows = await self._db.all("SELECT * FROM ctu.service_keys ORDER BY id DESC LIMIT 1000")
        return [_key(row) for row in rows]

    async def revoke(self, key_id: UUID) -> Refused | None:
        """From now on the key opens nothing. Doing it again changes nothing."""
        tag = await self._db.run(
            "UPDATE ctu.service_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1",
            key_id,
            self._clock.now(),
        )
        return None if tag == "UPDATE 1" else Refused(ServiceReason.RISK_KEY_UNKNOWN)

    async def read(self, text: str) -> Key | Refused:
        """Who shows the key `text`, read together with all who ask at this moment."""
        found = await self._found.get(self._digest(text)) if _TEXT.fullmatch(text) else None
        return found or Refused(ServiceReason.RISK_KEY_UNKNOWN)

    def secret(self, key_id: UUID, sealed: bytes) -> str:
        """The secret that signs the calls of a key."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self._seal.decrypt(nonce, text, key_id.bytes).decode()

    # within

    async def _load(self, wanted: Sequence[bytes]) -> dict[bytes, Key]:
        rows = await self._db.all(
            "SELECT * FROM ctu.service_keys WHERE digest = ANY ($1) AND revoked_at IS NULL",
            list(wanted),
        )
        return {row["digest"]: _key(row) for row in rows}

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._digest_key, text.encode(), hashlib.sha256)

    def _sealed(self, key_id: UUID, secret: str) -> bytes:
        nonce = self._chance(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, secret.encode(), key_id.bytes)


def _key(row: Any) -> Key:
    return Key(
        row["id"],
        row["sender"],
        frozenset(Scope(scope) for scope in row["scopes"]),
        row["hint"],
        row["webhook"],
        row["created_at"],
        row["revoked_at"],
    )


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encoded64(raw: bytes) -> str:
    return "whsec_" + base64.b64encode(raw).decode()


def _is_web(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.fragment
