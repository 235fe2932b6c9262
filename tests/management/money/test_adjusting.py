"""Money moved by hand: by two persons, between accounts where that makes sense, once, and never under a
floor; and the books stay sound."""

from __future__ import annotations

import asyncio

import pytest

from argosy.app import console_services
from argosy.base.ledger.verify import verify
from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import system_account
from argosy.management.approvals.facts import State
from argosy.management.money.adjusting import KIND, PAIRS, Ask, Why
from argosy.management.staff.facts import Right
from tests.staffed import member

FEES = system_account("india", "fees", "INR")
SUSPENSE = system_account("india", "suspense", "INR")
FLOAT = system_account("india", "float.simulator", "INR")
FIRST, SECOND = member("farah", "finance"), member("felix", "finance")


@pytest.fixture
async def wallet_of(town):
    return {name: (await town.party(getattr(town, name))).account for name in ("anita", "ravi")}


def inr(minor: int) -> Money:
    return Money(minor, "INR")


async def proposed(services, ask, who=FIRST):
    return await services.approvals.propose(
        who, KIND, str(ask.credit), ask.body(), "a coupon was promised", right=Right.MONEY_ADJUST
    )


async def test_two_agree_and_the_money_moves_once(town, desk, db, wallet_of):
    services = console_services(town.wallet)
    before = await town.available(town.anita)
    ask = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(5_000))
    proposal = await proposed(services, ask)

    done = await services.approvals.decide(SECOND, proposal.id, yes=True)

    assert done == {"transfer": str(proposal.id)}
    assert await town.available(town.anita) == before + 5_000
    kept = await services.money.adjusting.get(proposal.id)
    assert (kept.proposed_by, kept.approved_by, kept.state) == ("farah", "felix", "posted")
    entry = (await desk.books.statement(wallet_of["anita"])).entries[0]
    assert (entry.transfer, entry.kind, entry.counterpart) == (proposal.id, "adjustment", FEES)
    again = await services.approvals.decide(SECOND, proposal.id, yes=True)
    assert isinstance(again, Refused)
    assert await town.available(town.anita) == before + 5_000
    assert (await verify(db)).sound


async def test_one_person_cannot_in_two_windows(town, db, wallet_of):
    services = console_services(town.wallet)
    other_window = console_services(town.wallet)
    before = await town.available(town.anita)
    ask = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(5_000))
    proposal = await proposed(services, ask)

    said = await asyncio.gather(
        services.approvals.decide(FIRST, proposal.id, yes=True),
        other_window.approvals.decide(FIRST, proposal.id, yes=True),
    )

    assert [one.code for one in said] == ["same_person", "same_person"]
    assert await town.available(town.anita) == before
    assert await db.value("SELECT count(*) FROM money.adjustments") == 0
    # and the twin: with another person it goes through, however many windows press at once
    said = await asyncio.gather(
        services.approvals.decide(SECOND, proposal.id, yes=True),
        other_window.approvals.decide(SECOND, proposal.id, yes=True),
    )
    assert sum(not isinstance(one, Refused) for one in said) == 1
    assert await town.available(town.anita) == before + 5_000


async def test_after_a_crash_it_is_carried_out_anew_and_moved_once(town, desk, wallet_of, ids):
    """The same proposal, twice to its handler."""
    ask = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(5_000))
    before = await town.available(town.anita)
    proposal = ids.new()
    for _ in range(3):
        done = await desk.adjusting.carry_out(proposal, ask, "promised", FIRST.name, SECOND)
        assert done.state == "posted"
    assert await town.available(town.anita) == before + 5_000


async def test_killed_between_the_row_and_the_money(town, desk, db, wallet_of, ids):
    ask = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(5_000))
    before, proposal = await town.available(town.anita), ids.new()
    await desk.adjusting.carry_out(proposal, ask, "promised", FIRST.name, SECOND)
    await db.run("UPDATE money.adjustments SET state = 'approved', posted_at = NULL")

    done = await desk.adjusting.carry_out(proposal, ask, "promised", FIRST.name, SECOND)

    assert done.state == "posted"
    assert await town.available(town.anita) == before + 5_000


async def test_never_beyond_a_customers_floor(town, desk, db, wallet_of, ids):
    has = await town.available(town.anita)
    over = Ask(Why.FROM_WALLET, wallet_of["anita"], SUSPENSE, inr(has + 1))
    assert (await desk.adjusting.checked(over, FIRST)).code in (
        "adjustment_funds", "adjustment_over_role",
    )  # fmt: skip
    # checked while there was enough, decided when there is not: the ledger has the last word
    rest = Ask(Why.FROM_WALLET, wallet_of["anita"], SUSPENSE, inr(has))
    services = console_services(town.wallet)
    proposal = await proposed(services, rest)
    await town.pay(10_000)
    said = await services.approvals.decide(SECOND, proposal.id, yes=True)
    assert isinstance(said, Refused)
    assert said.code == "adjustment_funds"
    assert (await services.approvals.get(proposal.id)).state is State.FAILED
    assert 0 < await town.available(town.anita) < has
    assert (await verify(db)).sound


async def test_the_ledger_itself_refuses_what_was_checked_too_early(
    town, desk, wallet_of, ids, monkeypatch
):
    has = await town.available(town.anita)
    rest = Ask(Why.FROM_WALLET, wallet_of["anita"], SUSPENSE, inr(has + 1))

    async def blind(_ask, _member):
        return "india"

    monkeypatch.setattr(desk.adjusting, "checked", blind)
    said = await desk.adjusting.carry_out(ids.new(), rest, "why", FIRST.name, SECOND)
    assert isinstance(said, Refused)
    assert said.code == "insufficient_funds"
    assert await town.available(town.anita) == has


async def test_only_between_kinds_of_accounts_where_it_makes_sense(town, desk, wallet_of):
    anita, ravi = wallet_of["anita"], wallet_of["ravi"]
    wrong = [
        Ask(Why.GOODWILL, anita, ravi, inr(100)),  # never from a customer to another
        Ask(Why.GOODWILL, anita, FEES, inr(100)),
        Ask(Why.GOODWILL, FLOAT, anita, inr(100)),
        Ask(Why.TO_WALLET, FEES, anita, inr(100)),
        Ask(Why.OWN, FEES, anita, inr(100)),
        Ask(Why.BANK_DIFFERENCE, FEES, FLOAT, inr(100)),
        Ask(Why.GOODWILL, system_account("thailand", "fees", "THB"), anita, inr(100)),
    ]
    for ask in wrong:
        said = await desk.adjusting.checked(ask, FIRST)
        assert isinstance(said, Refused), ask
        assert said.code == "adjustment_accounts", ask
    right = [
        Ask(Why.GOODWILL, FEES, anita, inr(100)),
        Ask(Why.TO_WALLET, SUSPENSE, anita, inr(100)),
        Ask(Why.FROM_WALLET, anita, SUSPENSE, inr(100)),
        Ask(Why.BANK_DIFFERENCE, FLOAT, SUSPENSE, inr(100)),
        Ask(Why.OWN, SUSPENSE, FEES, inr(100)),
    ]
    assert {ask.why for ask in right} == set(PAIRS)
    for ask in right:
        assert await desk.adjusting.checked(ask, FIRST) == "india", ask


async def test_amounts_by_role(town, desk, wallet_of):
    market = town.wallet.markets["india"]
    most = desk.adjusting.most(market, FIRST.roles, wallet=True)
    ask = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(most.minor + 1))
    over = await desk.adjusting.checked(ask, FIRST)
    assert isinstance(over, Refused)
    assert over.code == "adjustment_over_role"
    assert over.facts["most"] == most
    small = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(100))
    for role in ("support", "analyst", "administrator", "auditor"):
        nobody = await desk.adjusting.checked(small, member("someone", role))
        assert isinstance(nobody, Refused), role
        assert nobody.code == "adjustment_over_role", role
    own = Ask(Why.OWN, SUSPENSE, FEES, inr(most.minor + 1))
    assert await desk.adjusting.checked(own, FIRST) == "india"


async def test_the_second_persons_role_counts_too(town, wallet_of):
    services = console_services(town.wallet)
    ask = Ask(Why.GOODWILL, FEES, wallet_of["anita"], inr(100))
    proposal = await proposed(services, ask)
    said = await services.approvals.decide(member("olga", "operator"), proposal.id, yes=True)
    assert isinstance(said, Refused)
    assert said.code == "not_allowed"


async def test_any_mix_of_adjustments_keeps_the_books_even(town, desk, db, wallet_of, ids):
    anita, ravi = wallet_of["anita"], wallet_of["ravi"]
    asks = [
        Ask(Why.GOODWILL, FEES, anita, inr(700)),
        Ask(Why.FROM_WALLET, ravi, SUSPENSE, inr(1_300)),
        Ask(Why.TO_WALLET, SUSPENSE, anita, inr(1_300)),
        Ask(Why.BANK_DIFFERENCE, FLOAT, SUSPENSE, inr(99_000)),
        Ask(Why.BANK_DIFFERENCE, SUSPENSE, FLOAT, inr(41)),
        Ask(Why.OWN, SUSPENSE, FEES, inr(17)),
    ]
    said = await asyncio.gather(
        *(desk.adjusting.carry_out(ids.new(), ask, "why", FIRST.name, SECOND) for ask in asks)
    )
    assert all(one.state == "posted" for one in said)
    assert (await desk.books.trial()).is_even
    assert (await verify(db)).sound
    kept = [one.ask.money.minor for one in await desk.adjusting.page()]
    assert sorted(kept) == sorted(ask.money.minor for ask in asks)
