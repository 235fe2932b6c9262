"""What the manifest loads."""

from __future__ import annotations

from argosy.base.products import Product, Verb, Wants
from argosy.products.refund.facts import Refund
from argosy.products.refund.plan import NAME, plan_refund

PRODUCT = Product(
    NAME,
    "payment",
    (Verb(Refund, plan_refund, lambda command: Wants(order=command.order), by_key=True),),
)
