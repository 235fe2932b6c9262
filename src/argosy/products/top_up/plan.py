"""The plan of a top-up: room in the wallet is reserved before the bank is asked.

The hold goes from our account at the bank to the wallet; nothing is credited before the bank has said
yes.
"""

from __future__ import annotations

from argosy.base.orders.banking import BankTrade, plan_held
from argosy.base.ports import Direction
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import LOAD
from argosy.products.top_up.facts import TopUp

NAME = "top_up"
TRADE = BankTrade(NAME, "top_up", Direction.COLLECT, (NAME, LOAD))


def plan_top_up(command: TopUp, context: Context) -> Plan | Refused:
    """Hold the amount towards the wallet; the bank is asked once that is durable."""
    return plan_held(TRADE, command, context)
