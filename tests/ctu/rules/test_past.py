"""The past, read back for a back-test: events, facts as of then, and what was found out."""

from uuid import UUID

import pytest

from argosy.ctu.facts.declared import Fact, FactSet, starter
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.rules.backtest import backtest
from argosy.ctu.rules.commands import lines_of
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.past import read_past
from argosy.ctu.rules.thresholds import starter_thresholds
from argosy.ctu.rules.vocabulary import Vocabulary
from tests.ctu.rules.test_backtest import rule

# Ibis still calls DuckDB by a name that is going away.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

FACTS = FactSet(
    [
        Fact(name="account.count_1h", entity="account", aggregate="count", window=3_600),
        Fact(name="payee.age", entity="payee", aggregate="age"),
    ]
)
START_MS = 1_795_000_000_000


async def write(db, n, account, amount, payee=None):
    await db.run(
        """
        INSERT INTO ctu.events (id, log_no, kind, at, at_ms, market, account, amount, currency,
            channel, payee, proofs, attributes, outcome, decision, score, version)
        VALUES ($1, $2, 'send', to_timestamp($3 / 1000.0), $3, 'india', $4, $5, 'INR', 'lite', $6,
            '{otp}', '{"vpn": true}', 'posted', 0, 0, 'v')
        """,
        UUID(int=n), n, START_MS + n * 60_000, account, amount, payee,
    )  # fmt: skip


async def label(db, n, at_ms, *, bad):
    await db.run(
        "INSERT INTO ctu.labels (event, id, at_ms, bad, source, scheme, by, loss)"
        " VALUES ($1, $2, $3, $4, 'case', '', 'ravi', 0)",
        UUID(int=n), UUID(int=1000 * n + at_ms % 1000), at_ms, bad,
    )  # fmt: skip


async def test_what_a_rule_would_have_done(db):
    for n in range(1, 7):
        await write(db, n, "anita" if n < 6 else "ravi", 1_000 * n, "shop" if n > 3 else None)
    await label(db, 5, START_MS + 1_000_000, bad=False)
    await label(db, 5, START_MS + 2_000_001, bad=True)
    since = START_MS + 3 * 60_000
    past = await read_past(db, FACTS, since, START_MS + 10 * 60_000)
    events, facts, bad = past.events, past.facts, past.bad
    assert past.scores == {}  # nobody judged these
    assert [event.id.int for event in events] == [3, 4, 5, 6]
    assert facts[:, 0].tolist() == [2, 3, 4, 0]  # the window reaches back before the first of them
    assert events[0].proofs == frozenset({"otp"})
    assert events[0].attributes == {"vpn": True}
    assert bad == {UUID(int=5): True}  # of two labels the later one holds

    rules = RuleSet(
        [rule("velocity.many", "account.count_1h >= 3"), rule("velocity.paid", "payee.age >= 60")],
        Vocabulary(vector_of(FACTS)),
        starter_thresholds(),
    )
    many, paid = backtest(rules, events, facts, bad).rules
    assert (many.hits.count, many.hits.bad, many.hits.amount) == (2, 1, 9_000)
    assert (paid.hits.count, paid.unevaluated) == (2, 2)


async def test_rules_that_read_scores_are_tested_on_the_scores_of_then(db, brain, gate, clock):
    """The owner score that was read in the payment is the one that the back-test reads; a score that nobody
    gave is told loudly."""
    said = []
    for _ in range(4):
        said.append(await gate.pay("anita", 10, otp=True))
        clock.advance(hours=1)
    said.append(await gate.pay("anita", 5_100, "stranger"))  # it is kept in another way than a yes
    await brain.settle()
    until = int(clock.now().timestamp() * 1000) + 1
    past = await read_past(db, starter(), until - 86_400_000, until)
    owner = {
        event.id: float(score)
        for event, score in zip(past.events, past.scores["owner.score"], strict=True)
    }
    assert owner == {one.event.id: one.scores[-1] for one in said}
    least = min(owner.values())
    vocabulary = Vocabulary(vector_of(starter()))
    rules = RuleSet(
        [
            rule("owner.all", f"owner.score >= {least!r}"),
            rule("owner.none", f"owner.score > {max(owner.values())!r}"),
            rule("mule.scored", "has(score.mule) && score.mule > 0.5"),
        ],
        vocabulary,
        starter_thresholds(),
    )
    report = backtest(rules, past.events, past.facts, past.bad, past.scores)
    hits = {one.rule: one.hits.count for one in report.rules}
    assert hits == {"owner.all": 5, "owner.none": 0, "mule.scored": 0}
    assert [(u.rule, u.score, u.share) for u in report.untested] == [
        ("mule.scored", "score.mule", 0.0)
    ]
    told = lines_of(report)
    assert (
        "NOT BACK-TESTED: mule.scored reads score.mule, which no verdict of that time has" in told
    )

    # The twin: without the scores of then all three are untested, and say so.
    blind = backtest(rules, past.events, past.facts, past.bad)
    assert {u.rule for u in blind.untested} == {"owner.all", "owner.none", "mule.scored"}
    assert {one.rule: one.unevaluated for one in blind.rules}["owner.all"] == 5

    await db.run("DELETE FROM ctu.verdict_rows")
    past = await read_past(db, starter(), until - 86_400_000, until)
    some = backtest(rules, past.events, past.facts, past.bad, past.scores)
    assert [u.share for u in some.untested if u.rule == "owner.all"] == [0.8]
