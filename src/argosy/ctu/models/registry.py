"""Versions of models, kept in PostgreSQL; one is live for each name."""
from __future__ import annotations

from collections.abc import Sequence

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.models.facts import Candidate, Model, State, Version


class Registry:
    """Puts, publishes and takes back. Every step is one transaction and is seen by every process."""

    def __init__(self, db: Database, clock: Clock) -> None: ...

    async def put(self, candidate: Candidate, by: str) -> Version | Refused:
        """Keep a version as candidate. The same content again is the same answer."""
        ...

    async def shadow(self, name: str, version: str, by: str, why: str = "") -> Version | Refused:
        """Score the version beside the live one; the shadow before it goes back to candidate."""
        ...

    async def publish(self, name: str, version: str, by: str, why: str = "") -> Version | Refused:
        """Make the version live; what was live is retired. One action."""
        ...

    async def roll_back(self, name: str, by: str, why: str = "") -> Version | Refused:
        """Take the live version back and bring the one that was live before it; the answer is that
        one. One action."""
        ...

    async def retire(self, name: str, by: str, why: str = "") -> Version | Refused:
        """Take the live version away without another in its place."""
        ...

    async def versions(self, name: str | None = None) -> list[Version]:
        """All versions, of one name or of all, the newest first."""
        ...

    async def version(self, name: str, version: str) -> Version | Refused: ...

    async def model(self, name: str, version: str) -> Model | Refused:
        """The version, ready to score by itself (validation, comparison, reasons)."""
        ...

    async def live(self, name: str) -> Version | None: ...

    async def load(self, state: State) -> Sequence[Model]:
        """All models in `state`, by name."""
        ...
