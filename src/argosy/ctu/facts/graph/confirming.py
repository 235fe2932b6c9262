"""Whom a confirmed fraud speaks against: the one who acted, the one who got the money, or the device.

In a takeover or a scam whoever acts is the victim, and so is who complains of an own payment: there the
thief is the payee. A device is a thief's where the thief acted with it, or where a victim's account was
never seen with it before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from argosy.base.store import Database
from argosy.ctu.events import Event

VICTIM_SCHEMES: Final = ("takeover", "scam")
"""Schemes in which the account that acts is the victim, by how their names begin."""

VICTIM_SOURCES: Final = frozenset({"customer"})
"""Who tells of what was done to himself."""

STRANGE_MS: Final = 86_400_000
"""A device that an account was first seen with so shortly before is not yet its own."""

_LATEST = """
    SELECT DISTINCT ON (event) event, bad, source, scheme FROM ctu.labels
     WHERE event = ANY ($1) AND turn_no IS NOT NULL ORDER BY event, turn_no DESC
"""


def speaks_of_a_victim(source: str, scheme: str) -> bool:
    """Whether the account that acted is the victim of what a label tells of."""
    return source in VICTIM_SOURCES or scheme.startswith(VICTIM_SCHEMES)


async def confirmed_accounts(db: Database, events: Sequence[Event]) -> list[str]:
    """The accounts that the latest labels of `events` say are bad; a merchant's never is by this alone."""
    said = {row["event"]: row for row in await db.all(_LATEST, [event.id for event in events])}
    found: dict[str, None] = {}
    for event in events:
        label = said.get(event.id)
        if label is None or not label["bad"]:
            continue
        if not speaks_of_a_victim(label["source"], label["scheme"]):
            found[event.account] = None
        if event.payee is not None and event.merchant is None:
            found[event.payee] = None
    return list(found)
