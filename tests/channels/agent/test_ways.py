"""How an agent comes to the counter from the lite app, and a customer to cash; and the agent's own level."""

from __future__ import annotations

from datetime import date

import pytest

from argosy.markets import load
from argosy.products.cash_in.plan import GIVEN
from argosy.products.cash_out.plan import GIVEN as PAID
from tests.channels.agent.conftest import Counter

TODAY = date(2026, 11, 22)
MARKETS = ["india", "thailand", "philippines", "indonesia"]


async def test_an_agent_who_signs_in_is_at_the_counter(counter: Counter) -> None:
    page = await counter.browser.open("/")
    assert page.path == "/agent"
    assert "/me" in page.links
    page = await counter.browser.open("/me")
    assert "/agent" in page.links
    assert "Cash agent" in page.text
    assert (await counter.browser.open("/me/level")).status == 200


async def test_a_customer_finds_cash_and_no_counter(counter: Counter) -> None:
    asha = counter.house.visitor("asha")
    page = await asha.open("/me")
    assert "/cash" in page.links
    assert "/agent" not in page.links
    assert (await asha.open("/cash")).status == 200


@pytest.mark.parametrize("name", MARKETS)
def test_agents_have_a_level_a_float_and_a_commission_of_their_own(name: str) -> None:
    market = load()[name]
    (level,) = market.ladder("agent")
    assert level.name == "agent"
    assert {"id_document", "business"} <= set(level.needs)
    assert level.is_reviewed(TODAY)
    assert (market.balance_minor_max("agent", TODAY) or 0) > 0
    for key in (*GIVEN, *PAID):
        (cap,) = market.caps(key, "agent", TODAY)
        assert cap.day_minor_max
    for product in ("cash_in", "cash_out"):
        assert market.fee(f"{product}.commission", TODAY).flat_minor or (
            market.fee(f"{product}.commission", TODAY).basis_points
        )
    # the customer's price of cash covers what the agent earns by it
    fee, earned = market.fee("cash_out", TODAY), market.fee("cash_out.commission", TODAY)
    assert (fee.flat_minor, fee.basis_points) >= (earned.flat_minor, 0)
    assert all(level.name != "agent" for level in market.ladder("merchant"))


@pytest.mark.parametrize("name", MARKETS)
def test_the_bound_of_codes_without_a_pin_is_said_by_the_pack(name: str) -> None:
    market = load()[name]
    assert market.presented
    assert market.presented_minor_max(TODAY) == market.presented[-1].value
