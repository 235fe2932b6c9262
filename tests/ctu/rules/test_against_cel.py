"""The compiled columns against cel-python's own evaluator: random conditions, random events.

Where cel-python gives a value, the columns give the same; where it fails because something is missing,
the rule is not evaluated. Numbers are written as doubles for cel-python, which keeps whole numbers apart.
Before `in` stands a name only, and `exists_one` asks for nothing that may be missing: there cel-python
answers false where CEL says that the whole fails.
"""

import os
import warnings
from datetime import date
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from argosy.ctu.cel import parse
from argosy.ctu.events import Event
from argosy.ctu.rules.checked import Checker, TypeMistake
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import Action, Rule
from argosy.ctu.rules.plain import plain
from argosy.ctu.rules.reading import getter
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import celpy
    from celpy import celtypes

COLUMNS = ("account.count_1h", "account.mean_30d", "payee.age", "pair.count")
VOCABULARY = Vocabulary(
    COLUMNS, attributes={"risk": "number", "vpn": "bool", "note": "text"}, scores=("mule",)
)
THRESHOLDS = Thresholds({"low": 2.0, "high_minor": 6.0}, {"INR": 1.0, "THB": 0.5})
NUMBERS = (*COLUMNS, "event.amount", "event.risk", "score.mule", "t.low", "t.high_minor")
TEXTS = ("event.kind", "event.payee", "event.channel", "event.note")
NAMES = (*COLUMNS, "event.risk", "event.vpn", "event.note", "event.payee", "score.mule")
WORDS = ("pay", "send", "a", "ab", "", "lite")
VALUES = st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 6.0, -1.0])

# --- conditions, as text: once for us, once for cel-python ---------------------------------------------


def both(template, *parts):
    return tuple(template.format(*(part[n] for part in parts)) for n in (0, 1))


def number_text(value):
    return (f"{value:g}", f"{value:.1f}") if value >= 0 else (f"({value:g})", f"({value:.1f})")


def quoted(word):
    return (f"'{word}'",) * 2


def name(names):
    return st.sampled_from(names).map(lambda n: (n, n))


numbers = st.recursive(
    st.one_of(name(NUMBERS), name(NUMBERS), VALUES.map(number_text)),
    lambda inner: st.one_of(
        st.builds(lambda op, a, b: both(f"({{}} {op} {{}})", a, b), st.sampled_from("+-*/"), inner, inner),
        inner.map(lambda a: both("(-{})", a)),
        st.builds(lambda c, a, b: both("({} ? {} : {})", c, a, b), st.deferred(lambda: truths), inner, inner),
        st.sampled_from(TEXTS).map(lambda t: (f"size({t})", f"double(size({t}))")),
    ),
    max_leaves=4,
)  # fmt: skip
words = st.sampled_from(WORDS).map(quoted)
tests = st.one_of(
    st.builds(lambda op, a, b: both(f"{{}} {op} {{}}", a, b),
              st.sampled_from(("<", "<=", ">", ">=", "==", "!=")), numbers, numbers),
    st.builds(lambda op, a, b: both(f"{{}} {op} {{}}", a, b),
              st.sampled_from(("==", "!=", "<", ">=")), name(TEXTS), st.one_of(words, name(TEXTS))),
    st.builds(lambda f, a, b: both(f"{{}}.{f}({{}})", a, b),
              st.sampled_from(("startsWith", "endsWith", "contains")), name(TEXTS), words),
    st.builds(lambda a, p: both(f"{{}}.matches('{p}')", a), name(TEXTS),
              st.sampled_from(("^a", "a+b?$", "(pay|send)", "[a-k]i", ""))),
    st.builds(lambda a, ws: both(f"{{}} in [{', '.join(repr(w) for w in ws)}]", a), name(TEXTS),
              st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
    st.builds(lambda a, vs: tuple(
        f"{a[n]} in [{', '.join(number_text(v)[n] for v in vs)}]" for n in (0, 1)
    ), name(NUMBERS), st.lists(VALUES, min_size=1, max_size=3)),
    st.sampled_from(("otp", "pin")).map(lambda p: (f"'{p}' in event.proofs",) * 2),
    name(NAMES).map(lambda n: both("has({})", n)),
    st.just(("event.vpn", "event.vpn")),
    st.just(("['a', 'pay'].exists_one(x, x == event.kind)",) * 2),
    st.sampled_from(("true", "false")).map(lambda t: (t, t)),
    st.builds(lambda f, a: both(f"['a', 'pay'].{f}(x, x == {{}})", a),
              st.sampled_from(("exists", "all")), name(TEXTS)),
)  # fmt: skip
truths = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(lambda op, a, b: both(f"({{}} {op} {{}})", a, b),
                  st.sampled_from(("&&", "||")), inner, inner),
        inner.map(lambda a: both("!({})", a)),
        st.builds(lambda c, a, b: both("({} ? {} : {})", c, a, b), inner, inner, inner),
        st.builds(lambda op, a, b: both(f"(({{}}) {op} ({{}}))", a, b),
                  st.sampled_from(("==", "!=")), inner, inner),
    ),
    max_leaves=6,
)  # fmt: skip
maybe = st.one_of(st.none(), VALUES)


@st.composite
def scenes(draw):
    attributes = {
        "risk": draw(maybe),
        "vpn": draw(st.sampled_from([None, True, False])),
        "note": draw(st.sampled_from([None, "a", "aab", "lite"])),
    }
    event = Event(
        id=UUID(int=1),
        kind=draw(st.sampled_from(["pay", "send"])),
        at_ms=0,
        account="me",
        amount=draw(st.integers(0, 7)),
        currency=draw(st.sampled_from(["INR", "THB"])),
        channel=draw(st.sampled_from(["", "lite", "ab"])),
        payee=draw(st.sampled_from([None, "a", "ab"])),
        proofs=frozenset(draw(st.lists(st.sampled_from(["otp", "pin"]), max_size=2))),
        attributes={n: v for n, v in attributes.items() if v is not None},
    )
    facts = {column: draw(maybe) for column in COLUMNS}
    return event, facts, draw(maybe)


# --- two opinions ---------------------------------------------------------------------------------------


ENVIRONMENT = celpy.Environment()
ENVIRONMENT.program(ENVIRONMENT.compile("true")).evaluate({})  # it raises the recursion limit, once


def by_cel_python(text, scene):
    """True, False, or None where cel-python fails for something that is missing."""
    event, facts, score = scene
    tree = {}
    told = {f"event.{n}": getter(f"event.{n}", VOCABULARY.types(), {})(event)
            for n in ("kind", "payee", "channel", "note", "vpn", "risk", "amount", "proofs")}  # fmt: skip
    bounds = THRESHOLDS.holding(event.market, event.currency)
    told |= facts | {"score.mule": score} | {f"t.{n}": v for n, v in bounds.items()}
    for dotted, value in told.items():
        root, _, leaf = dotted.partition(".")
        members = tree.setdefault(root, celtypes.MapType())
        if value is not None:
            members[celtypes.StringType(leaf)] = as_cel(value)
    program = ENVIRONMENT.program(ENVIRONMENT.compile(text))
    try:
        return bool(program.evaluate(tree))
    except celpy.CELEvalError:
        return None


def as_cel(value):
    if isinstance(value, frozenset):
        return celtypes.ListType([celtypes.StringType(v) for v in sorted(value)])
    if isinstance(value, bool):
        return celtypes.BoolType(value)
    return celtypes.StringType(value) if isinstance(value, str) else celtypes.DoubleType(value)


def rules_of(texts):
    return RuleSet(
        [
            Rule(name=f"velocity.r{n}", owner="t", since=date(2026, 1, 1), action=Action.SCORE,
                 reason="t", when=text, hit={}, miss={})
            for n, text in enumerate(texts)
        ],
        VOCABULARY,
        THRESHOLDS,
    )  # fmt: skip


def reckonable(conditions):
    """Whether no constant is divided by nothing, which is refused before anything runs."""
    checker = Checker(VOCABULARY.types(), THRESHOLDS.values.keys())
    try:
        for ours, _ in conditions:
            checker.condition(parse(ours))
    except TypeMistake as wrong:
        assert wrong.message == "this cannot be reckoned"  # noqa: PT017
        return False
    return True


conditions_of = st.lists(truths, min_size=1, max_size=8).filter(reckonable)


def said_of(judgement, count):
    hits = {hit.rule for hit in judgement.hits}
    names = [f"velocity.r{n}" for n in range(count)]
    return [True if n in hits else None if n in judgement.unevaluated else False for n in names]


def judged(rules, scenes):
    facts = np.array(
        [[np.nan if f[c] is None else f[c] for c in COLUMNS] for _, f, _ in scenes], dtype=float
    )
    score = np.array([np.nan if s is None else s for _, _, s in scenes])
    return rules.judge([event for event, _, _ in scenes], facts, {"mule": score})


EXAMPLES = int(os.environ.get("CEL_EXAMPLES", "120"))
CALM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to make a failure smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@CALM
@given(conditions_of, st.lists(scenes(), min_size=1, max_size=3))
def test_the_columns_agree_with_cel_python(conditions, scenes):
    rules = rules_of([ours for ours, _ in conditions])
    expected = [[by_cel_python(theirs, scene) for _, theirs in conditions] for scene in scenes]
    together = [said_of(one, len(conditions)) for one in judged(rules, scenes)]
    alone = [said_of(judged(rules, [scene])[0], len(conditions)) for scene in scenes]
    assert together == alone
    for row, wanted in zip(alone, expected, strict=True):
        for said, value, (ours, _) in zip(row, wanted, conditions, strict=True):
            assert said == value, ours


@CALM
@given(conditions_of, scenes())
def test_the_columns_agree_with_plain_python(conditions, scene):
    rules = rules_of([ours for ours, _ in conditions])
    event, facts, score = scene
    checker = Checker(VOCABULARY.types(), THRESHOLDS.values.keys())
    bounds = THRESHOLDS.holding(event.market, event.currency)

    def read(name):
        if name.startswith("event."):
            return getter(name, VOCABULARY.types(), {})(event)
        return bounds[name[2:]] if name.startswith("t.") else {**facts, "score.mule": score}[name]

    expected = [plain(checker.condition(parse(ours)))(read) for ours, _ in conditions]
    assert said_of(judged(rules, [scene])[0], len(conditions)) == expected


KLEENE = """
false && x    false
x && false    false
true || x     true
x || true     true
true && x     missing
false || x    missing
!x            missing
x ? true : true    missing
true ? true : x    true
has(event.risk) && x        false
!has(event.risk) || x       true
"""


@pytest.mark.parametrize("line", [line for line in KLEENE.splitlines() if line])
def test_missing_is_neither_true_nor_false(line):
    text, _, expected = line.rpartition("  ")
    event = Event(id=UUID(int=1), kind="pay", at_ms=0, account="me", currency="INR")
    rules = rules_of([text.strip().replace("x", "(event.risk > 1.0)")])
    said = said_of(judged(rules, [(event, dict.fromkeys(COLUMNS), None)])[0], 1)[0]
    assert {True: "true", False: "false", None: "missing"}[said] == expected.strip()


def test_a_failed_sum_is_missing_before_in_as_well():
    event = Event(id=UUID(int=1), kind="pay", at_ms=0, account="me", currency="INR")
    rules = rules_of(
        ["event.amount / 0 in [0]", "(event.risk + 1) in [1, 2]", "event.amount in [0]"]
    )
    scene = event, dict.fromkeys(COLUMNS), None
    assert said_of(judged(rules, [scene])[0], 3) == [None, None, True]


def test_twin_another_condition_is_seen_to_differ():
    def differ(scene):
        return (
            by_cel_python("event.amount >= 3.0", scene)
            != said_of(judged(rules_of(["event.amount > 3"]), [scene])[0], 1)[0]
        )

    event, _, _ = find(scenes(), differ)
    assert event.amount == 3
