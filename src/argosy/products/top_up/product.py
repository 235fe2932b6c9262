"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.banking import bank_product
from argosy.products.top_up.facts import TopUp
from argosy.products.top_up.plan import TRADE, plan_top_up

PRODUCT = bank_product(TRADE, TopUp, plan_top_up)
