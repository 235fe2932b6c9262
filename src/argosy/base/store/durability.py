"""Whether what a database commits is on disk: a given one is asked before it takes money."""

from __future__ import annotations

from argosy.base.store.database import Database, StoreError
from argosy.base.store.nodes import spreads

_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    # `local` and `remote_write` say less about a standby, and are on disk here all the same.
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}


# Asked on each worker, which answers by one text.
_OF_WORKERS = """
    SELECT nodename || ':' || nodeport AS node, success, result FROM run_command_on_workers(
        format('SELECT string_agg(current_setting(name), '','' ORDER BY n)'
               ' FROM unnest(%L::text[]) WITH ORDINALITY AS s (name, n)', $1::text[]))
"""


async def durable(database: Database) -> None:
    """Refuse a database that may lose what it has committed.

    Asked is what holds for our own connections, wherever it was set: server, database, role, address; and
    where there are several nodes, each of them. Raises `StoreError` with the setting and its value, and
    `Unavailable` when nobody answers.
    """
    for row in await database.all(
        "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name",
        list(_DURABLE),
    ):
        _check("The database", row["name"], row["value"])
    if await spreads(database):
        for row in await database.all(_OF_WORKERS, list(_DURABLE)):
            if not row["success"]:
                raise StoreError(f"The node {row['node']} does not say whether it is durable.")
            for name, value in zip(_DURABLE, row["result"].split(","), strict=True):
                _check(f"The node {row['node']}", name, value)


def _check(who: str, name: str, value: str) -> None:
    if value not in _DURABLE[name]:
        raise StoreError(
            f"{who} has {name} = {value}: a payment that was acknowledged could be lost."
            f" Set it to {_DURABLE[name][0]}."
        )
