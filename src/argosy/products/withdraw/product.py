"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.banking import asking
from argosy.base.products import Product, Verb, Wants
from argosy.products.withdraw.facts import Withdraw
from argosy.products.withdraw.plan import NAME, TRADE, plan_withdraw

_BANK = asking(TRADE)

PRODUCT = Product(
    NAME,
    TRADE.noun,
    (
        Verb(
            Withdraw,
            plan_withdraw,
            lambda _command: Wants(),
            personal=("bank_account",),
            after=_BANK.ask,
        ),
    ),
    _BANK.sweeps,
    _BANK.held_on,
    _BANK.released,
)
