"""What Web Push asks of a sender: the message encrypted for one device (RFC 8291 over RFC 8188), and the
request signed with the operator's own key (VAPID, RFC 8292). The primitives are `cryptography`'s."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
SALT_BYTES = 16
TAG_BYTES = 16
RECORD_BYTES = 4_096
TEXT_BYTES_MAX = RECORD_BYTES - TAG_BYTES - 1 - 86
"""So much goes into one record together with its head, the most that every push service takes."""
LAST_RECORD = b"\x02"
TOKEN_LIFE = timedelta(hours=12)


def encrypted(
    content: bytes, p256dh: bytes, auth: bytes, salt: bytes, own: ec.EllipticCurvePrivateKey
) -> bytes:
    """`content` as an `aes128gcm` body that only the device with `p256dh` and `auth` can open. `salt`
    (16 bytes) and `own` are new for every message."""
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    ours = point(own)
    shared = own.exchange(ec.ECDH(), theirs)
    secret = _derived(auth, shared, b"WebPush: info\0" + p256dh + ours, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    body = AESGCM(key).encrypt(nonce, content + LAST_RECORD, None)
    return salt + RECORD_BYTES.to_bytes(4) + bytes([len(ours)]) + ours + body


def vapid(key: ec.EllipticCurvePrivateKey, audience: str, contact: str, now: datetime) -> str:
    """The `authorization` header: a token (RFC 7519, ES256) for one push service, and our public key."""
    claims = {"aud": audience, "exp": int((now + TOKEN_LIFE).timestamp())}
    if contact:
        claims["sub"] = contact
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{text(r.to_bytes(32) + s.to_bytes(32))}"
    return f"vapid t={token},k={text(point(key))}"


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def text(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _json(facts: dict[str, object]) -> str:
    return text(json.dumps(facts, separators=(",", ":")).encode())
