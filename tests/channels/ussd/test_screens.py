"""Every screen, in every language of every market, fits on the phone: with the longest facts there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy.base.markets import Market
from argosy.base.money import AMOUNT_MINOR_MAX, Money
from argosy.channels.ussd import doing
from argosy.channels.ussd.facts import Dial, State
from argosy.channels.ussd.lines import Line
from argosy.channels.ussd.menus import CODE, CONFIRM, DONE, FLOWS, MENUS
from argosy.channels.ussd.screens import (
    SEPTETS_MAX,
    UCS2_UNITS_MAX,
    Foot,
    fits,
    is_gsm,
    pages,
    plain,
    size,
)
from argosy.channels.ussd.turns import Turn
from argosy.markets import load
from argosy.public_services.funnel.declared import own
from argosy.public_services.words.words import Words

MARKETS = load()
LONG_NAMES = ("Venkatanarasimharajuvaripeta Bhattacharyya-Mukhopadhyay K.", "रघुनाथन् वेंकटनरसिम्हा K.")
PAGES_MAX = 10
NOON = datetime(2026, 12, 28, 22, 45, tzinfo=UTC)


class Stretched(Words):
    """A pseudo-language: every sentence is two fifths longer, and has an accent that is not GSM."""

    def say(self, key: str, language: str, market: str, /, **facts: Any) -> str:
        said = super().say(key, language, market, **facts)
        return said + "ŵ" + " lorem"[: 1 + len(said) * 2 // 5] * (1 + len(said) // 15)


class House:
    """As much of a house as screens need."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.code = "*384*12345#"


def languages() -> list[tuple[str, str]]:
    return [(m.code, language) for m in MARKETS.values() for language in m.languages]


def turn_of(market: Market, language: str, words: Words) -> Turn:
    dial = Dial(market, "s", "+0", ())
    turn = Turn(House(words), dial, Line(b"", "", (), 0, None, State(), None, None), None)
    turn.state.language = language
    return turn


def keys() -> Iterator[str]:
    """Everything that the channel says."""
    return (key for key in Words(MARKETS).keys("en") if key.startswith("ussd."))


def screens(turn: Turn, name: str) -> Iterator[tuple[str, list[str]]]:
    """Each thing that is said as a screen's pages, with the longest facts."""
    most = Money(AMOUNT_MINOR_MAX, turn.market.currency)
    facts = {
        "amount": most, "fee": most, "balance": most, "free": most, "name": turn.name(name),
        "phone": "+919800000001", "receipt": "06H03-15581-4BPC1-09P1X", "code": "123456",
        "until": turn.ussd.words.time(NOON, turn.language, turn.market.code),
        "number": "1234567890", "operator": turn.market.operator, "tries_left": 4, "digits": 6,
        "wait_time": "2 hours",
    }  # fmt: skip
    for key in keys():
        if key in ("ussd.more", "ussd.back") or key.startswith(("ussd.entry", "ussd.language")):
            continue
        told = {**facts, "code": turn.ussd.code} if key == "ussd.help" else facts
        text = turn.say(key.removeprefix("ussd."), **told)
        turn._paged(text, ())
        yield key, turn.state.pages
    for menu, entries in MENUS.items():
        lines = turn._numbered([turn.say(f"entry.{entry}") for entry in entries])
        turn._paged(turn.say(f"menu.{menu}", operator=turn.market.operator), lines)
        yield f"menu {menu}", turn.state.pages
    facts["name"] = doing.brief(turn.name(name))
    items = [turn.say(f"item.{k}", **facts) for k in ("request", "offer", "back", "code")] * 2
    turn._paged(turn.say("ask.waiting.which"), turn._numbered(items))
    yield "items", turn.state.pages
    last = [f"28/12 -{turn.money(most)} {doing.brief(turn.name(name))}"] * doing.LAST_MAX
    turn._paged("\n".join([turn.say("done.last"), *last]), (), ends=True)
    yield "last", turn.state.pages


@pytest.mark.parametrize("market, language", languages())
@pytest.mark.parametrize("name", LONG_NAMES)
def test_every_screen_fits_in_every_language(market: str, language: str, name: str) -> None:
    turn = turn_of(MARKETS[market], language, Words(MARKETS))
    seen = 0
    for key, shown in screens(turn, name):
        for page in shown:
            assert fits(page), (key, size(page), page)
        assert len(shown) <= PAGES_MAX, (key, shown)
        seen += 1
    assert seen > 90


@pytest.mark.parametrize("market, language", languages())
def test_what_is_asked_stands_on_one_screen(market: str, language: str) -> None:
    """Where something is typed, `98` could mean the next page: so there is none."""
    turn = turn_of(MARKETS[market], language, Words(MARKETS))
    for flow in FLOWS.values():
        for step in flow.steps:
            if step.name == "which":
                continue
            turn._paged(turn.say(f"ask.{flow.name}.{step.name}"), ())
            assert len(turn.state.pages) == 1, turn.state.pages


@pytest.mark.parametrize("market, language", languages())
def test_a_usual_payment_is_confirmed_on_one_screen(market: str, language: str) -> None:
    turn = turn_of(MARKETS[market], language, Words(MARKETS))
    usual = Money(120_000, turn.market.currency)
    text = turn.say("confirm.send", amount=usual, name="Asha R.", fee=None)
    turn._paged(text, ())
    assert len(turn.state.pages) == 1, turn.state.pages


@pytest.mark.parametrize("market, language", languages())
def test_a_pseudo_language_fits_too(market: str, language: str) -> None:
    turn = turn_of(MARKETS[market], language, Stretched(MARKETS))
    for key, shown in screens(turn, LONG_NAMES[1]):
        assert all(fits(page) for page in shown), (key, shown)


def test_twin_what_does_not_fit_is_seen() -> None:
    assert not fits("a" * 183)
    assert not fits("a" * 181 + "€")
    assert not fits("क" * 71)
    assert fits("a" * 182)
    assert fits("a" * 180 + "€")
    assert fits("क" * 70)


def test_sizes_are_those_of_the_standard() -> None:
    assert (size("ab\n@"), size("[x]"), size("€")) == (4, 5, 2)
    assert (size("क"), size("😀"), size("a😀")) == (1, 2, 3)
    assert is_gsm("Äñ§ ΔΦ")
    assert not is_gsm("ç")  # only the capital is in the alphabet
    assert plain("₹\u00a01’") == "Rs  1'"
    assert (SEPTETS_MAX, UCS2_UNITS_MAX) == (182, 70)


@given(
    st.text(st.sampled_from("ab €[क \n"), max_size=600),
    st.lists(st.text(st.sampled_from("xy क["), max_size=90), max_size=12),
)
def test_any_text_is_cut_into_screens_and_none_of_it_is_lost(text: str, lines: list[str]) -> None:
    shown = pages(text, lines, Foot("98 More", "0 Back"))
    assert all(fits(page) for page in shown)
    feet = [page.replace("98 More", "").replace("0 Back", "") for page in shown]
    kept = re.sub(r"\s", "", "".join(feet))
    assert kept == re.sub(r"\s", "", text + "".join(lines))


def test_flows_are_counted_by_the_steps_that_the_menus_have() -> None:
    declared = {name: flow for (channel, name), flow in own().items() if channel == "ussd"}
    assert set(declared) == set(FLOWS)
    for name, flow in FLOWS.items():
        steps = [step.name for step in declared[name].steps]
        wanted = ["menu", *(step.name for step in flow.steps)]
        wanted += [CONFIRM] if flow.confirms else []
        wanted += [CODE] if flow.pin and flow.confirms else []
        assert steps == [*wanted, DONE]


def test_paying_takes_two_actions_by_short_cut_and_four_by_menu() -> None:
    pay = own()["ussd", "pay"]
    assert pay.actions == ("pin",)  # behind the dial itself
    everything = [asked for step in pay.steps if step.name != CODE for asked in step.asks]
    assert everything == ["choice", "to", "amount", "pin"]


def test_english_says_all_that_is_needed_and_hindi_the_same() -> None:
    words = Words(MARKETS)
    wanted = set(keys())
    for flow in FLOWS.values():
        assert {f"ussd.ask.{flow.name}.{step.name}" for step in flow.steps} <= wanted
        assert f"ussd.go_on.{flow.name}" in wanted
    for menu, entries in MENUS.items():
        assert f"ussd.menu.{menu}" in wanted
        assert {f"ussd.entry.{entry}" for entry in entries} <= wanted
    hindi = {key for key in words.keys("hi") if key.startswith("ussd.")}
    assert hindi == wanted
