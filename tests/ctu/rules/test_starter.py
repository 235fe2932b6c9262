"""Every rule file that Argosy comes with: it hits its hit, misses its miss, and says so cleanly."""

from collections import Counter
from uuid import UUID

import numpy as np
import pytest

from argosy.base.ports import Decision
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import starter
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import (
    FAMILIES,
    STARTER,
    Action,
    starter_files,
    starter_rules,
)
from argosy.ctu.rules.examples import example_event, example_facts, example_scores
from argosy.ctu.rules.lint import lint_files
from argosy.ctu.rules.thresholds import starter_thresholds
from argosy.ctu.rules.vocabulary import starter_vocabulary

COUNT = 360
VOCABULARY = starter_vocabulary()
THRESHOLDS = starter_thresholds()
RULES = starter_rules()


@pytest.fixture(scope="module")
def whole():
    return RuleSet(RULES, VOCABULARY, THRESHOLDS)


def test_no_rule_was_lost():
    assert len(RULES) == COUNT
    assert len({rule.name for rule in RULES}) == COUNT
    assert {path for path in STARTER.rglob("*") if path.is_file()} == set(starter_files())


def test_each_family_has_its_rules():
    counts = Counter(rule.family for rule in RULES)
    assert set(counts) == set(FAMILIES)
    assert min(counts.values()) >= 30


def test_the_linter_finds_nothing():
    assert [p.shown() for p in lint_files(starter_files(), VOCABULARY, THRESHOLDS)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_hit_and_miss(rule, whole):
    """In the whole set, as it will be judged: the rule hits its hit, is false on its miss."""
    said = [judged(whole, rule, example) for example in (rule.hit, rule.miss)]
    assert rule.name in {hit.rule for hit in said[0].hits}
    assert rule.name not in {hit.rule for hit in said[1].hits}
    assert rule.name not in said[0].unevaluated + said[1].unevaluated


def judged(rules, rule, example):
    event = example_event(rule, example)
    facts = example_facts(example, rules.vocabulary.columns)
    return rules.judge([event], facts, example_scores(example))[0]


def test_a_hit_tells_the_values_it_read(whole):
    rule = whole.rule("velocity.account_many_1m")
    hit = next(h for h in judged(whole, rule, rule.hit).hits if h.rule == rule.name)
    assert hit.decision is Decision.CHALLENGE
    assert hit.values == {"account.count_1m": 10, "t.account_1m_many": 10}


# --- nobody is disturbed for being new --------------------------------------------------------------


def newcomer(kind="pay", amount=25_000, **more):
    return Event(
        id=UUID(int=7), kind=kind, at_ms=1_795_323_600_000, account="new", market="india",
        currency="INR", channel="lite", amount=amount,
        **{"payee": "shop", "merchant": "shop", "device": "d", "network": "n", **more},
    )  # fmt: skip


def untouched(event):
    """The facts of an event whose names were never seen: nothing counted, everything else missing."""
    facts = starter()
    row = np.full((1, len(VOCABULARY.columns)), np.nan)
    for n, fact in enumerate(facts.facts):
        named = {"received": "account", "account_device": "device", "account_network": "network"}
        seen = event.pair if fact.entity == "pair" else getattr(
            event, named.get(fact.entity, fact.entity)
        )  # fmt: skip
        zero = fact.aggregate in {
            "count", "sum", "distinct", "bad_count", "decayed_count", "decayed_sum",
        }  # fmt: skip
        if seen is not None and zero:
            row[0, n] = 0
    return row


@pytest.mark.parametrize(
    "event",
    [
        newcomer(),
        newcomer("send", 40_000, merchant=None, payee="friend"),
        newcomer("top_up", 100_000, merchant=None, payee=None, instrument="bank"),
        newcomer("withdraw", 50_000, merchant=None, payee=None, instrument="bank"),
        newcomer("request", 20_000, merchant=None, payee="friend"),
        newcomer("claim", 20_000, merchant=None, payee=None, device=None, network=None),
        newcomer("refund", 20_000),
        newcomer(attributes={"account_age": 60, "payee_age": 60, "payee_kind": "merchant"}),
        newcomer("pay", 499_999, device=None, network=None),
    ],
    ids=lambda event: f"{event.kind} {event.amount}",
)
def test_an_ordinary_first_payment_passes(event, whole):
    said = whole.judge([event], untouched(event))[0]
    assert said.unevaluated == ()
    assert max([hit.decision for hit in said.hits], default=Decision.ALLOW) == Decision.ALLOW
    assert said.score <= 0.1


def test_twin_a_large_first_payment_does_not(whole):
    event = newcomer(amount=500_000)
    said = whole.judge([event], untouched(event))[0]
    assert "payee.new_payee_large" in {hit.rule for hit in said.hits}


def test_what_can_deny_is_rare():
    strict = [rule for rule in RULES if rule.action in (Action.DENY, Action.REVIEW)]
    assert len(strict) < COUNT / 3


# --- the first brain's table lives on -----------------------------------------------------------------

OLD = """
velocity.account_flood velocity.account_many_1m velocity.account_many_10m velocity.account_many_1h
velocity.account_many_1d velocity.account_much_1h velocity.account_much_1d device.flood device.many_1m
device.much_1h device.much_1d owner.new_device_large payee.new_payee_large payee.new_device_new_payee
owner.young_account_large owner.young_account_very_large owner.amount_above_habit owner.unusual_hour
device.shared device.farm payee.many_payers_young payee.crowd_pays_young
velocity.network_crowd_of_newcomers
"""


def test_the_rules_of_before_are_there():
    assert set(OLD.split()) <= {rule.name for rule in RULES}


def test_each_currency_has_thresholds_of_its_size():
    rupees = THRESHOLDS.holding("india", "INR")
    rupiah = THRESHOLDS.holding("indonesia", "IDR")
    assert rupiah["new_payee_minor"] == 190 * rupees["new_payee_minor"]
    assert rupiah["account_1m_many"] == rupees["account_1m_many"]
    assert rupiah["report_minor"] == 50_000_000_000


def test_twin_a_rule_that_does_not_hit_is_found(tmp_path):
    path = tmp_path / "velocity" / "account_many_1m.toml"
    path.parent.mkdir()
    text = (STARTER / "velocity" / "account_many_1m.toml").read_text("utf-8")
    path.write_text(text.replace("= 10", "= 8"))
    [problem] = lint_files([path], VOCABULARY, THRESHOLDS)
    assert problem.message == "the hit does not hit"
