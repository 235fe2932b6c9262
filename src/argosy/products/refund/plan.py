"""The plan of a refund: from the merchant's account to the payer, never more than was paid.

The price of the payment is kept, unless the market's fee says that it goes back; then each refund
gives back its part to the side that bore it, rounded so that all parts make the whole.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

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
from argosy.base.wallet.prices import give_back
from argosy.products.refund.facts import REFUNDS_MAX, Refund

NAME = "refund"
REFUNDS = "refunds"
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
    earlier: list[dict[str, Any]] = order.data.get(REFUNDS, [])
    if len(earlier) >= REFUNDS_MAX:
        return Refused(OrderReason.REFUNDS_SPENT, {"most": REFUNDS_MAX})
    refunded = order.refunded_minor + amount.minor
    fees = _fees_back(order, earlier, refunded)
    public = {
        "id": str(command.id),
        "amount_minor": amount.minor,
        "at": moment(context.now),
    }
    kept = {**public, **({"fees": fees} if fees else {})}
    if command.note:
        kept["note"] = command.note
    whole = refunded == order.amount.minor
    state = State.REFUNDED if whole else State.PARTLY_REFUNDED
    after = replace(order, state=state, refunded_minor=refunded)
    data = moved(context, command, order, **{REFUNDS: [*earlier, kept]})
    return Plan(
        Posting(
            command.id,
            OrderMove(order.id, order.version, state, refunded_minor=refunded, data=data),
            _transfers(command, order, amount.minor, fees),
            events=(event(after, "payment.refunded", context.now, command.id, refund=public),),
        ),
        operation(context, command, NAME, amount, order=str(order.id)),
    )


def _fees_back(order: Order, earlier: list[dict[str, Any]], refunded_minor: int) -> dict[str, int]:
    """What each share of the price gives back with this refund."""
    if not fee_goes_back(order):
        return {}
    given: dict[str, int] = {}
    for refund in earlier:
        for name, minor in refund.get("fees", {}).items():
            given[name] = given.get(name, 0) + minor
    return give_back(fee_parts(order), given, refunded_minor, order.amount.minor)


def _transfers(
    command: Refund, order: Order, minor: int, fees: dict[str, int]
) -> tuple[Transfer, ...]:
    """The price's part first, so that a merchant who has just enough can refund."""
    currency = order.amount.currency
    bearer = order.payee_account if order.fee_paid_by == "payee" else order.payer_account
    back = [
        Transfer(
            derive(command.id, f"fee.{name}"),
            system_account(order.market, name, currency),
            bearer,
            share,
            currency,
            "fee",
            order=order.id,
        )
        for name, share in fees.items()
    ]
    whole = Transfer(
        derive(command.id, NAME),
        order.payee_account,
        order.payer_account,
        minor,
        currency,
        NAME,
        order=order.id,
    )
    return (*back, whole)
