"""The plan of a refund: from the merchant's account to the payer, never more than was paid.

The price of the payment is kept, unless the market's fee says that it goes back; then each refund
gives back its part to the side that bore it, rounded so that all parts make the whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from argosy.base.money import Money
from argosy.base.orders.facts import OrderReason, State
from argosy.base.orders.planning import checked, event, moment, moved, operation
from argosy.base.orders.refunds import REFUND, REFUNDS, public, refunds, state_at, transfers
from argosy.base.postings import OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.products.refund.facts import REFUNDS_MAX, Refund

NAME = REFUND
REFUNDABLE = frozenset({"pay"})


def plan_refund(command: Refund, context: Context) -> Plan | Refused:
    """One more part of the payment goes back."""
    order = context.order
    if order is None or order.payee != context.me.id:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    if order.state is State.REFUNDED:
        return Refused(OrderReason.REFUND_TOO_LARGE, {"most": Money(0, order.amount.currency)})
    if order.product not in REFUNDABLE or order.state not in (State.PAID, State.PARTLY_REFUNDED):
        return Refused(OrderReason.ORDER_NOT_REFUNDABLE, {"state": order.state.value})
    left = Money(order.amount.minor - order.refunded_minor, order.amount.currency)
    amount = command.amount or left
    wrong = checked(context, amount, command.note)
    if wrong is not None:
        return wrong
    if amount.minor > left.minor:
        return Refused(OrderReason.REFUND_TOO_LARGE, {"most": left}, field="amount")
    earlier = refunds(order)
    if len(earlier) >= REFUNDS_MAX:
        return Refused(OrderReason.REFUNDS_SPENT, {"most": REFUNDS_MAX})
    refunded = order.refunded_minor + amount.minor
    this: dict[str, Any] = {
        "id": str(command.id),
        "amount_minor": amount.minor,
        "at": moment(context.now),
    }
    if command.note:
        this["note"] = command.note
    after = replace(order, state=state_at(order, refunded), refunded_minor=refunded)
    data = moved(context, command, order, **{REFUNDS: [*earlier, this]})
    return Plan(
        Posting(
            command.id,
            OrderMove(order.id, order.version, after.state, refunded_minor=refunded, data=data),
            transfers(order, command.id, order.refunded_minor, amount.minor),
            events=(
                event(after, "payment.refunded", context.now, command.id, refund=public(this)),
            ),
        ),
        operation(context, command, NAME, amount, order=str(order.id)),
    )
