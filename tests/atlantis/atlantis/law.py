"""The law of Atlantis. Amounts are thousandths of a dinar."""

from __future__ import annotations

from datetime import date

from argosy.base.markets import Cap, Fact, Fee, FeeRule, Level, LimitRule, Rounding, Standing

TIDES = date(2020, 2, 29)
HIGH_WATER = date(2027, 1, 1)  # passed, and in force from that day
STORM = date(2026, 6, 1)  # a draft

LEVELS = (
    Level(
        "shore",
        1,
        ("email",),
        (
            Fact(100_000, TIDES, "law-of-tides", until=HIGH_WATER),
            Fact(250_000, HIGH_WATER, "law-of-high-water"),
        ),
    ),
    Level(
        "deep",
        2,
        ("email", "face"),
        (Fact(None, TIDES, "law-of-tides"),),
        parties=("customer", "merchant", "agent"),
    ),
)

_OPEN = ("pay", "request", "top_up", "receive", "cash_in")


def _law(key: str, level: str, cap: Cap) -> LimitRule:
    return LimitRule(key, level, Fact(cap, TIDES, "law-of-tides"))


LIMITS = (
    *(_law(key, level, Cap()) for key in _OPEN for level in ("shore", "deep")),
    _law("send", "shore", Cap(payment_minor_max=20_000, day_minor_max=50_000, day_count_max=5)),
    _law("withdraw", "shore", Cap(day_minor_max=50_000)),
    _law("cash_out", "shore", Cap(allowed=False)),
    _law("send", "deep", Cap()),
    _law("withdraw", "deep", Cap()),
    _law("cash_out", "deep", Cap(day_minor_max=100_000)),
    LimitRule(
        "send",
        "shore",
        Fact(Cap(allowed=False), STORM, "storm-draft", standing=Standing.DRAFT),
    ),
)

FEES = tuple(
    FeeRule(product, Fact(fee, TIDES, "harbour", standing=Standing.PRACTICE))
    for product, fee in (
        ("pay", Fee(basis_points=125, paid_by="payee", shares={"fees": 2, "lighthouse": 1})),
        ("send", Fee(flat_minor=1)),
        ("top_up", Fee()),
        ("withdraw", Fee(basis_points=10, minor_min=50, minor_max=2_000, rounding=Rounding.UP)),
    )
)
