"""What customers read: every refusal has a sentence, money and days are written as in the
market."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import tomllib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from babel import Locale
from babel.numbers import format_currency

import argosy
from argosy.base.manifest import discover
from argosy.base.markets import Market
from argosy.base.money import Money, exponent, plain
from argosy.base.parties.facts import PartyReason
from argosy.base.refusals import Kind, Reason, Refused, every_reason
from argosy.public_services.signin.facts import SigninReason
from argosy.public_services.words import amounts, templates
from argosy.public_services.words.catalogue import WordsError
from argosy.public_services.words.words import Words, WordsMissing

STOPLESS = {"th"}  # Thai ends a sentence with a space, or with nothing


@pytest.fixture(scope="module")
def markets() -> dict[str, Market]:

    found = discover("market", "argosy.markets")
    return {
        name: dataclasses.replace(manifest.load(), folder=manifest.folder)
        for name, manifest in found.items()
    }


@pytest.fixture
def words(markets: dict[str, Market]) -> Words:
    return Words(markets, strict=True)


def all_reasons() -> list[Reason]:
    for module in pkgutil.walk_packages(argosy.__path__, "argosy."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [r for r in every_reason() if type(r).__module__.startswith("argosy.")]


def unsaid(words: Words, language: str, reasons: list[Reason]) -> list[str]:
    return [r.code for r in reasons if not words.has(f"refusal.{r.code}", language)]


def test_every_refusal_has_an_english_sentence(words: Words) -> None:
    """Those of the brain go to analysts and programs, in their own meaning, and those of the console to
    the staff, in its own words; what a customer hears of it are the gate's."""
    inside = ("argosy.ctu.", "argosy.management.")
    reasons = [r for r in all_reasons() if not type(r).__module__.startswith(inside)]
    assert len(reasons) > 100
    assert unsaid(words, "en", reasons) == []


def test_what_is_said_to_the_staff_is_not_said_to_customers(words: Words) -> None:
    assert words.has("refusal.insufficient_funds", "en")
    assert not words.has("refusal.staff_signed_out", "en")
    assert not words.has("home.title", "en")


def test_a_refusal_without_a_sentence_is_found(words: Words) -> None:
    class Unspoken(Reason):
        NEVER_SAID = 999_999, Kind.INPUT, "Only this test knows it."

    assert unsaid(words, "en", [Unspoken.NEVER_SAID]) == ["never_said"]


def test_no_two_refusals_share_a_number_or_a_name() -> None:
    reasons = all_reasons()
    assert [n for n, times in Counter(map(int, reasons)).items() if times > 1] == []
    assert [c for c, times in Counter(r.code for r in reasons).items() if times > 1] == []


def test_sentences_end_and_never_blame(words: Words) -> None:
    for _, language, key, template in words.templates():
        if not key.startswith("refusal."):
            continue
        if language not in STOPLESS:
            assert template.strip("]").endswith((".", "।", "。")), (language, key)
        else:
            assert not template.strip("]").endswith((".", "।")), (language, key)
        if language == "en":
            assert not any(
                word in template.lower() for word in ("invalid", "illegal", "error", "failed")
            ), key


def test_translations_speak_of_the_same_facts_as_english(words: Words) -> None:
    english = {
        (market, key): templates.names(template)
        for market, language, key, template in words.templates()
        if language == "en"
    }
    for market, language, key, template in words.templates():
        own = english.get((market, key), english.get(("", key)))
        assert own is not None, f"{language} says {key}, English does not"
        assert templates.names(template) <= own, (language, key)


def test_hindi_says_everything_that_a_customer_may_meet() -> None:
    here = Path(argosy.__path__[0]) / "public_services" / "words"
    said = {
        language: tomllib.loads((here / f"{language}.toml").read_text("utf-8"))
        for language in ("en", "hi")
    }
    for_programs = {r.code for r in all_reasons() if 700 <= int(r) < 800}
    for table in ("refusal", "signin", "identity"):
        assert set(said["en"][table]) - set(said["hi"][table]) <= for_programs


@pytest.mark.parametrize("currency", ["INR", "THB", "PHP", "IDR", "JPY", "KWD"])
def test_amounts_are_written_as_babel_writes_them(currency: str) -> None:
    """Whether the quick form is used or not; and it is used for all but a few locales."""
    chance, quick = Random(currency), 0
    names = ["en_IN", "hi_IN", "bn_IN", "th_TH", "fil_PH", "id_ID", "de_CH", "pl_PL", "ar_EG"]
    for name in names:
        locale, decimals = Locale.parse(name), exponent(currency) or 0
        form = amounts._form(name, currency, decimals)
        quick += "_own_form" in form.__qualname__
        for _ in range(50):
            minor = chance.choice((1, -1)) * chance.randrange(10 ** chance.randrange(1, 15))
            text = Decimal(plain(Money(minor, currency)))
            pattern = amounts._pattern(locale, decimals)
            said = format_currency(text, currency, pattern, locale, currency_digits=False)
            assert form(minor) == said, name
    assert quick >= len(names) - 1


@pytest.mark.parametrize(
    "minor, currency, language, said",
    [
        (12_345_650, "INR", "en", "₹1,23,456.50"),
        (12_345_650, "INR", "hi", "₹1,23,456.50"),
        (1, "INR", "en", "₹0.01"),
        (-50_00, "INR", "en", "-₹50.00"),
        (10**15, "INR", "en", "₹1,00,00,00,00,00,000.00"),
        (500, "JPY", "en", "JP¥500"),
        (1_234, "KWD", "en", "KWD1.234"),
    ],
)
def test_money_is_written_as_in_india(
    words: Words, minor: int, currency: str, language: str, said: str
) -> None:
    written = words.money(Money(minor, currency), language, "india")
    assert written.replace("\u00a0", "") == said


def test_moments_are_the_markets_own(words: Words) -> None:
    late = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # already tomorrow in Kolkata
    assert words.moment(late, "en", "india").replace("\u202f", " ") == "23 Nov 2026, 1:30 am"
    assert words.day(date(2026, 11, 22), "en", "india") == "22 Nov 2026"
    assert words.span(timedelta(minutes=5), "hi", "india") == "5 मिनट"


def test_a_wrong_pin_is_told_in_words(words: Words) -> None:
    def said(left: int) -> str:
        refused = Refused(SigninReason.PIN_WRONG, {"tries_left": left})
        return words.refusal(refused, "en", "india")

    assert said(4) == "That PIN is not right. You have 4 tries left."
    assert said(1) == "That PIN is not right. You have 1 try left."
    assert words.refusal(Refused(SigninReason.PIN_WRONG), "en", "india") == "That PIN is not right."
    wait = Refused(SigninReason.PIN_WAIT, {"wait_seconds": 300})
    assert "please wait 5 minutes and" in words.refusal(wait, "en", "india")


def test_an_unknown_language_falls_back_to_the_markets_first(words: Words) -> None:
    refused = Refused(PartyReason.NAME_MISSING)
    assert words.refusal(refused, "fr", "india") == "Please enter your name."


def test_a_missing_key_is_loud(markets: dict[str, Market]) -> None:
    with pytest.raises(WordsMissing, match=r"no\.such\.key"):
        Words(markets, strict=True).say("no.such.key", "en", "india")
    with pytest.raises(WordsMissing, match="code"):
        Words(markets, strict=True).say("signin.code_enter", "en", "india", minutes=5)


def test_where_it_is_not_strict_it_is_counted_and_the_page_still_stands(
    markets: dict[str, Market],
) -> None:
    words = Words(markets)
    assert words.say("no.such.key", "en", "india") == "no.such.key"
    assert words.say("no.such.key", "hi", "india") == "no.such.key"
    assert words.missing["no.such.key"] == 2
    assert words.say("signin.code_enter", "en", "india", minutes=5).startswith("… is your")


def test_facts_may_have_any_name(words: Words) -> None:
    refused = Refused(PartyReason.NAME_MISSING, {"key": 1, "language": 2, "market": 3})
    assert words.refusal(refused, "en", "india") == "Please enter your name."


def test_facts_are_never_read_as_templates(words: Words) -> None:
    said = words.say("signin.code_payment", "en", "india", code="1", minutes=5, payee="{code} [x]")
    assert "to {code} [x];" in said


def test_a_pack_speaks_for_its_own_market_only(tmp_path: Path, markets: dict[str, Market]) -> None:

    pack = tmp_path / "atlantis"
    (pack / "words").mkdir(parents=True)
    (pack / "words" / "en.toml").write_text('[refusal]\nname_missing = "By what name, sailor?"\n')
    atlantis = dataclasses.replace(
        markets["india"], code="atlantis", folder=pack, languages=("en",)
    )
    words = Words({**markets, "atlantis": atlantis}, strict=True)
    refused = Refused(PartyReason.NAME_MISSING)
    assert words.refusal(refused, "en", "atlantis") == "By what name, sailor?"
    assert words.refusal(refused, "en", "india") == "Please enter your name."


def test_two_files_that_say_the_same_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "words").mkdir(parents=True)
        (tmp_path / folder / "words" / "en.toml").write_text('[here]\nkey = "value."\n')
    with pytest.raises(WordsError, match=r"here\.key is said elsewhere"):
        Words({}, [tmp_path])
    (tmp_path / "two" / "words" / "en.toml").write_text("not toml")
    with pytest.raises(WordsError, match=r"two/words/en\.toml"):
        Words({}, [tmp_path])
