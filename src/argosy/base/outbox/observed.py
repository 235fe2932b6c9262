"""What the brain learns by: each screened step announces itself, in the commit of the money it moves.

The event has no parties, so that no customer and no partner ever sees it. What it says is the brain's own
affair: the brain folds these events into what it knows, exactly once, and opens the case of a verdict
that asks for a human.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from argosy.base.ids import derive
from argosy.base.ports import Operation
from argosy.base.postings import Event

OBSERVED = "risk.observed"


@lru_cache(maxsize=10_000)
def observed_id(operation: UUID) -> UUID:
    """The id of the event that announces `operation` to the brain."""
    return derive(operation, OBSERVED)


def observation(operation: Operation, record: Any) -> Event:
    """The event to commit with what was let through or reserved; `record` is the brain's."""
    return Event(observed_id(operation.id), operation.party, OBSERVED, record)
