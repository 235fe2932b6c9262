"""What things cost in Thailand. All of it is the operator's choice; PromptPay is free for people."""

from __future__ import annotations

from datetime import date

from argosy.base.markets import Fact, Fee, FeeRule, Rounding, Standing

OPENING = date(2024, 1, 1)

FREE = Fee()
LARGE = Fee(
    basis_points=80,
    paid_by="payee",
    rounding=Rounding.HALF_EVEN,
    shares={"fees": 3, "acquiring": 1},
)
CASH_OUT = Fee(flat_minor=15_00)


def _price(product: str, fee: Fee, payee_class: str | None = None) -> FeeRule:
    fact = Fact(fee, OPENING, "house-prices", standing=Standing.PRACTICE)
    return FeeRule(product, fact, payee_class)


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
)
