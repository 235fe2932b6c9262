"""How the console writes amounts and moments, and what it says where words are missing."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from argosy.base.refusals import Refused
from argosy.management.console.saying import Sayings, spoken_money, spoken_time
from argosy.management.staff.facts import StaffReason


@pytest.mark.parametrize(
    "minor,currency,language,said",
    [
        (120_050, "INR", "en", "₹1,200.50"),
        (-5, "INR", "en", "-₹0.05"),
        (1_200, "JPY", "en", "¥1,200"),
        (1_234, "KWD", "en", "KWD1.234"),
        (10**15, "IDR", "zh", "IDR10,000,000,000,000.00"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(minor, currency, language, said):
    assert spoken_money(minor, currency, language).replace("\xa0", "") == said


def test_moments_are_those_of_the_clock_on_the_wall():
    at = datetime(2026, 11, 22, 20, 0, 5, tzinfo=UTC)
    assert spoken_time(at, ZoneInfo("Asia/Kolkata")) == "2026-11-23 01:30"
    assert spoken_time(at, ZoneInfo("UTC"), seconds=True) == "2026-11-22 20:00:05"


def test_english_stands_in_and_the_key_where_nobody_says_it(tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "en.toml").write_text('[a]\nb = "Hello {name}"\n')
    sayings = Sayings(tmp_path)
    assert sayings.say("a.b", "zh", name="Meera") == "Hello Meera"
    assert sayings.say("a.c", "zh") == "a.c"
    assert sayings.word("a.c", "zh", "otherwise") == "otherwise"


def test_every_refusal_says_something_and_facts_that_are_missing_are_empty():
    sayings = Sayings()
    for reason in StaffReason:
        assert sayings.refusal(Refused(reason), "zh") != ""
    said = sayings.refusal(Refused(StaffReason.SIGN_IN_WAIT, {"wait_seconds": 7}), "en")
    assert "7 seconds" in said
    assert "{" not in sayings.refusal(Refused(StaffReason.SIGN_IN_WAIT), "en")
