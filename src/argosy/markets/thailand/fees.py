"""What things cost in Thailand. All of it is the operator's choice; PromptPay is free for people."""

from __future__ import annotations

from datetime import date

from argosy.base.markets import Fact, Fee, FeeRule, Rounding, Standing

OPENING = date(2024, 1, 1)
AGENTS = date(2026, 11, 22)

FREE = Fee()
LARGE = Fee(
    basis_points=80,
    paid_by="payee",
    rounding=Rounding.HALF_EVEN,
    shares={"fees": 3, "acquiring": 1},
)
CASH_OUT = Fee(flat_minor=15_00)

AGENT_IN = Fee(basis_points=20, minor_min=2_00, minor_max=30_00)
AGENT_OUT = Fee(flat_minor=10_00)


def _price(product: str, fee: Fee, payee_class: str | None = None) -> FeeRule:
    fact = Fact(fee, OPENING, "house-prices", standing=Standing.PRACTICE)
    return FeeRule(product, fact, payee_class)


def _earned(product: str, fee: Fee) -> FeeRule:
    fact = Fact(fee, AGENTS, "house-agents", standing=Standing.PRACTICE)
    return FeeRule(f"{product}.commission", fact)


FEES = (
    _price("pay", FREE),
    _price("pay", FREE, "small"),
    _price("pay", LARGE, "large"),
    _price("send", FREE),
    _price("request", FREE),
    _price("top_up", FREE),
    _price("cash_in", FREE),
    _price("withdraw", FREE),
    _price("cash_out", CASH_OUT),
    _earned("cash_in", AGENT_IN),
    _earned("cash_out", AGENT_OUT),
)
