"""Every message is said in every language that is there, and a code fits one SMS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from argosy.base.markets import Market
from argosy.base.money import Money, exponent
from argosy.markets import load
from argosy.public_services.notices.table import RECEIPTS, SAID, SAID_OF_ANY
from argosy.public_services.notify.gsm import fits_one, size
from argosy.public_services.words.words import Words

CODES = ("signin.code_enter", "signin.code_reset_pin", "signin.code_payment")
PAYEE = "Chai Adda"


@pytest.fixture(scope="module")
def markets() -> dict[str, Market]:
    return load()


@pytest.fixture(scope="module")
def words(markets: dict[str, Market]) -> Words:
    return Words(markets, strict=True)


def messages(words: Words) -> set[str]:
    """The templates of all messages."""
    lines = [line for said in (SAID, SAID_OF_ANY) for ls in said.values() for line in ls]
    notices = {f"notices.{line.what}" for line in [*lines, *RECEIPTS.values()]}
    others = {key for key in words.keys("en") if key.startswith(("signin.", "identity."))}
    return notices | others


def spoken(words: Words) -> set[str]:
    """The languages in which any message is said."""
    wanted = messages(words)
    return {language for _, language, key, _ in words.templates() if key in wanted}


def unsaid(words: Words, markets: dict[str, Market]) -> list[str]:
    everywhere = [""]
    return [
        f"{language}: {key}"
        for language in sorted(spoken(words))
        for key in sorted(messages(words))
        if not any(words.has(key, language, m) for m in [*everywhere, *markets])
    ]


def too_long(words: Words, markets: dict[str, Market]) -> Iterator[str]:
    for market in markets.values():
        amount = Money(123_456 * 10 ** (exponent(market.currency) or 0), market.currency)
        facts = {"code": "123456", "minutes": 5, "amount": amount, "payee": PAYEE}
        for language in market.languages:
            for key in CODES:
                text = words.say(key, language, market.code, **facts)
                if not fits_one(text):
                    yield f"{market.code} {language} {key}: {size(text)} {text}"


def test_every_message_is_said_in_every_language_that_is_there(
    words: Words, markets: dict[str, Market]
) -> None:
    assert {"en", "hi"} <= spoken(words)
    assert len(messages(words)) > 45
    assert unsaid(words, markets) == []


def test_a_code_fits_one_sms_in_every_language(words: Words, markets: dict[str, Market]) -> None:
    assert list(too_long(words, markets)) == []


def test_twin_a_code_that_is_too_long_is_seen(
    markets: dict[str, Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = Words(markets)
    own = words.say
    monkeypatch.setattr(words, "say", lambda *a, **f: own(*a, **f) + " ..." * 40)
    assert len(list(too_long(words, markets))) >= len(markets) * len(CODES)
