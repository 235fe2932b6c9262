"""What the law and the operator allow in Indonesia: levels, balances and limits, dated and cited.

Amounts are sen, a hundredth of a rupiah, though nobody uses less than a rupiah. The law's month begins on the
first day. Sources are the headings of sources.md.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from argosy.base.markets import Cap, Fact, Level, LimitRule, Standing

T = TypeVar("T")

EMONEY_2018 = date(2018, 5, 4)
RAISED_2022 = date(2022, 7, 1)
QRIS_2022 = date(2022, 3, 1)
BIFAST_2021 = date(2021, 12, 21)
HOUSE = date(2018, 5, 4)

UNREGISTERED = "unregistered"
REGISTERED = "registered"
MERCHANT = "merchant"
AGENT = "agent"

NO = Cap(allowed=False)
NO_BOUND = Cap()


def idr(rupiah: int) -> int:
    """Whole rupiah as sen."""
    return rupiah * 100


def _law(level: str, key: str, cap: Cap, since: date, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, since, source))


def _house(level: str, key: str, cap: Cap, source: str = "house-limits") -> LimitRule:
    return LimitRule(key, level, Fact(cap, HOUSE, source, standing=Standing.PRACTICE))


def _agents(value: T, source: str = "house-agents") -> Fact[T]:
    return Fact(value, HOUSE, source, standing=Standing.PRACTICE)


LEVELS = (
    # Without a name: a phone number or an e-mail address, whichever was proven.
    Level(
        UNREGISTERED,
        1,
        ("contact",),
        (Fact(idr(2_000_000), EMONEY_2018, "e-money-2018"),),
    ),
    Level(
        REGISTERED,
        2,
        ("contact", "id_document", "face"),
        (
            Fact(idr(10_000_000), EMONEY_2018, "e-money-2018"),
            Fact(idr(20_000_000), RAISED_2022, "e-money-2022"),
        ),
        reviewed=(Fact(True, HOUSE, "house-review", standing=Standing.PRACTICE),),
    ),
    Level(
        MERCHANT,
        10,
        ("contact", "business"),
        (Fact(None, HOUSE, "house-merchants", standing=Standing.PRACTICE),),
        parties=("merchant",),
    ),
    Level(
        AGENT,
        11,
        ("contact", "id_document", "business"),
        (_agents(idr(100_000_000)),),
        parties=("agent",),
        reviewed=(_agents(True),),
    ),
)

SMALL_MONTH = Cap(month_minor_max=idr(20_000_000))
MONTH = Cap(month_minor_max=idr(40_000_000))
QRIS = Cap(payment_minor_max=idr(10_000_000))
BI_FAST = Cap(payment_minor_max=idr(250_000_000))

LIMITS = (
    # A wallet without a name pays shops; transfers and cash are for those with one.
    _law(UNREGISTERED, "load", SMALL_MONTH, EMONEY_2018, "e-money-2018"),
    *(
        _law(UNREGISTERED, key, NO, EMONEY_2018, "e-money-2018")
        for key in ("send", "withdraw", "cash_out", "request")
    ),
    *(_house(UNREGISTERED, key, NO_BOUND) for key in ("receive", "top_up", "cash_in")),
    _law(UNREGISTERED, "pay", QRIS, QRIS_2022, "qris-limit"),
    # Registered.
    _law(REGISTERED, "load", SMALL_MONTH, EMONEY_2018, "e-money-2018"),
    _law(REGISTERED, "load", MONTH, RAISED_2022, "e-money-2022"),
    _law(REGISTERED, "pay", QRIS, QRIS_2022, "qris-limit"),
    _law(REGISTERED, "withdraw", BI_FAST, BIFAST_2021, "bi-fast"),
    *(
        _house(REGISTERED, key, NO_BOUND)
        for key in ("receive", "top_up", "cash_in", "send", "request")
    ),
    _house(REGISTERED, "cash_out", Cap(payment_minor_max=idr(5_000_000))),
    # A merchant is paid, pays back, and takes the rest to its bank.
    _house(MERCHANT, "receive", NO_BOUND, "house-merchants"),
    _law(MERCHANT, "withdraw", BI_FAST, BIFAST_2021, "bi-fast"),
    _house(MERCHANT, "top_up", Cap(month_minor_max=idr(40_000_000)), "house-merchants"),
    *(
        _house(MERCHANT, key, NO, "house-merchants")
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
    # An agent's float is filled from its bank, goes out as cash at the counter, and back to its bank.
    *(LimitRule(key, AGENT, _agents(NO_BOUND)) for key in ("receive", "top_up", "withdraw")),
    *(
        LimitRule(key, AGENT, _agents(Cap(day_minor_max=idr(50_000_000))))
        for key in ("agent_cash_in", "agent_cash_out")
    ),
    *(
        LimitRule(key, AGENT, _agents(NO))
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
)

PRESENTED = (_agents(idr(20_000), "house-presented"),)
