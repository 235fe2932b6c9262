"""The words of topping up."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from argosy.base.money import Money


@dataclass(frozen=True, slots=True)
class TopUp:
    """Collect `amount` from `bank_account` (the bank's own number for it) into the wallet."""

    id: UUID
    amount: Money
    bank_account: str = field(repr=False)
