"""The words of parties: who takes part, and why a party cannot be opened or found.

A `Party` holds no personal data and may be passed about, logged and kept. Names, phones and the
like are `Personal`, live encrypted, and every reading of them is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

import msgspec

from argosy.base.ids import derive
from argosy.base.refusals import Kind, Reason

NAME_CHARS_MAX = 60
EMAIL_CHARS_MAX = 120
READER_CHARS_MAX = 80


class PartyKind(StrEnum):
    """What a party is to the operator."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"
    AGENT = "agent"
    PARTNER = "partner"
    STAFF = "staff"
    SYSTEM = "system"


class PartyState(StrEnum):
    """Whether a party may trade. FROZEN may be thawed. DORMANT has not been seen for long and wakes as its
    owner signs in. CLOSING wants to be closed: what is left may only go to its owner. CLOSED is for
    good and frees the phone."""

    ACTIVE = "active"
    DORMANT = "dormant"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"


class Party(msgspec.Struct, frozen=True):
    """One who takes part. `number` is short and public, for typing and for codes: ten digits, the
    first 1 to 5, the last a check digit, unique in the market. `level` is the identity level."""

    id: UUID
    kind: PartyKind
    market: str
    level: str
    state: PartyState
    number: str
    language: str
    merchant_class: str | None
    created_at: datetime

    @property
    def account(self) -> UUID:
        """The id of the party's main ledger account."""
        return main_account(self.id)


@dataclass(frozen=True, slots=True)
class NewParty:
    """A party to be opened. The same `id` with the same facts is the same party again.

    `phone` is in E.164 (`+919812345678`), as the market's `phone` gives it.
    """

    id: UUID
    kind: PartyKind
    market: str
    level: str
    language: str
    name: str
    phone: str | None = None
    email: str | None = None
    city: str | None = None
    business_name: str | None = None
    merchant_class: str | None = None


@dataclass(frozen=True, slots=True)
class Personal:
    """Personal data in clear: for the page that needs it and nowhere else. Never log one."""

    party_id: UUID
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    city: str | None = None
    business_name: str | None = None

    def __repr__(self) -> str:
        return f"Personal({self.party_id}, ...)"


@dataclass(frozen=True, slots=True)
class Access:
    """One line of the access log: who read which fields of whom, when and what for."""

    party_id: UUID
    at: datetime
    reader: str
    purpose: str
    fields: tuple[str, ...]


class PartyReason(Reason):
    """Why a party cannot be opened, found or changed."""

    PHONE_UNREADABLE = 250, Kind.INPUT, "This is not a phone number of the market."
    PHONE_TAKEN = 251, Kind.CONFLICT, "Another wallet in this market has this phone number."
    PARTY_NOT_FOUND = 252, Kind.UNKNOWN, "There is no such party."
    PARTY_EXISTS_DIFFERENTLY = 253, Kind.CONFLICT, "This party id was used with other facts."
    PARTY_FROZEN = 254, Kind.STATE, "The party is frozen and cannot do this for now."
    PARTY_CLOSED = 255, Kind.STATE, "The party's wallet is closed."
    NAME_MISSING = 256, Kind.INPUT, "A name is needed."
    NAME_UNREADABLE = 257, Kind.INPUT, "The name is too long or has characters no name has."
    NUMBER_UNREADABLE = 258, Kind.INPUT, "This is not a wallet number; its check digit is wrong."
    EMAIL_UNREADABLE = 259, Kind.INPUT, "This is not an e-mail address."
    EMAIL_TAKEN = 260, Kind.CONFLICT, "Another wallet in this market has this e-mail address."
    MARKET_UNKNOWN = 261, Kind.INPUT, "There is no such market here."
    LANGUAGE_UNKNOWN = 262, Kind.INPUT, "The market does not have this language."
    PARTY_DORMANT = 263, Kind.STATE, "The wallet sleeps until its owner signs in."
    PARTY_CLOSING = 264, Kind.STATE, "The wallet is being closed; it only pays out to its owner."
    PARTY_NOT_CLOSING = 265, Kind.STATE, "Only a wallet that is being closed is paid out at par."


NO_TRADE = {
    PartyState.DORMANT: PartyReason.PARTY_DORMANT,
    PartyState.FROZEN: PartyReason.PARTY_FROZEN,
    PartyState.CLOSING: PartyReason.PARTY_CLOSING,
    PartyState.CLOSED: PartyReason.PARTY_CLOSED,
}
"""Why a party of each state but ACTIVE may not trade."""


@lru_cache(maxsize=10_000)
def main_account(party_id: UUID) -> UUID:
    """The id of a party's main ledger account, by convention."""
    return derive(party_id, "account")
