"""What is compiled here says what LightGBM says, to the last digits that matter."""

from __future__ import annotations

import threading

import lightgbm
import numpy as np
import pytest

from argosy.ctu.models import forest, masks
from argosy.ctu.models.ensemble import Ensemble, choose_width
from argosy.ctu.models.native import CONTRIBUTIONS, RAW, Booster
from tests.ctu.models.forests import hard_rows, rows, text, train

SORTS = [
    {},
    {"leaves": 4},
    {"leaves": 63},
    {"trees": 1},
    {"trees": 130},
    {"use_missing": False},
    {"zero_as_missing": True},
    {"categories": (1, 6, 11), "cat_smooth": 1.0},
    {"categories": (1,), "zero_as_missing": True, "cat_smooth": 1.0},
    {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1},
    {"boosting": "dart"},
    {"objective": "cross_entropy"},
    {"objective": "regression"},
    {"sigmoid": 2.5},
    {"max_bin": 7, "width": 3},
    {"min_data_in_leaf": 10_000},  # nothing to split: trees of one leaf
]


def same(booster: lightgbm.Booster, width: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    read = forest.read(text(booster))
    cuts = [t.threshold[[not t.by_category(n) for n in range(len(t.feature))]] for t in read.trees]
    matrix = np.concatenate(
        [rows(chance, 150, width), hard_rows(chance, width, np.concatenate([*cuts, [0.5]]))]
    )
    wanted_raw = np.asarray(booster.predict(matrix, raw_score=True))
    wanted = np.clip(np.asarray(booster.predict(matrix)), 0, 1)
    close = {"rtol": 0, "atol": 1e-9}
    blocks = masks.compile_forest(read, 32)
    ensemble = Ensemble([(blocks, range(width))])
    for sums in (
        read.sum(matrix),
        ensemble.sums(matrix)[:, 0],
        [ensemble.one(r)[0] for r in matrix],
    ):
        np.testing.assert_allclose(np.asarray(sums), wanted_raw, **close)
        np.testing.assert_allclose(read.probability(np.asarray(sums)), wanted, **close)
    native = Booster(text(booster), width)
    np.testing.assert_allclose(np.clip(native.rows(matrix), 0, 1), wanted, **close)
    np.testing.assert_allclose([native.row(r, RAW)[0] for r in matrix], wanted_raw, **close)


@pytest.mark.parametrize("sort", SORTS, ids=str)
def test_every_way_of_scoring_equals_lightgbms_own(sort):
    width = sort.get("width", 12)
    for seed in (1, 2):
        same(train(seed, **sort), width, seed)


def test_twin_a_leaf_moved_by_a_millionth_is_seen():
    booster = train(1, trees=5)
    moved = forest.read(text(booster))
    moved.trees[0].leaf[:] += 1e-6
    matrix = rows(np.random.default_rng(1), 300, 12)
    ensemble = Ensemble([(masks.compile_forest(moved, 32), range(12))])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(
            ensemble.sums(matrix)[:, 0], booster.predict(matrix, raw_score=True), rtol=0, atol=1e-9
        )


def test_forests_of_all_sizes_and_columns_together():
    chance = np.random.default_rng(9)
    width = 30
    matrix = rows(chance, 200, width)
    members, wanted = [], []
    for seed in range(9):
        columns = chance.permutation(width)[: 3 + 3 * seed]
        booster = train(seed, width=len(columns), trees=1 + 17 * seed, leaves=2 + 3 * seed)
        members.append((masks.compile_forest(forest.read(text(booster)), 32), columns.tolist()))
        wanted.append(booster.predict(matrix[:, columns], raw_score=True))
    ensemble = Ensemble(members)
    np.testing.assert_allclose(ensemble.sums(matrix), np.array(wanted).T, rtol=0, atol=1e-9)
    alone = np.concatenate([ensemble.sums(matrix[i : i + 1]) for i in range(200)])
    np.testing.assert_allclose(alone, np.array(wanted).T, rtol=0, atol=1e-9)


def test_threads_do_not_mix_their_rows():
    booster = train(3)
    ensemble = Ensemble([(masks.compile_forest(forest.read(text(booster)), 32), range(12))])
    native = Booster(text(booster), 12)
    matrix = rows(np.random.default_rng(3), 400, 12)
    wanted = np.asarray(booster.predict(matrix, raw_score=True))
    wrong: list[float] = []

    def work(start: int) -> None:
        for at in range(start, 400, 4):
            got = ensemble.one(matrix[at])[0], native.row(matrix[at], RAW)[0]
            wrong.extend(sum_ for sum_ in got if abs(sum_ - wanted[at]) > 1e-9)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_contributions_add_up_to_the_score():
    booster = train(4)
    native = Booster(text(booster), 12)
    for row in rows(np.random.default_rng(4), 20, 12):
        wanted = np.asarray(booster.predict(row[None, :], pred_contrib=True))[0]
        np.testing.assert_allclose(native.row(row, CONTRIBUTIONS), wanted, rtol=0, atol=1e-9)
        np.testing.assert_allclose(wanted.sum(), native.row(row, RAW)[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda t: t.replace("version=v4", "version=v1"), "version"),
        (lambda t: t.replace("binary sigmoid:1", "poisson"), "poisson"),
        (lambda t: t.replace("num_class=1", "num_class=3"), "several"),
        (lambda t: t.replace("left_child=1", "left_child=0", 1), "hang together"),
        (lambda t: t.replace("end of trees", ""), "text"),
        (lambda t: t[: len(t) // 2], "text"),
        (lambda t: "", "read"),
        (lambda t: t.replace("threshold=", "threshold=x", 1), "read"),
    ],
)
def test_a_text_that_is_no_such_forest_is_refused(change, why):
    with pytest.raises(forest.ForestError, match=why):
        forest.read(change(text(train(1, trees=2)).decode()).encode())


def test_too_large_a_forest_is_left_to_lightgbm():
    assert masks.fits(forest.read(text(train(1))), 100)
    assert not masks.fits(forest.read(text(train(1, leaves=127, count=4000))), 100)


def test_the_width_that_wastes_least():
    assert choose_width([100] * 60) == 100
    assert choose_width([30] * 60) == 32
    assert choose_width([300, 260]) in (64, 100, 128)
