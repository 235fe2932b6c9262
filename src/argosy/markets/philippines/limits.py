"""What the law and the operator allow in the Philippines: levels, balances and limits, dated and cited.

Amounts are centavos. The law bounds what is loaded in a month; balances are the operator's, after the
largest wallet there. Sources are the headings of sources.md.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from argosy.base.markets import Cap, Fact, Level, LimitRule, Standing

T = TypeVar("T")

LOAD_2009 = date(2009, 3, 9)
EMI_2023 = date(2023, 3, 2)
HOUSE = date(2023, 3, 2)

BASIC = "basic"
VERIFIED = "verified"
LINKED = "linked"
MERCHANT = "merchant"
AGENT = "agent"

NO = Cap(allowed=False)
NO_BOUND = Cap()


def php(pesos: int) -> int:
    """Whole pesos as centavos."""
    return pesos * 100


def _practice(level: str, key: str, cap: Cap, since: date = HOUSE) -> LimitRule:
    fact = Fact(cap, since, "gcash-practice", standing=Standing.PRACTICE)
    return LimitRule(key, level, fact)


def _house(level: str, key: str, cap: Cap, source: str = "house-limits") -> LimitRule:
    return LimitRule(key, level, Fact(cap, HOUSE, source, standing=Standing.PRACTICE))


def _law(level: str, key: str, cap: Cap, since: date, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, since, source))


def _unverified(level: str, key: str, cap: Cap, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, EMI_2023, source, standing=Standing.UNVERIFIED))


def _balance(value: int | None, source: str) -> tuple[Fact[int | None], ...]:
    return (Fact(value, HOUSE, source, standing=Standing.PRACTICE),)


def _reviewed(value: bool) -> tuple[Fact[bool], ...]:
    return (Fact(value, HOUSE, "house-review", standing=Standing.PRACTICE),)


def _agents(value: T, source: str = "house-agents") -> Fact[T]:
    return Fact(value, HOUSE, source, standing=Standing.PRACTICE)


LEVELS = (
    Level(BASIC, 1, ("phone",), _balance(php(50_000), "gcash-practice")),
    Level(
        VERIFIED,
        2,
        ("phone", "id_document", "face"),
        _balance(php(100_000), "gcash-practice"),
        reviewed=_reviewed(True),
    ),
    Level(
        LINKED,
        3,
        ("phone", "id_document", "face", "bank_account"),
        _balance(php(500_000), "gcash-practice"),
        reviewed=_reviewed(False),
    ),
    Level(
        MERCHANT,
        10,
        ("phone", "business"),
        _balance(None, "house-merchants"),
        parties=("merchant",),
    ),
    Level(
        AGENT,
        11,
        ("phone", "id_document", "business"),
        (_agents(php(500_000)),),
        parties=("agent",),
        reviewed=(_agents(True),),
    ),
)

SMALL_MONTH = Cap(month_minor_max=php(10_000))
LOAD = Cap(month_minor_max=php(100_000))
MORE_LOAD = Cap(month_minor_max=php(500_000))
DAY_OUT = Cap(day_minor_max=php(100_000))
INSTAPAY = Cap(payment_minor_max=php(50_000), day_minor_max=php(100_000))
CASH = Cap(payment_minor_max=php(10_000), day_minor_max=php(40_000))
FREE_KEYS = ("pay", "receive", "request", "top_up", "cash_in")

LIMITS = (
    # The law's hundred thousand a month is over all that a holder has; a basic wallet takes less.
    _practice(BASIC, "load", SMALL_MONTH),
    _law(VERIFIED, "load", LOAD, LOAD_2009, "load-limit"),
    # More, where the central bank approved it: of linked wallets it did.
    _practice(LINKED, "load", MORE_LOAD),
    # A wallet with a phone alone pays shops.
    *(_practice(BASIC, key, NO_BOUND) for key in FREE_KEYS),
    _practice(BASIC, "spend", SMALL_MONTH),
    _practice(BASIC, "send", NO),
    _practice(BASIC, "withdraw", NO),
    _practice(BASIC, "cash_out", NO),
    *(_practice(level, key, NO_BOUND) for level in (VERIFIED, LINKED) for key in FREE_KEYS),
    *(_practice(level, "send", DAY_OUT) for level in (VERIFIED, LINKED)),
    *(_unverified(level, "withdraw", INSTAPAY, "instapay") for level in (VERIFIED, LINKED)),
    *(_house(level, "cash_out", CASH) for level in (VERIFIED, LINKED)),
    # A merchant is paid, pays back, and takes the rest to its bank.
    _house(MERCHANT, "receive", NO_BOUND, "house-merchants"),
    _unverified(MERCHANT, "withdraw", Cap(payment_minor_max=php(50_000)), "instapay"),
    _house(MERCHANT, "top_up", Cap(month_minor_max=php(100_000)), "house-merchants"),
    *(
        _house(MERCHANT, key, NO, "house-merchants")
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
    # An agent's float is filled from its bank, goes out as cash at the counter, and back to its bank.
    *(LimitRule(key, AGENT, _agents(NO_BOUND)) for key in ("receive", "top_up", "withdraw")),
    *(
        LimitRule(key, AGENT, _agents(Cap(day_minor_max=php(300_000))))
        for key in ("agent_cash_in", "agent_cash_out")
    ),
    *(
        LimitRule(key, AGENT, _agents(NO))
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
)

PRESENTED = (_agents(php(500), "house-presented"),)
