"""What the manifest loads."""

from __future__ import annotations

from datetime import datetime

from argosy.base.orders.facts import Order, State
from argosy.base.orders.sweeping import each
from argosy.base.postings import Posting
from argosy.base.products import Product, Sweep, Tools, Verb, Wants
from argosy.products.cash_out.facts import AgreeBack, AskBack, CancelCode, MakeCode, PayOut
from argosy.products.cash_out.plan import (
    NAME,
    held_on,
    plan_agree_back,
    plan_ask_back,
    plan_cancel,
    plan_expiry,
    plan_make,
    plan_pay_out,
)

SWEEP_SECONDS = 10.0
_NO_PROOF: frozenset[str] = frozenset()


def _sweeps(tools: Tools) -> tuple[Sweep, ...]:
    async def expire(order: Order, now: datetime) -> None:
        counted = await tools.orders.counted(order.id)
        if counted is None:
            return
        posting = plan_expiry(counted.order, counted.uses, now)
        if isinstance(posting, Posting):  # who is shown the code in this very moment comes first
            await tools.gate.settle(posting)

    async def run(now: datetime, limit: int) -> int:
        due = await tools.orders.due_of(now, limit, (NAME,), (State.HELD,))
        return await each(due, lambda order: expire(order, now))

    return (Sweep("cash_out.expiry", SWEEP_SECONDS, run),)


PRODUCT = Product(
    NAME,
    NAME,
    (
        Verb(MakeCode, plan_make, lambda _command: Wants(), personal=("code",)),
        Verb(
            PayOut,
            plan_pay_out,
            lambda command: Wants(order=command.order),
            by_key=True,
            personal=("code",),
        ),
        Verb(
            CancelCode,
            plan_cancel,
            lambda command: Wants(order=command.order),
            proofs=_NO_PROOF,
        ),
        Verb(AskBack, plan_ask_back, lambda command: Wants(order=command.order), by_key=True),
        Verb(AgreeBack, plan_agree_back, lambda command: Wants(order=command.order)),
    ),
    _sweeps,
    held_on,
)
