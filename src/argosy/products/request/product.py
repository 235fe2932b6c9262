"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.open_orders import expiry
from argosy.base.products import Product, Sweep, Tools, Verb, Wants
from argosy.products.request.facts import Ask, CancelRequest, Decline, PayRequest
from argosy.products.request.plan import (
    NAME,
    plan_ask,
    plan_cancel,
    plan_decline,
    plan_pay_request,
)

_NO_PROOF: frozenset[str] = frozenset()


def _sweeps(tools: Tools) -> tuple[Sweep, ...]:
    return (expiry(tools, NAME, "request"),)


PRODUCT = Product(
    NAME,
    "request",
    (
        Verb(
            Ask,
            plan_ask,
            lambda command: Wants(phone=command.phone, number=command.number),
            proofs=_NO_PROOF,
        ),
        Verb(PayRequest, plan_pay_request, lambda command: Wants(order=command.order)),
        Verb(Decline, plan_decline, lambda command: Wants(order=command.order), proofs=_NO_PROOF),
        Verb(
            CancelRequest, plan_cancel, lambda command: Wants(order=command.order), proofs=_NO_PROOF
        ),
    ),
    _sweeps,
)
