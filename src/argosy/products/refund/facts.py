"""The words of refunding."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from argosy.base.money import Money

REFUNDS_MAX = 50
"""In how many parts one payment may be given back."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Give back `amount` of the payment `order`; None: all that is left of it.

    `id` is the refund's own and makes it the same refund when it is sent again.
    """

    id: UUID
    order: UUID
    amount: Money | None = None
    note: str = ""
