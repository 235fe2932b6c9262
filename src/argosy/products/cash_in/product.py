"""What the manifest loads."""

from __future__ import annotations

from datetime import datetime

from argosy.base.orders.facts import Order, State
from argosy.base.orders.sweeping import each
from argosy.base.postings import Posting
from argosy.base.products import Product, Sweep, Tools, Verb, Wants
from argosy.products.cash_in.facts import AgreeBack, AskBack, DropOffer, OfferCash, TakeCash
from argosy.products.cash_in.plan import (
    NAME,
    plan_agree_back,
    plan_ask_back,
    plan_drop,
    plan_expiry,
    plan_offer,
    plan_take,
)

SWEEP_SECONDS = 10.0
_NO_PROOF: frozenset[str] = frozenset()


def _sweeps(tools: Tools) -> tuple[Sweep, ...]:
    async def expire(order: Order, now: datetime) -> None:
        counted = await tools.orders.counted(order.id)
        if counted is None:
            return
        posting = plan_expiry(counted.order, counted.uses, now)
        if isinstance(posting, Posting):  # who confirms in this very moment comes first
            await tools.gate.settle(posting)

    async def run(now: datetime, limit: int) -> int:
        due = await tools.orders.due_of(now, limit, (NAME,), (State.HELD,))
        return await each(due, lambda order: expire(order, now))

    return (Sweep("cash_in.expiry", SWEEP_SECONDS, run),)


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
            lambda command: Wants(order=command.order),
            proofs=_NO_PROOF,
            by_key=True,
            personal=("code",),
        ),
        Verb(
            DropOffer,
            plan_drop,
            lambda command: Wants(order=command.order),
            proofs=_NO_PROOF,
            by_key=True,
        ),
        Verb(AskBack, plan_ask_back, lambda command: Wants(order=command.order), by_key=True),
        Verb(AgreeBack, plan_agree_back, lambda command: Wants(order=command.order)),
    ),
    _sweeps,
)
