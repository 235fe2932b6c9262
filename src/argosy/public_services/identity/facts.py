"""The words of identity: evidence, its states, and why a level is not raised."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from argosy.base.refusals import Kind, Reason


class EvidenceState(StrEnum):
    """What became of a piece of evidence."""

    GIVEN = "given"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something a party shows: `kind` is one of the market's needs (`id_document`, `email`,
    `address`, `face`), `value` its content (for a document its number). `id` is born at the
    caller. `valid_until` is its last day, where it has one."""

    id: UUID
    kind: str
    value: str = field(repr=False)
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A piece of evidence as it is listed: without its content."""

    id: UUID
    kind: str
    state: EvidenceState
    given_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """The level now. `balance_minor_max` is the wallet's new ceiling, None for no bound."""

    party_id: UUID
    level: str
    balance_minor_max: int | None
    existed: bool = False


class IdentityReason(Reason):
    """Why evidence is not taken or a level not raised."""

    EVIDENCE_KIND_UNKNOWN = 440, Kind.INPUT, "No level of this market asks for such evidence."
    EVIDENCE_UNREADABLE = 441, Kind.INPUT, "This is not a valid document number."
    EVIDENCE_TAKEN = 442, Kind.CONFLICT, "Another wallet was opened with this document."
    EVIDENCE_EXISTS_DIFFERENTLY = 443, Kind.CONFLICT, "This evidence id was used for another."
    LEVEL_HIGHEST = 444, Kind.STATE, "The wallet has the highest level already."
    LEVEL_NEEDS_MORE = 445, Kind.STATE, "The next level needs more evidence."
    LEVEL_NEEDS_REVIEW = 446, Kind.STATE, "The evidence was kept; a person will look at it."
    EVIDENCE_NOT_WAITING = 447, Kind.STATE, "The evidence is not waiting for a decision."
    EVIDENCE_OVER = 448, Kind.INPUT, "The document's time is over."
    EVIDENCE_NOT_ACCEPTED = 449, Kind.STATE, "There is no such evidence that is accepted."
    WALLET_NOT_EMPTY = (
        459,
        Kind.STATE,
        "There is money in the wallet, or on its way; pay it out first.",
    )
