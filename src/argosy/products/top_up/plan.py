"""The plan of a top-up: room in the wallet is reserved before the bank is asked.

The hold goes from our account at the bank to the wallet, so the ledger itself refuses what would lift
the balance over its cap; nothing is credited before the bank has said yes.
"""

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
from argosy.base.wallet.limits import LOAD, uses
from argosy.products.top_up.facts import TopUp

NAME = "top_up"
TRADE = BankTrade(NAME, "top_up", Direction.COLLECT)
TAKEN = (NAME, LOAD)


def plan_top_up(command: TopUp, context: Context) -> Plan | Refused:
    """Hold the amount towards the wallet; the bank is asked once that is durable."""
    wrong = checked(context, command.amount) or checked_bank_account(command.bank_account)
    if wrong is not None:
        return wrong
    me, market = context.me, context.market
    counted = uses(market, me.id, me.level, TAKEN, command.amount, context.day)
    if isinstance(counted, Refused):
        return counted
    cost = price(market, NAME, command.amount, context.day, me)
    bank = context.sealed["bank_account"]
    order = Order(
        command.id,
        NAME,
        market.code,
        State.HELD,
        None,
        me.id,
        float_account(market.code, market.rail, market.currency),
        me.account,
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
            (event(order, "top_up.held", context.now, command.id),),
        ),
        operation(context, command, NAME, command.amount, bank_account=bank.hashed),
    )
