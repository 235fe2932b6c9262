"""Plans of requests. The price is fixed when the request is made; the asked one sees it."""

from __future__ import annotations

from msgspec.structs import replace

from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.open_orders import closed_by, payable
from argosy.base.orders.planning import (
    ASKED,
    MARK,
    ROUND,
    checked,
    checked_other,
    event,
    moved,
    operation,
    price,
    transfers,
)
from argosy.base.postings import OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import LOAD, RECEIVE, SPEND, uses
from argosy.products.request.facts import (
    ASK_WAIT,
    Ask,
    CancelRequest,
    Decline,
    PayRequest,
    RequestReason,
)

NAME = "request"
PAID_OUT = ("send", SPEND)
TAKEN = (RECEIVE, LOAD)


def plan_ask(command: Ask, context: Context) -> Plan | Refused:
    """An order that waits for the other side to pay it."""
    wrong = checked(context, command.amount, command.note)
    if wrong is not None:
        return wrong
    if (command.phone is None) == (command.number is None):
        return Refused(RequestReason.ASKED_MISSING, field="phone")
    me, other, market = context.me, context.other, context.market
    if other is None:
        return Refused(RequestReason.ASKED_HAS_NO_WALLET)
    wrong = checked_other(context, other)
    if wrong is not None:
        return wrong
    counted = uses(market, me.id, me.level, (NAME,), command.amount, context.day)
    if isinstance(counted, Refused):
        return counted
    cost = price(market, NAME, command.amount, context.day, me)
    order = Order(
        command.id,
        NAME,
        market.code,
        State.AWAITING,
        other.id,
        me.id,
        other.account,
        me.account,
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        note=command.note,
        deadline_at=context.now + ASK_WAIT,
        data={MARK: context.mark, ASKED: True, **cost.data},
    )
    created = event(order, "request.created", context.now, command.id)
    return Plan(Posting(command.id, order, uses=counted, events=(created,)))


def plan_pay_request(command: PayRequest, context: Context) -> Plan | Refused:
    """The one who was asked pays; the limits of sending hold."""
    order, other, market = context.order, context.other, context.market
    if order is None or order.product != NAME or order.payer != context.me.id or other is None:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    wrong = payable(order, context.now) or checked(context, order.amount)
    wrong = wrong or checked_other(context, other)
    if wrong is not None:
        return wrong
    me = context.me
    out = uses(market, me.id, me.level, PAID_OUT, order.amount, context.day)
    if isinstance(out, Refused):
        return out
    taken = uses(market, other.id, other.level, TAKEN, order.amount, context.day)
    if isinstance(taken, Refused):
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    data = moved(context, command, order, **{ROUND: str(command.id)})
    after = replace(order, state=State.PAID, deadline_at=None, data=data)
    return Plan(
        Posting(
            command.id,
            OrderMove(order.id, order.version, State.PAID, data=data),
            transfers(after),
            out + taken,
            (event(after, "request.paid", context.now, command.id),),
        ),
        operation(context, command, NAME, order.amount, order=str(order.id)),
    )


def plan_decline(command: Decline, context: Context) -> Plan | Refused:
    """The one who was asked says no."""
    order = context.order
    if order is None or order.product != NAME or order.payer != context.me.id:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    return closed_by(context, command, order, State.CANCELLED, "request.declined", "declined")


def plan_cancel(command: CancelRequest, context: Context) -> Plan | Refused:
    """The one who asked takes it back."""
    order = context.order
    if order is None or order.product != NAME or order.payee != context.me.id:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    return closed_by(context, command, order, State.CANCELLED, "request.cancelled", "cancelled")
