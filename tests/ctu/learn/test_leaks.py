"""A feature that knows the future is found, by whichever look it shows itself to, and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np

from argosy.ctu.facts.declared import starter
from argosy.ctu.learn import gates, leaks, rule_trials
from argosy.ctu.learn.loop import Learning
from argosy.ctu.learn.terms import Terms
from argosy.ctu.models import Features
from argosy.ctu.rules.vocabulary import Vocabulary
from tests.ctu.learn.made import DAY_MS, UNTIL_MS, data, drawn, with_column

TERMS = Terms(shadow_verdicts_min=0)


def looks(found) -> set[tuple[str, str]]:
    return {(leak.column, leak.look) for leak in found}


def test_honest_columns_are_let_through():
    assert leaks.find(data(), TERMS) == []


def test_a_label_in_disguise_is_too_good():
    base = data()
    disguised = np.where(base.y == 1, 7.0, 0.0) + np.random.default_rng(1).random(len(base))
    found = leaks.find(with_column(base, "event.session_age", disguised), TERMS)
    assert ("event.session_age", "too good") in looks(found)


def test_a_declared_fact_that_was_computed_as_of_its_time_may_be_very_good():
    base = data()
    sharp = with_column(base, "device.accounts_1d", np.where(base.y == 1, 9.0, 1.0))
    same = (sharp.rows, sharp.rows, sharp.y == 1)
    declared = ("device.accounts_1d", *base.columns[:3])
    assert leaks.find(sharp, TERMS, as_of=same, declared=declared) == []
    assert leaks.find(
        sharp, TERMS, declared=declared
    )  # the twin: nobody looked at it as of its time


def test_a_column_filled_in_with_the_label_is_empty_among_the_young():
    base, thief = drawn(count=12_000, bad=900, delay_ms=6 * DAY_MS)
    some = np.random.default_rng(5).random(len(base)) < 0.7
    # Somebody wrote it into the events when they were found out.
    late = with_column(base, "event.code_wrong", np.where((base.y == 1) & some, 1.0, 0.0))
    assert ("event.code_wrong", "in time") in looks(leaks.find(late, TERMS))
    # The twin: told on the day, whether or not anybody will ever confirm it.
    prompt = with_column(base, "event.code_wrong", np.where(thief & some, 1.0, 0.0))
    assert leaks.find(prompt, TERMS) == []


def test_a_column_that_is_not_what_was_served_is_refused():
    base = data()
    read_in_line = base.rows.copy()
    read_in_line[::20, 1] += 1  # one in twenty was another number in the payment
    found = leaks.find(base, TERMS, served=(base.rows, read_in_line))
    assert looks(found) == {("device.count_1h", "as served")}


async def test_a_planted_leak_is_refused_by_the_loop(db, clock, ids):
    """A fact that counts bad events as soon as they happen, not as soon as they are known."""
    clock.set(datetime.fromtimestamp(UNTIL_MS / 1000, UTC))
    planted = "merchant.bad_count_90d"

    async def read(_db, _facts, features: Features, known_until, _terms):
        until_ms = int(known_until.timestamp() * 1000)
        whole = data()
        made = whole.take(whole.at_ms <= until_ms)
        told = made.known_ms <= until_ms
        rows = np.full((len(made), len(features.columns)), np.nan)
        for name in made.columns:
            rows[:, features.columns.index(name)] = made.column(name)
        rows[:, features.columns.index(planted)] = np.where(told, 5.0, 0.0)
        y = np.where(told, made.y, 0).astype(np.int8)
        return replace(made, rows=rows, y=y, columns=features.columns, until_ms=until_ms)

    run = await Learning(db, clock, ids, terms=TERMS, read=read).run_once()
    (step,) = [step for step in run.steps if step.name == "leaks"]
    assert step.state == "refused"
    assert planted in step.says
    assert run.candidates
    for candidate in run.candidates:
        assert planted.encode() not in candidate.body
        assert planted in await Learning(db, clock, ids).journal.report(candidate.id)


def test_a_candidate_that_reads_a_leak_does_not_pass_its_gate():
    leak = leaks.Leak("device.count_1h", "as of", "changes when later events are taken away", 0.5)
    assert not gates.leakage(["device.count_1h"], [leak]).passed
    assert gates.leakage(["pair.since"], [leak]).passed


def test_rules_are_mined_without_columns_that_leak():
    base = data()
    sharp = with_column(base, "device.accounts_1d", np.where(base.y == 1, 9.0, 1.0))
    vocabulary = Vocabulary(starter().columns)
    leak = leaks.Leak("device.accounts_1d", "as of", "", 1.0)
    honest = rule_trials.rules(sharp, "rush", [leak], vocabulary, {}, TERMS, date(2026, 11, 22))
    fooled = rule_trials.rules(sharp, "rush", [], vocabulary, {}, TERMS, date(2026, 11, 22))
    assert any("device.accounts_1d" in trial.columns for trial in fooled)
    assert honest
    assert not any("device.accounts_1d" in trial.columns for trial in honest)


def test_the_clock_alone_makes_no_rule():
    """Thieves who came only in the evening so far are no reason to stop everybody in the evening."""
    base = data()
    evening = with_column(base, "event.hour", np.where(base.y == 1, 20.0, 11.0))
    vocabulary = Vocabulary(starter().columns)
    made = rule_trials.rules(evening, "rush", [], vocabulary, {}, TERMS, date(2026, 11, 22))
    assert made
    assert not any("event.hour" in trial.columns for trial in made)
