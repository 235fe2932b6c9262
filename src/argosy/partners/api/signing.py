"""Signed requests: for keys that ask for it, the key alone is not enough.

The program signs these lines, joined by line feeds, with HMAC-SHA256 or Ed25519:

    argosy1
    the header Argosy-Timestamp (seconds since 1970)
    the header Argosy-Nonce (16 to 64 of A-Z a-z 0-9 _ -, never used twice)
    method
    path and query, as sent
    the header Idempotency-Key, or nothing
    SHA-256 of the body in hex

and sends the signature as base64 in Argosy-Signature. So a request that was tampered with, sent again,
or kept for later is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.partners.api.facts import ApiReason, Caller, Signing, Terms

TIMESTAMP, NONCE, SIGNATURE = "argosy-timestamp", "argosy-nonce", "argosy-signature"
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


def message(
    timestamp: str, nonce: str, method: str, target: str, idempotency_key: str, body: bytes
) -> bytes:
    """What is signed."""
    digest = hashlib.sha256(body).hexdigest()
    lines = ("argosy1", timestamp, nonce, method, target, idempotency_key, digest)
    return "\n".join(lines).encode()


class Signatures:
    """Checks signed requests. A nonce is remembered as long as its time would be taken."""

    def __init__(self, db: Database, terms: Terms) -> None:
        self._db = db
        self._terms = terms

    async def check(
        self,
        caller: Caller,
        now: datetime,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Refused | None:
        """Why the request is not taken; None where it is, and its nonce is spent then."""
        if caller.key.signing is Signing.NONE:
            return None
        timestamp, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
        signature = headers.get(SIGNATURE, "")
        if not (timestamp and nonce and signature):
            return Refused(ApiReason.SIGNATURE_MISSING)
        if not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
            return Refused(ApiReason.SIGNATURE_WRONG)
        signed = message(timestamp, nonce, method, target, headers.get("idempotency-key", ""), body)
        if not _fits(caller, signature, signed):
            return Refused(ApiReason.SIGNATURE_WRONG)
        at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs(now - at) > self._terms.signature_age:
            return Refused(ApiReason.SIGNATURE_OUT_OF_TIME)
        fresh = await self._db.value(
            """
            INSERT INTO api.nonces (party_id, key_id, nonce, keep_until) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING RETURNING true
            """,
            caller.key.party,
            caller.key.id,
            nonce,
            at + 2 * self._terms.signature_age,
        )
        return None if fresh else Refused(ApiReason.SIGNATURE_REPLAYED)

    async def tidy(self, now: datetime, limit: int) -> int:
        """Forget nonces whose time is over."""
        tag = await self._db.run(
            """
            DELETE FROM api.nonces n
             USING (SELECT party_id, key_id, nonce FROM api.nonces WHERE keep_until < $1
                     ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED) old
             WHERE (n.party_id, n.key_id, n.nonce) = (old.party_id, old.key_id, old.nonce)
            """,
            now,
            limit,
        )
        return int(tag.split()[1])


def _fits(caller: Caller, text: str, signed: bytes) -> bool:
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    verifier = caller.verifier or b""
    if caller.key.signing is Signing.HMAC:
        return hmac.compare_digest(signature, hmac.digest(verifier, signed, "sha256"))
    try:
        Ed25519PublicKey.from_public_bytes(verifier).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
