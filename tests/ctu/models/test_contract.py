"""One contract, one suite, every kind; the panel; the columns; calibration; drift; reasons."""

from __future__ import annotations

import logging
from uuid import UUID

import msgspec
import numpy as np
import pytest

from argosy.base.refusals import Refused
from argosy.ctu.events import Event
from argosy.ctu.models import Calibration, Card, Features, ModelReason, Panel
from argosy.ctu.models.calibration import calibrate, isotonic, platt, reliability
from argosy.ctu.models.drift import FAR, MOVED, drift, psi, spread
from argosy.ctu.models.kinds import KINDS, make
from argosy.ctu.models.why import customer_key
from tests.ctu.models.forests import COLUMNS, candidate, rows


def model(kind="lightgbm", name="takeover", seed=1, columns=COLUMNS, **card):
    c = candidate(name, "1", seed, kind)
    return make(kind, name, "1", c.text, columns, msgspec.structs.replace(c.card, **card))


@pytest.fixture(params=sorted(KINDS))
def any_model(request):
    return model(request.param)


# --- every kind ------------------------------------------------------------------------------------


def test_all_kinds_are_counted():
    assert sorted(KINDS) == ["lightgbm", "scorecard"]


def test_a_score_is_a_probability_and_leaves_no_trace(any_model):
    matrix = rows(np.random.default_rng(2), 300, len(COLUMNS))
    before = matrix.copy()
    score = any_model.score(matrix)
    assert score.shape == (300,)
    assert ((score >= 0) & (score <= 1)).all()
    np.testing.assert_array_equal(any_model.score(matrix), score)
    np.testing.assert_array_equal(matrix, before)


def test_a_row_scores_the_same_alone_and_in_company(any_model):
    matrix = rows(np.random.default_rng(3), 100, len(COLUMNS))
    alone = np.concatenate([any_model.score(matrix[i : i + 1]) for i in range(100)])
    np.testing.assert_allclose(any_model.score(matrix), alone, rtol=0, atol=1e-12)


def test_calibration_is_the_table_over_the_raw_score(any_model):
    matrix = rows(np.random.default_rng(4), 100, len(COLUMNS))
    table = any_model.card.calibration
    np.testing.assert_array_equal(
        any_model.score(matrix), np.interp(any_model.raw(matrix), table.raw, table.probability)
    )


def test_contributions_add_up_to_the_log_odds(any_model):
    for row in rows(np.random.default_rng(5), 20, len(COLUMNS)):
        parts = any_model.contributions(row)
        assert parts.shape == (len(COLUMNS) + 1,)
        raw = any_model.raw(row[None, :])[0]
        assert parts.sum() == pytest.approx(np.log(raw / (1 - raw)), abs=1e-9)


def test_reasons_are_the_strongest_first_at_most_five_and_in_words(any_model):
    for row in rows(np.random.default_rng(6), 40, len(COLUMNS)):
        found = any_model.reasons(row)
        contributions = [why.contribution for why in found]
        assert contributions == sorted(contributions, reverse=True)
        assert all(c > 0 for c in contributions)
        assert len(found) <= 5
        assert len(any_model.reasons(row, 2)) <= 2
        for why in found:
            if why.column == "account.count_1h" and why.value is not None:
                assert why.words == f"payments by this account in the last hour: {why.value:g}"
                assert why.customer == "risk_why.habit"
            if why.value is None:
                assert why.words.endswith(": not known")


def test_a_missing_value_is_not_zero(any_model):
    matrix = rows(np.random.default_rng(7), 400, len(COLUMNS))
    matrix[:, 0] = np.nan
    with_zero = matrix.copy()
    with_zero[:, 0] = 0.0
    assert (any_model.raw(matrix) != any_model.raw(with_zero)).any()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_wrong_is_refused_by_name(kind):
    c = candidate("a", "1", 1, kind)
    table = Calibration("isotonic", (0.1, 0.1), (0.0, 1.0))
    assert make("oracle", "a", "1", c.text, COLUMNS, c.card) == Refused(
        ModelReason.MODEL_UNREADABLE, {"why": "there is no kind oracle"}, field="kind"
    )
    for text, columns, card, reason, field in [
        (b"{}", COLUMNS, c.card, ModelReason.MODEL_UNREADABLE, "text"),
        (c.text, COLUMNS[:-1], c.card, ModelReason.MODEL_COLUMNS_WRONG, "columns"),
        (c.text, COLUMNS[::-1], c.card, ModelReason.MODEL_COLUMNS_WRONG, "columns"),
        (
            c.text,
            COLUMNS,
            Card(purpose="", calibration=table),
            ModelReason.MODEL_UNREADABLE,
            "card",
        ),
    ]:
        refused = make(kind, "a", "1", text, columns, card)
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.field) == (reason, field)


# --- the panel -------------------------------------------------------------------------------------


def event(**facts) -> Event:
    facts = {"id": UUID(int=1), "kind": "send", "at_ms": 0, "account": "anita", **facts}
    return Event(**facts)


FEATURES = Features(
    ("payee.bad_share", "device.age", "account.sum_1d", "account.count_1h"), ("tries",)
)


def test_a_panel_says_what_each_of_its_models_says():
    models = [
        model("scorecard", "a", 1),
        model("lightgbm", "b", 2),
        model("lightgbm", "c", 3, calibration=Calibration("none")),
    ]
    panel = Panel(models[::-1], FEATURES)
    assert panel.names == ("a", "b", "c")
    matrix = rows(np.random.default_rng(8), 150, len(FEATURES.columns))
    places = [FEATURES.columns.index(c) for c in COLUMNS]
    for count in (1, 2, 150):
        told = panel.score_rows(matrix[:count])
        for one in models:
            wanted = one.score(matrix[:count][:, places])
            np.testing.assert_allclose(told[one.name], wanted, rtol=0, atol=1e-9)
    for row in range(150):
        for one in models:
            alone = panel.score_rows(matrix[row : row + 1])[one.name]
            np.testing.assert_allclose(
                alone, one.score(matrix[row : row + 1, places]), rtol=0, atol=1e-9
            )


def test_forests_too_large_to_compile_are_scored_beside():
    big = candidate("big", "1", 5, num_leaves=100, min_data_in_leaf=1)
    large = make("lightgbm", "big", "1", big.text, COLUMNS, big.card)
    middle = candidate("middle", "1", 6, num_leaves=50, min_data_in_leaf=1)
    medium = make("lightgbm", "middle", "1", middle.text, COLUMNS, middle.card)
    assert large.forest.leaves_max > 64 >= medium.forest.leaves_max > 32
    panel = Panel([large, medium, model()], FEATURES)
    matrix = rows(np.random.default_rng(8), 20, len(FEATURES.columns))
    places = [FEATURES.columns.index(c) for c in COLUMNS]
    for one in (large, medium):
        np.testing.assert_allclose(
            panel.score_rows(matrix)[one.name], one.score(matrix[:, places]), rtol=0, atol=1e-9
        )


def test_a_fresh_installation_has_an_empty_panel():
    panel = Panel([], FEATURES)
    assert panel.names == ()
    assert panel.score([event()], np.zeros((1, 4))) == {}


def test_a_model_that_reads_what_is_no_fact_is_left_out_loudly(caplog):
    with caplog.at_level(logging.ERROR):
        panel = Panel([model(), model(name="other")], Features(("device.age",)))
    assert panel.names == ()
    assert panel.unfit["other"] == ("account.count_1h", "account.sum_1d", "payee.bad_share")
    assert "account.sum_1d" in caplog.text


def test_reasons_of_a_panel_are_those_of_the_model():
    panel = Panel([model()], FEATURES)
    facts = np.array([0.4, 5.0, 2e6, 9.0])
    found = panel.reasons("takeover", event(at_ms=3 * 3_600_000), facts)
    assert found == model().reasons(np.array([9.0, 2e6, 5.0, 0.4, 3.0]))
    assert found


# --- the columns -----------------------------------------------------------------------------------


def test_the_events_own_columns():
    features = Features(("account.count_1h",), ("tries", "vpn", "place"), utc_offset_minutes=330)
    assert features.columns == (
        "account.count_1h", "event.amount", "event.hour", "event.weekday",
        "event.tries", "event.vpn", "event.place",
    )  # fmt: skip
    sunday = 1_795_321_800_000  # 2026-11-22T04:30Z, ten in the morning in Kolkata
    said = event(at_ms=sunday, amount=500, attributes={"tries": 3, "vpn": True, "place": "Pune"})
    got = features.matrix([said, event()], np.array([[7.0], [np.nan]]))
    np.testing.assert_array_equal(
        got,
        [[7, 500, 10, 6, 3, 1, np.nan], [np.nan, 0, 5, 3, np.nan, np.nan, np.nan]],
    )


# --- calibration, drift, words ---------------------------------------------------------------------


@pytest.mark.parametrize("method", [isotonic, platt])
def test_calibration_brings_what_is_said_to_what_is_seen(method):
    chance = np.random.default_rng(1)
    true = chance.beta(1, 12, size=20_000)
    bad = (chance.random(20_000) < true).astype(float)
    said = true**0.4  # rises with the truth, and is far too high
    half = 10_000
    table = method(said[:half], bad[:half])
    assert len(table.raw) <= 64
    assert (np.diff(table.raw) > 0).all()
    assert (np.diff(table.probability) >= 0).all()
    before, after = (
        reliability(p, bad[half:]) for p in (said[half:], calibrate(table, said[half:]))
    )
    assert after["ece"] < 0.012 < 0.2 < before["ece"]
    assert after["brier"] < after["brier_base"] < before["brier"]


def test_a_score_that_says_nothing_becomes_the_mean():
    bad = np.array([0.0, 1.0] * 50)
    table = isotonic(np.linspace(1, 0, 100) ** 2, np.sort(bad))
    np.testing.assert_allclose(calibrate(table, np.array([0.0, 0.5, 1.0])), 0.5)
    table = platt(np.linspace(1, 0.01, 100) ** 2, np.sort(bad))
    np.testing.assert_allclose(calibrate(table, np.array([0.0, 0.5, 1.0])), 0.5)


def test_drift_is_seen_where_it_is_and_only_there():
    chance = np.random.default_rng(2)
    then = spread(chance.normal(size=5_000))
    assert psi(then, chance.normal(size=5_000)) < MOVED / 5
    assert MOVED < psi(then, chance.normal(0.5, size=5_000)) < 2 * FAR
    assert psi(then, chance.normal(2, size=5_000)) > FAR
    gone = chance.normal(size=5_000)
    gone[:1_000] = np.nan
    assert psi(then, gone) > FAR
    counts = spread(chance.poisson(0.1, size=5_000).astype(float))
    assert psi(counts, chance.poisson(0.1, size=5_000).astype(float)) < MOVED / 5
    assert psi(spread(np.full(100, np.nan)), np.full(100, np.nan)) == 0


def test_a_card_tells_which_column_moved():
    chance = np.random.default_rng(3)
    one = model()
    matrix = rows(chance, 2_000, len(COLUMNS))
    matrix[:, 2] += 3
    moved = drift(one.card, COLUMNS, matrix, one.score(matrix))
    assert next(iter(moved)) == "device.age"
    assert moved["device.age"] > FAR > MOVED > moved["account.sum_1d"]
    assert "score" in moved


@pytest.mark.parametrize(
    "column, key",
    [
        ("account.count_1h", "habit"),
        ("device.age", "device"),
        ("event.amount", "amount"),
        ("event.tries", "details"),
        ("moon.phase", "other"),
    ],
)
def test_the_customers_words_name_the_side_and_not_the_fact(column, key):
    assert customer_key(column) == f"risk_why.{key}"
