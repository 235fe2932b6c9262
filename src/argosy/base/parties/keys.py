"""Keys from outside the database: what is sealed here cannot be read by who has only the tables.

Each sealed value has a key of its own, derived from the ring's key and from what the value is bound
to (for personal data: party id and field), so a value moved to another row does not open, and the
number of values has no bound that AES-GCM would set. The key's id stands in front, so that keys can
rotate.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from argosy.base.refusals import must

_FORMAT = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12
_KEY_BYTES = 32
_DIGEST_BYTES = 32


class WrongKey(Exception):
    """Sealed data does not open: another key, another row, or it was tampered with."""


class Keys:
    """Seals text, opens it, and makes keyed hashes to find it by.

    `current` seals; `older` still open what they sealed. `search` makes the keyed hashes and stays
    the same when `current` rotates, for hashes cannot be opened and made again. All are 32 bytes.
    """

    def __init__(
        self,
        current: bytes,
        search: bytes,
        older: Iterable[bytes] = (),
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        ring = [current, *older]
        must(all(len(key) == _KEY_BYTES for key in [*ring, search]), "a key has not 32 bytes")
        self._ring = {_key_id(key): key for key in ring}
        must(len(self._ring) == len(ring), "two keys of the ring are the same")
        self._current = _key_id(current)
        self._search = search
        self._chance = chance
        self._purposes: dict[str, hashlib.blake2b] = {}

    @staticmethod
    def id_of(key: bytes) -> bytes:
        """What stands in front of all that `key` seals, to find it by."""
        return _key_id(key)

    @property
    def current_id(self) -> bytes:
        """The id of the key that seals."""
        return self._current

    @classmethod
    def of(cls, subkey: Callable[[str], bytes]) -> Keys:
        """Keys from a source of named 32-byte sub-keys (the settings' one secret)."""
        return cls(subkey("personal"), subkey("search"))

    def seal(self, text: str, *bound: str) -> bytes:
        """Encrypt `text`, bound to e.g. (party id, field). Answers key id, nonce, ciphertext,
        tag."""
        context = _joined(*bound)
        nonce = self._chance(_NONCE_BYTES)
        box = AESGCM(_one_key(self._ring[self._current], context))
        return _FORMAT + self._current + nonce + box.encrypt(nonce, text.encode(), context)

    def open(self, sealed: bytes, *bound: str) -> str:
        """The text that was sealed with the same `bound`. Raises `WrongKey`."""
        key = self._ring.get(sealed[1 : 1 + _ID_BYTES])
        if sealed[:1] != _FORMAT or key is None:
            raise WrongKey("sealed with a key that is not in the ring")
        context = _joined(*bound)
        head = 1 + _ID_BYTES
        nonce, body = sealed[head : head + _NONCE_BYTES], sealed[head + _NONCE_BYTES :]
        try:
            return AESGCM(_one_key(key, context)).decrypt(nonce, body, context).decode()
        except InvalidTag:
            raise WrongKey("does not open for this row and field") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether `sealed` was sealed with the current key; what was not is to be sealed anew."""
        return sealed[1 : 1 + _ID_BYTES] == self._current

    def digest(self, purpose: str, *parts: str | bytes) -> bytes:
        """The keyed hash (BLAKE2b with a key, RFC 7693, 32 bytes) of `parts` under the sub-key for
        `purpose`."""
        keyed = self._purposes.get(purpose)
        if keyed is None:
            key = hmac.digest(self._search, b"purpose:" + purpose.encode(), "sha256")
            keyed = self._purposes[purpose] = hashlib.blake2b(key=key, digest_size=_DIGEST_BYTES)
        digest = keyed.copy()
        for part in parts:
            raw = part.encode() if isinstance(part, str) else part
            digest.update(len(raw).to_bytes(4) + raw)
        return digest.digest()


def _key_id(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=_ID_BYTES, person=b"argosy-key-id").digest()


def _one_key(key: bytes, context: bytes) -> bytes:
    return hmac.digest(key, b"seal:" + context, "sha256")


def _joined(*parts: str | bytes) -> bytes:
    """Parts with their lengths before them, so that ("ab", "c") is not ("a", "bc")."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in raw)
