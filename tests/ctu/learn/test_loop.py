"""The loop closes: from confirmed cases to the next attempt, with nobody touching it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from argosy.base.ports import Decision
from argosy.base.refusals import Refused
from argosy.ctu.brain import Brain
from argosy.ctu.learn import Ending, LearnReason, Standing
from argosy.ctu.learn.interception import interceptions
from argosy.ctu.learn.loop import LOCK, Learning
from argosy.ctu.learn.terms import Terms
from tests.ctu.learn.stream import SCHEME, Town, through

TERMS = Terms(shadow_verdicts_min=0)


@pytest.fixture
async def town(db, clock) -> Town:
    made = Town()
    made.days(6)
    made.days(8, thefts_a_day=3)
    made.days(1)
    await made.tell(db)
    clock.set(made.at)
    return made


@pytest.fixture
def learning(db, clock, ids) -> Learning:
    return Learning(db, clock, ids, terms=TERMS)


async def attempt(db, clock, ids, town) -> tuple[Decision, set[str]]:
    """What the brain says to one more theft, on a new victim at a new shop."""
    brain = Brain(db, clock, ids)
    await brain.start()
    event = town.theft(town.at + timedelta(hours=4))
    said = await through(db, brain, event)
    await brain.settle()
    await brain.close()
    return said.decision, {hit.rule for hit in said.hits}


async def ordinary(db, clock, ids, town) -> Decision:
    """What the brain says to a payment like any other, of somebody nothing was found bad about."""
    brain = Brain(db, clock, ids)
    await brain.start()
    person, shop = town.victims.pop(), town.victim_shops.pop()
    at = town.at + timedelta(hours=4, minutes=10)
    said = await through(db, brain, town.pay(at, person, shop, town.means[person], session_age=200))
    await brain.close()
    return said.decision


async def test_a_scheme_is_learned_and_its_next_attempt_is_stopped(db, clock, ids, town, learning):
    before, _ = await attempt(db, clock, ids, town)
    assert before is Decision.ALLOW  # what Argosy comes with does not know this scheme

    run = await learning.run_once()
    assert run.state is Ending.DONE
    live = [c for c in run.candidates if c.standing is Standing.LIVE and c.kind == "rule"]
    assert live
    assert all(c.scheme == SCHEME and c.accepted for c in live)
    # It is the scheme that was learned: an open session, and more than the person pays as a rule.
    named = {column for c in live for column, _, _ in c.figures["conditions"]}
    assert "event.session_age" in named
    assert any("ratio" in column or "max" in column for column in named)

    after, rules = await attempt(db, clock, ids, town)
    assert after >= Decision.REVIEW
    assert rules & {one.name for one in live}
    # And only that: an ordinary payment of somebody else at the same hour goes through.
    assert await ordinary(db, clock, ids, town) is Decision.ALLOW

    # How long that took is told, from the moment when the first case was confirmed.
    (told,) = await interceptions(db)
    assert told.scheme == SCHEME
    assert round(told.first_known.timestamp() * 1000) == town.first_told_ms
    assert told.first_known < told.published_at < told.first_stopped
    assert told.waited == told.first_stopped - told.first_known

    # Each step left a sentence, each candidate a page that needs nothing but itself.
    steps = [step.name for step in run.steps]
    assert steps == [
        "watch",
        "labels",
        "training set",
        "leaks",
        "graph",
        "candidates",
        "validation",
        "gates",
        "publish",
        "interception",
    ]
    assert {c.kind for c in run.candidates} == {"rule", "model"}
    for candidate in run.candidates:
        page = await learning.journal.report(candidate.id)
        assert page.startswith("<!doctype html>")
        assert "<svg" in page
        assert "<script" not in page
        assert "src=" not in page
        assert all(gate.name in page for gate in candidate.gates)


async def test_only_one_run_at_a_time(db, learning):
    async with db.connection() as other:
        await other.execute(LOCK)
        said = await learning.run_once()
    assert isinstance(said, Refused)
    assert said.reason is LearnReason.LEARNING_UNDER_WAY


async def test_without_confirmed_cases_there_is_nothing_to_learn(db, clock, learning):
    quiet = Town()
    quiet.days(1)
    await quiet.tell(db)
    clock.set(quiet.at)
    run = await learning.run_once()
    assert run.state is Ending.NOTHING
    assert "too few" in run.says
    assert not run.candidates
