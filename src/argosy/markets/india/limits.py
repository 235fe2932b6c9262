"""What the law and the operator allow in India: levels, balances and limits, dated and cited.

Amounts are paise. Sources are the headings of sources.md. A figure that changes is added with its day;
the old one stays.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from argosy.base.markets import Cap, Fact, Level, LimitRule, Standing

T = TypeVar("T")

PPI_2017 = date(2017, 10, 11)
CASH_2021 = date(2021, 5, 19)
PPI_2021 = date(2021, 8, 27)
DRAFT_2026 = date(2026, 4, 22)
HOUSE = date(2021, 8, 27)

SMALL = "small"
FULL = "full"
MERCHANT = "merchant"
AGENT = "agent"

NO = Cap(allowed=False)
NO_BOUND = Cap()


def inr(rupees: int) -> int:
    """Whole rupees as paise."""
    return rupees * 100


def _agents(value: T, source: str = "house-agents") -> Fact[T]:
    return Fact(value, HOUSE, source, standing=Standing.PRACTICE)


LEVELS = (
    Level(
        SMALL,
        1,
        ("phone",),
        (Fact(inr(10_000), PPI_2021, "small-ppi"),),
    ),
    Level(
        FULL,
        2,
        ("phone", "id_document"),
        (
            Fact(inr(100_000), PPI_2017, "full-kyc-2017"),
            Fact(inr(200_000), CASH_2021, "full-kyc-2021"),
        ),
        reviewed=(Fact(True, PPI_2021, "house-review", standing=Standing.PRACTICE),),
    ),
    Level(
        MERCHANT,
        10,
        ("phone", "business"),
        (Fact(None, HOUSE, "house-merchants", standing=Standing.PRACTICE),),
        parties=("merchant",),
    ),
    Level(
        AGENT,
        11,
        ("phone", "id_document", "business"),
        (_agents(inr(500_000)),),
        parties=("agent",),
        reviewed=(_agents(True),),
    ),
)


def _law(level: str, key: str, cap: Cap, since: date, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, since, source))


def _unverified(level: str, key: str, cap: Cap, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, PPI_2021, source, standing=Standing.UNVERIFIED))


def _draft(level: str, key: str, cap: Cap) -> LimitRule:
    return LimitRule(key, level, Fact(cap, DRAFT_2026, "draft-2026", standing=Standing.DRAFT))


def _house(level: str, key: str, cap: Cap, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, HOUSE, source, standing=Standing.PRACTICE))


SMALL_LOAD = Cap(month_minor_max=inr(10_000), year_minor_max=inr(120_000))

LIMITS = (
    # A small wallet pays merchants and nobody else, and is never loaded with cash.
    _law(SMALL, "load", SMALL_LOAD, PPI_2021, "small-ppi"),
    _law(SMALL, "top_up", SMALL_LOAD, PPI_2021, "small-ppi"),
    _law(SMALL, "receive", SMALL_LOAD, PPI_2021, "small-ppi"),
    _law(SMALL, "send", NO, PPI_2021, "small-ppi"),
    _law(SMALL, "request", NO, PPI_2021, "small-ppi"),
    _law(SMALL, "withdraw", NO, PPI_2021, "small-ppi"),
    _law(SMALL, "cash_out", NO, PPI_2021, "small-ppi"),
    _house(SMALL, "cash_in", NO, "house-no-cash-loading"),
    _law(SMALL, "pay", NO_BOUND, PPI_2021, "small-ppi"),
    # Full KYC: the balance is the bound of what comes in, but for cash.
    _law(FULL, "top_up", NO_BOUND, PPI_2021, "full-kyc-2021"),
    _law(FULL, "pay", NO_BOUND, PPI_2021, "full-kyc-2021"),
    _law(FULL, "receive", NO_BOUND, PPI_2021, "full-kyc-2021"),
    _law(FULL, "request", NO_BOUND, PPI_2021, "full-kyc-2021"),
    _law(FULL, "cash_in", Cap(month_minor_max=inr(50_000)), PPI_2021, "cash-loading"),
    _law(
        FULL,
        "cash_out",
        Cap(payment_minor_max=inr(2_000), month_minor_max=inr(10_000)),
        CASH_2021,
        "full-kyc-2021",
    ),
    _unverified(FULL, "send", Cap(month_minor_max=inr(10_000)), "transfers"),
    _unverified(FULL, "withdraw", Cap(month_minor_max=inr(200_000)), "transfers"),
    _draft(FULL, "spend", Cap(month_minor_max=inr(200_000))),
    _draft(FULL, "send", Cap(month_minor_max=inr(25_000))),
    _draft(FULL, "cash_in", Cap(month_minor_max=inr(10_000))),
    # A merchant is paid, pays back, and takes the rest to its bank.
    _house(MERCHANT, "receive", NO_BOUND, "house-merchants"),
    _house(MERCHANT, "withdraw", Cap(day_minor_max=inr(1_000_000)), "house-merchants"),
    _house(MERCHANT, "top_up", Cap(month_minor_max=inr(200_000)), "house-merchants"),
    _house(MERCHANT, "send", NO, "house-merchants"),
    _house(MERCHANT, "request", NO, "house-merchants"),
    _house(MERCHANT, "pay", NO, "house-merchants"),
    _house(MERCHANT, "cash_in", NO, "house-merchants"),
    _house(MERCHANT, "cash_out", NO, "house-merchants"),
    # An agent's float is filled from its bank, goes out as cash at the counter, and back to its bank.
    *(LimitRule(key, AGENT, _agents(NO_BOUND)) for key in ("receive", "top_up", "withdraw")),
    *(
        LimitRule(key, AGENT, _agents(Cap(day_minor_max=inr(200_000))))
        for key in ("agent_cash_in", "agent_cash_out")
    ),
    *(
        LimitRule(key, AGENT, _agents(NO))
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
)

PRESENTED = (_agents(inr(100), "house-presented"),)
