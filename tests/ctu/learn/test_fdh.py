"""The handbook's protocol, on a few payments made by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from argosy.bench import fdh
from argosy.bench.fdh import FOLDS, START, WEEK, Payments, folds


def payments(bad: set[tuple[int, int]]) -> Payments:
    """Ten cards pay once on every day of half a year; `bad` are (card, day)."""
    day, card = (a.ravel() for a in np.meshgrid(np.arange(183), np.arange(10), indexing="ij"))
    found = np.array([(c, d) in bad for c, d in zip(card, day, strict=True)], dtype=np.int8)
    return Payments((), np.empty((len(day), 0)), found, card, day, date(2018, 4, 1))


def cards_tested(made: Payments, fold, day: int) -> set[int]:
    return set(made.card[fold.test[made.day[fold.test] == day]].tolist())


def test_the_folds_are_those_of_the_handbook():
    made = payments(set())
    last = START + timedelta(days=(FOLDS - 1) * WEEK)
    found = folds(made, last)
    assert [f.train_from for f in found] == [
        date(2018, 8, 15),
        date(2018, 8, 8),
        date(2018, 8, 1),
        date(2018, 7, 25),
    ]
    assert all(f.test_from - f.train_from == timedelta(days=14) for f in found)
    assert all(len(f.train) == len(f.test) == 70 for f in found)
    # What to try is chosen before the first day that is tested.
    earlier = folds(made, START - timedelta(days=2 * WEEK))
    last_seen = max(made.day[f.test].max() for f in earlier)
    assert last_seen < min(made.day[f.test].min() for f in found)


def test_cards_known_to_be_compromised_are_not_tested():
    start = payments(set()).on(START)
    first, delay, test = start, start + 7, start + 14
    made = payments({(1, first), (2, delay - 1), (3, delay), (4, delay + 5), (5, delay + 6)})
    fold = folds(made, START)[0]
    everybody = set(range(10))
    # Of the training week on the first day; of the days of the delay a day later each.
    assert cards_tested(made, fold, test) == everybody - {1, 2}
    assert cards_tested(made, fold, test + 1) == everybody - {1, 2, 3}
    assert cards_tested(made, fold, test + 6) == everybody - {1, 2, 3, 4}  # 5 is known too late


def test_a_longer_training_ends_on_the_same_day():
    made = payments(set())
    short, long = folds(made, START)[0], folds(made, START, train_days=28)[0]
    assert made.day[short.train].max() == made.day[long.train].max()
    assert (short.test == long.test).all()
    assert len(np.unique(made.day[long.train])) == 28


def test_its_facts_are_declared_like_any_other_and_never_name_the_scenario():
    facts = fdh.fact_set()
    assert len(facts.columns) > 40
    assert "SCENARIO" not in fdh.FACTS.read_text("utf-8").upper()
    assert "TX_FRAUD_SCENARIO" not in Path(fdh.__file__).read_text("utf-8")
