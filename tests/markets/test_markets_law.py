"""Thailand, the Philippines and Indonesia: what holds on which day, the clock moved across each change;
prices by class of shop; days, reports and tax numbers.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.clock import SetClock, local_day
from argosy.base.duties import Calendar
from argosy.base.markets import Cap, DecodedCode, Fact, Market, PayCode, Standing
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import strictest
from argosy.base.wallet.prices import fee_minor
from argosy.markets import load
from argosy.markets.check import every_fact

MARKETS = load()
INDIA, THAILAND = MARKETS["india"], MARKETS["thailand"]
PHILIPPINES, INDONESIA = MARKETS["philippines"], MARKETS["indonesia"]
TODAY = date(2026, 11, 22)
NAME = st.text(st.characters(exclude_categories=("C",)), max_size=40)  # as names are kept
ORDER = "019aa0b3-1111-7abc-8def-0123456789ab"


def idr(rupiah: int) -> int:
    return rupiah * 100


# --- the clock moves across a change --------------------------------------------------------------


def test_who_shows_no_face_may_send_less_from_the_day_of_the_rule() -> None:
    clock = SetClock(datetime(2025, 8, 19, 16, 59, 59, tzinfo=UTC))  # 23:59:59 in Bangkok

    def cap() -> Cap:
        day = local_day(clock.now(), THAILAND.zone)
        return strictest(THAILAND.caps("send", "basic", day))

    assert cap() == Cap(month_minor_max=500_000_00)
    clock.advance(seconds=1)
    assert cap() == Cap(
        payment_minor_max=50_000_00, day_minor_max=200_000_00, month_minor_max=500_000_00
    )
    assert strictest(THAILAND.caps("send", "advanced", TODAY)).payment_minor_max is None


def test_a_price_that_is_announced_takes_over_at_midnight_in_manila() -> None:
    clock = SetClock(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC))
    assert PHILIPPINES.fee("withdraw", local_day(clock.now(), PHILIPPINES.zone)).flat_minor == 1500
    clock.advance(seconds=1)
    assert PHILIPPINES.fee("withdraw", local_day(clock.now(), PHILIPPINES.zone)).flat_minor == 1000


@pytest.mark.parametrize(
    "day, hold, month",
    [
        (date(2018, 5, 3), 0, None),
        (date(2018, 5, 4), idr(10_000_000), idr(20_000_000)),
        (date(2022, 6, 30), idr(10_000_000), idr(20_000_000)),
        (date(2022, 7, 1), idr(20_000_000), idr(40_000_000)),
        (TODAY, idr(20_000_000), idr(40_000_000)),
    ],
)
def test_what_a_registered_wallet_holds_and_loads(day: date, hold: int, month: int | None) -> None:
    assert INDONESIA.balance_minor_max("registered", day) == hold
    assert strictest(INDONESIA.caps("load", "registered", day)).month_minor_max == month


def test_a_wallet_without_a_name_holds_little_and_pays_shops() -> None:
    level = INDONESIA.ladder()[0]
    assert (level.name, level.needs) == ("unregistered", ("contact",))
    assert INDONESIA.balance_minor_max("unregistered", TODAY) == idr(2_000_000)
    assert [
        strictest(INDONESIA.caps(key, "unregistered", TODAY)).allowed
        for key in ("pay", "send", "withdraw", "cash_out")
    ] == [True, False, False, False]


@pytest.mark.parametrize(
    "shop, day, rupiah, price",
    [
        ("micro", date(2023, 6, 30), 200_000, 0),
        ("micro", date(2023, 7, 1), 50_000, 150),
        ("micro", date(2023, 9, 1), 100_000, 0),
        ("micro", date(2023, 9, 1), 200_000, 600),
        ("micro", date(2024, 11, 30), 500_000, 1_500),
        ("micro", date(2024, 12, 1), 500_000, 0),
        ("micro", TODAY, 500_001, 1_500),
        (None, TODAY, 500_000, 0),
        ("small", TODAY, 200_000, 1_400),
        ("large", TODAY, 999, 6),  # whole rupiah, rounded down
        ("education", TODAY, 100_000, 600),
        ("fuel", TODAY, 250_000, 1_000),
        ("public_service", date(2025, 3, 14), 100_000, 400),
        ("public_service", date(2025, 3, 15), 100_000, 0),
        ("government", TODAY, 1_000_000, 0),
        ("donation", TODAY, 1_000_000, 0),
    ],
)
def test_qris_costs_by_class_of_shop(shop: str | None, day: date, rupiah: int, price: int) -> None:
    fee = INDONESIA.fee("pay", day, shop)
    assert fee_minor(idr(rupiah), fee) == idr(price)
    assert price == 0 or fee.paid_by == "payee", "the buyer is never charged"


def test_the_philippines_bound_what_is_loaded_in_a_month() -> None:
    loads = {
        level.name: strictest(PHILIPPINES.caps("load", level.name, TODAY)).month_minor_max
        for level in PHILIPPINES.ladder()
    }
    assert loads == {"basic": 10_000_00, "verified": 100_000_00, "linked": 500_000_00}
    assert not strictest(PHILIPPINES.caps("send", "basic", TODAY)).allowed
    assert strictest(PHILIPPINES.caps("withdraw", "verified", TODAY)).payment_minor_max == 50_000_00


def test_a_draft_waits_in_every_market_and_only_india_has_one() -> None:
    drafts = {
        name: {where for where, fact in every_fact(m) if fact.standing is Standing.DRAFT}
        for name, m in MARKETS.items()
    }
    assert drafts.pop("india")
    assert not any(drafts.values())


# --- days, reports, tax ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "market, day, count, expected",
    [
        (INDIA, date(2026, 11, 27), 1, date(2026, 11, 30)),  # after the fourth Saturday
        (INDIA, date(2026, 11, 20), 1, date(2026, 11, 21)),  # a third Saturday
        (INDIA, date(2026, 10, 1), 1, date(2026, 10, 3)),  # Gandhi Jayanti
        (THAILAND, date(2026, 4, 10), 1, date(2026, 4, 16)),  # Songkran
        (PHILIPPINES, date(2026, 4, 1), 1, date(2026, 4, 6)),  # Holy Week
        (PHILIPPINES, date(2026, 12, 23), 1, date(2026, 12, 28)),
        (INDONESIA, date(2026, 3, 17), 1, date(2026, 3, 25)),  # Nyepi and Idul Fitri
        (INDONESIA, date(2026, 11, 21), 0, date(2026, 11, 23)),
    ],
)
def test_business_days(market: Market, day: date, count: int, expected: date) -> None:
    assert market.calendar.business_day(day, count) == expected


def test_a_draft_holiday_is_a_day_like_any_other() -> None:
    day = date(2026, 11, 24)
    feast = Fact("Feast", day, "x", until=day + timedelta(days=1))
    draft = Fact("Feast", day, "x", until=day + timedelta(days=1), standing=Standing.DRAFT)
    assert not Calendar((feast,)).is_business_day(day)
    assert Calendar((draft,)).is_business_day(day)


@pytest.mark.parametrize(
    "market, what, happened, due",
    [
        (INDIA, "cash", date(2026, 11, 22), date(2026, 12, 15)),
        (INDIA, "cash", date(2026, 12, 31), date(2027, 1, 15)),
        (THAILAND, "cash", date(2026, 11, 22), date(2026, 11, 29)),
        (PHILIPPINES, "suspicious", date(2026, 11, 20), date(2026, 11, 27)),
        (INDONESIA, "cash", date(2026, 11, 20), date(2026, 12, 10)),
    ],
)
def test_reports_are_due_in_the_days_of_their_country(
    market: Market, what: str, happened: date, due: date
) -> None:
    report = next(r for r in market.reports_on(happened) if r.what == what)
    assert report.due(happened, market.calendar) == due


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
def test_every_failed_payment_has_a_deadline(market: Market) -> None:
    for product in ("send", "pay", "top_up", "withdraw"):
        back = market.money_back_on(product, TODAY)
        assert back is not None
        assert 0 < back.days <= 5


def test_india_pays_for_every_day_that_money_is_late() -> None:
    back = INDIA.money_back_on("pay", TODAY)
    assert back is not None
    assert (back.days, back.day_fine_minor) == (5, 100_00)
    assert INDIA.money_back_on("pay", date(2019, 10, 14)) is None


def test_the_indonesian_tax_number_changed_its_form() -> None:
    old, new = "01.234.567.8-901.000", "0012345678901000"
    (before,) = INDONESIA.tax_fields_on(date(2024, 6, 30))
    npwp, nitku = INDONESIA.tax_fields_on(date(2024, 7, 1))
    assert (before.key, npwp.key, nitku.key) == ("npwp", "npwp", "nitku")
    assert before.read(old) == "012345678901000"
    assert isinstance(before.read(new), Refused)
    assert npwp.read(new) == new
    assert isinstance(npwp.read(old), Refused)


@pytest.mark.parametrize(
    "market, good, bad",
    [
        (INDIA, "29ABCDE1234F1ZW", "29ABCDE1234F1ZX"),
        (THAILAND, "0994000123451", "0994000123452"),
        (PHILIPPINES, "123-456-789-000", "123-456-78"),
        (INDONESIA, "0012345678901000", "001234567890100"),
    ],
)
def test_tax_numbers(market: Market, good: str, bad: str) -> None:
    field = market.tax_fields_on(TODAY)[0]
    assert isinstance(field.read(good), str)
    wrong = field.read(bad)
    assert isinstance(wrong, Refused)
    assert wrong.code == "tax_number_unreadable"


# --- phones and codes -------------------------------------------------------------------------------


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_second_reading_of_phones_agrees(market: Market, data: st.DataObject) -> None:
    """What we read as a mobile number, another library reads as the same number of the same country."""
    plan = {"india": "[6-9][0-9]{9}", "thailand": "8[0-9]{8}", "philippines": "9[0-9]{9}"}
    national = data.draw(st.from_regex(plan.get(market.code, "81[1-3][0-9]{7,8}"), fullmatch=True))
    ours = market.phone(national)
    assert ours == f"+{market.calling_code}{national}"
    other = phonenumbers.parse(f"+{market.calling_code}{national}")
    assert phonenumbers.format_number(other, phonenumbers.PhoneNumberFormat.E164) == ours


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
@settings(deadline=None, max_examples=60)
@given(minor=st.integers(1, 9_999_999_999), name=NAME)
def test_a_code_says_what_it_was_told(market: Market, minor: int, name: str) -> None:
    for kind in ("merchant", "person"):
        pay = PayCode("1234567890", name, "Town", "5411", minor, ORDER, kind)
        text = market.encode_code(pay)
        assert isinstance(text, str), text
        read = market.decode_code(text)
        assert isinstance(read, DecodedCode), read
        assert (read.kind, read.reference, read.amount_minor, read.order_reference) == (
            kind,
            "1234567890",
            minor,
            ORDER,
        )
        assert read.currency == market.currency


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
def test_a_persons_phone_stands_in_a_code(market: Market) -> None:
    phone = {"india": "+919876543210", "thailand": "+66812345678", "philippines": "+639171234567"}
    number = phone.get(market.code, "+6281234567890")
    text = market.encode_code(PayCode(number, "Ana", "", kind="person"))
    assert isinstance(text, str), text
    read = market.decode_code(text)
    assert isinstance(read, DecodedCode), read
    assert (read.kind, read.reference) == ("person", number)


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
def test_codes_of_all_other_markets_are_named(market: Market) -> None:
    for other in MARKETS.values():
        if other is market:
            continue
        text = other.encode_code(PayCode("1234567890", "Shop", "Town", "5411"))
        assert isinstance(text, str)
        said = market.decode_code(text)
        assert isinstance(said, Refused), said
        assert said.code == "code_scheme_not_taken"
        assert said.facts["scheme"]


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
@settings(deadline=None, max_examples=100)
@given(text=st.text())
def test_no_text_makes_decoding_raise(market: Market, text: str) -> None:
    assert isinstance(market.decode_code(text), Refused | DecodedCode)
    assert isinstance(market.decode_code("000201" + text), Refused)
