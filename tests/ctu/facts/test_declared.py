"""What may be declared, what is said of a mistake, and `argosy risk facts` at the terminal."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
import typer
import uvloop
from typer.testing import CliRunner

from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu import terminal
from argosy.ctu.cel import CelError
from argosy.ctu.events import ENTITIES
from argosy.ctu.facts import sets
from argosy.ctu.facts.commands import add
from argosy.ctu.facts.declared import Fact, FactSet, parse, starter
from argosy.ctu.facts.filters import compile_filter
from argosy.ctu.facts.reasons import FactReason
from tests.ctu.facts.oracle import Stream
from tests.ctu.facts.test_online import at

GOOD = """
[[fact]]
name = "account.loans_7d"
aggregate = "count"
window = "7d"
where = "event.kind == 'loan'"
says = "loans asked for by this account in the last 7 days"
"""

WRONG = [
    ('name = "acount.x"\naggregate = "count"', 'there is no entity "acount"'),
    ('name = "account.x"\naggregate = "cont"', 'there is no aggregate "cont"'),
    ('name = "account.X"\naggregate = "count"', "the name is the entity, a dot and a word"),
    ('name = "account.x"\nentity = "device"\naggregate = "count"', "the name is the entity"),
    ('name = "account.x"\naggregate = "count"\nwindow = 59', "from 60 seconds to 90 days"),
    ('name = "account.x"\naggregate = "count"\nwindow = "91d"', "from 60 seconds to 90 days"),
    ('name = "account.x"\naggregate = "count"\nwindow = 65', "no multiple of its bucket of 10"),
    ('name = "account.x"\naggregate = "count"\nwindow = "1 day"', "no span of time"),
    ('name = "account.x"\naggregate = "age"\nwindow = "1d"', "age has no window"),
    ('name = "account.x"\naggregate = "decayed_sum"', "has a half_life"),
    ('name = "account.x"\naggregate = "count"\nhalf_life = "1d"', "only decayed facts"),
    ('name = "account.x"\naggregate = "count"\ndelay = "1d"', "a delay belongs to a window"),
    ('name = "account.x"\naggregate = "distinct"', "distinct needs `of`"),
    ('name = "account.x"\naggregate = "distinct"\nof = "account"', "only one account"),
    ('name = "account.x"\naggregate = "sum"\nof = "device"', '`of` is "amount" or a numeric'),
    ('name = "account.x"\naggregate = "count"\nof = "risk"', "takes no `of`"),
    ('name = "account.x"\naggregate = "count"\noutcomes = ["paid"]', "outcomes are some of"),
    ('name = "account.x"\naggregate = "count"\nwidow = "1d"', "unknown field `widow`"),
    ('name = "account.x"\naggregate = "count"\nwhere = "event.kind =="', "line 1 column 12"),
    ('name = "account.x"\naggregate = "count"\nwhere = "account.age > 3"', "the event alone"),
    ('name = "account.x"\naggregate = "count"\nwhere = "event.kind > 3"', "cannot be compared"),
    ('name = "account.x"\naggregate = "count"\nwhere = "event.amount"', "true or false"),
    ('name = "account.x"\naggregate = "count"\nwhere = "f(event.kind)"', 'does not know "f"'),
]


@pytest.mark.parametrize("text, said", WRONG)
def test_each_mistake_is_said_in_words(text, said):
    _, problems = parse("[[fact]]\n" + text, "mine.toml")
    assert len(problems) == 1
    assert said in str(problems[0])
    assert str(problems[0]).startswith("mine.toml: a")


def test_all_mistakes_are_said_at_once():
    text = "".join("[[fact]]\n" + one + "\n" for one, _ in WRONG)
    _, problems = parse(text)
    assert len({p.message for p in problems} - {"is declared twice"}) >= len(WRONG) - 3
    assert parse("[[fact")[1][0].message.startswith("is no TOML")
    assert "only [[fact]] tables" in parse("[rule]")[1][0].message


def test_a_set_with_mistakes_is_refused_whole():
    twice = [Fact(name="account.x", entity="account", aggregate="count")] * 2
    said = FactSet.build(twice)
    assert isinstance(said, Refused)
    assert said.reason is FactReason.FACTS_WRONG
    assert said.facts["problems"] == ["account.x: is declared twice"]


def test_the_starter_facts_are_about_everybody_and_say_what_they_are():
    facts = starter().facts
    assert 120 <= len(facts) <= 250
    assert {fact.entity for fact in facts} == set(ENTITIES)
    assert all(fact.says for fact in facts)
    assert len({fact.says for fact in facts}) == len(facts)


def test_the_version_is_of_what_is_meant_and_not_of_the_words():
    one = Fact(name="account.x", entity="account", aggregate="count", says="this")
    other = Fact(name="account.x", entity="account", aggregate="count", says="that")
    wider = Fact(name="account.x", entity="account", aggregate="count", window=60)
    assert FactSet([one]).version == FactSet([other]).version
    assert FactSet([one]).version != FactSet([wider]).version
    assert FactSet([one]).version != FactSet([one], {"india": 19_800}).version
    assert FactSet.decode(starter().encode()).version == starter().version


@pytest.mark.parametrize(
    "where, counted",
    [
        ("event.kind == 'send' && event.amount >= 100", True),
        ("event.amount > 100.5", False),
        ("event.merchant == 'm'", False),
        ("!(event.merchant == 'm')", False),  # missing is not another one
        ("!has(event.merchant)", True),
        ("event.merchant == 'm' || event.amount == 100", True),
        ("!(event.merchant == 'm' && event.amount == 5)", True),
        ("event.risk > 1.0", False),
        ("event.risk == 'high'", True),
        ("event.risk != 3", False),  # a text is neither equal nor unequal to a number
        ("event.vip", True),
        ("!event.vip", False),
        ("event.vip == true && event.nobody != false", False),
        ("'pin' in event.proofs && !('otp' in event.proofs)", True),
        ("event.payee in ['a1', 'a2']", True),
        ("event.payee.startsWith('a') && !event.payee.endsWith('9')", True),
        ("event.payee.contains('x')", False),
        ("event.amount % 50 == 0 && event.amount * 2 == 200", True),
        ("event.amount % 0 == 0", False),
        ("-event.amount < -99", True),
        ("event.much + 1 > 1", True),
        ("event.nothing + 1 > 1", False),
    ],
)
def test_filters_are_true_where_they_are_surely_true(where, counted):
    event = at(
        Stream(1),
        proofs=frozenset({"pin"}),
        attributes={"risk": "high", "vip": True, "much": 0.5},
    )
    assert compile_filter(where)(event) is counted


def test_a_filter_cannot_reach_beyond_the_event():
    for text in (
        "event.__class__ == 'x'.__class__",
        "event.kind.format('x')",
        "[1][0] == 1",
        "__import__('os')",
    ):
        with pytest.raises(CelError):
            compile_filter(text)
    strange = compile_filter("event.kind == 'a\\') or True or (\\''")
    assert strange(at(Stream(1))) is False


# --- at the terminal -------------------------------------------------------------------------------


@pytest.fixture
def run(db, clock, ids, monkeypatch, tmp_path):
    """Runs `argosy risk facts <words>` on the test's database; gives what was said."""

    @asynccontextmanager
    async def opened(demo: bool):
        own = await Database.open(db.url, size=4)
        try:
            yield terminal.Place(own, db.url, clock, ids, tmp_path, lambda purpose: b"", demo=True)
        finally:
            await own.close()

    monkeypatch.setattr(terminal, "_openers", [opened])
    risk = typer.Typer()
    add(risk)

    @risk.command()
    def other() -> None:
        """Two commands make a group."""

    def said(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(risk, ["facts", *words])
        assert done.exit_code == status, done.output
        return done.output

    return said


def test_facts_are_listed_checked_and_published(run, db, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(GOOD)
    count = len(starter().columns)
    assert f"{count} facts, version {starter().version}" in run("list")
    assert run("check", str(file)) == "1 facts, no mistake.\n"
    assert f"{count + 1} facts are live" in run("publish", str(file), "--by", "anna")
    assert "account.loans_7d                     count 7d" in run("list")
    file.write_text(GOOD.replace('"count"', '"cont"'))
    assert 'there is no aggregate "cont"' in run("check", str(file), status=1)
    run("publish", str(file), "--by", "anna", status=1)


def test_what_was_added_stays_when_a_release_brings_another_starter(db):
    async def story() -> None:
        own = await Database.open(db.url, size=4)
        mine = parse(GOOD)[0]
        old = FactSet(starter().facts[:20])
        assert (await sets.ensure(own, old)).version == old.version
        await sets.add_facts(own, mine, "anna", old)
        new = FactSet(starter().facts[:30])
        found = await sets.ensure(own, new)
        assert set(found.columns) == {*new.columns, "account.loans_7d"}
        assert (await sets.ensure(own, new)).version == found.version
        await own.close()

    uvloop.run(story())
