"""Limits: what is counted against what, by level and by the market's own calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy.base.clock import local_day
from argosy.base.markets import Cap, Fact, LimitRule
from argosy.base.money import Money
from argosy.base.postings import LimitUse
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import give_back, uses
from tests.products.trade import LONG_AGO, limit, market, new_id

WHO = new_id()

# what a party of a level does by a key    | answer: refusal, or what is counted and up to where
COUNTING = """
full   send      100.00 | send 10000 day<=10000000
full   send    50000.01 | limit_payment
full   spend     100.00 | spend 10000 count<=100 month<=20000000
full   receive   100.00 | -
small  send        0.01 | level_not_allowed
small  receive  5000.00 | -
small  receive  5000.01 | limit_payment
small  top_up    100.00 | top_up 10000 month<=1000000 year<=12000000
"""


@pytest.mark.parametrize("row", COUNTING.strip().splitlines())
def test_counting(row: str) -> None:
    asked, _, answer = row.partition("|")
    level, key, amount = asked.split()
    money = Money(int(amount.replace(".", "")), "INR")
    said = uses(market(), WHO, level, (key,), money, date(2026, 11, 22))
    assert told(said) == answer.strip()


def told(said: tuple[LimitUse, ...] | Refused) -> str:
    if isinstance(said, Refused):
        return said.code
    bounds = ("day", "day_minor_max"), ("count", "day_count_max"), ("month", "month_minor_max")
    words = []
    for use in said:
        words += [use.key, str(use.minor)]
        for name, bound in (*bounds, ("year", "year_minor_max")):
            if getattr(use, bound) is not None:
                words.append(f"{name}<={getattr(use, bound)}")
    return " ".join(words) or "-"


def test_of_two_rules_the_stricter_bound_holds() -> None:
    rules = (limit("pay", "full", day_minor_max=500), limit("pay", "full", day_minor_max=300))
    said = uses(market(limits=rules), WHO, "full", ("pay",), Money(1, "INR"), date(2026, 11, 22))
    assert told(said) == "pay 1 day<=300"


def test_a_later_law_takes_over_on_its_day_and_the_old_one_can_be_recomputed() -> None:
    later = LimitRule("pay", "full", Fact(Cap(day_minor_max=200), date(2026, 12, 1), "tests"))
    law = market(limits=(limit("pay", "full", day_minor_max=900), later))
    on = {
        day: told(uses(law, WHO, "full", ("pay",), Money(1, "INR"), day))
        for day in (date(2026, 11, 30), date(2026, 12, 1))
    }
    assert list(on.values()) == ["pay 1 day<=900", "pay 1 day<=200"]


@pytest.mark.parametrize(
    "zone, day",
    [
        ("Asia/Kolkata", date(2027, 1, 1)),
        ("America/New_York", date(2026, 12, 31)),
        ("UTC", date(2026, 12, 31)),
    ],
)
def test_windows_are_those_of_the_market(zone: str, day: date) -> None:
    """Half past eight in the evening of the last day of the year, in UTC."""
    at = datetime(2026, 12, 31, 20, 30, tzinfo=UTC)
    there = replace(market(), zone=zone)
    said = uses(there, WHO, "full", ("spend",), Money(1, "INR"), local_day(at, zone))
    assert isinstance(said, tuple)
    (use,) = said
    assert (use.day, use.month, use.year) == (day, day.replace(day=1), date(day.year, 1, 1))


@given(st.integers(1, 10**12), st.dates(LONG_AGO))
def test_what_is_given_back_undoes_what_was_counted(minor: int, day: date) -> None:
    rules = (limit("pay", "full", day_minor_max=1), limit("spend", "full", month_count_max=1))
    said = uses(market(limits=rules), WHO, "full", ("pay", "spend"), Money(minor, "INR"), day)
    assert isinstance(said, tuple)
    for taken, given_back in zip(said, give_back(said), strict=True):
        assert taken.minor + given_back.minor == 0
        assert taken.count + given_back.count == 0
        assert (taken.party, taken.key, taken.day, taken.month, taken.year) == (
            given_back.party,
            given_back.key,
            given_back.day,
            given_back.month,
            given_back.year,
        )
        assert given_back.day_minor_max is None
