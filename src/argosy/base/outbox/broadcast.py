"""Live screens: events of a party, as they happen, to whoever is looking. Nothing is kept for them.

Works the same when another process commits: each process reads the log from the moment its first
listener came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from argosy.base.outbox.events import Announced
from argosy.base.store import Database

QUEUE_EVENTS_MAX = 100


class Refresh:
    """What a listener gets instead of events it was too slow for: load the page anew. It is the last
    thing a subscription yields."""


REFRESH = Refresh()


class Subscription:
    """One listener: an async iterator of `Announced`, and an async context manager that ends it."""

    def __aiter__(self) -> AsyncIterator[Announced | Refresh]: ...

    async def __anext__(self) -> Announced | Refresh: ...

    def close(self) -> None:
        """Stop listening; the iterator ends."""

    async def __aenter__(self) -> Subscription: ...

    async def __aexit__(self, *_: object) -> None: ...


class Broadcast:
    """Fans the log out to subscriptions by party; one read of the log serves them all."""

    def __init__(
        self,
        db: Database,
        *,
        queue_events_max: int = QUEUE_EVENTS_MAX,
        poll_seconds: float = 0.25,
    ) -> None: ...

    def subscribe(self, *parties: UUID) -> Subscription:
        """Listen to every event of any of `parties` that commits from now on."""
        raise NotImplementedError

    def wake(self) -> None:
        """There may be something new: look at once."""

    async def run(self) -> None:
        """Read and fan out until cancelled. Without listeners nothing is read."""
