"""Whether what a database commits is on disk: a given one is asked before it takes money."""

from __future__ import annotations

from argosy.base.store.database import Database, StoreError

_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    # `local` and `remote_write` say less about a standby, and are on disk here all the same.
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}


async def durable(database: Database) -> None:
    """Refuse a database that may lose what it has committed.

    Asked is what holds for our own connections, wherever it was set: server, database, role, address.
    Raises `StoreError` with the setting and its value, and `Unavailable` when nobody answers.
    """
    for row in await database.all(
        "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name",
        list(_DURABLE),
    ):
        if row["value"] not in _DURABLE[row["name"]]:
            raise StoreError(
                f"The database has {row['name']} = {row['value']}: a payment that was acknowledged"
                f" could be lost. Set it to {_DURABLE[row['name']][0]}."
            )
