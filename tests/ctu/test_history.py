"""What is remembered does not depend on the order in which it was learned."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.ctu.old_history import (
    CROWD_MAX,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    RECENT_MAX,
    Account,
    Crowd,
    Observation,
    mark,
)

NOW = 1_795_000_000_000
ME, PHONE, TABLET = UUID(int=1), UUID(int=2), UUID(int=3)


def seen(at_ms: int, minor: int = 100, device: UUID = PHONE, **more) -> Observation:
    told = {"outgoing": True, "counts": True, "trusted": True, **more}
    return Observation(ME, at_ms, minor, device=device, **told)


def account(*observations: Observation) -> Account:
    made = Account()
    for one in observations:
        made.add(one)
    return made


def everything(made: Account, now_ms: int) -> list:
    spans = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, DAY_MS]
    return [
        [made.within(now_ms - s) for s in spans],
        [made.within_by(now_ms - s, mark(PHONE)) for s in spans],
        (made.count, made.total, made.squares, made.hours),
    ]


def test_windows_count_what_lies_in_them():
    made = account(seen(NOW - 2 * MINUTE_MS, 5), seen(NOW - 30_000, 7), seen(NOW, 11))
    assert made.within(NOW - MINUTE_MS) == (2, 18)
    assert made.within(NOW - 10 * MINUTE_MS) == (3, 23)
    assert made.within(NOW) == (0, 0)


def test_devices_are_told_apart():
    made = account(seen(NOW, 5), seen(NOW, 7, TABLET))
    assert made.within_by(NOW - MINUTE_MS, mark(TABLET)) == (1, 7)
    assert made.one_device() is None
    assert account(seen(NOW)).one_device() == mark(PHONE)


def test_money_that_comes_in_is_no_velocity_and_no_habit():
    made = account(seen(NOW, outgoing=False))
    assert everything(made, NOW) == everything(Account(), NOW)


def test_what_a_human_must_look_at_counts_but_is_no_habit():
    made = account(seen(NOW, trusted=False))
    assert (made.within(NOW - MINUTE_MS), made.count) == ((1, 100), 0)
    made.add(seen(NOW, counts=False))
    assert (made.within(NOW - MINUTE_MS), made.count) == ((1, 100), 1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [40, 3 * RECENT_MAX])
def test_the_order_of_learning_does_not_matter(seed, count):
    chance = random.Random(seed)
    told = [
        seen(
            NOW - chance.randrange(DAY_MS),
            chance.randrange(1, 10**9),
            chance.choice([PHONE, TABLET]),
        )
        for _ in range(count)
    ]
    first = everything(account(*told), NOW)
    chance.shuffle(told)
    assert everything(account(*told), NOW) == first


def test_more_than_can_be_kept_one_by_one_is_never_counted_too_low():
    made = account(*(seen(NOW - n * 60_000, 10) for n in range(1_000)))
    for span in (MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS):
        exact = min(1_000, span // 60_000)
        assert exact <= made.within(NOW - span)[0] <= exact + 25
    assert len(made.times) == RECENT_MAX


def test_what_is_older_than_a_day_is_let_go():
    made = account(*(seen(NOW - 3 * DAY_MS + n) for n in range(400)), seen(NOW))
    assert (len(made.times), made.older) == (1, {})
    assert made.count == 401


@given(st.lists(st.tuples(st.integers(0, 2 * DAY_MS), st.integers(1, 10**15)), max_size=30))
@settings(max_examples=50, deadline=None)
def test_packing_loses_nothing(told):
    made = account(*(seen(NOW + at, minor) for at, minor in told))
    assert everything(Account.unpack(made.pack()), NOW) == everything(made, NOW)
    assert Account.unpack(made.pack()).pack() == made.pack()


def test_a_crowd_counts_each_member_once_and_forgets_after_a_day():
    crowd = Crowd()
    for hour in (0, 0, 1):
        crowd.add(1, NOW + hour * HOUR_MS)
    crowd.add(2, NOW)
    assert crowd.within_day(NOW, besides=1) == 2
    assert crowd.within_day(NOW, besides=3) == 3
    assert crowd.within_day(NOW + 25 * HOUR_MS, besides=3) == 2
    assert Crowd.unpack(crowd.pack()).members == crowd.members


@pytest.mark.parametrize("seed", range(5))
def test_a_large_crowd_keeps_its_latest_in_whatever_order(seed):
    chance = random.Random(seed)
    told = [(chance.randrange(200), NOW + chance.randrange(20) * HOUR_MS) for _ in range(500)]
    crowds = [Crowd(), Crowd()]
    for crowd in crowds:
        for member, at_ms in told:
            crowd.add(member, at_ms)
        chance.shuffle(told)
    assert crowds[0].members == crowds[1].members
    assert len(crowds[0].members) == CROWD_MAX
