"""Plans of paying a merchant. A waiting payment's price is fixed when it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

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
from argosy.base.parties.facts import PartyKind
from argosy.base.postings import LimitUse, OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import LOAD, RECEIVE, SPEND, uses
from argosy.products.pay.facts import (
    LIFE_MAX,
    REFERENCE_CHARS_MAX,
    RETURN_URL,
    RETURN_URL_CHARS_MAX,
    AskPresented,
    CancelPayment,
    CreatePayment,
    PayMerchant,
    PayOrder,
    PayPresented,
    PayReason,
)

NAME = "pay"
PRESENTED = "presented"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
PAID_OUT = (NAME, SPEND)
TAKEN = (RECEIVE, LOAD)


def plan_pay_merchant(command: PayMerchant, context: Context) -> Plan | Refused:
    """The order is made and paid in one step."""
    return _paid_at_once(command, context)


def plan_pay_presented(command: PayPresented, context: Context) -> Plan | Refused:
    """The same, by the payer's one-time code in place of the PIN: bounded for the day of its own."""
    unfit = _unfit_reference(command.reference)
    if unfit is not None:
        return unfit
    day = context.day
    month, year = day.replace(day=1), day.replace(month=1, day=1)
    bound = LimitUse(
        context.me.id,
        PRESENTED,
        command.amount.minor,
        day,
        month,
        year,
        day_minor_max=command.day_minor_max,
    )
    data: dict[str, Any] = {ASKED: True, PRESENTED: True}
    if command.reference:
        data["reference"] = command.reference
    return _paid_at_once(command, context, data, (bound,))


def _paid_at_once(
    command: PayMerchant | PayPresented,
    context: Context,
    data: Mapping[str, Any] = _NOTHING,
    bounds: tuple[LimitUse, ...] = (),
) -> Plan | Refused:
    wrong = checked(context, command.amount, command.note)
    if wrong is not None:
        return wrong
    merchant = context.other
    if merchant is None:
        return Refused(PayReason.MERCHANT_UNKNOWN, field="number")
    if merchant.kind is not PartyKind.MERCHANT:
        return Refused(PayReason.NOT_A_MERCHANT, field="number")
    me, market = context.me, context.market
    cost = price(market, NAME, command.amount, context.day, merchant)
    order = Order(
        command.id,
        NAME,
        market.code,
        State.PAID,
        me.id,
        merchant.id,
        me.account,
        merchant.account,
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        note=command.note,
        data={MARK: context.mark, **data, **cost.data},
    )
    counted = _counted(context, order)
    if isinstance(counted, Refused):
        return counted
    said = {PRESENTED: True} if PRESENTED in data else {}
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order),
            counted + bounds,
            (event(order, "payment.paid", context.now, command.id),),
        ),
        operation(context, command, NAME, command.amount, category=merchant.merchant_class, **said),
    )


def plan_create(command: CreatePayment, context: Context) -> Plan | Refused:
    """An order without a payer that waits for the first who pays it."""
    wrong = checked(context, command.amount, command.note)
    if wrong is not None:
        return wrong
    me, market = context.me, context.market
    if me.kind is not PartyKind.MERCHANT:
        return Refused(PayReason.ONLY_MERCHANTS)
    if not timedelta(seconds=1) <= command.life <= LIFE_MAX:
        return Refused(PayReason.LIFE_OUT_OF_RANGE, field="life")
    unfit = _unfit_reference(command.reference)
    if unfit is not None:
        return unfit
    if command.return_url and not _is_return_url(command.return_url):
        return Refused(PayReason.RETURN_URL_UNREADABLE, field="return_url")
    cost = price(market, NAME, command.amount, context.day, me)
    data = {MARK: context.mark, ASKED: True, **cost.data}
    if command.reference:
        data["reference"] = command.reference
    if command.return_url:
        data["return_url"] = command.return_url
    if command.by_link:
        data["by_link"] = True
    order = Order(
        command.id,
        NAME,
        market.code,
        State.AWAITING,
        None,
        me.id,
        None,
        me.account,
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        note=command.note,
        deadline_at=context.now + command.life,
        data=data,
    )
    created = event(order, "payment.created", context.now, command.id)
    return Plan(Posting(command.id, order, events=(created,)))


def plan_ask_presented(command: AskPresented, context: Context) -> Plan | Refused:
    """An order that waits for the one whose code was scanned, and for nobody else."""
    wrong = checked(context, command.amount, command.note) or _unfit_reference(command.reference)
    if wrong is not None:
        return wrong
    me, payer = context.me, context.other
    if me.kind is not PartyKind.MERCHANT:
        return Refused(PayReason.ONLY_MERCHANTS)
    if payer is None:
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    wrong = checked_other(context, payer)
    if wrong is not None:
        return wrong
    cost = price(context.market, NAME, command.amount, context.day, me)
    data = {MARK: context.mark, ASKED: True, PRESENTED: True, **cost.data}
    if command.reference:
        data["reference"] = command.reference
    order = Order(
        command.id,
        NAME,
        context.market.code,
        State.AWAITING,
        payer.id,
        me.id,
        payer.account,
        me.account,
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        note=command.note,
        deadline_at=context.now + command.life,
        data=data,
    )
    created = event(order, "payment.created", context.now, command.id)
    return Plan(Posting(command.id, order, events=(created,)))


def plan_pay_order(command: PayOrder, context: Context) -> Plan | Refused:
    """Who pays becomes the payer; of two at once the order's version lets one through."""
    order, merchant, me = context.order, context.other, context.me
    if order is None or order.product != NAME or merchant is None:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    if order.state is State.AWAITING and order.payer not in (None, me.id):
        return Refused(OrderReason.ORDER_NOT_FOUND)
    wrong = payable(order, context.now) or checked(context, order.amount)
    if wrong is not None:
        return wrong
    paid = replace(
        order,
        state=State.PAID,
        payer=me.id,
        payer_account=me.account,
        deadline_at=None,
        data=moved(context, command, order, **{ROUND: str(command.id)}),
    )
    counted = _counted(context, paid)
    if isinstance(counted, Refused):
        return counted
    return Plan(
        Posting(
            command.id,
            OrderMove(
                order.id,
                order.version,
                State.PAID,
                payer=me.id,
                payer_account=me.account,
                data=paid.data,
            ),
            transfers(paid),
            counted,
            (event(paid, "payment.paid", context.now, command.id),),
        ),
        operation(
            context,
            command,
            NAME,
            order.amount,
            category=merchant.merchant_class,
            order=str(order.id),
        ),
    )


def plan_cancel(command: CancelPayment, context: Context) -> Plan | Refused:
    """The merchant does not want to be paid any more."""
    order = context.order
    if order is None or order.product != NAME or order.payee != context.me.id:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    return closed_by(context, command, order, State.CANCELLED, "payment.cancelled", "cancelled")


def _unfit_reference(text: str) -> Refused | None:
    if len(text) > REFERENCE_CHARS_MAX or not text.isprintable():
        return Refused(PayReason.REFERENCE_UNREADABLE, field="reference")
    return None


def _is_return_url(text: str) -> bool:
    return len(text) <= RETURN_URL_CHARS_MAX and re.fullmatch(RETURN_URL, text) is not None


def _counted(context: Context, order: Order) -> tuple[LimitUse, ...] | Refused:
    """What the payment counts against the limits of both sides."""
    me, merchant = context.me, context.other
    if merchant is None:
        return Refused(PayReason.MERCHANT_UNKNOWN)
    wrong = checked_other(context, merchant)
    if wrong is not None:
        return wrong
    market, amount, day = context.market, order.amount, context.day
    out = uses(market, me.id, me.level, PAID_OUT, amount, day)
    if isinstance(out, Refused):
        return out
    taken = uses(market, merchant.id, merchant.level, TAKEN, amount, day)
    if isinstance(taken, Refused):
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    return out + taken
