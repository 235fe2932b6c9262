"""The compiled set beyond single conditions: scope, sharing, rolling out, speed's own machinery."""

from datetime import date
from uuid import UUID

import numpy as np
import pytest

from argosy.base.ports import Decision
from argosy.base.refusals import Bug
from argosy.bench.rules import rules_for_bench
from argosy.ctu.events import Event
from argosy.ctu.rules import texts
from argosy.ctu.rules.compiled import Judgement, RuleSet, place_of_account
from argosy.ctu.rules.declared import Action, Rule
from argosy.ctu.rules.texts import TextTests
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

COLUMNS = ("account.count_1h", "pair.age")
VOCABULARY = Vocabulary(COLUMNS, attributes={"vpn": "bool"}, scores=("mule",))
THRESHOLDS = Thresholds(
    {"a_minor": 100.0, "many": 5.0}, {"INR": 1.0, "THB": 0.5}, {"x": {"many": 2.0}}
)


def rule(when, name="velocity.r", action=Action.REVIEW, **more):
    return Rule(name=name, owner="t", since=date(2026, 1, 1), action=action, reason="t", when=when,
                hit={}, miss={}, **more)  # fmt: skip


def event(**more):
    fields = {"kind": "pay", "at_ms": 0, "account": "me", "amount": 100, "currency": "INR",
              "market": "india", "channel": "lite"}  # fmt: skip
    return Event(id=UUID(int=1), **{**fields, **more})


def judge(rules, one=None, count=1.0, age=np.nan, scores=None, **more):
    made = RuleSet(rules, VOCABULARY, THRESHOLDS, **more)
    told = {name: np.array([value]) for name, value in (scores or {}).items()}
    return made.judge([one or event()], np.array([[count, age]]), told)[0]


SCOPES = """
kinds=pay            pay   india  lite  hit
kinds=send,top_up    pay   india  lite  no
besides=pay          pay   india  lite  no
besides=send         pay   india  lite  hit
markets=thailand     pay   india  lite  no
channels=ussd,lite   pay   india  lite  hit
channels=lite        pay   india  -     no
markets=india        pay   -      lite  no
"""


@pytest.mark.parametrize("line", SCOPES.strip().splitlines())
def test_a_rule_holds_where_it_says(line):
    scope, kind, market, channel, expected = line.split()
    key, _, names = scope.partition("=")
    one = event(kind=kind, market=market.strip("-"), channel=channel.strip("-"))
    said = judge([rule("event.amount >= 100", **{key: tuple(names.split(","))})], one)
    assert bool(said.hits) == (expected == "hit")
    assert said.unevaluated == ()


def test_outside_its_scope_nothing_is_missing():
    assert judge([rule("pair.age > 3", kinds=("send",))]).unevaluated == ()
    assert judge([rule("pair.age > 3", kinds=("pay",))]).unevaluated == ("velocity.r",)


def test_thresholds_by_currency_and_market():
    rules = [
        rule("event.amount >= t.a_minor", "velocity.a"),
        rule("account.count_1h > t.many", "velocity.b"),
    ]
    assert names(judge(rules, event(amount=99), 4)) == set()
    assert names(judge(rules, event(amount=50, currency="THB"), 4)) == {"velocity.a"}
    assert names(judge(rules, event(amount=99, market="x"), 4)) == {"velocity.b"}


def names(said):
    return {hit.rule for hit in said.hits}


def test_hour_and_weekday_are_the_markets():
    night = rule("event.hour >= 23 || event.hour < 6")
    utc_noon = event(at_ms=1_795_348_800_000)  # Sunday, 22 November 2026, 12:00 UTC
    assert not judge([night], utc_noon).hits
    assert judge([night], utc_noon, utc_offsets={"india": 12 * 3600}).hits
    assert judge([rule("event.weekday == 6 && event.hour == 12")], utc_noon).hits
    assert judge([rule("event.weekday == 0")], utc_noon, utc_offsets={"india": 12 * 3600}).hits


def test_scores_and_hits_tell_what_they_read():
    said = judge(
        [rule("score.mule > 0.5 && owner.score > 0.5 && 'otp' in event.proofs && event.vpn")],
        event(proofs=frozenset({"otp", "pin"}), attributes={"vpn": True}),
        scores={"mule": 0.75, "owner": 0.9},
    )
    [hit] = said.hits
    assert hit.decision is Decision.REVIEW
    assert hit.values == {
        "score.mule": 0.75, "owner.score": 0.9, "event.proofs": ["otp", "pin"], "event.vpn": True,
    }  # fmt: skip


def test_weights_add_up_as_chances_do():
    rules = [
        rule("true || event.vpn", "velocity.a", Action.SCORE, weight=0.5),
        rule("event.amount > 1", "velocity.b", Action.SCORE, weight=0.5),
        rule("event.amount > 2", "velocity.c", Action.ALLOW),
    ]
    assert judge(rules).score == 0.75


def test_shadow_and_percent_decide_for_whom_a_rule_counts():
    rules = [rule("event.amount > 1", f"velocity.r{n}") for n in range(3)]
    percents = {"velocity.r0": 0, "velocity.r1": 50}
    for account in ("a", "b", "c", "d", "e"):
        said = judge(rules, event(account=account), percents=percents)
        mine = place_of_account("velocity.r1", account) < 50
        assert names(said) == ({"velocity.r1", "velocity.r2"} if mine else {"velocity.r2"})
        assert {h.rule for h in said.shadow} == {"velocity.r0", "velocity.r1"} - names(said)


def test_a_rule_in_shadow_is_not_loud_about_what_is_missing():
    assert judge([rule("pair.age > 1")], percents={"velocity.r": 0}) == Judgement()


def test_an_attribute_of_another_type_is_missing():
    assert judge([rule("event.vpn")], event(attributes={"vpn": "yes"})).unevaluated


def test_more_than_eight_parts_and_shared_ones():
    parts = [f"account.count_1h != {n}" for n in range(20)]
    both = f"({parts[1]} || event.vpn)"
    rules = [rule(" && ".join([*parts, both]), "velocity.a"), rule(both, "velocity.b")]
    assert names(judge(rules, count=30)) == {"velocity.a", "velocity.b"}
    assert names(judge(rules, count=7)) == {"velocity.b"}
    assert judge(rules, count=1).unevaluated == ("velocity.b",)


def test_what_was_not_linted_is_a_bug():
    with pytest.raises(Bug, match="never linted"):
        judge([rule("account.none > 1")])
    with pytest.raises(Bug, match="one name"):
        judge([rule("event.vpn"), rule("event.vpn")])
    with pytest.raises(Bug, match="facts of another set"):
        RuleSet([], VOCABULARY, THRESHOLDS).judge([event()], np.zeros((1, 9)))


def test_no_rules_say_nothing():
    assert judge([]) == Judgement()
    assert RuleSet([], VOCABULARY, THRESHOLDS).judge([], np.zeros((0, 2))) == []


def test_the_version_is_of_all_that_counts():
    one = [rule("event.amount > 1")]
    versions = [
        RuleSet(one, VOCABULARY, THRESHOLDS).version,
        RuleSet(one, VOCABULARY, THRESHOLDS, {"velocity.r": 50}).version,
        RuleSet(one, VOCABULARY, Thresholds({}), None).version,
        RuleSet(one, VOCABULARY, THRESHOLDS, None, {"india": 60}).version,
        RuleSet([rule("event.amount > 2")], VOCABULARY, THRESHOLDS).version,
    ]
    assert len(set(versions)) == len(versions)
    assert versions[0] == RuleSet(one, VOCABULARY, THRESHOLDS).version


def test_rows_of_texts_are_bounded_and_stay_right(monkeypatch):
    monkeypatch.setattr(texts, "ROWS_MAX", 16)
    tests = TextTests([("one_of", ("a7",), 1), ("startsWith", "a", -1), ("contains", "9", 1)])
    for _ in range(3):
        for n in range(40):
            expected = [1 if n == 7 else -1, -1, 1 if "9" in str(n) else -1]
            assert tests.row(f"a{n}").tolist() == expected
    assert tests.row(None).tolist() == [0, 0, 0]


# --- thousands ---------------------------------------------------------------------------------------

MANY = tuple(
    f"{e}.{w}" for e in ("account", "device", "pair") for w in ("count_1h", "sum_1d", "age")
)


def test_a_thousand_rules_alone_and_together():
    made = rules_for_bench(1_000, 7, MANY)
    assert made == rules_for_bench(1_000, 7, MANY)
    rules = RuleSet(made, Vocabulary(MANY), Thresholds({"new_payee_minor": 500.0}))
    chance = np.random.default_rng(3)
    facts = chance.gamma(0.4, 300, (150, len(MANY)))
    facts[chance.random(facts.shape) < 0.2] = np.nan
    events = [
        event(account=f"a{n}", amount=int(chance.integers(1_000)), kind=("pay", "send")[n % 2],
              network=f"10.{n}.0.1", merchant=f"m{n:03x}" if n % 3 else None)
        for n in range(150)
    ]  # fmt: skip
    together = rules.judge(events, facts)
    alone = [rules.judge([e], facts[n : n + 1])[0] for n, e in enumerate(events)]
    assert together == alone
    assert sum(len(said.hits) for said in alone) > 100
    assert any(said.unevaluated for said in alone)


def test_a_fifth_of_the_benchmarks_rules_read_texts():
    made = rules_for_bench(2_000, 1, MANY)
    assert sum("'" in r.when or bool(r.kinds) for r in made) >= 400
