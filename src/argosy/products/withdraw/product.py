"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.banking import bank_product
from argosy.products.withdraw.facts import Withdraw
from argosy.products.withdraw.plan import TRADE, plan_withdraw

PRODUCT = bank_product(TRADE, Withdraw, plan_withdraw)
