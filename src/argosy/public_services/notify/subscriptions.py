"""Devices that take push messages: kept when the owner allows it, dropped when they are gone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.refusals import Kind, Reason, Refused
from argosy.base.store import Database
from argosy.public_services.notify.carriers import Subscription
from argosy.public_services.outside.calls import is_public

DEVICES_MAX = 10
ENDPOINT_CHARS_MAX = 1_000
_POINT_BYTES = 65
_AUTH_BYTES = 16

SEALED = Sealing(
    "notify.subscription",
    ("party_id", "device"),
    (
        column("endpoint_sealed", lambda row: (str(row["party_id"]), str(row["device"]), "push")),
        column("auth_sealed", lambda row: (str(row["party_id"]), str(row["device"]), "auth")),
    ),
)


class NotifyReason(Reason):
    """Why something about messages could not be done."""

    PUSH_UNREADABLE = 475, Kind.INPUT, "This is not a push subscription that can be used."


class Subscriptions:
    """Push subscriptions, one a device. With `private_allowed` an endpoint may be inside the operator's
    own network and without TLS."""

    def __init__(
        self, db: Database, clock: Clock, keys: Keys, *, private_allowed: bool = False
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._private_allowed = private_allowed

    async def keep(
        self, party_id: UUID, device: UUID, endpoint: str, p256dh: str, auth: str
    ) -> None | Refused:
        """Keep what the browser's `PushSubscription.toJSON()` gave for a device: `endpoint`, and
        `keys.p256dh` and `keys.auth` in base64url. A newer one takes the older one's place; of more
        than `DEVICES_MAX` devices the latest stay."""
        read = self._read(device, endpoint, p256dh, auth)
        if isinstance(read, Refused):
            return read
        bound = str(party_id), str(device)
        async with self._db.work() as conn:
            await conn.execute(
                """
                INSERT INTO notify.subscription (party_id, device, endpoint_sealed, auth_sealed,
                    p256dh, kept_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (party_id, device) DO UPDATE SET
                    endpoint_sealed = excluded.endpoint_sealed, p256dh = excluded.p256dh,
                    auth_sealed = excluded.auth_sealed, kept_at = excluded.kept_at
                """,
                party_id,
                device,
                self._keys.seal(read.endpoint, *bound, "push"),
                self._keys.seal(read.auth.hex(), *bound, "auth"),
                read.p256dh,
                self._clock.now(),
            )
            await conn.execute(
                """
                DELETE FROM notify.subscription WHERE party_id = $1 AND device IN (
                    SELECT device FROM notify.subscription WHERE party_id = $1
                    ORDER BY kept_at DESC, device OFFSET $2)
                """,
                party_id,
                DEVICES_MAX,
            )
        return None

    async def of(self, party_id: UUID) -> tuple[Subscription, ...]:
        """The devices of a party that take push messages."""
        rows = await self._db.all(
            "SELECT device, endpoint_sealed, auth_sealed, p256dh FROM notify.subscription"
            " WHERE party_id = $1 ORDER BY kept_at DESC",
            party_id,
        )
        return tuple(
            Subscription(
                row["device"],
                self._keys.open(row["endpoint_sealed"], str(party_id), str(row["device"]), "push"),
                row["p256dh"],
                bytes.fromhex(
                    self._keys.open(row["auth_sealed"], str(party_id), str(row["device"]), "auth")
                ),
            )
            for row in rows
        )

    async def drop(self, party_id: UUID, devices: Iterable[UUID]) -> None:
        """Send no more to these devices: their owner said so, or the push service did."""
        await self._db.run(
            "DELETE FROM notify.subscription WHERE party_id = $1 AND device = ANY($2::uuid[])",
            party_id,
            list(devices),
        )

    def _read(self, device: UUID, endpoint: str, p256dh: str, auth: str) -> Subscription | Refused:
        unreadable = Refused(NotifyReason.PUSH_UNREADABLE)
        try:
            parts = urlsplit(endpoint)
            point, secret = _bytes(p256dh), _bytes(auth)
            if len(point) == _POINT_BYTES:
                EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
            _ = parts.port
        except (ValueError, binascii.Error):
            return unreadable
        schemes = ("https", "http") if self._private_allowed else ("https",)
        sound = (
            parts.scheme in schemes
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and len(endpoint) <= ENDPOINT_CHARS_MAX
            and endpoint.isascii()
            and endpoint.isprintable()
            and len(point) == _POINT_BYTES
            and len(secret) == _AUTH_BYTES
        )
        if not sound or not (self._private_allowed or _may_be_public(parts.hostname or "")):
            return unreadable
        return Subscription(device, endpoint, point, secret)


def _may_be_public(host: str) -> bool:
    """A name is looked up, and its addresses judged, when it is called; an address is judged now."""
    return is_public(host) if ":" in host or host.replace(".", "").isdigit() else "." in host


def _bytes(text: str) -> bytes:
    plain = text.rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
