"""The plan of a refund: from the merchant's account to the payer, never more than was paid.

The price of the payment is kept, unless the market's fee says that it goes back; then each refund
gives back its part to the side that bore it, rounded so that all parts make the whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from argosy.base.ids import derive
from argosy.base.ledger.facts import Transfer
from argosy.base.money import Money
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import (
    checked,
    event,
    fee_goes_back,
    fee_parts,
    moment,
    moved,
    operation,
)
from argosy.base.postings import OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import system_account
from argosy.base.wallet.prices import part_so_far
from argosy.products.refund.facts import REFUNDS_MAX, Refund

NAME = "refund"
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
    earlier: list[dict[str, Any]] = order.data.get("refunds", [])
    if len(earlier) >= REFUNDS_MAX:
        return Refused(OrderReason.REFUNDS_SPENT, {"most": REFUNDS_MAX})
    refunded = order.refunded_minor + amount.minor
    whole = refunded == order.amount.minor
    state = State.REFUNDED if whole else State.PARTLY_REFUNDED
    this = {"id": str(command.id), "amount_minor": amount.minor, "at": moment(context.now)}
    if command.note:
        this["note"] = command.note
    after = replace(order, state=state, refunded_minor=refunded)
    announced = event(after, "payment.refunded", context.now, command.id, refund=_public(this))
    return Plan(
        Posting(
            command.id,
            OrderMove(
                order.id,
                order.version,
                state,
                refunded_minor=refunded,
                data=moved(context, command, order, refunds=[*earlier, this]),
            ),
            _transfers(command, order, amount.minor),
            events=(announced,),
        ),
        operation(context, command, NAME, amount, order=str(order.id)),
    )


def _transfers(command: Refund, order: Order, minor: int) -> tuple[Transfer, ...]:
    """The price's part first, so that a merchant who has just enough can refund."""
    currency = order.amount.currency
    bearer = order.payee_account if order.fee_paid_by == "payee" else order.payer_account
    before, after = order.refunded_minor, order.refunded_minor + minor
    fees = []
    for name, part in fee_parts(order).items() if fee_goes_back(order) else ():
        back = part_so_far(part, after, order.amount.minor) - part_so_far(
            part, before, order.amount.minor
        )
        if back:
            account = system_account(order.market, name, currency)
            step = derive(command.id, f"fee.{name}")
            fees.append(Transfer(step, account, bearer, back, currency, "fee", order=order.id))
    return (
        *fees,
        Transfer(
            derive(command.id, NAME),
            order.payee_account,
            order.payer_account,
            minor,
            currency,
            NAME,
            order=order.id,
        ),
    )


def _public(refund: dict[str, Any]) -> dict[str, Any]:
    """A refund as programs read it: without the note, which a person wrote."""
    return {key: value for key, value in refund.items() if key != "note"}
