"""Plans of cashing out.

The money is held when the code is made, so that the agent who is shown it pays cash against money that
is sure, and the brain and the limits have their say while the customer still has the phone in the hand.
At the counter the hold is let go and the money moves to that agent, all in one step.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from argosy.base.ledger.facts import Action
from argosy.base.orders import cash
from argosy.base.orders.cash import CashReason
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import (
    MARK,
    ROUND,
    checked,
    checked_other,
    ending,
    event,
    moved,
    operation,
    price,
    transfers,
)
from argosy.base.parties.facts import PartyKind
from argosy.base.ports import Operation
from argosy.base.postings import OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import UNCLAIMED, system_account
from argosy.base.wallet.limits import SPEND, uses
from argosy.products.cash_out.facts import (
    CODE_LIFE,
    RELEASED_LIFE,
    CancelCode,
    MakeCode,
    PayOut,
)

NAME = "cash_out"
TAKEN = (NAME, SPEND)
GIVEN = ("agent_cash_out",)


def plan_make(command: MakeCode, context: Context) -> Plan | Refused:
    """Held for whichever agent is shown the code."""
    me, market = context.me, context.market
    wrong = checked(context, command.amount)
    if wrong is not None:
        return wrong
    if me.kind is PartyKind.AGENT:
        return Refused(CashReason.NOT_FOR_AGENTS)
    taken = uses(market, me.id, me.level, TAKEN, command.amount, context.day)
    if isinstance(taken, Refused):
        return taken
    cost = price(market, NAME, command.amount, context.day, None)
    order = Order(
        command.id,
        NAME,
        market.code,
        State.HELD,
        me.id,
        None,
        me.account,
        system_account(market.code, UNCLAIMED, market.currency),
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        deadline_at=context.now + CODE_LIFE,
        data={MARK: context.mark, **cost.data, **cash.coded(context)},
    )
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order, Action.HOLD),
            taken,
            (event(order, "cash_out.held", context.now, command.id),),
        ),
        operation(context, command, NAME, command.amount),
    )


def held_on(order: Order, now: datetime) -> Order:
    """A code whose money was looked at by a human is good again, for a while."""
    return replace(order, state=State.HELD, deadline_at=now + RELEASED_LIFE)


def plan_pay_out(command: PayOut, context: Context) -> Plan | Refused:
    """The agent who was told the code gets the money, and hands over the cash."""
    order, me, customer, market = context.order, context.me, context.other, context.market
    if me.kind is not PartyKind.AGENT:
        return Refused(CashReason.ONLY_AGENTS)
    if order is None or order.product != NAME:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    wrong = cash.open_code(order, context.now) or checked(context, order.amount)
    if wrong is not None:
        return wrong
    misfit = cash.misfit(context, command, order, NAME)
    if misfit is not None:
        return misfit
    if customer is None:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    wrong = checked_other(context, customer)
    if wrong is not None:
        return wrong
    given = uses(market, me.id, me.level, GIVEN, order.amount, context.day)
    if isinstance(given, Refused):
        return given
    earned = cash.commission_minor(market, NAME, order.amount, context.day, me)
    kept = cash.forgotten(moved(context, command, order, **cash.done_at(context)))
    data = {**kept, ROUND: str(command.id), **({cash.COMMISSION: earned} if earned else {})}
    after = replace(
        order,
        state=State.PAID,
        payee=me.id,
        payee_account=me.account,
        deadline_at=None,
        data=data,
    )
    move = OrderMove(
        order.id, order.version, State.PAID, payee=me.id, payee_account=me.account, data=data
    )
    return Plan(
        Posting(
            command.id,
            move,
            ending(order, Action.VOID) + transfers(after) + cash.commission(after, me.account),
            given,
            (event(after, "cash_out.paid", context.now, command.id),),
            at_once=True,
        ),
        _claimed(command, context, order, earned),
    )


def _claimed(command: PayOut, context: Context, order: Order, earned: int) -> Operation:
    """The customer's own operation was judged when the code was made. This one is the agent's: money
    that waited is claimed, as elsewhere."""
    me = context.me
    return Operation(
        command.id,
        "claim",
        context.market.code,
        context.now,
        me.id,
        order.amount,
        context.asker.channel,
        account=me.account,
        facts={
            "level": me.level,
            "opened_at": me.created_at,
            "from": str(order.payer),
            "payee_kind": me.kind.value,
            "commission": earned,
        },
    )


def plan_cancel(command: CancelCode, context: Context) -> Plan | Refused:
    """The customer lets the code go, and has the money again."""
    by = () if context.order is None else (context.order.payer,)
    return cash.plan_drop(command, context, NAME, by=by, reason="cancelled")
