"""What things cost in the Philippines. All of it is the operator's choice."""

from __future__ import annotations

from datetime import date

from argosy.base.markets import Fact, Fee, FeeRule, Rounding, Standing

OPENING = date(2023, 3, 2)
STAGED = date(2027, 1, 1)
AGENTS = date(2026, 11, 22)

FREE = Fee()
LARGE = Fee(
    basis_points=100,
    paid_by="payee",
    rounding=Rounding.HALF_EVEN,
    shares={"fees": 3, "acquiring": 1},
)
SMALL_SHOP = Fee(basis_points=50, paid_by="payee", free_to_minor=500_00)
TO_BANK = Fee(flat_minor=15_00)
TO_BANK_2027 = Fee(flat_minor=10_00)
CASH_OUT = Fee(basis_points=150, minor_min=10_00, rounding=Rounding.UP)

AGENT_IN = Fee(basis_points=50, minor_min=1_00, minor_max=50_00)
AGENT_OUT = Fee(basis_points=100, minor_min=5_00)


def _price(
    product: str, fee: Fee, payee_class: str | None = None, since: date = OPENING
) -> FeeRule:
    fact = Fact(fee, since, "house-prices", standing=Standing.PRACTICE)
    return FeeRule(product, fact, payee_class)


def _earned(product: str, fee: Fee) -> FeeRule:
    fact = Fact(fee, AGENTS, "house-agents", standing=Standing.PRACTICE)
    return FeeRule(f"{product}.commission", fact)


FEES = (
    _price("pay", SMALL_SHOP),
    _price("pay", SMALL_SHOP, "small"),
    _price("pay", LARGE, "large"),
    _price("send", FREE),
    _price("request", FREE),
    _price("top_up", FREE),
    _price("cash_in", FREE),
    _price("withdraw", TO_BANK),
    # Announced; it takes over by itself on its day.
    _price("withdraw", TO_BANK_2027, since=STAGED),
    _price("cash_out", CASH_OUT),
    _earned("cash_in", AGENT_IN),
    _earned("cash_out", AGENT_OUT),
)
