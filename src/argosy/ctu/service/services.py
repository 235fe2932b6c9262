"""What the brain's own API stands on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.ctu.cases import Cases, Desk, Links, Reports
from argosy.ctu.service.facts import Bounds, Judging
from argosy.ctu.service.intake import Intake
from argosy.ctu.service.keys import RiskKeys

Explain = Callable[[UUID], Awaitable[str | None]]
"""A verdict as text that a human reads, by its id; None where it is not kept."""


class Catalogue(Protocol):
    """How the brain is set now: for each a version, and a dict an entry."""

    async def facts(self) -> tuple[str, list[dict[str, Any]]]: ...

    async def rules(self) -> tuple[str, list[dict[str, Any]]]: ...

    async def models(self) -> tuple[str, list[dict[str, Any]]]: ...


@dataclass(frozen=True)
class RiskApi:
    """The services, by name."""

    db: Database
    clock: Clock
    ids: Ids
    keys: RiskKeys
    brain: Judging
    intake: Intake
    cases: Cases
    desk: Desk
    links: Links
    reports: Reports
    explain: Explain
    catalogue: Catalogue
    wake: Callable[[], None] = lambda: None
    bounds: Bounds = field(default_factory=Bounds)
