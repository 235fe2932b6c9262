"""Refunds of a payment: made, tried, read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from argosy.base.ids import parse_id
from argosy.base.money import Money
from argosy.base.orders.facts import Order, OrderReason
from argosy.base.refusals import Refused, must
from argosy.partners.api import shapes
from argosy.partners.api.acts.payments import found, money, not_done, not_tried, path_of, shown
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.partners.api.facts import ApiReason
from argosy.products.refund.facts import Refund
from argosy.products.refund.plan import REFUNDS
from argosy.public_services.cashier.facts import Preview, Receipt


def wanted_id(body: Any) -> UUID | None:
    """The refund's id where the program gives it one."""
    new: shapes.NewRefund = body
    return None if new.id is None else parse_id(new.id)


async def create(api: Api, call: Call) -> Answer | Refused:
    """Give back a payment, or a part of it."""
    command = _command(call)
    if isinstance(command, Refused):
        return command
    said = await api.services.cashier.carry_out(command, call.asker)
    if not isinstance(said, Receipt):
        return not_done(said)
    refund = _one(said.order, command.id)
    must(refund is not None, "a refund that was made is not in its order", refund=command.id)
    return answer(refund, 201, f"{path_of(said.order)}/refunds/{command.id}")


async def try_create(api: Api, call: Call) -> Answer | Refused:
    """What a refund would do now; nothing stays of it."""
    command = _command(call)
    if isinstance(command, Refused):
        return command
    before = await api.services.orders.get(command.order)
    said = await api.services.cashier.try_out(command, call.asker)
    wrong = not_tried(said)
    if wrong is not None or not isinstance(said, Preview) or before is None:
        return wrong or Refused(OrderReason.ORDER_NOT_FOUND)
    back = said.order.refunded_minor - before.refunded_minor
    payment = await shown(api, call.party, said.order)
    return answer(shapes.RefundTried(amount=money(back, said.order), payment=payment))


async def page(api: Api, call: Call) -> Answer | Refused:
    """All refunds of a payment; there are at most fifty."""
    order = await found(api, call)
    if isinstance(order, Refused):
        return order
    items = [_refund(order, one) for one in order.data.get(REFUNDS, ())]
    return answer(shapes.Refunds(items=items, next=None))


async def read(api: Api, call: Call) -> Answer | Refused:
    """One refund."""
    order = await found(api, call)
    if isinstance(order, Refused):
        return order
    refund_id = call.id("refund", ApiReason.REFUND_NOT_FOUND)
    if isinstance(refund_id, Refused):
        return refund_id
    refund = _one(order, refund_id)
    return Refused(ApiReason.REFUND_NOT_FOUND) if refund is None else answer(refund)


def _command(call: Call) -> Refund | Refused:
    payment_id = call.id("id", OrderReason.ORDER_NOT_FOUND)
    if isinstance(payment_id, Refused):
        return payment_id
    new: shapes.NewRefund = call.body
    amount = None if new.amount is None else Money(new.amount.minor, new.amount.currency)
    return Refund(call.command_id, payment_id, amount, shapes.printable(new.description))


def _one(order: Order, refund_id: UUID) -> shapes.Refund | None:
    for one in order.data.get(REFUNDS, ()):
        if one["id"] == str(refund_id):
            return _refund(order, one)
    return None


def _refund(order: Order, one: dict[str, Any]) -> shapes.Refund:
    return shapes.Refund(
        id=UUID(one["id"]),
        payment=order.id,
        amount=money(one["amount_minor"], order),
        description=one.get("note", ""),
        created_at=one["at"],
    )
