"""A payee's name never pushes a one-time code, or a message, into a second SMS: in every language."""

from __future__ import annotations

import pytest

from argosy.base.money import Money
from argosy.markets import load
from argosy.public_services.notify.fitting import first_holds, fitted
from argosy.public_services.notify.gsm import short
from argosy.public_services.words.words import Words

MARKETS = load()
WORDS = Words(MARKETS)
CODE = "482913"
NAMES = (
    "",
    "Asha R.",
    "Sri Lakshmi Venkateswara General Stores and Provisions, Koramangala",
    "ร้านก๋วยเตี๋ยวเรือป้าสมศรีหน้าวัดพระศรีรัตนศาสดารามสาขาสอง",
    "श्री लक्ष्मी वेंकटेश्वर जनरल स्टोर्स और प्रोविज़न, कोरमंगला",
    "W" * 60,
    "{[^]}" * 12,
    "🍜" * 30,
)
CASES = [(code, language) for code, market in MARKETS.items() for language in market.languages]


@pytest.mark.parametrize("market, language", CASES)
@pytest.mark.parametrize("template", ["signin.code_payment", "notices.cash_in_code"])
@pytest.mark.parametrize("name", NAMES)
def test_the_code_stands_in_the_first_message(
    market: str, language: str, template: str, name: str
) -> None:
    pack = MARKETS[market]
    amount = Money(9_999_999_00, pack.currency)
    facts = {"code": CODE, "minutes": 5, "amount": amount, "expires_at": None, "arrived": amount}
    facts |= {"receipt": "01KAD-3Q7H2-MBX4C-9TW0E"}

    def say(given) -> str:
        return WORDS.say(template, language, market, **given)

    said = fitted(say, {**facts, "payee": name, "name": name}, CODE)
    assert first_holds(said, CODE), said
    brief = f"{name[:1]}…" if len(name) > 1 else name
    least = say({**facts, "payee": brief, "name": brief})
    assert len(short(said, 0).parts) <= len(short(least, 0).parts)


def test_a_short_name_is_said_whole_and_a_long_one_is_cut() -> None:
    def say(given) -> str:
        return WORDS.say("signin.code_payment", "en", "india", **given)

    facts = {"code": CODE, "minutes": 5}
    assert "Tea House" in fitted(say, {**facts, "payee": "Tea House"}, CODE)
    long = fitted(say, {**facts, "payee": "Sri Lakshmi Venkateswara General Stores " * 2}, CODE)
    assert "Sri Lak" in long
    assert "…" in long


def test_twin_a_code_behind_a_long_name_is_seen() -> None:
    assert not first_holds("W" * 200 + CODE, CODE)
    assert first_holds(CODE + "W" * 200, CODE)
