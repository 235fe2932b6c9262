"""The written code against the plain words, one fact at a time."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from argosy.ctu.facts.declared import DISTINCT_MAX, Fact, FactSet
from argosy.ctu.facts.kernel import Kernel, copy_state
from argosy.ctu.facts.packing import pack, unpack
from tests.ctu.facts.declarations import every_kind
from tests.ctu.facts.oracle import Oracle, Stream, same


class Small:
    """States in dicts, without a log."""

    def __init__(self, fact_set: FactSet) -> None:
        self.kernel = Kernel(fact_set)
        self.states = [{} for _ in range(self.kernel.size)]

    def at(self, keys):
        found = []
        for n, key in enumerate(keys):
            if key is not None and key not in self.states[n]:
                self.states[n][key] = self.kernel.empty[n].copy()
            found.append(None if key is None else self.states[n][key])
        return found

    def row(self, event):
        return self.kernel.read(event, *self.at(self.kernel.read_keys(event)))

    def tell(self, event, outcome):
        self.kernel.fold(event, outcome, 1, *self.at(self.kernel.fold_keys(event)))

    def mark(self, event, outcome, by):
        self.kernel.mark(event, outcome, by, 1, *self.at(self.kernel.fold_keys(event)))

    def pack_and_unpack(self):
        for n, states in enumerate(self.states):
            plan = self.kernel.plans[n]
            for key, state in states.items():
                states[key] = unpack(plan, pack(plan, state))


def differences(columns, found, wanted):
    return [
        f"{column}: {a} instead of {b}"
        for column, a, b in zip(columns, found, wanted, strict=True)
        if not same(a, b)
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kind_of_fact_is_what_its_words_say(seed):
    fact_set = every_kind()
    small, oracle, stream = Small(fact_set), Oracle(fact_set), Stream(seed)
    marked = {}
    for number in range(260):
        event = stream.event()
        wrong = differences(fact_set.columns, small.row(event), oracle.row(event))
        assert not wrong, (number, wrong[:5])
        outcome = stream.outcome()
        small.tell(event, outcome)
        oracle.tell(event, outcome)
        if stream.chance.random() < 0.2:
            told = stream.chance.choice(oracle.entries[-30:])
            bad = stream.chance.random() < 0.8
            by = int(bad) - int(marked.get(told.event.id, False))
            if by:
                small.mark(told.event, told.outcome, by)
            marked[told.event.id] = bad
            oracle.label(told.event.id, bad)
        if number % 50 == 49:
            small.pack_and_unpack()


def test_reading_leaves_no_trace():
    fact_set = every_kind()
    small, stream = Small(fact_set), Stream(5)
    for _ in range(150):
        event = stream.event()
        before = small.row(event).tobytes()
        later = replace(event, at_ms=event.at_ms + 20 * 86_400_000)
        copies = [
            state and copy_state(plan, state)
            for plan, state in zip(
                small.kernel.plans, small.at(small.kernel.read_keys(later)), strict=True
            )
        ]
        small.kernel.read(later, *copies)
        small.kernel.read(replace(event, at_ms=event.at_ms + 50_000), *copies)
        assert small.row(event).tobytes() == before
        small.tell(event, stream.outcome())


def test_the_same_knowledge_is_the_same_bytes():
    fact_set = every_kind()
    one, other, stream = Small(fact_set), Small(fact_set), Stream(7)
    for number in range(200):
        event, outcome = stream.event(), stream.outcome()
        one.row(event)  # who reads in between, and who packs, knows the same
        one.tell(event, outcome)
        other.tell(event, outcome)
        if number % 17 == 0:
            one.pack_and_unpack()
    for n, plan in enumerate(one.kernel.plans):
        for key, state in other.states[n].items():
            assert pack(plan, one.states[n][key]) == pack(plan, state)


def test_a_crowd_is_told_as_the_most_there_is_and_takes_no_more_room():
    fact_set = FactSet(
        [
            Fact(
                name=f"payee.{word}",
                entity="payee",
                aggregate="distinct",
                of="account",
                window=window,
            )
            for word, window in (("hour", 3_600), ("week", 7 * 86_400), ("ever", None))
        ]
    )
    small, stream = Small(fact_set), Stream(9)
    base = replace(stream.event(), payee="shop", kind="pay")
    for number in range(30_000):
        event = replace(base, account=f"a{number % 7_000}", at_ms=base.at_ms + number * 20_000)
        small.tell(event, "posted")
    last = replace(base, at_ms=base.at_ms + 30_000 * 20_000)
    hour, week, ever = small.row(last)
    assert 177 <= hour <= 180  # an hour of twenty seconds each, less part of a bucket
    assert (week, ever) == (DISTINCT_MAX, DISTINCT_MAX)
    assert len(pack(small.kernel.plans[0], small.states[0]["shop"])) < 60_000
    month_later = replace(last, at_ms=last.at_ms + 30 * 86_400_000)
    assert list(small.row(month_later)) == [0, 0, DISTINCT_MAX]


def test_no_event_is_so_strange_that_it_stops_the_reader():
    where = "event.risk * 1e300 * 1e300 % 7 == 1 || event.risk % 0 == 0"
    facts = [
        *every_kind().facts,
        Fact(name="account.x", entity="account", aggregate="count", where=where),
    ]
    small, stream = Small(FactSet(facts)), Stream(3)
    base = replace(stream.event(), kind="pay")
    for risk in (1e308, -1e308, 5e-324, float("inf"), float("nan"), 2**63 - 1, -(2**63), "", True):
        for at_ms in (base.at_ms, base.at_ms + 10**14, 0, -(10**12)):
            event = replace(
                base, at_ms=at_ms, amount=2**63 - 1, attributes={"risk": risk, "mcc": 5}
            )
            small.row(event)
            small.tell(event, "posted")
            small.mark(event, "posted", 1)
            small.pack_and_unpack()
    assert len(small.row(base)) == len(facts)


def test_sums_beyond_sixty_four_bits_are_kept():
    fact_set = FactSet(
        [Fact(name=f"account.{a}", entity="account", aggregate=a) for a in ("sum", "spread")]
    )
    small, stream = Small(fact_set), Stream(9)
    base = replace(stream.event(), kind="pay", amount=9 * 10**18)
    small.tell(base, "posted")
    small.tell(replace(base, amount=10**18), "posted")
    small.pack_and_unpack()
    assert list(small.row(base)) == [1e19, 4e18]
