"""The plan of a withdrawal: the money is reserved before the bank is asked to pay it out."""

from __future__ import annotations

from argosy.base.ledger.facts import Action
from argosy.base.orders.banking import BankTrade, checked_bank_account, first_ask, held_data
from argosy.base.orders.facts import Order, State
from argosy.base.orders.planning import MARK, checked, event, operation, price, transfers
from argosy.base.ports import Direction
from argosy.base.postings import Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import float_account
from argosy.base.wallet.limits import SPEND, uses
from argosy.products.withdraw.facts import Withdraw

NAME = "withdraw"
TRADE = BankTrade(NAME, "withdrawal", Direction.PAY_OUT)
PAID_OUT = (NAME, SPEND)


def plan_withdraw(command: Withdraw, context: Context) -> Plan | Refused:
    """Hold the amount and its price in the wallet; the bank is asked once that is durable."""
    wrong = checked(context, command.amount) or checked_bank_account(command.bank_account)
    if wrong is not None:
        return wrong
    me, market = context.me, context.market
    counted = uses(market, me.id, me.level, PAID_OUT, command.amount, context.day)
    if isinstance(counted, Refused):
        return counted
    cost = price(market, NAME, command.amount, context.day, me)
    bank = context.sealed["bank_account"]
    order = Order(
        command.id,
        NAME,
        market.code,
        State.HELD,
        me.id,
        None,
        me.account,
        float_account(market.code, market.rail, market.currency),
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        deadline_at=first_ask(context.now),
        data={
            MARK: context.mark,
            **cost.data,
            **held_data(TRADE, market.rail, bank, context.now),
        },
    )
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order, Action.HOLD),
            counted,
            (event(order, "withdrawal.held", context.now, command.id),),
        ),
        operation(context, command, NAME, command.amount, bank_account=bank.hashed),
    )
