"""Plans of cashing in. The agent's float is held from the offer on, screened and counted then; the
customer's yes only ends the holds."""

from __future__ import annotations

from msgspec.structs import replace

from argosy.base.ledger.facts import Action
from argosy.base.orders import cash
from argosy.base.orders.cash import CashReason
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import (
    MARK,
    checked,
    checked_other,
    ending,
    event,
    moved,
    price,
    transfers,
)
from argosy.base.parties.facts import Party, PartyKind
from argosy.base.ports import Operation
from argosy.base.postings import OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import LOAD, uses
from argosy.products.cash_in.facts import (
    OFFER_WAIT,
    CashInReason,
    DropOffer,
    OfferCash,
    TakeCash,
)

NAME = "cash_in"
GIVEN = ("agent_cash_in",)
TAKEN = (NAME, LOAD)


def plan_offer(command: OfferCash, context: Context) -> Plan | Refused:
    """The agent's float is held for the customer, who has not said yes yet."""
    me, customer, market = context.me, context.other, context.market
    wrong = checked(context, command.amount) or _sides(command, context)
    if wrong is not None or customer is None:
        return wrong or Refused(CashReason.CASH_WALLET_MISSING)
    given = uses(market, me.id, me.level, GIVEN, command.amount, context.day)
    if isinstance(given, Refused):
        return given
    taken = uses(market, customer.id, customer.level, TAKEN, command.amount, context.day)
    if isinstance(taken, Refused):
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    cost = price(market, NAME, command.amount, context.day, None)
    earned = cash.commission_minor(market, NAME, command.amount, context.day, me)
    data = {MARK: context.mark, **cost.data, **cash.coded(context)}
    order = Order(
        command.id,
        NAME,
        market.code,
        State.HELD,
        me.id,
        customer.id,
        me.account,
        customer.account,
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        deadline_at=context.now + OFFER_WAIT,
        data={**data, cash.COMMISSION: earned} if earned else data,
    )
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order, Action.HOLD) + cash.commission(order, me.account, Action.HOLD),
            given + taken,
            (event(order, "cash_in.held", context.now, command.id),),
            at_once=True,
        ),
        _asked(context, command, customer, earned),
    )


def _sides(command: OfferCash, context: Context) -> Refused | None:
    customer = context.other
    if context.me.kind is not PartyKind.AGENT:
        return Refused(CashReason.ONLY_AGENTS)
    if (command.phone is None) == (command.number is None):
        return Refused(CashInReason.CUSTOMER_MISSING, field="phone")
    if customer is None:
        return Refused(CashReason.CASH_WALLET_MISSING, field="phone")
    if customer.id != context.me.id and customer.kind is PartyKind.AGENT:
        return Refused(CashReason.NOT_FOR_AGENTS, field="phone")
    return checked_other(context, customer)


def _asked(context: Context, command: OfferCash, customer: Party, earned: int) -> Operation:
    """The customer is the one whose account it is about, and the agent the other side. The agent's own
    device says nothing about the customer and is left out."""
    me = context.me
    return Operation(
        command.id,
        NAME,
        context.market.code,
        context.now,
        customer.id,
        command.amount,
        context.asker.channel,
        account=customer.account,
        payee=me.id,
        payee_kind=me.kind.value,
        facts={
            "level": customer.level,
            "opened_at": customer.created_at,
            "payee_opened_at": me.created_at,
            "commission": earned,
        },
    )


def plan_take(command: TakeCash, context: Context) -> Plan | Refused:
    """The customer's yes: by being the one who asks, or by a code that only they were sent."""
    order, me = context.order, context.me
    if order is None or order.product != NAME or me.id not in (order.payer, order.payee):
        return Refused(OrderReason.ORDER_NOT_FOUND)
    wrong = cash.open_code(order, context.now) or checked(context, order.amount)
    if wrong is not None:
        return wrong
    by_agent = me.id == order.payer
    if by_agent:
        if command.code is None:
            return Refused(CashInReason.OFFER_CODE_MISSING, field="code")
        misfit = cash.misfit(context, command, order, NAME)
        if misfit is not None:
            return misfit
    if context.other is not None:
        wrong = checked_other(context, context.other)
        if wrong is not None:
            return wrong
    kept = cash.forgotten(moved(context, command, order, **cash.done_at(context)))
    data = {**kept, "taken_by": "agent" if by_agent else "customer"}
    after = replace(order, state=State.PAID, deadline_at=None, data=data)
    return Plan(
        Posting(
            command.id,
            OrderMove(order.id, order.version, State.PAID, data=data),
            ending(order, Action.POST) + cash.commission_ending(order, Action.POST),
            events=(event(after, "cash_in.paid", context.now, command.id),),
        )
    )


def plan_drop(command: DropOffer, context: Context) -> Plan | Refused:
    """No cash changes hands after all: either side may say so."""
    order = context.order
    sides = () if order is None else (order.payer, order.payee)
    return cash.plan_drop(command, context, NAME, by=sides, reason="dropped")
