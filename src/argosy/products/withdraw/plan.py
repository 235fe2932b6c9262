"""The plan of a withdrawal: the money is reserved before the bank is asked to pay it out."""

from __future__ import annotations

from argosy.base.orders.banking import REDEEM, BankTrade, plan_held
from argosy.base.ports import Direction
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import SPEND
from argosy.products.withdraw.facts import Redeem, Withdraw

NAME = "withdraw"
TRADE = BankTrade(NAME, "withdrawal", Direction.PAY_OUT, (NAME, SPEND))

AT_PAR = BankTrade(NAME, "withdrawal", Direction.PAY_OUT, (REDEEM,), at_par=True)


def plan_withdraw(command: Withdraw, context: Context) -> Plan | Refused:
    """Hold the amount and its price in the wallet; the bank is asked once that is durable."""
    return plan_held(TRADE, command, context)


def plan_redeem(command: Redeem, context: Context) -> Plan | Refused:
    """Hold the amount, at no price; levels that may not withdraw may still do this."""
    return plan_held(AT_PAR, command, context)
