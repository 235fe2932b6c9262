"""The words of Customers and Merchants: what the pages show, and why an act is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from argosy.base.orders.facts import Order
from argosy.base.parties.facts import Party
from argosy.base.refusals import Kind, Reason
from argosy.public_services.identity.facts import EvidenceLine

NOTE_CHARS_MAX = 2000


class Cause(StrEnum):
    """Why a wallet is frozen. What its owner asked for, one person may undo."""

    OWNER = "owner"  # a lost phone, a stolen PIN
    FRAUD = "fraud"
    AUTHORITY = "authority"  # a court, the police, the regulator
    MACHINE = "machine"  # frozen by the risk brain: nobody of the staff wrote a cause


@dataclass(frozen=True, slots=True)
class Hit:
    """One wallet that a search found: its name as others see it, and by what it was found."""

    party: Party
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. `more` says that there are more names than are shown."""

    hits: tuple[Hit, ...] = ()
    order: Order | None = None
    case: UUID | None = None
    more: bool = False

    @property
    def is_nothing(self) -> bool:
        return not self.hits and self.order is None and self.case is None


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of wallets; `after` is the cursor of the next, None at the end."""

    hits: tuple[Hit, ...]
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Used:
    """How much of one bound is used: minor units, or a count where `counts`. `most` is None where
    payments are only counted."""

    key: str
    window: str  # payment, day, month, year
    counts: bool
    used: int
    most: int | None

    @property
    def part(self) -> float:
        """The used part of the bound, 0 to 1 and above where the bound was lowered since."""
        return self.used / self.most if self.most else 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A wallet at this moment: its level, its money, and why it is frozen where it is. `held_minor` waits
    to go out, `coming_minor` to come in; `most_minor` is what it may hold, None for no bound."""

    party: Party
    currency: str
    balance_minor: int
    available_minor: int
    held_minor: int
    coming_minor: int
    most_minor: int | None
    account_frozen: bool
    account_closed: bool
    next_level: str | None
    missing: tuple[str, ...]
    seen_at: datetime | None
    frozen: Frozen | None
    member: UUID | None


@dataclass(frozen=True, slots=True)
class Frozen:
    """Why a wallet is frozen, by whom and since when; nobody is named where the machine did it."""

    cause: Cause
    by: str
    why: str
    at: datetime | None
    before: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a member of the staff wrote about a wallet."""

    id: UUID
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in which the wallet pays (`side` is `payer`) or is paid."""

    id: UUID
    opened_at: datetime
    side: str
    cause: str
    kind: str
    amount_minor: int
    currency: str
    state: str
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict that was not a plain yes; `rules` are those that were hit."""

    id: UUID
    event: UUID
    at: datetime
    kind: str
    channel: str
    amount_minor: int
    currency: str
    decision: str
    outcome: str
    score: float
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyLine:
    """An API key of a merchant, by how it ends."""

    id: UUID
    label: str
    hint: str
    mode: str
    signing: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """Where a merchant wants to be told, and how that goes. `dead` are deliveries that were given up."""

    id: UUID
    host: str
    label: str
    state: str
    failures: int
    failing_since: datetime | None
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the last payments that a merchant asked for: how many of `all_` by their state."""

    all_: int
    states: Mapping[str, int]
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A piece of evidence that waits for a person. `level` is what accepting it raises the wallet to,
    None where more is needed; `second` says that a second person must agree."""

    party: Party
    name: str
    evidence: EvidenceLine
    level: str | None
    second: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a wallet's timeline: `what` is a key of the words, `who` did it."""

    at: datetime
    what: str
    who: str = ""
    text: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A bank account that the owner has used, as it may be shown; `order` is where it stands sealed."""

    order: UUID
    shown: str
    used_at: datetime


@dataclass(frozen=True, slots=True)
class OwnWallet:
    """A wallet that belongs to a member of the staff."""

    party: Party
    member_id: UUID
    bound_by: str
    bound_at: datetime


class CustomerReason(Reason):
    """Why something is not done to a wallet: 780-789."""

    OWN_WALLET = 780, Kind.FORBIDDEN, "Nobody acts on their own wallet: ask a colleague."
    SECOND_NEEDED = 781, Kind.STATE, "A second person must agree to this: propose it."
    NOTE_UNREADABLE = 782, Kind.INPUT, "A note has 1 to 2000 characters."
    BANK_ACCOUNT_NONE = (
        783,
        Kind.STATE,
        "There is money inside and no bank account of the owner is known: the owner can name one in the app.",
    )
    MONEY_ON_ITS_WAY = (
        784,
        Kind.STATE,
        "Money is still on its way in this wallet: it can be closed once that has arrived.",
    )
    WALLET_NOT_FROZEN = 785, Kind.STATE, "The wallet is not frozen."
    WALLET_OF_ANOTHER = 786, Kind.CONFLICT, "This wallet belongs to another member of the staff."
    PAY_OUT_STOPPED = (
        787,
        Kind.STATE,
        "The wallet is being closed; its payment to the owner's bank was stopped, or waits: see its orders.",
    )
    WALLET_NOT_ASLEEP = 788, Kind.STATE, "The wallet does not sleep."
