"""On line and off line are one: the same declarations, the same numbers, for every event of a long day.

A model that trained on what it will never see is worse than none.
"""

from __future__ import annotations

import itertools
from unittest import mock

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from argosy.ctu.facts.declared import AGGREGATES, Fact, FactSet, grain_of, starter
from argosy.ctu.facts.offline import windows
from argosy.ctu.facts.offline.engine import OffLine
from tests.ctu.offline.compare import differences
from tests.ctu.offline.online import OnLine
from tests.ctu.offline.oracle import facts_of
from tests.ctu.offline.streams import OFFSETS, history_of, town

EVENTS = 100_000
DAY = 86_400


@pytest.fixture(scope="module")
def long_log():
    return town(20261122, EVENTS, 20 * DAY, people=3_000)


def test_a_hundred_thousand_events_through_both_engines(long_log):
    facts = starter(OFFSETS)
    online = OnLine(facts).rows(long_log)
    offline = OffLine(facts).matrix(history_of(long_log))
    assert len(online) >= EVENTS
    assert offline.columns == facts.columns
    assert offline.version == facts.version
    assert differences(facts, offline.values, online) == []


def test_the_stream_has_what_could_make_them_differ(long_log):
    events = [entry.said for entry in long_log if hasattr(entry.said, "kind")]
    times = [event.at_ms for event in events]
    assert sum(a > b for a, b in itertools.pairwise(times)) > EVENTS // 50  # late ones
    assert sum(a == b for a, b in itertools.pairwise(times)) > EVENTS // 50  # ties
    assert len(events) - len({event.id for event in events}) > 1_000  # tried again
    assert len(long_log) - len(events) > 1_000  # labels
    assert {entry.outcome for entry in long_log} == set(
        "posted held challenged denied refused".split()
    )
    assert any(event.device is None for event in events)


# --- twins ---------------------------------------------------------------------------------------------


def some_facts():
    wanted = {"account.count_1m", "account.count_1h", "account.sum_24h"}
    facts = [fact for fact in starter().facts if fact.name in wanted]
    return FactSet(facts or starter().facts[:3])


def test_twin_a_window_that_is_a_bucket_too_long_is_found():
    facts, log = some_facts(), town(3, 3_000, 3_600, people=60)
    right = OnLine(facts).rows(log)
    framed = windows._window

    def longer(rows, how, column, near, far, *by):
        return framed(rows, how, column, near, None if far is None else far + 1, *by)

    assert differences(facts, OffLine(facts).matrix(history_of(log)).values, right) == []
    with mock.patch.object(windows, "_window", longer):
        assert differences(facts, OffLine(facts).matrix(history_of(log)).values, right)


def test_twin_late_events_taken_as_in_time_are_found():
    facts, log = some_facts(), town(3, 3_000, 3_600, people=60)
    right = OnLine(facts).rows(log)
    with mock.patch.object(windows, "disturbed", lambda rows, _: rows.place < 0):
        assert differences(facts, OffLine(facts).matrix(history_of(log)).values, right)


# --- any declaration, any small stream: three voices ---------------------------------------------------

WHERE = (
    "",
    "event.amount > 1000",
    "event.kind == 'pay' && event.amount > 100000",
    "event.kind in ['send', 'pay'] || event.foreign",
    "'pin' in event.proofs && !('otp' in event.proofs)",
    "has(event.device) && !(event.level == 'small')",
    "event.fee + 1.0 > 2 || event.odd == 'one'",
    "event.account_age % 7 == 3",
    "!event.foreign",
    "event.market.startsWith('in') && event.channel != 'ussd'",
    "event.merchant.contains('1') || event.payee.endsWith('2')",
    "event.odd > 1 || !has(event.odd)",
)
ENTITY = (
    "account device payee merchant network phone instrument pair account_device received".split()
)
WINDOWS = (60, 120, 600, 900, 3_600, 7_200, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY)
OUTCOMES = (("posted", "held"), ("denied",), ("posted", "challenged", "refused"))


@st.composite
def declarations(draw, number):
    kind = draw(st.sampled_from(AGGREGATES))
    entity = draw(st.sampled_from(ENTITY))
    more = {}
    if kind in ("sum", "mean", "spread", "max", "ratio", "decayed_sum"):
        more["of"] = draw(st.sampled_from(("amount", "account_age", "fee", "odd", "nothing")))
    if kind == "distinct":
        of = ("account", "device", "payee", "network", "channel", "level", "odd", "kind")
        more["of"] = draw(st.sampled_from([name for name in of if name != entity]))
    if kind.startswith("decayed_"):
        more["half_life"] = draw(st.sampled_from((60, 3_600, 5_000, 7 * DAY)))
    elif kind not in ("age", "since"):
        more["window"] = draw(st.sampled_from((None, *WINDOWS)))
        if more["window"] is not None and draw(st.booleans()):
            grain = grain_of(more["window"])
            more["delay"] = draw(st.sampled_from((1, 7, grain, grain + 1, 3_600, 2 * DAY)))
    return Fact(
        name=f"{entity}.f{number}",
        entity=entity,
        aggregate=kind,
        where=draw(st.sampled_from(WHERE)),
        outcomes=draw(st.sampled_from(OUTCOMES)),
        **more,
    )


fact_sets = st.tuples(*(declarations(number) for number in range(6)))


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    facts=fact_sets,
    seed=st.integers(0, 10_000),
    seconds=st.sampled_from((20, 600, 4_000, DAY, 20 * DAY)),
    people=st.sampled_from((1, 3, 20)),
)
def test_any_declaration_over_any_stream_is_what_its_words_say(facts, seed, seconds, people):
    fact_set, log = FactSet(facts, OFFSETS), town(seed, 120, seconds, people=people)
    words = facts_of(fact_set, log)
    assert differences(fact_set, OffLine(fact_set).matrix(history_of(log)).values, words) == []
    assert differences(fact_set, OnLine(fact_set).rows(log), words) == []
