"""Every language that a market lists says everything that English says, of the same facts."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import argosy
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.refusals import every_reason
from argosy.markets import load
from argosy.public_services.notify.gsm import fits_one, size
from argosy.public_services.words import templates
from argosy.public_services.words.words import Words

ROOT = Path(argosy.__path__[0])
MARKETS = load()
LISTED = {language for market in MARKETS.values() for language in market.languages} - {"en"}
INSIDE = ("argosy.ctu.", "argosy.management.")
STAFF = ROOT / "management"  # the console speaks the languages of its staff
PROGRAMS = range(700, 800)  # refusals of the API, which developers read in English


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield prefix + name, value
        else:
            yield from flat(value, f"{prefix}{name}.")


def said(path: Path) -> dict[str, str]:
    return dict(flat(tomllib.loads(path.read_text("utf-8")))) if path.exists() else {}


@cache
def for_specialists() -> set[str]:
    """What no customer reads: refusals to programs, to staff, and those of the brain to analysts."""
    for module in pkgutil.walk_packages(argosy.__path__, "argosy."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {
        f"refusal.{reason.code}"
        for reason in every_reason()
        if int(reason) in PROGRAMS or type(reason).__module__.startswith(INSIDE)
    }


def folders(language: str) -> list[Path]:
    """Where `language` must speak: beside all English words, but only in packs that list it."""
    mine = {m.folder for m in MARKETS.values() if language in m.languages}
    return [
        english.parent
        for english in sorted(ROOT.rglob("words/en.toml"))
        if STAFF not in english.parents
        and (ROOT / "markets" not in english.parents or english.parent.parent in mine)
    ]


def lacking(language: str, places: list[Path]) -> list[str]:
    """The keys that English says in `places` and `language` does not, or says with nothing in it."""
    spared = for_specialists()
    return [
        f"{place.parent.relative_to(place.parents[2])}: {key}"
        for place in places
        for key in sorted(said(place / "en.toml").keys() - spared)
        if not said(place / f"{language}.toml").get(key, "").strip()
    ]


def other_facts(language: str, places: list[Path]) -> list[str]:
    """What `language` says of other facts than English; Hindi leaves some out where room is short."""
    found = []
    for place in places:
        english = said(place / "en.toml")
        for key, text in said(place / f"{language}.toml").items():
            own, wanted = templates.names(text), templates.names(english.get(key, ""))
            if key not in english or not (own <= wanted if language == "hi" else own == wanted):
                found.append(f"{place.parent.name}: {key}")
    return found


@pytest.mark.parametrize("language", sorted(LISTED))
def test_a_listed_language_says_everything(language: str) -> None:
    assert lacking(language, folders(language)) == []


@pytest.mark.parametrize("language", sorted(LISTED))
def test_a_listed_language_speaks_of_the_same_facts(language: str) -> None:
    assert other_facts(language, folders(language)) == []


def test_twin_what_is_missing_or_otherwise_is_found(tmp_path: Path) -> None:
    place = tmp_path / "shop" / "words"
    place.mkdir(parents=True)
    (place / "en.toml").write_text('[a]\none = "{x}."\ntwo = "Two."\nthree = "Three."\n')
    (place / "xx.toml").write_text('[a]\none = "{y}."\nthree = " "\nfour = "Four."\n')
    missing = sorted(line.split("/")[-1] for line in lacking("xx", [place]))
    assert missing == ["shop: a.three", "shop: a.two"]
    assert other_facts("xx", [place]) == ["shop: a.one", "shop: a.four"]


@pytest.mark.parametrize(
    "language, code", [(language, m.code) for m in MARKETS.values() for language in m.languages]
)
def test_a_code_is_one_message(language: str, code: str) -> None:
    """160 characters of the GSM alphabet, or 70 of any other: what is longer is paid for twice."""
    market: Market = MARKETS[code]
    words = Words(MARKETS, strict=True)
    usual = Money(1_250_000 if code == "indonesia" else 125_000, market.currency)
    facts = {"code": "482913", "minutes": 5, "amount": usual, "payee": "Kopi Ani"}
    for key in ("code_enter", "code_reset_pin", "code_payment"):
        text = words.say(f"signin.{key}", language, code, **facts)
        assert fits_one(text), (key, size(text), text)
