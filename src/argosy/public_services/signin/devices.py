"""Devices: known again by a cookie, and, where script runs, proving each payment with a key.

The private key never leaves the browser (WebCrypto, not extractable); here is only the public one.
A device that has bound a key must sign: leaving the signature out does not make it a device without
one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from argosy.base.clock import Clock
from argosy.base.ids import named
from argosy.base.parties.keys import Keys
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Record
from argosy.public_services.signin.facts import (
    Algorithm,
    Device,
    DeviceClaim,
    Session,
    SigninReason,
)
from argosy.public_services.signin.tokens import decode, encode

LABEL_CHARS_MAX = 60
_KEY_BYTES_MAX = 200
_COOKIE_BYTES = 32
_P256_HALF = 32
_P256_POINT_BYTES = 65
_ED25519_BYTES = 32


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim that was read: the device it is and the cookie it keeps."""

    device: Device
    cookie: str = field(repr=False)


class Devices:
    """Binds devices to parties."""

    def __init__(self, clock: Clock, keys: Keys, chance: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._keys = keys
        self._chance = chance

    def read(self, claim: DeviceClaim) -> Claimed | Refused:
        """Which device a claim means; a new one where it shows no cookie. The same browser has the
        same device id for every party, so that wallets on one phone can be seen together."""
        key: bytes | None = None
        if claim.public_key is not None or claim.algorithm is not None:
            key = _spki(claim.public_key, claim.algorithm)
            if key is None:
                return Refused(SigninReason.DEVICE_KEY_UNREADABLE, field="public_key")
        cookie = claim.cookie or ""
        raw = decode(cookie)
        if raw is None or len(raw) != _COOKIE_BYTES:
            cookie = encode(self._chance(_COOKIE_BYTES))
        device_id = named("device", self._keys.digest("device", cookie).hex())
        label = " ".join("".join(c if c.isprintable() else " " for c in claim.label).split())
        return Claimed(
            Device(device_id, label[:LABEL_CHARS_MAX], key, claim.algorithm, self._clock.now()),
            cookie,
        )

    async def bind(self, party_id: UUID, device: Device, conn: Connection) -> bool:
        """Write the device for the party; True where it is new to the party or has another key."""
        before = await conn.fetchrow(
            "SELECT public_key FROM signin.device WHERE party_id = $1 AND id = $2",
            party_id,
            device.id,
        )
        if before is not None and before["public_key"] == device.public_key:
            return False
        await conn.execute(
            """
            INSERT INTO signin.device (party_id, id, label, public_key, algorithm, bound_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (party_id, id) DO UPDATE SET label = excluded.label,
                public_key = excluded.public_key, algorithm = excluded.algorithm,
                bound_at = excluded.bound_at
            """,
            party_id,
            device.id,
            device.label,
            device.public_key,
            device.algorithm.value if device.algorithm else None,
            device.bound_at,
        )
        return True


def device_of(row: Record) -> Device:
    """A device from a row with the columns `device_id`, `label`, `public_key`, `algorithm` and
    `bound_at`."""
    algorithm = row["algorithm"]
    return Device(
        row["device_id"],
        row["label"],
        row["public_key"],
        Algorithm(algorithm) if algorithm else None,
        row["bound_at"],
    )


def payment_message(session: Session, operation_id: UUID, content: str) -> bytes:
    """What the device signs for one payment: UTF-8 lines, so that a page can build the same."""
    lines = ("argosy-payment-1", str(session.device.id), str(operation_id), content)
    return "\n".join(lines).encode()


def check_signature(
    session: Session, operation_id: UUID, content: str, signature: bytes | None
) -> None | Refused:
    """None when the session's device signed this payment, or has no key to sign with."""
    device = session.device
    if device.public_key is None:
        return None
    if not signature:
        return Refused(SigninReason.DEVICE_SIGNATURE_MISSING, field="signature")
    message = payment_message(session, operation_id, content)
    if not _is_signed(device, message, signature):
        return Refused(SigninReason.DEVICE_SIGNATURE_WRONG, field="signature")
    return None


def _is_signed(device: Device, message: bytes, signature: bytes) -> bool:
    key = load_der_public_key(device.public_key or b"")
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 2 * _P256_HALF:
            # WebCrypto gives r and s side by side, not in DER.
            r, s = signature[:_P256_HALF], signature[_P256_HALF:]
            der = utils.encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
            key.verify(der, message, ec.ECDSA(hashes.SHA256()))
            return True
    except InvalidSignature:
        return False
    return False


def _spki(raw: bytes | None, algorithm: Algorithm | None) -> bytes | None:
    """The public key as SPKI, in one form whichever it came in; None when it is not one."""
    if raw is None or algorithm is None or len(raw) > _KEY_BYTES_MAX:
        return None
    try:
        if algorithm is Algorithm.ED25519 and len(raw) == _ED25519_BYTES:
            key: object = ed25519.Ed25519PublicKey.from_public_bytes(raw)
        elif algorithm is Algorithm.P256 and len(raw) == _P256_POINT_BYTES:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        else:
            key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if algorithm is Algorithm.ED25519 and isinstance(key, ed25519.Ed25519PublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if not isinstance(key, ec.EllipticCurvePublicKey) or algorithm is not Algorithm.P256:
        return None
    if not isinstance(key.curve, ec.SECP256R1):
        return None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
