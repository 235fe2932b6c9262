"""The carrier over Web Push (RFC 8030): to every device of a person that takes push messages."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from argosy.base.clock import Clock
from argosy.public_services.notify.carriers import (
    Adapter,
    Carried,
    Handed,
    Means,
    Parcel,
    Subscription,
    Way,
)
from argosy.public_services.notify.push import sealing
from argosy.public_services.outside.calls import Bounds, Outside, Told

NAME = "push"
KEY_BYTES = 32
LIFE = timedelta(days=1)
"""So long a push service keeps a message for a device that is off."""
CUT = "..."
_CHAR_BYTES_MAX = 4
_GONE = frozenset({404, 410})
_NEVER = frozenset({400, 401, 403, 413})

PrivateKey = ec.EllipticCurvePrivateKey


def read(address: str) -> PrivateKey:
    """`vapid:` and the key in base64url. Raises ValueError, whose words repeat nothing of it."""
    plain = address.partition(":")[2].rstrip("=")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
        if len(raw) != KEY_BYTES:
            raise ValueError
        return ec.derive_private_key(int.from_bytes(raw), sealing.CURVE)
    except (ValueError, binascii.Error):
        raise ValueError(
            f"must be {KEY_BYTES} bytes in base64url; `argosy push-key` makes one"
        ) from None


def new_key() -> str:
    """A fresh key as `ARGOSY_PUSH_KEY` takes it."""
    number = ec.generate_private_key(sealing.CURVE).private_numbers().private_value
    return sealing.text(number.to_bytes(KEY_BYTES))


def public_key(key: PrivateKey) -> str:
    """What a page gives to `pushManager.subscribe` as its `applicationServerKey`."""
    return sealing.text(sealing.point(key))


class Push:
    """Web Push, signed with the operator's `key`. `contact` is where a push service finds the operator.
    An endpoint is an address that a visitor gave us: it is called as such, see `Outside`."""

    name = NAME
    is_box = False

    def __init__(
        self,
        key: PrivateKey,
        clock: Clock,
        chance: Callable[[int], bytes],
        contact: str,
        outside: Outside,
    ) -> None:
        self._key = key
        self._clock = clock
        self._chance = chance
        self._contact = contact
        self._outside = outside

    @property
    def public(self) -> str:
        """The public half of the key, as browsers want it."""
        return public_key(self._key)

    async def carry(self, parcel: Parcel) -> Handed:
        """Send a letter to all devices at once. One that takes it is enough; those that are gone are
        named."""
        devices = parcel.subscriptions
        if not devices:
            return Handed(Carried.NEVER, why="no device")
        told = await asyncio.gather(*(self._send(parcel, one) for one in devices))
        pairs = list(zip(devices, told, strict=True))
        gone = tuple(device.device for device, one in pairs if one.status in _GONE)
        if any(one.problem is None for one in told):
            return Handed(Carried.SENT, gone=gone)
        again = [one for one in told if one.status not in _GONE | _NEVER]
        why = (again or list(told))[0].problem or ""
        return Handed(Carried.LATER if again else Carried.NEVER, gone=gone, why=why)

    async def close(self) -> None:
        """Give up what is kept."""
        await self._outside.close()

    async def _send(self, parcel: Parcel, device: Subscription) -> Told:
        now = self._clock.now()
        parts = urlsplit(device.endpoint)
        body = sealing.encrypted(
            _content(parcel),
            device.p256dh,
            device.auth,
            self._chance(sealing.SALT_BYTES),
            ec.generate_private_key(sealing.CURVE),
        )
        headers = {
            "authorization": sealing.vapid(
                self._key, f"{parts.scheme}://{parts.netloc}", self._contact, now
            ),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(_seconds_left(parcel.expires_at, now)),
            "urgency": "high" if parcel.secret else "normal",
        }
        return await self._outside.post(device.endpoint, body, headers)


def _content(parcel: Parcel) -> bytes:
    """What the device's service worker gets: `id`, `title`, `body`. A text that is too long for one
    record is cut at its end."""
    said = parcel.text
    while True:
        content = msgspec.json.encode({"id": str(parcel.id), "title": parcel.title, "body": said})
        over = len(content) - sealing.TEXT_BYTES_MAX
        if over <= 0:
            return content
        said = said.removesuffix(CUT)
        said = said[: -(over // _CHAR_BYTES_MAX + len(CUT) + 1)] + CUT


def _seconds_left(expires_at: datetime | None, now: datetime) -> int:
    life = LIFE if expires_at is None else min(expires_at - now, LIFE)
    return max(int(life.total_seconds()), 0)


def make(key: PrivateKey, means: Means) -> Push:
    """The carrier of a key."""
    bounds = Bounds(private_allowed=means.private_allowed)
    return Push(key, means.clock, means.chance, means.contact, Outside(bounds))


ADAPTER = Adapter(Way.PUSH, ("vapid",), read, make)
