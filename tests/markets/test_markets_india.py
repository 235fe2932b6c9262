"""India: what its law says on which day, its prices, its phones and its codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.clock import SetClock, local_day
from argosy.base.ids import named
from argosy.base.markets import Cap, DecodedCode, Market, PayCode, Standing
from argosy.base.money import Money
from argosy.base.postings import LimitUse
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import uses
from argosy.base.wallet.prices import fee_minor, split
from argosy.channels.qr import emv
from argosy.channels.qr.merchant import unexpired
from argosy.markets import load
from argosy.markets.check import every_fact

INDIA = load()["india"]
TODAY = date(2026, 11, 22)
ANITA = named("anita")
ORDER = "019aa0b3-1111-7abc-8def-0123456789ab"


@pytest.fixture(scope="module")
def india() -> Market:
    return INDIA


def only(caps: tuple[Cap, ...]) -> Cap:
    assert len(caps) == 1
    return caps[0]


def sealed(body: str) -> str:
    return f"{body}6304{emv.crc(body + '6304')}"


# --- levels and balances -----------------------------------------------------------------------


def test_people_start_small_and_rise_to_full(india: Market) -> None:
    assert [level.name for level in india.ladder()] == ["small", "full"]
    assert [level.needs for level in india.ladder()] == [("phone",), ("phone", "id_document")]
    assert [level.name for level in india.ladder("merchant")] == ["merchant"]
    assert [level.name for level in india.ladder("agent")] == ["agent"]


@pytest.mark.parametrize(
    "level, day, most",
    [
        ("small", date(2021, 8, 26), 0),  # there was no such wallet
        ("small", date(2021, 8, 27), 10_000_00),
        ("small", TODAY, 10_000_00),
        ("full", date(2021, 5, 18), 100_000_00),
        ("full", date(2021, 5, 19), 200_000_00),
        ("full", TODAY, 200_000_00),
        ("merchant", TODAY, None),
    ],
)
def test_what_a_wallet_may_hold(india: Market, level: str, day: date, most: int | None) -> None:
    assert india.balance_minor_max(level, day) == most


def test_a_fact_takes_over_at_midnight_in_india(india: Market) -> None:
    clock = SetClock(datetime(2021, 5, 18, 18, 29, 59, tzinfo=UTC))  # 23:59:59 in Kolkata
    assert india.balance_minor_max("full", local_day(clock.now(), india.zone)) == 100_000_00
    clock.advance(seconds=1)
    assert india.balance_minor_max("full", local_day(clock.now(), india.zone)) == 200_000_00


# --- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["send", "request", "withdraw", "cash_out", "cash_in"])
def test_a_small_wallet_may_not(india: Market, key: str) -> None:
    assert not only(india.caps(key, "small", TODAY)).allowed
    answer = uses(india, ANITA, "small", [key], Money(100, "INR"), TODAY)
    assert isinstance(answer, Refused)
    assert answer.code == "level_not_allowed"


def test_a_small_wallet_pays_shops(india: Market) -> None:
    assert uses(india, ANITA, "small", ["pay", "spend"], Money(9_999_00, "INR"), TODAY) == ()


@pytest.mark.parametrize("key", ["load", "top_up", "receive"])
def test_a_small_wallet_is_loaded_by_the_month_and_the_year(india: Market, key: str) -> None:
    counted = uses(india, ANITA, "small", [key], Money(5_000_00, "INR"), TODAY)
    assert isinstance(counted, tuple)
    (use,) = counted
    assert isinstance(use, LimitUse)
    assert (use.month_minor_max, use.year_minor_max) == (10_000_00, 120_000_00)
    assert use.day_minor_max is None


@pytest.mark.parametrize(
    "key, cap",
    [
        ("send", Cap(month_minor_max=10_000_00)),
        ("withdraw", Cap(month_minor_max=200_000_00)),
        ("cash_in", Cap(month_minor_max=50_000_00)),
        ("cash_out", Cap(payment_minor_max=2_000_00, month_minor_max=10_000_00)),
        ("pay", Cap()),
        ("request", Cap()),
        ("receive", Cap()),
        ("top_up", Cap()),
    ],
)
def test_what_a_full_wallet_may(india: Market, key: str, cap: Cap) -> None:
    assert only(india.caps(key, "full", TODAY)) == cap


def test_cash_out_is_bound_by_the_payment(india: Market) -> None:
    answer = uses(india, ANITA, "full", ["cash_out"], Money(2_000_01, "INR"), TODAY)
    assert isinstance(answer, Refused)
    assert answer.code == "limit_payment"
    assert answer.facts["most"] == Money(2_000_00, "INR")


def test_refunds_have_no_limit(india: Market) -> None:
    assert all(india.caps("refund", level.name, TODAY) == () for level in india.levels)


def test_a_draft_never_applies(india: Market) -> None:
    """The clock walks over the draft's day and far beyond: nothing changes."""
    drafts = {rule.key for rule in india.limits if rule.cap.standing is Standing.DRAFT}
    assert drafts == {"spend", "send", "cash_in"}
    before = {key: india.caps(key, "full", date(2026, 4, 21)) for key in drafts}
    clock = SetClock(datetime(2026, 4, 21, tzinfo=UTC))
    for _ in range(40):
        clock.advance(days=100)
        day = local_day(clock.now(), india.zone)
        assert {key: india.caps(key, "full", day) for key in drafts} == before
    assert before["spend"] == ()


def test_a_draft_that_becomes_law_applies_from_its_day(india: Market) -> None:
    """The twin of the test above: it is the standing alone that holds a draft back."""
    law = [
        replace(rule, cap=replace(rule.cap, standing=Standing.IN_FORCE)) for rule in india.limits
    ]
    passed = replace(india, limits=tuple(law))
    assert only(passed.caps("send", "full", date(2026, 4, 21))).month_minor_max == 10_000_00
    assert only(passed.caps("send", "full", date(2026, 4, 22))).month_minor_max == 25_000_00
    assert only(passed.caps("spend", "full", date(2026, 4, 22))).month_minor_max == 200_000_00


def test_what_was_not_looked_up_is_marked(india: Market) -> None:
    unverified = {
        where for where, fact in every_fact(india) if fact.standing is Standing.UNVERIFIED
    }
    assert unverified == {
        "limit send of full",
        "limit withdraw of full",
        "reports",
        "dormancy",
    }


# --- prices ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "product, payee_class, amount, price",
    [
        ("pay", None, 100_00, 0),
        ("pay", "small", 100_00, 0),
        ("pay", "large", 100_00, 40),
        ("pay", "large", 1, 0),
        ("pay", "large", 125, 0),  # half a paisa goes to the even side
        ("pay", "large", 375, 2),
        ("send", None, 100_00, 0),
        ("request", None, 100_00, 0),
        ("top_up", None, 100_00, 0),
        ("withdraw", None, 100_00, 5_00),
        ("withdraw", None, 1, 5_00),
        ("cash_out", None, 100_00, 5_00),
        ("cash_out", None, 2_000_00, 10_00),
        ("cash_out", None, 2_000_01, 10_01),
    ],
)
def test_prices(
    india: Market, product: str, payee_class: str | None, amount: int, price: int
) -> None:
    assert fee_minor(amount, india.fee(product, TODAY, payee_class)) == price


def test_the_price_of_a_large_shop_is_the_shops_and_is_shared(india: Market) -> None:
    fee = india.fee("pay", TODAY, "large")
    assert fee.paid_by == "payee"
    assert split(41, fee.shares) == {"fees": 30, "acquiring": 10, "remainder": 1}


# --- phones ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.from_regex(r"[6-9][0-9]{9}", fullmatch=True), st.integers(0, 5))
def test_a_number_is_read_however_it_is_typed(national: str, way: int) -> None:
    typed = [
        national,
        f"0{national}",
        f"+91{national}",
        f"+91 {national[:5]} {national[5:]}",
        f"0091-{national}",
        f"({national[:5]}) {national[5:]}",
    ][way]
    assert INDIA.phone(typed) == f"+91{national}"


@pytest.mark.parametrize(
    "typed", ["98765 43210", "098765 43210", "+91-98765-43210", "+919876543210"]
)
def test_a_second_reading_of_phones_agrees(india: Market, typed: str) -> None:
    other = phonenumbers.parse(typed, "IN")
    e164 = phonenumbers.format_number(other, phonenumbers.PhoneNumberFormat.E164)
    assert india.phone(typed) == e164


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_typing_makes_it_raise(typed: str) -> None:
    answer = INDIA.phone(typed)
    assert isinstance(answer, Refused) or (len(answer) == 13 and answer.startswith("+91"))


def test_a_foreign_number_is_named_by_its_country(india: Market) -> None:
    answer = india.phone("+62 812 3456 789")
    assert isinstance(answer, Refused)
    assert (answer.code, answer.facts["country"], answer.field) == (
        "phone_not_of_here",
        "ID",
        "phone",
    )


# --- codes -------------------------------------------------------------------------------------


def decoded(india: Market, text: object) -> DecodedCode:
    assert isinstance(text, str), text
    answer = india.decode_code(text)
    assert isinstance(answer, DecodedCode), answer
    return answer


def test_a_shops_code_is_bharatqr_with_our_address(india: Market) -> None:
    text = india.encode_code(PayCode("1234567890", "Tea Shop", "Pune", "5411"))
    assert text == (
        "00020101021126350010A00000052401171234567890@argosy5204541153033565802IN5908Tea Shop"
        "6004Pune6304CE44"
    )
    assert decoded(india, text) == DecodedCode(
        "bharatqr", "merchant", "1234567890", None, "INR", "Tea Shop", None, {}
    )


@settings(deadline=None)
@given(st.integers(1, 999_999_999_999))
def test_a_dynamic_code_comes_back(amount: int) -> None:
    india = INDIA
    for kind, scheme in (("merchant", "bharatqr"), ("person", "upi")):
        pay = PayCode("1234567890", "Tea Shop", "Pune", "5411", amount, ORDER, kind)
        read = decoded(india, india.encode_code(pay))
        assert (read.scheme, read.kind, read.reference) == (scheme, kind, "1234567890")
        assert (read.amount_minor, read.currency, read.order_reference) == (amount, "INR", ORDER)


def test_a_persons_code_is_a_link(india: Market) -> None:
    text = india.encode_code(PayCode("+919876543210", "Anita Rao", "", kind="person"))
    assert text == "upi://pay?pa=9876543210@argosy&pn=Anita%20Rao&cu=INR"
    assert decoded(india, text).reference == "+919876543210"


def test_a_shops_link_is_read_too(india: Market) -> None:
    read = decoded(
        india, "upi://pay?pa=1234567890@ARGOSY&pn=Tea&mc=5411&tr=ORD-1&am=20&cu=INR&sign=abc"
    )
    assert (read.kind, read.reference, read.amount_minor) == ("merchant", "1234567890", 20_00)
    assert (read.order_reference, read.unknown) == ("ORD-1", {"sign": "abc"})


def test_a_code_that_names_its_end_is_good_until_then(india: Market, clock: SetClock) -> None:
    text = "upi://pay?pa=1234567890@argosy&am=5&QRexpire=2026-11-22T10:05:00%2B05:30"
    code = decoded(india, text)
    assert unexpired(code, clock.now()) == code
    clock.advance(minutes=5)
    answer = unexpired(code, clock.now())
    assert isinstance(answer, Refused)
    assert answer.code == "code_expired"
    clock.advance(days=9999)
    endless = decoded(india, "upi://pay?pa=1234567890@argosy&am=5")
    assert unexpired(endless, clock.now()) == endless


def test_our_template_is_found_among_others(india: Market) -> None:
    body = (
        "00020101021102164403847802027062"
        "26250010A0000005240107a@okbnk31350010a00000052401171234567890@Argosy"
        "53033565802IN6106400001"
    )
    read = decoded(india, sealed(body))
    assert read.reference == "1234567890"
    assert read.unknown == {
        "02": "4403847802027062",
        "26.00": "A000000524",
        "26.01": "a@okbnk",
        "61": "400001",
    }


@pytest.mark.parametrize(
    "text, scheme",
    [
        ("upi://pay?pa=shop@okbank&am=10.00", "UPI (@okbank)"),
        ("upi://mandate?pa=1234567890@argosy", "UPI (mandate)"),
        (sealed("000201021644038478020270620416522024040117123453033565802IN"), "Visa, Mastercard"),
        (sealed("00020126270010A0000005240109tea@okbnk53033565802IN"), "UPI (@okbnk)"),
        (sealed("00020126180014ID.CO.QRIS.WWW53033605802ID"), "QRIS"),
        (sealed("00020126140010org.newpay53033565802IN"), "org.newpay"),
        (sealed("00020153033565802IN"), "a scheme without a name"),
    ],
)
def test_another_wallets_code_is_named(india: Market, text: str, scheme: str) -> None:
    answer = india.decode_code(text)
    assert isinstance(answer, Refused)
    assert (answer.code, answer.facts["scheme"]) == ("code_scheme_not_taken", scheme)


@pytest.mark.parametrize(
    "text, code",
    [
        ("", "code_missing"),
        ("  \n", "code_missing"),
        ("hello", "code_unreadable"),
        ("1234567890", "code_unreadable"),
        ("upi://pay?pa=shop@argosy", "code_unreadable"),
        ("upi://pay?pa=१२३४५६७८९०@argosy", "code_unreadable"),
        ("upi://pay?pa=1234567890@argosy&am=0", "code_amount_unreadable"),
        ("upi://pay?pa=1234567890@argosy&cu=USD", "code_currency_not_taken"),
        (
            sealed("00020126350010A00000052401171234567890@argosy53038405802US"),
            "code_currency_not_taken",
        ),
        (
            sealed("00020126350010A00000052401171234567890@argosy53033565502015802IN"),
            "code_tip_not_taken",
        ),
        (sealed("00020126290010A0000005240111shop@argosy53033565802IN"), "code_unreadable"),
        (sealed("00020126350010A00000052401171234567890@argosy")[:-4] + "0000", "code_corrupted"),
    ],
)
def test_what_is_refused(india: Market, text: str, code: str) -> None:
    answer = india.decode_code(text)
    assert isinstance(answer, Refused), answer
    assert answer.code == code


def test_space_around_a_pasted_code_does_not_matter(india: Market) -> None:
    text = india.encode_code(PayCode("1234567890", "Tea Shop", "Pune"))
    assert decoded(india, f" {text}\n").reference == "1234567890"


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_decoding_raise(text: str) -> None:
    india = INDIA
    for tried in (text, "upi://pay?pa=1234567890@argosy&" + text):
        assert isinstance(india.decode_code(tried), Refused | DecodedCode)
    assert isinstance(india.decode_code("000201" + text), Refused)


@settings(deadline=None)
@given(st.text(max_size=70), st.text(max_size=70))
def test_any_name_can_be_put_into_a_code(name: str, city: str) -> None:
    assert decoded(INDIA, INDIA.encode_code(PayCode("1234567890", name, city))).reference


# --- the demo town -----------------------------------------------------------------------------


def test_the_town_has_names_that_differ(india: Market) -> None:
    for key, least in (("given", 50), ("family", 40), ("shops", 20), ("cities", 10), ("agents", 8)):
        names = india.town[key]
        assert isinstance(names, list)
        assert len(names) == len(set(names)) >= least
        assert all(isinstance(name, str) and name.strip() == name for name in names)
