"""The operator's keys as they change over the years.

The current key seals, the older ones still open what they sealed. Keyed hashes (phones, PINs, sessions,
API keys, receipts) cannot be opened and made anew, so they hang on a root that stays: the first key that
the installation had, kept in the database sealed with the current one. Who has the tables and no key has
neither; who has an old key and an old copy of the tables keeps what they had then.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from argosy.base.parties.keys import Keys
from argosy.base.store.database import Connection, Database, Record, StoreError

KEY_BYTES = 32
_NONCE_BYTES = 12
_ROOT = b"argosy root"

Chance = Callable[[int], bytes]


def subkey(key: bytes, purpose: str) -> bytes:
    """The 32-byte key for one purpose, e.g. `installation`: from none can another be found."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"argosy {purpose}".encode()).derive(key)


@dataclass(frozen=True, slots=True)
class Ring:
    """`current` seals, `older` still open; `root` is what every hash hangs on."""

    current: bytes = field(repr=False)
    older: tuple[bytes, ...] = field(default=(), repr=False)
    root: bytes = field(default=b"", repr=False)

    def subkey(self, purpose: str) -> bytes:
        """The key for one purpose, the same before and after the current key has changed."""
        return subkey(self.root or self.current, purpose)

    def keys(self) -> Keys:
        """What seals, opens and hashes."""
        personal = [subkey(key, "personal") for key in (self.current, *self.older)]
        return Keys(personal[0], self.subkey("search"), personal[1:])


async def claim(
    database: Database, ring: Ring, *, demo: bool, chance: Chance = secrets.token_bytes
) -> Ring:
    """Mark a new database as ours, and refuse one that is not; the ring with its root.

    Where the database was last used with one of the older keys, it is the current one's from here on.
    Raises `StoreError` where it belongs to none of the keys, where a key is missing that data may still
    be sealed with, or where one of the two is a demo, whose PINs the world knows.
    """
    checks = {subkey(key, "installation"): key for key in (ring.current, *ring.older)}
    async with database.work() as conn:
        row = await _row(conn, ring, demo, chance)
        if row["demo"] != demo:
            raise StoreError(
                "This database holds no demo, so --demo is refused on it."
                if demo
                else "This database holds a demo; give Argosy another one, or start with --demo."
            )
        key = checks.get(bytes(row["key_check"]))
        if key is None:
            older = " and none of ARGOSY_KEYS_OLD" if ring.older else ""
            raise StoreError(f"This database was made with another ARGOSY_KEY{older}.")
        root = key if row["root_sealed"] is None else _unwrapped(key, row["root_sealed"])
        retiring = {bytes(one) for one in row["retiring"]}
        if key != ring.current:
            retiring.add(_id(key))
        retiring.discard(_id(ring.current))
        if not retiring <= {_id(one) for one in ring.older}:
            raise StoreError(
                "Data of this database may still be sealed with an earlier key: name it in"
                " ARGOSY_KEYS_OLD. `argosy keys reseal` seals all of it with the current one."
            )
        if key != ring.current or row["root_sealed"] is None:
            await conn.execute(
                "UPDATE store.installation SET key_check = $1, root_sealed = $2, retiring = $3",
                subkey(ring.current, "installation"),
                _wrapped(ring.current, root, chance),
                sorted(retiring),
            )
    return Ring(ring.current, ring.older, root)


async def retired(database: Database, ring: Ring) -> None:
    """Note that nothing is sealed with a key older than `ring.current`. Where the database has gone on to
    yet another key meanwhile, nothing is noted: what that one replaced is still needed."""
    await database.run(
        "UPDATE store.installation SET retiring = '{}' WHERE key_check = $1",
        subkey(ring.current, "installation"),
    )


async def _row(conn: Connection, ring: Ring, demo: bool, chance: Chance) -> Record:
    await conn.execute(
        "INSERT INTO store.installation (key_check, demo, root_sealed) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        subkey(ring.current, "installation"),
        demo,
        _wrapped(ring.current, ring.current, chance),
    )
    row: Record = await conn.fetchrow(
        "SELECT key_check, demo, root_sealed, retiring FROM store.installation FOR UPDATE"
    )
    return row


def _id(key: bytes) -> bytes:
    """By which a key is known without being told: the same that stands in front of what it sealed."""
    return Keys.id_of(subkey(key, "personal"))


def _wrapped(key: bytes, root: bytes, chance: Chance) -> bytes:
    nonce = chance(_NONCE_BYTES)
    return nonce + AESGCM(subkey(key, "root")).encrypt(nonce, root, _ROOT)


def _unwrapped(key: bytes, sealed: bytes) -> bytes:
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(subkey(key, "root")).decrypt(nonce, body, _ROOT)
    except InvalidTag:
        raise StoreError(
            "The root of this database's keys does not open: it was changed."
        ) from None
