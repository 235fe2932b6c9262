"""The words of withdrawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from argosy.base.money import Money


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Pay `amount` out of the wallet to `bank_account` (the bank's own number for it)."""

    id: UUID
    amount: Money
    bank_account: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Redeem:
    """Pay what is left in a wallet that is being closed out to its owner's `bank_account`, at par."""

    id: UUID
    amount: Money
    bank_account: str = field(repr=False)
