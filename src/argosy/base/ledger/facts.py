"""The words of the ledger: accounts, transfers, and why the ledger says no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

import msgspec

from argosy.base.refusals import Kind, Reason, Refused

NOTE_CHARS_MAX = 200


class Side(IntEnum):
    """On which side an account normally stands. A customer's wallet is our debt: CREDIT."""

    DEBIT = 0
    CREDIT = 1


class Action(IntEnum):
    """What a transfer does."""

    MOVE = 0  # moves the money at once
    HOLD = 1  # reserves it on both sides, until posted, voided or expired
    POST = 2  # ends a hold and moves all of it, or the part named
    VOID = 3  # ends a hold and moves nothing
    EXPIRE = 4  # as VOID, by the clock, once the hold's deadline has passed


class UpTo(IntEnum):
    """Whether the amount may shrink to what is there."""

    EXACT = 0
    DEBIT = 1  # at most what the debit account can give before its floor
    CREDIT = 2  # at most what the credit account can take before its ceiling


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands.

    `floor_minor` and `ceiling_minor` bound the balance on the account's normal side, None for no
    bound: no transfer may take what is available under the floor, or what could become posted over
    the ceiling. Totals only ever grow, but for pending ones, which end when their holds end.
    """

    id: UUID
    currency: str
    side: Side
    kind: str
    owner: UUID | None = None
    floor_minor: int | None = 0
    ceiling_minor: int | None = None
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0
    frozen: bool = False
    closed: bool = False
    opened_at: datetime | None = None
    entries: int = 0

    @property
    def balance_minor(self) -> int:
        """What is posted, on the normal side."""
        net = self.credits_posted - self.debits_posted
        return net if self.side is Side.CREDIT else -net

    @property
    def available_minor(self) -> int:
        """The balance less what is reserved to go out."""
        going = self.debits_pending if self.side is Side.CREDIT else self.credits_pending
        return self.balance_minor - going


class Transfer(msgspec.Struct, frozen=True):
    """One movement from `debit` to `credit`, frozen once it is in the journal.

    `id` is born at the caller and is the idempotency key. For POST, VOID and EXPIRE, `hold` names the
    hold; the accounts are then those of the hold and may be left out, and `amount` is the
    part to post (None: all of it). `expires_at` belongs to HOLD. `at` is for imports only: the
    historical time of the movement.
    """

    id: UUID
    debit: UUID | None
    credit: UUID | None
    amount: int | None
    currency: str
    kind: str
    action: Action = Action.MOVE
    order: UUID | None = None
    hold: UUID | None = None
    up_to: UpTo = UpTo.EXACT
    expires_at: datetime | None = None
    at: datetime | None = None


class DueHold(msgspec.Struct, frozen=True):
    """A hold that is still open after its own deadline: it can only expire now."""

    id: UUID
    kind: str
    currency: str
    order: UUID | None


class LedgerReason(Reason):
    """Why the ledger said no, in order of precedence: the first that holds is the answer."""

    EXISTS_WITH_DIFFERENT_ACTION = 10, Kind.CONFLICT, "This id was used for another action."
    EXISTS_WITH_DIFFERENT_HOLD = 11, Kind.CONFLICT, "This id was used with another hold."
    EXISTS_WITH_DIFFERENT_DEBIT = 12, Kind.CONFLICT, "This id was used with another debit account."
    EXISTS_WITH_DIFFERENT_CREDIT = (
        13,
        Kind.CONFLICT,
        "This id was used with another credit account.",
    )
    EXISTS_WITH_DIFFERENT_CURRENCY = 14, Kind.CONFLICT, "This id was used with another currency."
    EXISTS_WITH_DIFFERENT_AMOUNT = 15, Kind.CONFLICT, "This id was used with another amount."
    EXISTS_WITH_DIFFERENT_UP_TO = 16, Kind.CONFLICT, "This id was used with another `up to`."
    EXISTS_WITH_DIFFERENT_KIND = 17, Kind.CONFLICT, "This id was used with another kind."
    EXISTS_WITH_DIFFERENT_ORDER = 18, Kind.CONFLICT, "This id was used with another order."
    EXISTS_WITH_DIFFERENT_EXPIRY = 19, Kind.CONFLICT, "This id was used with another expiry."
    EXISTS_WITH_DIFFERENT_TIME = 20, Kind.CONFLICT, "This id was used with another historical time."
    AMOUNT_OUT_OF_RANGE = 21, Kind.INPUT, "The amount is not between 1 and 10^15 minor units."
    SAME_ACCOUNT = 22, Kind.INPUT, "Debit and credit are the same account."
    EXPIRY_NOT_ALLOWED = 23, Kind.INPUT, "Only a hold that is not imported may have an expiry."
    EXPIRY_PAST = 24, Kind.INPUT, "The hold would have expired already."
    HOLD_NOT_FOUND = 25, Kind.UNKNOWN, "There is no such hold."
    HOLD_MISMATCH = 26, Kind.INPUT, "The hold has other accounts or another currency."
    HOLD_ALREADY_POSTED = 27, Kind.STATE, "The hold was posted before."
    HOLD_ALREADY_VOIDED = 28, Kind.STATE, "The hold was let go before."
    HOLD_EXPIRED = 29, Kind.STATE, "The hold's time is over."
    HOLD_NOT_EXPIRED = 30, Kind.STATE, "The hold's time is not over yet."
    AMOUNT_OVER_HOLD = 31, Kind.INPUT, "More was asked for than the hold reserves."
    DEBIT_ACCOUNT_NOT_FOUND = 32, Kind.UNKNOWN, "There is no such debit account."
    CREDIT_ACCOUNT_NOT_FOUND = 33, Kind.UNKNOWN, "There is no such credit account."
    CURRENCY_DIFFERS = 34, Kind.INPUT, "An account is kept in another currency."
    DEBIT_ACCOUNT_CLOSED = 35, Kind.STATE, "The debit account is closed."
    CREDIT_ACCOUNT_CLOSED = 36, Kind.STATE, "The credit account is closed."
    DEBIT_ACCOUNT_FROZEN = 37, Kind.STATE, "The debit account is frozen."
    CREDIT_ACCOUNT_FROZEN = 38, Kind.STATE, "The credit account is frozen."
    TIME_IN_FUTURE = 39, Kind.INPUT, "An imported transfer cannot lie in the future."
    TIME_REGRESSES = 40, Kind.INPUT, "An account already has a later entry than this import."
    INSUFFICIENT_FUNDS = 41, Kind.STATE, "The debit account would go under its floor."
    DEBIT_CEILING_EXCEEDED = 42, Kind.STATE, "The debit account would go over its ceiling."
    CREDIT_FLOOR_EXCEEDED = 43, Kind.STATE, "The credit account would go under its floor."
    CEILING_EXCEEDED = 44, Kind.STATE, "The credit account would go over its ceiling."
    TOTAL_OVERFLOW = 45, Kind.STATE, "A running total would leave 64 bits."
    GROUP_REFUSED = 46, Kind.STATE, "Another transfer of the same group was refused."


class AccountReason(Reason):
    """Why an account could not be opened or changed."""

    ACCOUNT_EXISTS_DIFFERENTLY = 60, Kind.CONFLICT, "This account id is in use with other facts."
    ACCOUNT_NOT_FOUND = 61, Kind.UNKNOWN, "There is no such account."
    ACCOUNT_BOUNDS_CROSSED = 62, Kind.INPUT, "The floor lies above the ceiling."
    ACCOUNT_NOT_EMPTY = 63, Kind.STATE, "Only an account with no money and no hold can be closed."
    ACCOUNT_CLOSED = 64, Kind.STATE, "The account is closed."


class Posted(msgspec.Struct, frozen=True):
    """The ledger's yes. `existed` says that this very transfer was in the journal before."""

    id: UUID
    amount: int
    at: datetime
    existed: bool = False


Outcome = Posted | Refused
