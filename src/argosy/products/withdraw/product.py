"""What the manifest loads."""

from __future__ import annotations

from dataclasses import replace

from argosy.base.orders.banking import bank_product
from argosy.products.withdraw.facts import Redeem, Withdraw
from argosy.products.withdraw.plan import AT_PAR, TRADE, plan_redeem, plan_withdraw

_WITHDRAW = bank_product(TRADE, Withdraw, plan_withdraw)
_REDEEM = bank_product(AT_PAR, Redeem, plan_redeem)
PRODUCT = replace(_WITHDRAW, verbs=(*_WITHDRAW.verbs, *_REDEEM.verbs))
