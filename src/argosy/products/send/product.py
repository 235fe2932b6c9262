"""What the manifest loads."""

from __future__ import annotations

from argosy.base.products import Product, Verb, Wants
from argosy.products.send.claims import sweeps
from argosy.products.send.facts import Send, TakeBack
from argosy.products.send.plan import NAME, held_on, plan_send, plan_take_back

PRODUCT = Product(
    NAME,
    "transfer",
    (
        Verb(
            Send,
            plan_send,
            lambda command: Wants(phone=command.phone, number=command.number),
            personal=("phone",),
        ),
        Verb(TakeBack, plan_take_back, lambda command: Wants(order=command.order)),
    ),
    sweeps,
    held_on,
)
