"""Limits are counted in the commit of the payment itself, in the day, month and year that it names."""

from __future__ import annotations

from datetime import date

import pytest

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids, named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Action, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.orders.facts import State
from argosy.base.postings import OrderMove, Posting
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.base.wallet.limits import give_back
from tests.base.gate.till import opened, payment

SUNDAY, MONDAY = date(2026, 11, 29), date(2026, 11, 30)
TUESDAY, NEW_YEAR = date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
async def commit(db: Database, clock: SetClock, ids: Ids) -> GroupCommit:
    await opened(db, clock, ids, 1_000_000)
    return GroupCommit(db, clock)


class Counting:
    """Pays on given days, and reads the counters."""

    def __init__(self, db: Database, commit: GroupCommit, clock: SetClock) -> None:
        self.db, self.commit, self.clock, self.number = db, commit, clock, 0

    async def pay(self, minor: int, day: date, **caps: int) -> str:
        self.number += 1
        caps = caps or {"year_minor_max": 10**9}
        posting = payment(f"p{self.number}", "anita", "shop", minor, self.clock, day=day, **caps)
        return _said(await self.commit.submit(posting))

    async def hold(self, minor: int, day: date) -> Posting:
        self.number += 1
        posting = payment(
            f"p{self.number}",
            "anita",
            "shop",
            minor,
            self.clock,
            day=day,
            state=State.HELD,
            year_minor_max=10**9,
        )
        assert _said(await self.commit.submit(posting)) == "made"
        return posting

    async def let_go(self, held: Posting) -> str:
        hold = held.transfers[0].id
        step = Transfer(
            named(f"v{held.id}"), None, None, None, "INR", "pay", Action.VOID, held.id, hold
        )
        uses = give_back(held.uses)
        move = OrderMove(held.id, 1, State.RETURNED)
        return _said(await self.commit.submit(Posting(step.id, move, (step,), uses)))

    async def counted(self) -> tuple[int, ...]:
        """Day, month and year in minor units, day and month in payments."""
        row = await self.db.one(
            "SELECT day_minor, month_minor, year_minor, day_count, month_count FROM gate.usage"
        )
        assert row is not None
        return tuple(row)

    async def sound(self) -> bool:
        report = await verify(self.db)
        assert report.sound, report.text()
        return True


def _said(answer) -> str:
    if isinstance(answer, Refused):
        return answer.code
    return answer.refused.code if answer.refused else "made"


@pytest.fixture
def counting(db: Database, commit: GroupCommit, clock: SetClock) -> Counting:
    return Counting(db, commit, clock)


async def test_a_new_day_month_and_year_begin_at_nothing(counting: Counting):
    await counting.pay(10, SUNDAY)
    await counting.pay(5, SUNDAY)
    assert await counting.counted() == (15, 15, 15, 2, 2)
    await counting.pay(7, MONDAY)
    assert await counting.counted() == (7, 22, 22, 1, 3)
    await counting.pay(3, TUESDAY)
    assert await counting.counted() == (3, 3, 25, 1, 1)
    await counting.pay(1, NEW_YEAR)
    assert await counting.counted() == (1, 1, 1, 1, 1)
    assert await counting.sound()


LIMITS = """
cap              10  10  10     what the third gets
day_minor_max    29  30  20     limit_day          made  limit_day
day_count_max     2   3   1     limit_day_count    made  limit_day_count
month_minor_max  29  30  20     limit_month        made  limit_month
month_count_max   2   3   1     limit_month_count  made  limit_month_count
year_minor_max   29  30  20     limit_year         made  limit_year
"""


@pytest.mark.parametrize(
    "cap,most,said",
    [
        (row.split()[0], int(row.split()[1 + n]), row.split()[4 + n])
        for row in LIMITS.strip().splitlines()[1:]
        for n in range(2)
    ],
)
async def test_each_limit_lets_in_what_fits_and_no_more(
    cap: str, most: int, said: str, counting: Counting
):
    assert [await counting.pay(10, SUNDAY, **{cap: most}) for _ in range(3)] == [
        "made",
        "made",
        said,
    ]
    assert (await counting.counted())[2] == (30 if said == "made" else 20)
    assert await counting.sound()


async def test_the_first_limit_that_is_passed_is_the_answer(counting: Counting):
    caps = {"day_minor_max": 5, "month_minor_max": 5, "year_minor_max": 5}
    assert await counting.pay(6, SUNDAY, **caps, day_count_max=0) == "limit_day"
    assert await counting.pay(5, SUNDAY, **caps, day_count_max=0) == "limit_day_count"
    caps["day_minor_max"] = 6
    assert await counting.pay(6, SUNDAY, **caps) == "limit_month"
    assert await counting.db.value("SELECT count(*) FROM gate.usage") == 0


async def test_a_payment_that_comes_late_counts_in_its_own_day(counting: Counting):
    """Planned before midnight, committed after another one of the new day."""
    await counting.pay(10, TUESDAY)
    await counting.pay(4, MONDAY)
    assert await counting.counted() == (10, 10, 14, 1, 1)
    assert await counting.sound()


async def test_what_returns_is_given_back_where_it_was_counted(counting: Counting):
    held = await counting.hold(10, SUNDAY)
    await counting.pay(5, SUNDAY)
    assert await counting.let_go(held) == "made"
    assert await counting.counted() == (5, 5, 5, 1, 1)
    assert await counting.sound()


async def test_what_returns_later_is_given_back_to_month_and_year_only(counting: Counting):
    held = await counting.hold(10, SUNDAY)
    old = await counting.hold(20, SUNDAY)
    await counting.pay(5, MONDAY)
    assert await counting.counted() == (5, 35, 35, 1, 3)
    assert await counting.let_go(held) == "made"
    assert await counting.counted() == (5, 25, 25, 1, 2)
    await counting.pay(5, TUESDAY)
    assert await counting.let_go(old) == "made"
    assert await counting.counted() == (5, 5, 10, 1, 1)
    assert await counting.sound()


async def test_the_last_day_of_a_window_and_the_next_in_one_batch(
    counting: Counting, clock: SetClock, db: Database, ids: Ids
):
    postings = [
        payment(f"q{n}", "anita", "shop", 10, clock, day=day, month_minor_max=25)
        for n, day in enumerate([MONDAY, TUESDAY, MONDAY, TUESDAY, MONDAY, TUESDAY])
    ]
    answers = await counting.commit.submit_in_order(postings)
    # Monday's third comes when December has begun; it is held against what December has.
    assert [_said(a) for a in answers].count("made") in (4, 5)
    assert (await counting.counted())[1] <= 25
    assert await counting.sound()


async def test_a_dry_run_says_the_same_and_leaves_nothing(
    counting: Counting, clock: SetClock, db: Database
):
    posting = payment("p", "anita", "shop", 10, clock, day_minor_max=10)
    before = await db.value("SELECT count(*) FROM ledger.transfers")
    for _ in range(2):
        assert _said(await counting.commit.rehearse(posting)) == "made"
    assert await db.value("SELECT count(*) FROM ledger.transfers") == before
    assert await db.value("SELECT count(*) FROM gate.usage") == 0
    assert _said(await counting.commit.submit(posting)) == "made"
    again = payment("q", "anita", "shop", 1, clock, day_minor_max=10)
    assert _said(await counting.commit.rehearse(again)) == "limit_day"
    assert _said(await counting.commit.submit(again)) == "limit_day"


async def test_with_an_account_that_refuses_nothing_is_counted(
    counting: Counting, db: Database, clock: SetClock, ids: Ids
):
    ledger = Ledger(db, counting.commit, clock, ids)
    await ledger.freeze(named("shop"), "test")
    assert await counting.pay(10, SUNDAY) == "credit_account_frozen"
    assert await db.value("SELECT count(*) FROM gate.usage") == 0
    assert await counting.sound()
