"""What things cost in India. All of it is the operator's choice; small merchants pay nothing."""

from __future__ import annotations

from datetime import date

from argosy.base.markets import Fact, Fee, FeeRule, Rounding, Standing

OPENING = date(2021, 8, 27)

SMALL_SHOP = "small"
LARGE_SHOP = "large"

FREE = Fee()
LARGE = Fee(
    basis_points=40,
    paid_by="payee",
    rounding=Rounding.HALF_EVEN,
    shares={"fees": 3, "acquiring": 1},
)
WITHDRAWAL = Fee(flat_minor=5_00)
AGENT_IN = Fee(basis_points=20, minor_min=1_00, minor_max=50_00)
AGENT_OUT = Fee(basis_points=30, minor_min=2_00, minor_max=50_00)
CASH_OUT = Fee(basis_points=50, minor_min=5_00, rounding=Rounding.UP)


def _price(product: str, fee: Fee, payee_class: str | None = None) -> FeeRule:
    fact = Fact(fee, OPENING, "house-prices", standing=Standing.PRACTICE)
    return FeeRule(product, fact, payee_class)


FEES = (
    _price("pay", FREE),
    _price("pay", FREE, SMALL_SHOP),
    _price("pay", LARGE, LARGE_SHOP),
    _price("send", FREE),
    _price("request", FREE),
    _price("top_up", FREE),
    _price("cash_in", FREE),
    _price("withdraw", WITHDRAWAL),
    _price("cash_out", CASH_OUT),
    _price("cash_in.commission", AGENT_IN),
    _price("cash_out.commission", AGENT_OUT),
)
