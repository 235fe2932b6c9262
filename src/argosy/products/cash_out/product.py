"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.cash_verbs import NO_PROOF, about, expiring, undoing
from argosy.base.products import Product, Verb, Wants
from argosy.products.cash_out.facts import AgreeBack, AskBack, CancelCode, MakeCode, PayOut
from argosy.products.cash_out.plan import NAME, held_on, plan_cancel, plan_make, plan_pay_out

PRODUCT = Product(
    NAME,
    NAME,
    (
        Verb(MakeCode, plan_make, lambda _command: Wants(), personal=("code",)),
        Verb(
            PayOut,
            plan_pay_out,
            about,
            by_key=True,
            personal=("code",),
        ),
        Verb(CancelCode, plan_cancel, about, proofs=NO_PROOF),
        *undoing(AskBack, AgreeBack, NAME, agent_paid=False),
    ),
    expiring(NAME),
    held_on,
)
