"""One proposes, another decides, and it is carried out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.management.approvals.facts import Handler, Proposal, State
from argosy.management.staff.audit import Audit
from argosy.management.staff.facts import Member, Right


@dataclass(frozen=True)
class Proposals:
    """One page of proposals, the newest first; `after` is the cursor of the next, None at the end."""

    proposals: list[Proposal]
    after: UUID | None


class Approvals:
    """Keeps proposals and carries out what a second person approves."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, audit: Audit, handlers: Mapping[str, Handler]
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self.handlers = handlers

    async def propose(
        self,
        member: Member,
        kind: str,
        subject: str,
        body: Mapping[str, Any],
        reason: str,
        *,
        right: Right,
        id: UUID | None = None,
    ) -> Proposal | Refused:
        """Keep a proposal until somebody else with `right` decides it or it expires."""
        raise NotImplementedError

    async def decide(self, member: Member, id: UUID, yes: bool, why: str = "") -> Any | Refused:
        """Approve and carry out, or decline. Answers what the handler answered; the proposal where it
        was declined."""
        raise NotImplementedError

    async def listed(
        self, state: State | None = None, after: UUID | None = None, limit: int = 50
    ) -> Proposals:
        """The newest proposals, or those in `state`."""
        raise NotImplementedError
