"""Every page says what it says in words that are there, and one server speaks to two countries."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from argosy.base.money import Money
from argosy.base.orders.facts import Order, State
from argosy.channels.lite import assets
from argosy.channels.lite.pages.orders import headline
from argosy.markets import load
from argosy.public_services.words.words import Words
from tests.channels.lite.visitors import BANK, PIN, House
from tests.house.tree import ROOT

LITE = ROOT / "src" / "argosy" / "channels" / "lite"
ATLANTIS = ROOT / "tests" / "atlantis"
ME, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(load())


def said() -> set[str]:
    """The keys that templates and pages name outright."""
    files = [*LITE.rglob("*.html"), *LITE.rglob("*.py")]
    found = {
        key for f in files for key in re.findall(r"""say\(\s*['"]([\w.]+)['"]""", f.read_text())
    }
    found |= {
        key for f in files for key in re.findall(r"['\"](lite\.[a-z_.]+[a-z])['\"]", f.read_text())
    }
    return {key for key in found if not key.endswith((".css", ".js", ".", "_"))}


def order(product: str, state: State, data: dict[str, str]) -> Order:
    now, paid = datetime(2026, 11, 22, tzinfo=UTC), Money(1, "INR")
    return Order(ME, product, "india", state, ME, OTHER, ME, OTHER, paid, now, data=data)


def unsaid(words: Words, keys: set[str], language: str) -> set[str]:
    return {key for key in keys if not words.has(key, language)}


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_word_that_a_page_needs_is_there(words: Words, language: str) -> None:
    assert len(said()) > 150
    assert unsaid(words, said(), language) == set()
    assert unsaid(words, {"lite.no.such"}, language)


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_state_of_every_order_has_its_words(words: Words, language: str) -> None:
    kinds = ("pay", "send", "request", "top_up", "withdraw")
    keys = set()
    for product, state, out in itertools.product(kinds, State, (True, False)):
        if state is State.AWAITING and product not in ("pay", "request"):
            continue
        waits = {"deadline": "x"} if product in ("top_up", "withdraw") else {}
        for reason in ("", "unclaimed", "taken_back", "no_funds"):
            data = {**waits, **({"reason": reason} if reason else {})}
            key = headline(order(product, state, data), out)
            keys.add(key)
            if state in (State.AWAITING, State.HELD, State.REVIEW, State.RETURNED):
                keys.add(f"{key}_text")
        keys.add(f"lite.receipt.{state.value}")
    assert len(keys) > 25
    assert unsaid(words, keys, language) == set()


def test_english_and_hindi_say_the_same_things(words: Words) -> None:
    english = {key for key in words.keys("en") if key.startswith("lite.")}
    hindi = {key for key in words.keys("hi") if key.startswith("lite.")}
    assert english == hindi


def test_a_file_is_named_by_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = assets.load()["lite.css"].path
    folder = tmp_path / "static"
    folder.mkdir()
    for file in assets.FOLDER.iterdir():
        folder.joinpath(file.name).write_text(file.read_text("utf-8"))
    monkeypatch.setattr(assets, "FOLDER", folder)
    assert assets.load()["lite.css"].path == before
    folder.joinpath("lite.css").write_text("a{}")
    assert assets.load()["lite.css"].path != before


async def test_one_server_two_countries_each_with_its_money_and_its_law(db, clock, ids) -> None:
    house = await House.opened(db, clock, ids, markets=(ATLANTIS,))
    visitor = house.visitor()
    page = await visitor.open("/enter")
    await visitor.send(page.form("/market"), market="atlantis")
    page = await visitor.fill("/enter", phone="512 345")
    assert page.path == "/enter/code", page.text
    letters = await house.wallet.notify.inbox("atlantis", "+997512345")
    code = re.search(r"\b[0-9]{6}\b", letters[0].text)
    assert code is not None
    page = await visitor.send(page.form("/enter/code"), code=code[0])
    page = await visitor.send(page.form("/enter/new"), name="Kleito", pin=PIN, pin_again=PIN)
    assert "Your money 0,000 KWD" in page.text
    page = await visitor.fill("/add", bank_account=BANK, amount="5.125")
    page = await visitor.send(page.form("/add"), pin=PIN)
    assert "5,125 KWD" in page.text
    page = await visitor.fill("/send", to="212 345", amount="1.000")
    assert "0,001 KWD" in page.text  # the harbour's price
    page = await visitor.send(page.form("/send"), pin=PIN)
    home = await visitor.json("GET", "/")
    assert home.json()["available_minor"] == 5_125 - 1_001
    assert home.json()["currency"] == "KWD"
    page = await visitor.fill("/send", to="212 345", amount="1.0001")
    assert page.status == 422
    asha = await house.visitor("asha").open("/")
    assert "₹10,000.00" in asha.text
    await house.prove()
