"""Which account is whose: the id of an account follows from what it is, so nobody has to look it up.

A party has one wallet account, in its market's currency. The operator has a few system accounts in
each market; each is a real account, and there is no empty field that means "us".
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from argosy.base.ids import named
from argosy.base.ledger.facts import Account, Side
from argosy.base.markets import Market
from argosy.base.parties.facts import main_account

FEES = "fees"
REMAINDER = "remainder"
UNCLAIMED = "unclaimed"
SUSPENSE = "suspense"
OPENING = "opening"
ADVANCES = "advances"


def system_account(market: str, name: str, currency: str) -> UUID:
    """The id of the operator's account `name` in `market`, e.g. `fees` or `float.simulator`."""
    return named(market, "system", name, currency)


def float_account(market: str, rail: str, currency: str) -> UUID:
    """The id of the account that stands for our money at the bank behind `rail`."""
    return system_account(market, f"float.{rail}", currency)


def open_wallet(party: UUID, market: Market, level: str, day: date) -> Account:
    """The wallet account of a party of `level` as it is to be opened: empty, never below zero, and
    with the level's balance cap as its ceiling, so that the ledger itself refuses what is over it."""
    return Account(
        main_account(party),
        market.currency,
        Side.CREDIT,
        "wallet",
        owner=party,
        floor_minor=0,
        ceiling_minor=market.balance_minor_max(level, day),
    )


def system_accounts(market: Market) -> tuple[Account, ...]:
    """Every account of the operator in `market` as it is to be opened.

    `fees` earned; `remainder` takes what rounding of splits leaves over; `unclaimed` is where money
    for a phone without a wallet waits; `float.<rail>` is what lies at that bank, `opening` what
    customers brought from elsewhere, `advances` what the operator stands in for while a bank is silent (all
    on the debit side); `suspense` is for what a human must
    place. Shares of fees that go to accounts of other names get those accounts too.
    """
    shares = {name for rule in market.fees for name in rule.fee.value.shares}
    credit = sorted({FEES, REMAINDER, SUSPENSE} | shares)
    debit = [f"float.{market.rail}", OPENING, ADVANCES]
    return (
        *(_system(market, name, Side.CREDIT, None) for name in credit),
        _system(market, UNCLAIMED, Side.CREDIT, 0),
        *(_system(market, name, Side.DEBIT, None) for name in debit),
    )


def _system(market: Market, name: str, side: Side, floor_minor: int | None) -> Account:
    return Account(
        system_account(market.code, name, market.currency),
        market.currency,
        side,
        f"system.{name}",
        floor_minor=floor_minor,
    )
