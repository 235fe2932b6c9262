"""Orders that wait to be paid: whether they still can be, and how they end unpaid."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from argosy.base.ids import derive
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import event, moved
from argosy.base.orders.sweeping import each
from argosy.base.postings import OrderMove, Posting
from argosy.base.products import Command, Context, Plan, Sweep, Tools
from argosy.base.refusals import Refused

SWEEP_SECONDS = 10.0


def payable(order: Order, now: datetime) -> Refused | None:
    """Why `order` cannot be paid now; None where it can."""
    if order.state is State.EXPIRED:
        return Refused(OrderReason.ORDER_EXPIRED)
    if order.state is not State.AWAITING:
        return Refused(OrderReason.ORDER_NOT_OPEN, {"state": order.state.value})
    if order.deadline_at is not None and order.deadline_at <= now:
        return Refused(OrderReason.ORDER_EXPIRED)
    return None


def closed_by(
    context: Context, command: Command, order: Order, state: State, kind: str, reason: str
) -> Plan | Refused:
    """End a waiting order unpaid on somebody's word; announced as `kind`."""
    if order.state is not State.AWAITING:
        return Refused(OrderReason.ORDER_NOT_OPEN, {"state": order.state.value})
    after = replace(order, state=state, deadline_at=None)
    data = moved(context, command, order, reason=reason)
    announced = event(after, kind, context.now, command.id, reason=reason)
    move = OrderMove(order.id, order.version, state, data=data)
    return Plan(Posting(command.id, move, events=(announced,)))


def plan_expiry(order: Order, noun: str, now: datetime) -> Posting | Refused:
    """The time of a waiting order is over."""
    if order.state is not State.AWAITING or order.deadline_at is None or now < order.deadline_at:
        return Refused(OrderReason.ORDER_NOT_OPEN, {"state": order.state.value})
    cause = derive(order.id, "expired")
    after = replace(order, state=State.EXPIRED, deadline_at=None)
    return Posting(
        cause,
        OrderMove(order.id, order.version, State.EXPIRED),
        events=(event(after, f"{noun}.expired", now, cause),),
    )


def expiry(tools: Tools, product: str, noun: str) -> Sweep:
    """The sweep that ends a product's waiting orders whose time is over."""

    async def expire(order: Order, now: datetime) -> None:
        posting = plan_expiry(order, noun, now)
        if isinstance(posting, Posting):  # who pays in this very moment comes first: moved on
            await tools.gate.settle(posting)

    async def run(now: datetime, limit: int) -> int:
        due = await tools.orders.due_of(now, limit, (product,), (State.AWAITING,))
        return await each(due, lambda order: expire(order, now))

    return Sweep(f"{product}.expiry", SWEEP_SECONDS, run)
