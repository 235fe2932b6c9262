"""Many at once: what one of them gets is what it would get if they came one after the other."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from argosy.base.clock import SetClock, SystemClock
from argosy.base.gate.commit import Committed, GroupCommit
from argosy.base.ids import Ids, derive, named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Action, Posted, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.orders.facts import State
from argosy.base.postings import OrderMove, Posting
from argosy.base.refusals import Refused
from argosy.base.store import Database
from tests.base.gate.till import end, move, opened, payment

FIFTY = 50


@pytest.fixture
async def ledger(db: Database, clock: SetClock, ids: Ids) -> Ledger:
    return await opened(db, clock, ids, 1_000)


def processes(db: Database, clock: SetClock, many: int = 4) -> list[GroupCommit]:
    """Several group commits that know nothing of each other; two of them share their lanes."""
    return [GroupCommit(db, clock, first_lane=2 * (n // 2)) for n in range(many)]


def said(answers) -> Counter[str]:
    return Counter(
        a.code if isinstance(a, Refused) else a.refused.code if a.refused else "made"
        for a in answers
    )


async def balance(ledger: Ledger, name: str) -> int:
    account = await ledger.account(named(name))
    assert account is not None
    return account.balance_minor


async def entries(db: Database) -> int:
    return await db.value("SELECT count(*) FROM ledger.transfers")


async def test_fifty_identical_postings_are_one(ledger: Ledger, db: Database, clock: SetClock):
    before = await entries(db)
    one = payment("p", "anita", "shop", 100, clock, day_minor_max=500)
    commits = processes(db, clock)
    answers = await asyncio.gather(*(commits[n % 4].submit(one) for n in range(FIFTY)))
    assert said(answers) == {"made": FIFTY}
    assert len({(o.id, o.amount, o.at) for a in answers for o in a.outcomes}) == 1
    assert [a.existed for a in answers].count(False) == 1
    assert await entries(db) == before + 1
    assert await balance(ledger, "shop") == 1_100
    assert await db.value("SELECT count(*) FROM outbox.events") == 1
    assert await db.value("SELECT day_minor FROM gate.usage") == 100
    assert (await verify(db)).sound


async def test_fifty_identical_transfers_are_one(ledger: Ledger, db: Database):
    before = await entries(db)
    one = move("t", "anita", "shop", 100)
    answers = await asyncio.gather(*(ledger.post([one]) for _ in range(FIFTY)))
    assert len({(o.id, o.amount, o.at) for [o] in answers}) == 1
    assert await entries(db) == before + 1


async def test_fifty_with_one_id_and_other_amounts_are_one_and_conflicts(
    ledger: Ledger, db: Database, clock: SetClock
):
    commits = processes(db, clock)
    asked = [Posting(named("t"), None, (move("t", "anita", "shop", n + 1),)) for n in range(FIFTY)]
    answers = await asyncio.gather(*(commits[n % 4].submit(p) for n, p in enumerate(asked)))
    assert said(answers) == {"made": 1, "exists_with_different_amount": FIFTY - 1}
    [amount] = [a.outcomes[0].amount for a in answers if a.refused is None]
    assert await balance(ledger, "shop") == 1_000 + amount


async def test_one_order_made_by_fifty_at_once(ledger: Ledger, db: Database, clock: SetClock):
    """Orders that only wait have no transfer to be known by."""
    waiting = payment("p", "anita", "shop", 100, clock, state=State.AWAITING)
    waiting = Posting(waiting.id, waiting.order, (), (), waiting.events)
    commits = processes(db, clock)
    answers = await asyncio.gather(*(commits[n % 4].submit(waiting) for n in range(FIFTY)))
    assert said(answers) == {"made": FIFTY}
    assert [a.existed for a in answers].count(False) == 1
    assert await db.value("SELECT count(*) FROM outbox.events") == 1


@pytest.mark.parametrize("apart", [False, True], ids=["on one lane", "on lanes apart"])
@pytest.mark.parametrize("other", [Action.POST, Action.VOID])
async def test_a_hold_ended_by_two_at_once_ends_once(
    other: Action, apart: bool, ledger: Ledger, db: Database, clock: SetClock
):
    two = processes(db, clock)[:: 2 if apart else 1][:2]
    for turn in range(20):
        hold = move(f"h{turn}", "anita", "shop", 50, action=Action.HOLD)
        await ledger.post([hold])
        before = await balance(ledger, "shop")
        ends = [end(f"a{turn}", f"h{turn}"), end(f"b{turn}", f"h{turn}", other)]
        answers = await asyncio.gather(
            *(commit.submit(Posting(e.id, None, (e,))) for commit, e in zip(two, ends, strict=True))
        )
        counted = said(answers)
        assert counted["made"] == 1
        assert set(counted) <= {"made", "hold_already_posted", "hold_already_voided"}
        posted = answers[0].refused is None or other is Action.POST
        assert await balance(ledger, "shop") == before + (50 if posted else 0)
    anita = await ledger.account(named("anita"))
    assert anita is not None
    assert anita.available_minor == anita.balance_minor


async def test_fifty_withdrawals_against_money_for_ten(
    ledger: Ledger, db: Database, clock: SetClock
):
    commits = processes(db, clock)
    asked = [payment(f"w{n}", "anita", "shop", 100, clock) for n in range(FIFTY)]
    answers = await asyncio.gather(*(commits[n % 4].submit(p) for n, p in enumerate(asked)))
    assert said(answers) == {"made": 10, "insufficient_funds": 40}
    assert await balance(ledger, "anita") == 0
    assert await balance(ledger, "shop") == 2_000
    assert await db.value("SELECT count(*) FROM orders.orders") == 10
    assert (await verify(db)).sound


async def test_fifty_payments_against_a_limit_for_seven(
    ledger: Ledger, db: Database, clock: SetClock
):
    commits = processes(db, clock)
    asked = [payment(f"p{n}", "anita", "shop", 10, clock, day_minor_max=75) for n in range(FIFTY)]
    answers = await asyncio.gather(*(commits[n % 4].submit(p) for n, p in enumerate(asked)))
    assert said(answers) == {"made": 7, "limit_day": 43}
    assert await balance(ledger, "shop") == 1_070
    assert (await verify(db)).sound


async def test_limit_and_balance_hold_together(ledger: Ledger, db: Database, clock: SetClock):
    """What a limit counted for a payment that the balance refused is not counted."""
    commits = processes(db, clock)
    asked = [payment(f"p{n}", "anita", "shop", 300, clock, day_minor_max=3_000) for n in range(8)]
    answers = await asyncio.gather(*(commits[n % 4].submit(p) for n, p in enumerate(asked)))
    assert said(answers) == {"made": 3, "insufficient_funds": 5}
    assert await db.value("SELECT day_minor FROM gate.usage") == 900
    assert (await verify(db)).sound


async def test_an_order_moved_on_by_many_at_once_moves_once(
    ledger: Ledger, db: Database, clock: SetClock
):
    held = payment("p", "anita", "shop", 100, clock, state=State.HELD)
    commits = processes(db, clock)
    assert (await commits[0].submit(held)).refused is None
    hold = held.transfers[0].id

    def ended(n: int) -> Posting:
        action, state = (Action.POST, State.PAID) if n % 2 else (Action.VOID, State.RETURNED)
        step = Transfer(named(f"e{n}"), None, None, None, "INR", "pay", action, held.id, hold)
        return Posting(named(f"c{n}"), OrderMove(held.id, 1, state), (step,))

    answers = await asyncio.gather(*(commits[n % 4].submit(ended(n)) for n in range(20)))
    assert said(answers) == {"made": 1, "order_moved_on": 19}
    assert (await verify(db)).sound


async def test_several_processes_on_the_same_accounts(db: Database, ids: Ids, clock: SetClock):
    """Orders of locks cross all the time; no deadlock reaches a caller, and the books are right."""
    ledger = await opened(db, clock, ids, 500)
    chance = random.Random(7)
    commits = processes(db, SystemClock())
    people = ["anita", "ravi", "shop", "stall"]

    def any_posting(n: int) -> Posting:
        steps = []
        for k in range(chance.choice([1, 1, 1, 2, 3])):
            debit, credit = chance.sample(people, 2)
            steps.append(move(f"t{n}.{k}", debit, credit, chance.randint(1, 300)))
        return Posting(named(f"p{n}"), None, tuple(steps))

    async def one_after_the_other(commit: GroupCommit, mine: list[Posting]) -> list:
        return [await commit.submit(posting) for posting in mine]

    postings = [any_posting(n) for n in range(1_000)]
    queues = [postings[n::40] for n in range(40)]
    told = await asyncio.gather(
        *(one_after_the_other(commits[n % 4], mine) for n, mine in enumerate(queues))
    )
    postings = [posting for mine in queues for posting in mine]
    answers = [answer for mine in told for answer in mine]
    expected = dict.fromkeys(people, 500)
    made = refused = 0
    for posting, answer in zip(postings, answers, strict=True):
        assert isinstance(answer, Committed)
        if answer.refused is not None:
            refused += 1
            assert not any(isinstance(o, Posted) for o in answer.outcomes)
            continue
        made += 1
        for t in posting.transfers:
            for name in people:
                expected[name] += (t.credit == named(name)) * t.amount
                expected[name] -= (t.debit == named(name)) * t.amount
    assert made > 100
    assert refused > 10
    assert {name: await balance(ledger, name) for name in people} == expected
    assert min(expected.values()) >= 0
    assert (await verify(db)).sound


async def test_a_caller_who_goes_away_changes_nothing_for_the_others(
    ledger: Ledger, db: Database, clock: SetClock
):
    commit = GroupCommit(db, clock)
    tasks = [
        asyncio.create_task(commit.submit(payment(f"p{n}", "anita", "shop", 10, clock)))
        for n in range(FIFTY)
    ]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert said(answers[1::2]) == {"made": FIFTY // 2}
    await commit.close()
    # What was sent is made, whether or not somebody waits; sent again it is the same answer.
    again = await commit.submit(payment("p0", "anita", "shop", 10, clock))
    assert (again.existed, again.refused) == (True, None)
    assert await balance(ledger, "shop") == 1_000 + 10 * FIFTY
    assert derive(named("p0"), "pay") == again.outcomes[0].id
