"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.banking import asking
from argosy.base.products import Product, Verb, Wants
from argosy.products.top_up.facts import TopUp
from argosy.products.top_up.plan import NAME, TRADE, plan_top_up

_BANK = asking(TRADE)

PRODUCT = Product(
    NAME,
    TRADE.noun,
    (
        Verb(
            TopUp,
            plan_top_up,
            lambda _command: Wants(),
            personal=("bank_account",),
            after=_BANK.ask,
        ),
    ),
    _BANK.sweeps,
    _BANK.held_on,
    _BANK.released,
)
