"""What the manifest loads."""

from __future__ import annotations

from argosy.base.orders.cash_verbs import NO_PROOF, about, expiring, undoing
from argosy.base.products import Product, Verb, Wants
from argosy.products.cash_in.facts import AgreeBack, AskBack, DropOffer, OfferCash, TakeCash
from argosy.products.cash_in.plan import NAME, plan_drop, plan_offer, plan_take

PRODUCT = Product(
    NAME,
    NAME,
    (
        Verb(
            OfferCash,
            plan_offer,
            lambda command: Wants(phone=command.phone, number=command.number),
            by_key=True,
            personal=("code",),
        ),
        Verb(
            TakeCash,
            plan_take,
            about,
            proofs=NO_PROOF,
            by_key=True,
            personal=("code",),
        ),
        Verb(DropOffer, plan_drop, about, proofs=NO_PROOF, by_key=True),
        *undoing(AskBack, AgreeBack, NAME, agent_paid=True),
    ),
    expiring(NAME),
)
