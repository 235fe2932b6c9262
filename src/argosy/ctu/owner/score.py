"""The owner score: how likely it is that somebody else than the owner acts."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.models.facts import Why


class OwnerScore:
    """Scores by the history of each account against that of everybody.

    Scoring leaves no trace. `update` is told of each event of the log, in its order. What an account
    is remembered by is small and bounded, is loaded on first sight and shared by all who ask at once.
    """

    def __init__(self, db: Database, *, utc_offset_minutes: int = 0) -> None: ...

    async def start(self) -> None:
        """Load what everybody does."""
        ...

    async def read(self, events: Sequence[Event]) -> NDArray[np.float64]:
        """The probability, for each event, that it is not the owner who acts (0..1)."""
        ...

    def read_now(self, event: Event) -> float | None:
        """As `read`, at once where the account is in memory; None where it must be loaded first."""
        ...

    def update(self, event: Event, outcome: str) -> None:
        """Take in one event of the log. Only what was posted or held teaches."""
        ...

    async def reasons(self, event: Event, top: int = 5) -> list[Why]:
        """What speaks most against the owner, strongest first, in words."""
        ...
