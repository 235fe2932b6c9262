"""The table of rules: every row has an example that it hits and one that it misses."""

from __future__ import annotations

import pytest

from argosy.base.ports import Decision
from argosy.base.refusals import Bug
from argosy.ctu.old_facts import FACTS
from argosy.ctu.old_rules import RULES, Rule, RuleSet
from argosy.ctu.policy import Policy

BOUNDS = Policy().bounds("india", "INR")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_hits_its_hit_and_misses_its_miss(rule):
    rules = RuleSet([rule], BOUNDS)
    (hit,) = rules.judge(rule.hit).hits
    assert (hit.rule, hit.decision) == (rule.name, rule.decision)
    assert hit.values == rule.hit
    assert rules.judge(rule.miss).hits == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_whose_facts_are_missing_says_so(rule):
    missing = dict.fromkeys(rule.hit)
    judged = RuleSet([rule], BOUNDS).judge(missing)
    assert (judged.hits, judged.unevaluated) == ((), (rule.name,))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_whose_facts_have_no_meaning_is_silent(rule):
    judged = RuleSet([rule], BOUNDS).judge({})
    assert (judged.hits, judged.unevaluated) == ((), ())


def test_names_are_used_once_and_reasons_are_sentences():
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert all(rule.why.endswith(".") for rule in RULES)
    assert all(rule.decision is not Decision.ALLOW for rule in RULES)


def rule(condition: str) -> Rule:
    return Rule("of_the_test", condition, Decision.DENY, "A test.", {}, {})


def test_missing_is_neither_zero_nor_a_yes():
    rules = RuleSet([rule("device_age < 60 and amount_minor >= 100")], {})
    assert rules.judge({"device_age": None, "amount_minor": 100}).unevaluated == ("of_the_test",)
    assert rules.judge({"device_age": None, "amount_minor": 99}).unevaluated == ()
    assert rules.judge({"device_age": 0, "amount_minor": 100}).hits != ()


def test_every_sign_compares_as_it_reads():
    facts = {"amount_minor": 5}
    said = {
        sign: [
            bool(RuleSet([rule(f"amount_minor {sign} {n}")], {}).judge(facts).hits)
            for n in (4, 5, 6)
        ]
        for sign in (">", ">=", "<", "<=")
    }
    assert said == {
        ">": [True, False, False],
        ">=": [True, True, False],
        "<": [False, False, True],
        "<=": [False, True, True],
    }


@pytest.mark.parametrize(
    "condition",
    [
        "shoe_size > 43",
        "amount_minor > a_threshold_nobody_set",
        "amount_minor = 5",
        "amount_minor > ",
    ],
)
def test_a_rule_that_cannot_be_understood_stops_the_start(condition):
    with pytest.raises(Bug):
        RuleSet([rule(condition)], BOUNDS)


def test_every_threshold_of_the_policy_is_read_by_some_rule():
    words = {word for rule in RULES for word in rule.condition.split()}
    assert set(BOUNDS) <= words
    assert words - set(BOUNDS) - set(FACTS) <= {"and", ">", ">=", "<", "<="}


def test_thresholds_can_be_set_for_all_and_for_one_market():
    policy = Policy(
        thresholds={"new_payee_minor": 100}, markets={"atlantis": {"new_payee_minor": 7}}
    )
    assert policy.bounds("india", "INR")["new_payee_minor"] == 100
    assert policy.bounds("india", "INR")["account_1m_many"] == 10
    assert policy.bounds("atlantis", "XTS")["new_payee_minor"] == 7


def test_amounts_are_scaled_to_the_currency_and_counts_are_not():
    bounds = Policy().bounds("thailand", "THB")
    assert bounds["new_payee_minor"] == pytest.approx(200_000)
    assert bounds["account_1m_many"] == 10


def test_the_version_changes_with_a_threshold():
    changed = Policy(thresholds={"account_1m_many": 11}).bounds("india", "INR")
    assert RuleSet(RULES, BOUNDS).version == RuleSet(RULES, dict(BOUNDS)).version
    assert RuleSet(RULES, BOUNDS).version != RuleSet(RULES, changed).version
