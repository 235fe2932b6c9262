"""Waiting for the event log: a transaction of any database of the server holds its readers back."""

from __future__ import annotations

import asyncio

from argosy.base.store import Database

_HELD_BACK = """
    SELECT EXISTS (SELECT FROM (SELECT xact FROM outbox.events
                                WHERE xact < pg_snapshot_xmax(pg_current_snapshot())
                                ORDER BY xact DESC LIMIT 1) e
                   WHERE e.xact >= pg_snapshot_xmin(pg_current_snapshot()))
"""
WAIT_SECONDS_MAX = 20.0


async def readable(db: Database) -> None:
    """Return when readers may see all that was announced so far: with several test workers on one
    server somebody else's transaction may still be open for a moment."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while await db.value(_HELD_BACK):  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.01)
