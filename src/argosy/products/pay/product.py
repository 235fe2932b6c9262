"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.open_orders import expiry
from argosy.base.products import Product, Sweep, Tools, Verb, Wants
from argosy.products.pay.facts import (
    AskPresented,
    CancelPayment,
    CreatePayment,
    PayMerchant,
    PayOrder,
    PayPresented,
)
from argosy.products.pay.plan import (
    NAME,
    plan_ask_presented,
    plan_cancel,
    plan_create,
    plan_pay_merchant,
    plan_pay_order,
    plan_pay_presented,
)

_NO_PROOF: frozenset[str] = frozenset()


def _sweeps(tools: Tools) -> tuple[Sweep, ...]:
    return (expiry(tools, NAME, "payment"),)


PRODUCT = Product(
    NAME,
    "payment",
    (
        Verb(PayMerchant, plan_pay_merchant, lambda command: Wants(number=command.number)),
        Verb(CreatePayment, plan_create, lambda _command: Wants(), proofs=_NO_PROOF, by_key=True),
        # The code of the payer's device is the proof; who sends this command has checked it.
        Verb(
            PayPresented,
            plan_pay_presented,
            lambda command: Wants(number=command.number),
            proofs=_NO_PROOF,
        ),
        Verb(
            AskPresented,
            plan_ask_presented,
            lambda command: Wants(party=command.payer),
            proofs=_NO_PROOF,
            by_key=True,
        ),
        Verb(PayOrder, plan_pay_order, lambda command: Wants(order=command.order)),
        Verb(
            CancelPayment,
            plan_cancel,
            lambda command: Wants(order=command.order),
            proofs=_NO_PROOF,
            by_key=True,
        ),
    ),
    _sweeps,
)
