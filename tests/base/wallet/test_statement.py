"""The history of a wallet: a line for each step of an order, page by page."""

from __future__ import annotations

import pytest

from argosy.base.refusals import Refused
from argosy.base.wallet.statement import History
from argosy.products.pay.facts import PayMerchant
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from tests.products.town import Town, money


async def pages(town: Town, name: str, limit: int) -> list[tuple[str, int, int]]:
    lines, before = [], None
    while True:
        page = await town.statement().page(town.people[name].account, before, limit)
        assert isinstance(page, History)
        lines += [(line.kind, line.moved_minor, line.balance_minor) for line in page.lines]
        if page.next is None:
            return lines
        before = page.next


async def test_a_payment_with_its_price_is_one_line(town: Town) -> None:
    await town.ask("anita", PayMerchant(town.ids.new(), money("10"), town.people["cinema"].number))
    assert await pages(town, "anita", 20) == [("pay", -10_00, 990_00), ("gift", 1000_00, 1000_00)]
    assert await pages(town, "cinema", 20) == [("pay", 9_75, 9_75)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_join_to_the_whole_whatever_their_size(town: Town, limit: int) -> None:
    """Also where a page would end in the middle of a payment."""
    for n in range(6):
        town.clock.advance(seconds=1)
        shop = town.people["cinema"].number
        await town.ask("anita", PayMerchant(town.ids.new(), money("10"), shop))
        town.clock.advance(seconds=1)
        await town.ask("anita", Send(town.ids.new(), money(f"{n + 1}"), phone="98000 00002"))
    lines = await pages(town, "anita", limit)
    assert len(lines) == 13
    assert sum(moved for _, moved, _ in lines) == lines[0][2]
    assert [kind for kind, _, _ in lines] == ["send", "pay"] * 6 + ["gift"]


async def test_a_hold_and_its_end_are_two_lines(town: Town) -> None:
    town.bank.mood = "late"
    await town.ask("anita", Withdraw(town.ids.new(), money("100"), "IFSC0001234567"))
    town.bank.mood = "yes"
    await town.sweep(seconds=31)
    page = await town.statement().page(town.people["anita"].account)
    assert isinstance(page, History)
    posted, held, _gift = page.lines
    assert (posted.moved_minor, posted.pending_minor) == (-105_00, 105_00)
    assert (held.moved_minor, held.pending_minor, held.available_minor) == (0, -105_00, 895_00)
    assert posted.order is not None
    assert posted.order.state == "paid"


async def test_a_cursor_that_is_none_is_refused(town: Town) -> None:
    answer = await town.statement().page(town.people["anita"].account, "nonsense")
    assert isinstance(answer, Refused)
    assert answer.code == "cursor_unreadable"
