"""What the products of cash at a counter have in common, as a product declares it: the two verbs by which
both sides undo a mistake, and the sweep that gives back what nobody came for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from argosy.base.orders.cash import AboutOrder, plan_agree_back, plan_ask_back, plan_expiry
from argosy.base.orders.facts import Order, State
from argosy.base.orders.sweeping import each
from argosy.base.postings import Posting
from argosy.base.products import Context, Plan, Sweep, Tools, Verb, Wants
from argosy.base.refusals import Refused

SWEEP_SECONDS = 10.0
NO_PROOF: frozenset[str] = frozenset()


def about(command: AboutOrder) -> Wants:
    """The order that the command names, and who stands in it beside the asker."""
    return Wants(order=command.order)


def undoing(
    ask: type[AboutOrder], agree: type[AboutOrder], product: str, *, agent_paid: bool
) -> tuple[Verb, ...]:
    """The verbs that `ask` to undo an order of `product`, and `agree`. `agent_paid`: the agent is its
    payer."""

    def asked(command: AboutOrder, context: Context) -> Plan | Refused:
        return plan_ask_back(command, context, product)

    def agreed(command: AboutOrder, context: Context) -> Plan | Refused:
        return plan_agree_back(command, context, product, agent_paid=agent_paid)

    return (Verb(ask, asked, about, by_key=True), Verb(agree, agreed, about))


def expiring(product: str) -> Callable[[Tools], tuple[Sweep, ...]]:
    """The sweeps of `product`: what is held and past its deadline goes back."""

    def sweeps(tools: Tools) -> tuple[Sweep, ...]:
        async def expire(order: Order, now: datetime) -> None:
            counted = await tools.orders.counted(order.id)
            if counted is None:
                return
            posting = plan_expiry(counted.order, counted.uses, now, product)
            if isinstance(posting, Posting):  # who comes in this very moment comes first
                await tools.gate.settle(posting)

        async def run(now: datetime, limit: int) -> int:
            due = await tools.orders.due_of(now, limit, (product,), (State.HELD,))
            return await each(due, lambda order: expire(order, now))

        return (Sweep(f"{product}.expiry", SWEEP_SECONDS, run),)

    return sweeps
