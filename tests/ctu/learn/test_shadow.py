"""The shadow on verdicts that were really given, by the terms of every installation."""

from __future__ import annotations

from datetime import timedelta

from argosy.ctu.brain import Brain
from argosy.ctu.facts import sets
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.learn import Ending, Standing
from argosy.ctu.learn.loop import Learning
from argosy.ctu.learn.served import read_served
from argosy.ctu.learn.terms import Terms
from argosy.ctu.models import Features
from tests.ctu.learn.stream import Town, through

VERDICTS = 230


async def town_with_verdicts(db, clock, ids, verdicts: int) -> Town:
    """The planted scheme in the history, and after it so many payments that the brain judged."""
    town = Town()
    town.days(6)
    town.days(8, thefts_a_day=3)
    town.days(1)
    await town.tell(db)
    clock.set(town.at)
    brain = Brain(db, clock, ids)
    await brain.start()
    for _ in range(verdicts):
        clock.advance(seconds=150)
        await through(db, brain, town.ordinary(clock.now()))
    await brain.settle()
    await brain.close()
    clock.advance(minutes=5)
    return town


async def test_candidates_are_compared_on_what_was_served_and_then_go_live(db, clock, ids):
    await town_with_verdicts(db, clock, ids, VERDICTS)
    facts = await sets.live(db)
    served = await read_served(db, Features(vector_of(facts)), Terms().shadow_verdicts_max)
    assert len(served) == VERDICTS

    run = await Learning(db, clock, ids).run_once()
    assert run.state is Ending.DONE
    (leaks,) = [step for step in run.steps if step.name == "leaks"]
    assert f"{VERDICTS} compared with what was read in line" in leaks.says
    assert leaks.state == "done", leaks.figures  # in line and over history are the same numbers
    rules = [c for c in run.candidates if c.kind == "rule"]
    assert any(c.standing is Standing.LIVE for c in rules)
    for candidate in run.candidates:
        if candidate.standing is Standing.LIVE:
            told = {gate.name: gate for gate in candidate.gates}
            assert f"on {VERDICTS} verdicts" in told["shadow agreement"].says
            if candidate.kind == "model":
                assert told["in line as off line"].passed


async def test_with_too_few_verdicts_a_candidate_waits_in_shadow(db, clock, ids):
    town = await town_with_verdicts(db, clock, ids, 20)
    run = await Learning(db, clock, ids).run_once()
    (rule,) = [c for c in run.candidates if c.kind == "rule"]
    assert rule.standing is Standing.SHADOW
    brain = Brain(db, clock, ids)
    await brain.start()
    said = await through(db, brain, town.theft(clock.now() + timedelta(minutes=1)))
    assert rule.name not in {hit.rule for hit in said.hits}  # it decides nothing
    assert rule.name in {hit.rule for hit in said.shadow}
    await brain.settle()
    await brain.close()
