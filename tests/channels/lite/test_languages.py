"""Which language a new visitor is spoken to in: the browser's, else the market's first."""

from __future__ import annotations

import pytest

from argosy.channels.lite.visits import spoken
from argosy.markets import load
from tests.channels.lite.visitors import House

MARKETS = load()


@pytest.mark.parametrize(
    "accepted, language",
    [
        ("", "en"),
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi"),
        ("en;q=0.5, ta;q=0.9", "ta"),
        ("fr-FR, bn;q=0.1", "bn"),
        ("de,fr", "en"),
        ("hi;q=0", "en"),
        ("hi;q=x", "en"),
        ("*", "en"),
    ],
)
def test_india_speaks_as_the_browser_does_and_english_first(accepted: str, language: str) -> None:
    assert spoken(accepted, MARKETS["india"]) == language


def test_each_market_has_its_own_first_language() -> None:
    first = {name: spoken("", market) for name, market in MARKETS.items()}
    assert first == {"india": "en", "thailand": "th", "philippines": "fil", "indonesia": "id"}


async def test_a_new_visitor_without_a_wish_reads_english_and_one_with_a_wish_is_heard(
    house: House,
) -> None:
    visitor = house.visitor()
    assert '<html lang="en"' in (await visitor.open("/")).answer.text
    visitor = house.visitor()
    visitor.client.headers["accept-language"] = "hi-IN,hi;q=0.9,en;q=0.8"
    assert '<html lang="hi"' in (await visitor.open("/")).answer.text
