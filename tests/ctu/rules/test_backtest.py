"""A small history with known ends: what the rules would have done is counted by hand."""

from datetime import date
from uuid import UUID

import numpy as np
import pytest

from argosy.ctu.events import Event
from argosy.ctu.rules.backtest import DAY_MS, backtest
from argosy.ctu.rules.commands import lines_of
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import Action, Rule
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

#        day amount count bad
TABLE = """
0   100   1   good
0   900   5   bad
0   800   1   good
1   900   6   bad
1   100   7   good
1   100   1   bad
"""


def rule(name, when, action=Action.REVIEW):
    return Rule(name=name, owner="t", since=date(2026, 1, 1), action=action, reason="t", when=when,
                hit={}, miss={})  # fmt: skip


@pytest.fixture
def report():
    rows = [line.split() for line in TABLE.strip().splitlines()]
    events = [
        Event(id=UUID(int=n), kind="pay", at_ms=int(day) * DAY_MS, account="a", amount=int(amount))
        for n, (day, amount, _, _) in enumerate(rows)
    ]
    facts = np.array([[float(count)] for _, _, count, _ in rows])
    rules = RuleSet(
        [
            rule("velocity.many", "account.count_1h >= 5"),
            rule("velocity.much", "event.amount >= 800"),
            rule("velocity.seen", "event.amount >= 0", Action.SCORE),
            rule("velocity.blind", "event.payee == 'x'"),
        ],
        Vocabulary(["account.count_1h"]),
        Thresholds({}),
        {"velocity.many": 0},
    )
    return backtest(
        rules, events, facts, {UUID(int=n): row[3] == "bad" for n, row in enumerate(rows)}
    )


def test_the_whole_counts_an_event_once(report):
    assert (report.events, report.bad, report.bad_amount) == (6, 3, 1900)
    assert (report.whole.count, report.whole.bad, report.whole.good) == (4, 2, 2)
    assert (report.whole.bad_amount, report.whole.good_amount) == (1800, 900)
    assert report.whole.precision == 0.5
    assert report.whole.recall == pytest.approx(2 / 3)
    assert report.by_decision == {"allow": 2, "challenge": 0, "review": 4, "deny": 0}


def test_each_rule_is_told_apart(report):
    many, much, seen, blind = report.rules
    assert (many.hits.count, many.hits.bad, many.unique, many.unique_bad) == (3, 2, 1, 0)
    assert (much.hits.count, much.hits.bad, much.unique) == (3, 2, 1)
    assert many.overlaps[0].rule in ("velocity.much", "velocity.seen")
    assert {o.rule: o.jaccard for o in many.overlaps} == {
        "velocity.much": 0.5,
        "velocity.seen": 0.5,
    }
    assert (seen.hits.count, seen.unique) == (6, 0)
    assert (blind.hits.count, blind.unevaluated, blind.hits.precision) == (0, 6, None)


def test_each_day_is_told_apart(report):
    assert [(d.day, d.events, d.bad, d.stopped_bad, d.disturbed_good) for d in report.days] == [
        (0, 3, 1, 1, 1),
        (1, 3, 2, 1, 1),
    ]


def test_it_can_be_read(report):
    lines = lines_of(report)
    assert lines[0].startswith("6 events, 3 bad")
    assert "precision 50.0%, recall 66.7%" in lines[1]
    assert lines[-1] == "1 rules could not always be evaluated"
