"""Evidence in, level up: the party's level and the ledger's ceiling agree, also after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.markets import Market
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.public_services.identity.facts import Evidence, EvidenceLine, Raised


class Bounds(Protocol):
    """The ledger, as identity sees it. Idempotent."""

    async def set_bounds(
        self, account: UUID, floor_minor: int | None, ceiling_minor: int | None
    ) -> Any: ...


class Identity:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        markets: Mapping[str, Market],
        bounds: Bounds,
    ) -> None: ...

    async def raise_level(self, party_id: UUID, evidence: Evidence) -> Raised | Refused:
        """Take evidence and raise the party to the highest level that all its evidence covers."""
        raise NotImplementedError

    async def evidence(self, party_id: UUID) -> list[EvidenceLine]:
        raise NotImplementedError

    async def resume(self) -> int:
        """Finish raises that a crash cut short; a job calls this at start and every minute."""
        raise NotImplementedError
