"""Figures by hand, so that nobody's library decides what a figure means."""

from __future__ import annotations

import numpy as np
import pytest

from argosy.ctu.learn import boosting, mining
from argosy.ctu.learn.boosting import Settings, fit
from argosy.ctu.learn.measures import (
    auc,
    average_precision,
    budget_threshold,
    entity_precision,
    wilson_high,
    wilson_low,
)
from argosy.ctu.learn.terms import Terms
from argosy.ctu.models import Card
from argosy.ctu.models.boosted import Boosted
from tests.ctu.learn.made import data


def by_pairs(y, score) -> float:
    """The AUC as it is defined: of all pairs of a bad and a good one, how many stand right."""
    pairs = [(b, g) for b in score[y == 1] for g in score[y == 0]]
    return sum((b > g) + (b == g) / 2 for b, g in pairs) / len(pairs)


def test_auc_counts_pairs_and_ties_by_half():
    chance = np.random.default_rng(2)
    y = (chance.random(200) < 0.2).astype(int)
    score = np.round(chance.random(200) + y * 0.3, 1)
    assert auc(y, score) == pytest.approx(by_pairs(y, score))
    assert np.isnan(auc(np.zeros(3), np.arange(3)))


def test_average_precision_of_a_small_list():
    #      found  1/1    -   2/3   -   3/5
    y, score = np.array([1, 0, 1, 0, 1]), np.array([5.0, 4, 3, 2, 1])
    assert average_precision(y, score) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert average_precision(y, np.ones(5)) == pytest.approx(3 / 5)  # all at once


def test_the_budget_is_never_overdrawn_by_ties():
    score = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    assert (score >= budget_threshold(score, 0.4)).sum() == 1
    assert (score >= budget_threshold(score, 0.8)).sum() == 4
    assert (score >= budget_threshold(score, 0.0)).sum() == 0


def test_a_card_found_on_one_day_does_not_count_on_the_next():
    card = np.array([1, 1, 2, 3, 1, 2, 4])
    day = np.array([0, 0, 0, 0, 1, 1, 1])
    bad = np.array([0, 1, 0, 0, 1, 0, 1])
    score = np.array([0.9, 0.1, 0.8, 0.2, 0.9, 0.8, 0.7])
    # Day 0: cards 1 and 2 are looked at, 1 is bad. Day 1: 1 is out, 2 and 4 are looked at, 4 is bad.
    assert entity_precision(bad, score, card, day, k=2) == [0.5, 0.5]


def test_a_share_of_few_is_surely_little():
    assert wilson_low(3, 3) < 0.5 < wilson_low(30, 30)
    assert wilson_low(0, 0) == 0.0
    assert wilson_high(0, 0) == 1.0
    assert wilson_high(0, 30) < 0.15


def test_a_bag_is_the_mean_of_its_forests_and_one_model_in_line():
    made = data()
    single = [
        fit(made.rows, made.y, made.columns, Settings(bag=1, trees=15, seed=n)) for n in (1, 2, 3)
    ]
    bag = fit(made.rows, made.y, made.columns, Settings(bag=3, trees=15, seed=1))
    margins = [np.log(one.score(made.rows) / (1 - one.score(made.rows))) for one in single]
    mean = 1 / (1 + np.exp(-np.mean(margins, axis=0)))
    assert np.abs(bag.score(made.rows) - mean).max() < 1e-12
    in_line = Boosted("fraud", "1", bag.text.encode(), made.columns, Card(purpose="a test"))
    assert np.abs(in_line.raw(made.rows) - bag.score(made.rows)).max() < 1e-12
    again = boosting.fit(made.rows, made.y, made.columns, Settings(bag=3, trees=15, seed=1))
    assert again.text == bag.text


def test_mined_rules_say_what_was_planted():
    made = data()
    found = mining.mine(made, "rush", Terms())
    assert found
    best = found[0]
    assert {c.column for c in best.conditions} <= {"account.ratio_30d", "device.count_1h"}
    assert best.low >= 0.5
    assert best.recall >= 0.5
    # Numbers are round: nobody writes 3.0000000018.
    assert all(len(f"{c.value:g}") <= 4 for c in best.conditions)
    assert mining.mine(made, "another scheme", Terms()) == []


def test_a_missing_value_never_fits():
    condition = mining.Condition("pair.since", "<=", 10.0)
    assert condition.fits(np.array([np.nan, 5.0, 11.0])).tolist() == [False, True, False]
