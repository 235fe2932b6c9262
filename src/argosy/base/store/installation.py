"""A database belongs to one key, and is a demo or is none: checked at every start."""

from __future__ import annotations

from argosy.base.store.database import Database, StoreError


async def claim(database: Database, key_check: bytes, *, demo: bool) -> None:
    """Mark a new database as ours, and refuse one that is not.

    `key_check` is a sub-key for this purpose alone: it says that the key is the same and gives
    nothing of it away. Raises `StoreError` where the database was made with another key, whose
    personal data could not be read, or where one of the two is a demo, whose PINs the world knows.
    """
    await database.run(
        "INSERT INTO store.installation (key_check, demo) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        key_check,
        demo,
    )
    row = await database.one("SELECT key_check, demo FROM store.installation")
    if row is None or row["demo"] != demo:
        raise StoreError(
            "This database holds a demo; give Argosy another one, or start with --demo."
            if not demo
            else "This database holds no demo, so --demo is refused on it."
        )
    if row["key_check"] != key_check:
        raise StoreError("This database was made with another ARGOSY_KEY.")
