"""What the law and the operator allow in Thailand: levels, balances and limits, dated and cited.

Amounts are satang. No balance cap of the central bank was found: balances are the operator's, after the
largest wallet there. Sources are the headings of sources.md.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from argosy.base.markets import Cap, Fact, Level, LimitRule, Standing

T = TypeVar("T")

HOUSE = date(2024, 1, 1)
FACE_2025 = date(2025, 8, 20)

STARTER = "starter"
BASIC = "basic"
ADVANCED = "advanced"
MERCHANT = "merchant"
AGENT = "agent"

NO = Cap(allowed=False)
NO_BOUND = Cap()


def thb(baht: int) -> int:
    """Whole baht as satang."""
    return baht * 100


def _house(level: str, key: str, cap: Cap, source: str = "house-limits") -> LimitRule:
    return LimitRule(key, level, Fact(cap, HOUSE, source, standing=Standing.PRACTICE))


def _law(level: str, key: str, cap: Cap, since: date, source: str) -> LimitRule:
    return LimitRule(key, level, Fact(cap, since, source))


def _practice(value: int | None, source: str) -> tuple[Fact[int | None], ...]:
    return (Fact(value, HOUSE, source, standing=Standing.PRACTICE),)


def _agents(value: T, source: str = "house-agents") -> Fact[T]:
    return Fact(value, HOUSE, source, standing=Standing.PRACTICE)


LEVELS = (
    Level(
        STARTER,
        1,
        ("phone",),
        _practice(thb(20_000), "house-limits"),
    ),
    Level(
        BASIC,
        2,
        ("phone", "id_document"),
        _practice(thb(200_000), "truemoney-practice"),
        reviewed=(Fact(False, HOUSE, "house-review", standing=Standing.PRACTICE),),
    ),
    Level(
        ADVANCED,
        3,
        ("phone", "id_document", "face"),
        _practice(thb(2_000_000), "truemoney-practice"),
        reviewed=(Fact(True, HOUSE, "house-review", standing=Standing.PRACTICE),),
    ),
    Level(
        MERCHANT,
        10,
        ("phone", "business"),
        _practice(None, "house-merchants"),
        parties=("merchant",),
    ),
    Level(
        AGENT,
        11,
        ("phone", "id_document", "business"),
        (_agents(thb(500_000)),),
        parties=("agent",),
        reviewed=(_agents(True),),
    ),
)

SMALL_OUT = Cap(payment_minor_max=thb(2_000), day_minor_max=thb(5_000))
MONTH_OUT = Cap(month_minor_max=thb(500_000))
# Who has not shown a face may not send more; from that day on it is the stricter of the two.
NO_FACE = Cap(
    payment_minor_max=thb(50_000), day_minor_max=thb(200_000), month_minor_max=thb(500_000)
)
DAY_OUT = Cap(day_minor_max=thb(2_000_000))
CASH = Cap(payment_minor_max=thb(5_000), day_minor_max=thb(20_000))

LIMITS = (
    # A wallet with a phone alone: shops, and small sums to friends.
    *(_house(STARTER, key, NO_BOUND) for key in ("pay", "receive", "request", "top_up")),
    _house(STARTER, "load", Cap(month_minor_max=thb(50_000))),
    _house(STARTER, "send", SMALL_OUT),
    _house(STARTER, "withdraw", NO),
    _house(STARTER, "cash_in", Cap(month_minor_max=thb(30_000))),
    _house(STARTER, "cash_out", NO),
    # With an identity card.
    *(
        _house(BASIC, key, NO_BOUND, "truemoney-practice")
        for key in ("pay", "receive", "request", "top_up")
    ),
    *(_house(BASIC, key, MONTH_OUT, "truemoney-practice") for key in ("send", "withdraw")),
    *(_law(BASIC, key, NO_FACE, FACE_2025, "bot-face-check") for key in ("send", "withdraw")),
    _house(BASIC, "cash_in", Cap(month_minor_max=thb(100_000))),
    _house(BASIC, "cash_out", CASH),
    # With a face beside it.
    *(
        _house(ADVANCED, key, NO_BOUND, "truemoney-practice")
        for key in ("pay", "receive", "request", "top_up")
    ),
    *(_house(ADVANCED, key, DAY_OUT, "truemoney-practice") for key in ("send", "withdraw")),
    _house(ADVANCED, "cash_in", Cap(month_minor_max=thb(500_000))),
    _house(ADVANCED, "cash_out", CASH),
    # A merchant is paid, pays back, and takes the rest to its bank.
    _house(MERCHANT, "receive", NO_BOUND, "house-merchants"),
    _house(MERCHANT, "withdraw", Cap(day_minor_max=thb(2_000_000)), "house-merchants"),
    _house(MERCHANT, "top_up", Cap(month_minor_max=thb(200_000)), "house-merchants"),
    *(
        _house(MERCHANT, key, NO, "house-merchants")
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
    # An agent's float is filled from its bank, goes out as cash at the counter, and back to its bank.
    *(LimitRule(key, AGENT, _agents(NO_BOUND)) for key in ("receive", "top_up", "withdraw")),
    *(
        LimitRule(key, AGENT, _agents(Cap(day_minor_max=thb(500_000))))
        for key in ("agent_cash_in", "agent_cash_out")
    ),
    *(
        LimitRule(key, AGENT, _agents(NO))
        for key in ("send", "request", "pay", "cash_in", "cash_out")
    ),
)

PRESENTED = (_agents(thb(200), "house-presented"),)
