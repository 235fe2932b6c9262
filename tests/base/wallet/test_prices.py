"""Prices and their splits: whole minor units, and nothing lost on the way."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume
from hypothesis import given as drawn
from hypothesis import strategies as st

from argosy.base.markets import Fee, Rounding
from argosy.base.money import AMOUNT_MINOR_MAX
from argosy.base.refusals import Bug
from argosy.base.wallet.prices import divide, fee_minor, give_back, split

amounts = st.one_of(st.integers(1, 100), st.integers(1, AMOUNT_MINOR_MAX))
fees = st.builds(
    Fee,
    basis_points=st.integers(0, 10_000),
    flat_minor=st.integers(0, 10_000),
    minor_min=st.integers(0, 500),
    minor_max=st.none() | st.integers(500, 100_000),
    paid_by=st.sampled_from(["payer", "payee"]),
    rounding=st.sampled_from(Rounding),
)
shares = st.dictionaries(
    st.sampled_from(["fees", "scheme", "bank", "remainder"]), st.integers(0, 1000), min_size=1
).filter(lambda weights: sum(weights.values()) > 0)

PRICES = """
amount  bps  flat  min  max  by     rounding   price
   100   100    0    0    -  payer  down           1
    99   100    0    0    -  payer  down           0
    99   100    0    0    -  payer  up             1
     1   100    0    0    -  payee  up             1
     1     0    0    5    -  payee  down           1
     1     0    0    5    -  payer  down           5
 10000   250    0    0    -  payee  down         250
 10000   250  300    0    -  payee  down         550
 10000   250    0    0  100  payee  down         100
   150   100    0    0    -  payer  half_even      2
   250   100    0    0    -  payer  half_even      2
   251   100    0    0    -  payer  half_even      3
"""


@pytest.mark.parametrize("row", PRICES.strip().splitlines()[1:])
def test_prices(row: str) -> None:
    amount, points, flat, least, most, by, rounding, price = row.split()
    fee = Fee(
        basis_points=int(points),
        flat_minor=int(flat),
        minor_min=int(least),
        minor_max=None if most == "-" else int(most),
        paid_by=by,
        rounding=Rounding(rounding),
    )
    assert fee_minor(int(amount), fee) == int(price)


@drawn(amounts, fees)
def test_a_price_is_never_negative_and_never_eats_more_than_the_payee_gets(
    amount: int, fee: Fee
) -> None:
    price = fee_minor(amount, fee)
    assert price >= 0
    if fee.paid_by == "payee":
        assert price <= amount
    if fee.minor_max is not None:
        assert price <= fee.minor_max


@drawn(st.integers(0, 10**19), st.integers(1, 10**6), st.sampled_from(Rounding))
def test_rounding_is_exact_and_off_by_less_than_one(
    dividend: int, divisor: int, rounding: Rounding
) -> None:
    exact, whole = Fraction(dividend, divisor), divide(dividend, divisor, rounding)
    if rounding is Rounding.DOWN:
        assert 0 <= exact - whole < 1
    elif rounding is Rounding.UP:
        assert 0 <= whole - exact < 1
    else:
        assert whole == round(exact)


@drawn(st.integers(0, AMOUNT_MINOR_MAX), shares)
def test_the_parts_add_up_exactly_and_none_is_negative(minor: int, weights: dict[str, int]) -> None:
    parts = split(minor, weights)
    assert sum(parts.values()) == minor
    assert all(part > 0 for part in parts.values())


@drawn(st.integers(0, AMOUNT_MINOR_MAX), shares)
def test_the_remainder_is_less_than_one_unit_a_share(minor: int, weights: dict[str, int]) -> None:
    parts = split(minor, weights)
    own = minor * weights.get("remainder", 0) // sum(weights.values())
    assert 0 <= parts.get("remainder", 0) - own < len(weights)


@drawn(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 500), min_size=1),
    st.lists(st.integers(1, 300), min_size=1, max_size=12),
)
def test_what_goes_back_in_steps_goes_back_whole(parts: dict[str, int], steps: list[int]) -> None:
    """And at no time more than was refunded, nor less than the bearer needs to refund."""
    amount, fee = sum(steps), sum(parts.values())
    assume(fee <= amount)
    given: dict[str, int] = {}
    done = 0
    for step in steps:
        done += step
        back = give_back(parts, given, done, amount)
        assert all(minor > 0 for minor in back.values())
        given = {name: given.get(name, 0) + back.get(name, 0) for name in parts}
        assert sum(given.values()) <= done
        assert amount - fee + sum(given.values()) >= done
    assert given == parts


def test_a_split_without_weight_is_a_bug() -> None:
    with pytest.raises(Bug):
        split(5, {"fees": 0})
