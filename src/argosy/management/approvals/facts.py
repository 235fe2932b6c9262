"""The words of what needs two persons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from argosy.base.refusals import Kind, Reason, Refused
from argosy.management.staff.facts import Member, Right


class State(StrEnum):
    """How far a proposal is."""

    WAITING = "waiting"
    APPROVED = "approved"  # decided, and being carried out
    DONE = "done"
    FAILED = "failed"  # carried out, and refused on the way
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # by the one who proposed it
    EXPIRED = "expired"


@dataclass(frozen=True)
class Proposal:
    """What somebody proposes and a second person decides.

    `body` is what the handler of `kind` is given; where it has `before` and `after`, both mappings, they
    are shown as a difference. `id` is the idempotency key of what the handler does. Whoever decides needs
    `right` as whoever proposed did. `outcome` is what the handler answered where that was a dict
    (nothing secret may be in it), or `refused` with the code of its refusal.
    """

    id: UUID
    kind: str
    subject: str
    body: Mapping[str, Any]
    reason: str
    right: Right
    by_id: UUID
    by: str
    at: datetime
    expires_at: datetime
    state: State = State.WAITING
    decided_by_id: UUID | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    why: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Proposal, Member], Awaitable[Any | Refused]]
"""Carries out what was approved. It may be called again with the same proposal after a crash, and then
does nothing twice: `proposal.id` is its idempotency key. The member is the one who decided."""


class ApprovalReason(Reason):
    """Refusals of what needs two persons: 770-779."""

    PROPOSAL_UNKNOWN = 770, Kind.UNKNOWN, "There is no such proposal."
    PROPOSAL_OVER = 771, Kind.CONFLICT, "This was decided, was withdrawn, or is too old."
    SAME_PERSON = 772, Kind.FORBIDDEN, "A second person decides: never the one who proposed it."
    KIND_UNKNOWN = 773, Kind.INPUT, "Nothing here carries out a proposal of this kind."
