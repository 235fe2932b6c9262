"""What the pages of Money stand on."""

from __future__ import annotations

from dataclasses import dataclass

from argosy.management.money.adjusting import Adjusting
from argosy.management.money.books import Books
from argosy.management.money.checking import Checking
from argosy.management.money.orders import OrderSearch
from argosy.management.money.story import Stories
from argosy.management.money.stuck import StuckDesk
from argosy.management.ports import Refunding


@dataclass(frozen=True)
class MoneyDesk:
    """Everything by its name. `refund` gives a payment back through the product."""

    search: OrderSearch
    stories: Stories
    stuck: StuckDesk
    books: Books
    adjusting: Adjusting
    checking: Checking
    refund: Refunding
