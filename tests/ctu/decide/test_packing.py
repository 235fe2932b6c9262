"""Verdicts as bytes come back as they were, bit by bit."""

from __future__ import annotations

import math
import random
import struct
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.ports import Decision, Hit
from argosy.ctu.decide.decider import Judged
from argosy.ctu.decide.packing import pack, search, unpack
from tests.ctu.decide.judgements import event

ODD = (0.0, -0.0, 1.0, -1.0, 255.0, 256.0, 2**31 - 1, 2**31, -(2**31), 1e300, 0.1, np.nan, np.inf)
NUMBERS = st.one_of(
    st.sampled_from(ODD),
    st.integers(-(10**6), 10**6).map(float),
    st.floats(allow_nan=False),
)


def judged(n: int, facts: list[float], **told) -> Judged:
    return Judged(
        id=UUID(int=n),
        decision=told.pop("decision", Decision.ALLOW),
        event=event(id=UUID(int=1000 + n)),
        facts=np.array(facts),
        scores=np.array(told.pop("scores", [0.25])),
        **told,
    )


def bits(row) -> list[bytes]:
    return [b"missing" if math.isnan(x) else struct.pack("d", x) for x in row]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9).flatmap(lambda width: st.lists(
    st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=9)))  # fmt: skip
def test_every_number_comes_back(rows):
    made = [judged(n, row) for n, row in enumerate(rows)]
    back = unpack(pack(made))
    assert [bits(one.facts) for one in back] == [bits(row) for row in rows]
    assert [one.id for one in back] == [one.id for one in made]
    assert [one.event for one in back] == [one.event for one in made]


def test_what_was_said_comes_back():
    hits = (
        Hit("velocity.many", Decision.CHALLENGE, {"account.count_1m": 12, "event.kind": "send"}),
    )
    stopped = judged(
        1, [1.0], decision=Decision.CHALLENGE, challenge="otp", hits=hits, unevaluated=("a.b",),
        answered=True, score=0.004,
    )  # fmt: skip
    plain = judged(2, [2.0], scores=[0.5])
    first, second = unpack(pack([stopped, plain]))
    said = first.answer
    assert (said.decision, said.challenge, said.hits) == (Decision.CHALLENGE, "otp", hits)
    assert (said.unevaluated, said.answered, first.score) == (("a.b",), True, 0.004)
    assert (second.answer.decision, second.answer.hits) == (Decision.ALLOW, ())
    assert second.scores.tolist() == [0.5]


def test_a_verdict_is_found_by_its_id_and_by_its_event():
    packed = pack([judged(n, [float(n)]) for n in range(5)], events=False)
    (by_id,) = search(packed, UUID(int=3))
    (by_event,) = search(packed, UUID(int=1003))
    assert by_id.facts.tolist() == by_event.facts.tolist() == [3.0]
    assert by_id.event is None
    assert search(packed, UUID(int=77)) == []


@pytest.mark.parametrize("events", [True, False])
def test_a_plain_yes_takes_little_room(events):
    """Two hundred facts, of which a third is missing and most are small."""
    chance = random.Random(1)
    rows = [
        [chance.choice((np.nan, 0.0, 0.0, float(chance.randint(0, 40)))) for _ in range(200)]
        for _ in range(100)
    ]
    size = len(pack([judged(n, row) for n, row in enumerate(rows)], events=events)) / 100
    assert size < (320 if events else 240)
