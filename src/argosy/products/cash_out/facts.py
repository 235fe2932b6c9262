"""The words of cashing out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from argosy.base.money import Money
from argosy.base.orders.cash import AboutOrder

CODE_LIFE = timedelta(minutes=15)
"""So long a code may be shown at a counter; then the money is free again."""
RELEASED_LIFE = timedelta(hours=2)
"""The same for a code whose money a human has looked at: the customer has to come back first."""


@dataclass(frozen=True, slots=True)
class MakeCode:
    """Hold `amount` for cash from any agent. `code` is `new_code(keys, id)`, and is shown to nobody
    but the customer."""

    id: UUID
    amount: Money
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PayOut:
    """An agent hands over the cash of `order`, whose `code` the customer has told."""

    id: UUID
    order: UUID
    code: str = field(repr=False)


class CancelCode(AboutOrder):
    """The customer does not want the cash of `order` after all."""

    __slots__ = ()


class AskBack(AboutOrder):
    """Ask the other side to undo the cash-out `order`."""

    __slots__ = ()


class AgreeBack(AboutOrder):
    """Agree to undo the cash-out `order`, which the other side has asked for."""

    __slots__ = ()
