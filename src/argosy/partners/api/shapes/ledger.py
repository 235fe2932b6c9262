"""The forms of the ledger by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from argosy.partners.api.shapes.basis import Currency, In, Moment, Out, Time

TRANSFERS_MAX = 1000
ACCOUNTS_MAX = 1000

Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_.]{0,39}$")]
Bound = Annotated[int, Meta(ge=-(10**18), le=10**18)]


class NewTransfer(In, frozen=True, kw_only=True):
    """One movement from `debit` to `credit`. Its `id` is its idempotency key.

    `post` and `void` end the hold named by `hold`, and need no accounts. Transfers that follow one
    another with the same `group` are made all or none.
    """

    id: UUID
    debit: UUID | None = None
    credit: UUID | None = None
    amount_minor: Annotated[int, Meta(ge=-(10**18), le=10**18)] | None = None
    currency: Currency
    kind: Word = "transfer"
    action: Literal["move", "hold", "post", "void", "expire"] = "move"
    order: UUID | None = None
    hold: UUID | None = None
    up_to: Literal["exact", "debit", "credit"] = "exact"
    expires_at: Moment | None = None
    at: (
        Annotated[datetime, Meta(tz=True, description="For imports: the historical time.")] | None
    ) = None
    group: Annotated[int, Meta(ge=0, le=10**6)] | None = None


class NewTransfers(In, frozen=True, kw_only=True):
    """A batch; each transfer, or group, is answered on its own."""

    transfers: Annotated[list[NewTransfer], Meta(min_length=1, max_length=TRANSFERS_MAX)]


class Refusal(Out, frozen=True, kw_only=True):
    """Why one of a batch was refused."""

    code: str
    detail: str


class TransferOutcome(Out, frozen=True, kw_only=True):
    """What became of one transfer: `posted` now, it `existed` before, or `refused`."""

    id: UUID
    outcome: Literal["posted", "existed", "refused"]
    amount_minor: int | None
    at: Time | None
    refusal: Refusal | None


class TransferOutcomes(Out, frozen=True, kw_only=True):
    """One outcome for each transfer, in their order."""

    outcomes: list[TransferOutcome]


class NewAccount(In, frozen=True, kw_only=True):
    """An account to be opened. Bounds are on its normal side; null is no bound."""

    id: UUID
    currency: Currency
    side: Literal["debit", "credit"]
    kind: Word
    owner: UUID | None = None
    floor_minor: Bound | None = 0
    ceiling_minor: Bound | None = None


class NewAccounts(In, frozen=True, kw_only=True):
    """Accounts to be opened; each is answered on its own."""

    accounts: Annotated[list[NewAccount], Meta(min_length=1, max_length=ACCOUNTS_MAX)]


class AccountOutcome(Out, frozen=True, kw_only=True):
    """Whether the account is open now."""

    id: UUID
    outcome: Literal["open", "refused"]
    refusal: Refusal | None


class AccountOutcomes(Out, frozen=True, kw_only=True):
    """One outcome for each account, in their order."""

    outcomes: list[AccountOutcome]


class Totals(Out, frozen=True, kw_only=True):
    """The four running totals of an account, and what follows from them."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    balance_minor: int


class Account(Out, frozen=True, kw_only=True):
    """An account as it stands."""

    id: UUID
    currency: str
    side: Literal["debit", "credit"]
    kind: str
    owner: UUID | None
    floor_minor: int | None
    ceiling_minor: int | None
    totals: Totals
    available_minor: int
    frozen: bool
    closed: bool
    opened_at: Time | None
    entries: int


class AccountAt(Out, frozen=True, kw_only=True):
    """An account's totals just after everything that was noted up to `at`."""

    id: UUID
    currency: str
    at: Time
    totals: Totals


class Entry(Out, frozen=True, kw_only=True):
    """One entry of an account, signed on its normal side; balances stand after it."""

    transfer: UUID
    at: Time
    kind: str
    action: Literal["move", "hold", "post", "void", "expire"]
    order: UUID | None
    counterpart: UUID
    moved_minor: int
    pending_minor: int
    balance_minor: int
    available_minor: int


class Entries(Out, frozen=True, kw_only=True):
    """Some entries, newest first."""

    items: list[Entry]
    next: str | None
