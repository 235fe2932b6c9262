"""Accounts, statements, trial balances of now and then."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

from argosy.base.refusals import Refused
from argosy.management.money.books import trial_rows


async def test_a_trial_balance_comes_to_nothing_now_and_at_any_instant(town, desk, clock):
    marks = [clock.now()]
    for minor in (10_000, 25_000, 70_000):
        clock.advance(hours=7)
        await town.pay(minor)
        marks.append(clock.now())
    now = await desk.books.trial()
    assert now.is_even
    assert now.sums[("india", "INR")] == 0
    assert {line.kind for line in now.lines if line.market == "india"} >= {
        "wallet", "system.fees", "system.float.simulator", "system.suspense",
    }  # fmt: skip

    for mark in marks:
        then = await desk.books.trial(mark)
        assert then.is_even
        wallets = next(one for one in then.lines if one.kind == "wallet")
        ledger = town.wallet.ledger
        owners = [await town.party(hand) for hand in (town.anita, town.ravi, town.shop)]
        totals = await asyncio.gather(*(ledger.totals_at(p.account, mark) for p in owners))
        assert wallets.credits == sum(t.credits_posted for t in totals)
        assert wallets.debits == sum(t.debits_posted for t in totals)


async def test_the_books_before_anybody_came_are_empty(town, desk, clock):
    before = await desk.books.trial(clock.now() - timedelta(days=3))
    assert all(line.debits == line.credits == 0 for line in before.lines)
    ahead = await desk.books.trial(clock.now() + timedelta(days=1))
    assert isinstance(ahead, Refused)
    assert ahead.code == "instant_in_future"


async def test_rows_of_a_file_have_both_columns(town, desk):
    await town.pay(10_000)
    head, *rows = trial_rows(await desk.books.trial())
    debit, credit = head.index("debit_balance_minor"), head.index("credit_balance_minor")
    mine = [row for row in rows if row[0] == "india"]
    assert sum(row[debit] for row in mine) == sum(row[credit] for row in mine) > 0
    assert all(row[debit] == 0 or row[credit] == 0 for row in mine)


async def test_an_account_is_found_by_each_of_its_names(town, desk, ids):
    anita = await town.party(town.anita)
    for text in (str(anita.account), str(anita.id), anita.number, f" {anita.number} "):
        found = await desk.books.find(text)
        assert not isinstance(found, Refused), text
        assert [one.id for one in found] == [anita.account]
    nobody = await desk.books.find(str(ids.new()))
    assert isinstance(nobody, Refused)
    assert nobody.code == "filter_unreadable"


async def test_accounts_of_a_kind_come_page_by_page(town, desk):
    seen, after = [], None
    while True:
        page, after = await desk.books.of_kind("wallet", after, 2)
        seen += [one.id for one in page]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 3


async def test_the_operators_accounts_are_listed_with_their_market(town, desk):
    found = await desk.books.operator_accounts()
    assert ("india", "system.fees") in {(market, account.kind) for market, account in found}


async def test_a_statement_runs_on_with_its_balance(town, desk):
    for minor in (10_000, 20_000, 30_000):
        await town.pay(minor)
    anita = await town.party(town.anita)
    entries, after = [], None
    while True:
        page = await desk.books.statement(anita.account, after, 2)
        entries += page.entries
        if page.next is None:
            break
        after = page.next.encode()
    for newer, older in itertools.pairwise(entries):
        assert newer.balance_minor - newer.moved_minor == older.balance_minor
    assert entries[0].balance_minor == await town.available(town.anita)
    assert entries[-1].balance_minor == entries[-1].moved_minor
