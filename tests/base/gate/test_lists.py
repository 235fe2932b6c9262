"""A list is made in its order, on whichever path its postings go, and a clock never runs backwards."""

from __future__ import annotations

import pytest

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids, named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, Action, Posted, Side, Transfer, UpTo
from argosy.base.ledger.verify import verify
from argosy.base.refusals import Unavailable
from argosy.base.store import Database


@pytest.fixture
async def ledger(db: Database, clock: SetClock, ids: Ids) -> Ledger:
    """Cash without end; anita, ravi, shop and stall, each with 80 but for the shops."""
    ledger = Ledger(db, GroupCommit(db, clock), clock, ids)
    names = ("anita", "ravi", "shop", "stall")
    accounts = [Account(named(name), "INR", Side.CREDIT, "test") for name in names]
    cash = Account(named("cash"), "INR", Side.DEBIT, "test", floor_minor=None)
    assert await ledger.open_accounts([cash, *accounts]) == [None] * 5
    await ledger.post([pay("f1", "cash", "anita", 80), pay("f2", "cash", "ravi", 80)])
    return ledger


def pay(name: str, debit: str, credit: str, amount: int, **more) -> Transfer:
    return Transfer(named(name), named(debit), named(credit), amount, "INR", "test", **more)


def end(name: str, hold: str, action: Action = Action.POST) -> Transfer:
    return Transfer(named(name), None, None, None, "INR", "test", action, hold=named(hold))


def told(answers) -> list[list[str]]:
    return [["made" if isinstance(a, Posted) else a.code for a in group] for group in answers]


async def test_a_hold_ended_twice_does_not_bring_the_list_out_of_order(ledger: Ledger):
    await ledger.post([pay("h", "ravi", "shop", 10, action=Action.HOLD)])
    said = await ledger.post_groups(
        [
            [end("p", "h"), pay("a", "anita", "shop", 50)],
            [pay("b", "anita", "stall", 60)],
            [end("v", "h", Action.VOID)],
        ]
    )
    assert told(said) == [["made", "made"], ["insufficient_funds"], ["hold_already_posted"]]


async def test_what_comes_first_in_a_list_has_the_money(ledger: Ledger):
    said = await ledger.post(
        [
            pay("a", "anita", "shop", 50),
            pay("b", "anita", "stall", 60),
            pay("c", "anita", "shop", 30),
        ]
    )
    assert told([said]) == [["made", "insufficient_funds", "made"]]


async def test_money_that_comes_in_can_go_out_in_the_same_list(ledger: Ledger):
    said = await ledger.post(
        [
            pay("a", "ravi", "anita", 80),
            pay("b", "anita", "shop", 160),
            pay("c", "shop", "stall", 500, up_to=UpTo.DEBIT),
            pay("d", "stall", "cash", 160, action=Action.HOLD),
            end("e", "d"),
        ]
    )
    assert told([said]) == [["made"] * 5]


async def test_a_long_list_is_made_batch_by_batch(ledger: Ledger):
    list_of = [pay(f"t{n}", "cash", "anita", 1) for n in range(1_500)]
    list_of += [pay(f"u{n}", "anita", "shop", 10) for n in range(200)]
    said = await ledger.post(list_of)
    assert [isinstance(a, Posted) for a in said] == [True] * 1_500 + [True] * 158 + [False] * 42


async def test_an_id_that_repeats_in_a_list_finds_the_first(ledger: Ledger):
    first = pay("a", "anita", "shop", 5)
    said = await ledger.post(
        [first, pay("b", "anita", "shop", 5), first, pay("a", "ravi", "shop", 5)]
    )
    assert [getattr(a, "existed", None) for a in said] == [False, False, True, None]
    assert told([said[3:]]) == [["exists_with_different_debit"]]


async def test_a_group_made_in_part_before_is_not_the_same_group(ledger: Ledger):
    await ledger.post([pay("a", "anita", "shop", 5)])
    said = await ledger.post_groups([[pay("a", "anita", "shop", 5), pay("b", "anita", "shop", 5)]])
    assert told(said) == [["made", "group_refused"]]
    assert (await ledger.accounts([named("anita")]))[named("anita")].balance_minor == 75


async def test_a_group_that_names_an_id_twice_is_refused(ledger: Ledger):
    twice = [pay("b", "anita", "shop", 5), pay("b", "anita", "shop", 5)]
    said = await ledger.post_groups(
        [[pay("a", "anita", "shop", 5)], twice, twice, [pay("c", "anita", "shop", 5)]]
    )
    assert told(said) == [["made"], ["group_refused"] * 2, ["group_refused"] * 2, ["made"]]


@pytest.mark.parametrize("amount", [5, 500], ids=["proven", "walked"])
async def test_a_clock_that_stands_back_stops_the_ledger(
    amount: int, ledger: Ledger, clock: SetClock, db: Database
):
    clock.advance(seconds=-60)
    asked = [pay("a", "anita", "shop", amount), pay("b", "anita", "shop", 5)]
    with pytest.raises(Unavailable, match="clock"):
        await ledger.post(asked)
    assert (await ledger.accounts([named("anita")]))[named("anita")].entries == 1
    clock.advance(seconds=60)
    assert told([await ledger.post(asked)])[0][1] == "made"
    assert (await verify(db)).sound


async def test_clocks_of_two_processes_may_differ_a_little(ledger: Ledger, clock: SetClock):
    clock.advance(seconds=-4)
    assert told([await ledger.post([pay("a", "anita", "shop", 5)])]) == [["made"]]
