"""What the loop made live is watched; a bad publish rolls itself back, a good one stays."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from argosy.base.ports import Decision
from argosy.base.refusals import Refused
from argosy.ctu.brain import Brain
from argosy.ctu.events import Label
from argosy.ctu.facts.declared import starter
from argosy.ctu.learn import Ending, LearnReason, Standing
from argosy.ctu.learn.loop import Learning
from argosy.ctu.learn.record import Candidate, Gate, Journal
from argosy.ctu.learn.terms import BY, Terms
from argosy.ctu.learn.trials import MODEL
from argosy.ctu.learn.watch import Watch
from argosy.ctu.models import Candidate as NewModel
from argosy.ctu.models import Card, Registry
from argosy.ctu.models.scorecard import Bins, Sheet
from argosy.ctu.rules.publishing import Publishing, State
from argosy.ctu.rules.vocabulary import Vocabulary
from tests.ctu.learn.stream import Town, put, through

ALLOW, _, REVIEW, _ = Decision
NAME = "velocity.learned_rush_0badc0de"
TEXT = """
owner = "learning"
since = 2026-11-22
action = "review"
reason = "Learned from 9 confirmed cases of rush."
when = "event.amount >= {amount} && event.kind == 'pay'"
weight = 0.8

[hit]
"event.amount" = {amount}
"event.kind" = "pay"

[miss]
"event.amount" = 1
"event.kind" = "pay"
"""


@pytest.fixture
def journal(db, clock, ids) -> Journal:
    return Journal(db, clock, ids)


@pytest.fixture
async def brain(db, clock, ids):
    made = Brain(db, clock, ids)
    await made.start()
    yield made
    await made.close()


async def publish(db, clock, journal, amount: int, share: float, precision: float = 0.9):
    """A learned rule goes live, and promises what it promises."""
    publishing = Publishing(db, clock, Vocabulary(starter().columns), single=True)
    draft = await publishing.draft(NAME, TEXT.format(amount=amount), BY, "learned")
    assert not isinstance(draft, Refused)
    assert not isinstance(
        await publishing.publish(NAME, draft.number, State.LIVE, BY, "learned"), Refused
    )
    run = await journal.open("hand")
    candidate = Candidate(
        id=journal.new_id(),
        run=run.id,
        kind="rule",
        name=NAME,
        version="0badc0de",
        body=TEXT.format(amount=amount).encode(),
        scheme="rush",
        standing=Standing.LIVE,
        gates=(Gate("precision", passed=True, says="9 of 9"),),
        expects={"alert_share": share, "precision": precision},
    )
    await journal.keep(candidate, "<!doctype html>")
    await journal.stand(candidate.id, Standing.LIVE, "live")
    return candidate


async def live_on(db, brain, clock, town, count: int) -> list[Decision]:
    """So many ordinary payments pass the brain."""
    said = []
    await brain.chamber.look()
    for _ in range(count):
        clock.advance(seconds=60)
        said.append((await through(db, brain, town.ordinary(clock.now()))).decision)
    await brain.settle()
    return said


async def test_a_bad_publish_rolls_itself_back(db, clock, journal, brain):
    town = Town()
    clock.set(town.at)
    assert set(await live_on(db, brain, clock, town, 5)) == {ALLOW}
    candidate = await publish(db, clock, journal, amount=2_000, share=0.002)
    disturbed = await live_on(db, brain, clock, town, 60)
    assert disturbed.count(REVIEW) > 50  # it promised two in a thousand

    (seen,) = await Watch(db, clock, journal, Terms()).look()
    assert "0.20% were promised" in seen.why
    gone = await journal.candidate(candidate.id)
    assert gone.standing is Standing.ROLLED_BACK
    assert set(await live_on(db, brain, clock, town, 5)) == {ALLOW}
    assert await Watch(db, clock, journal, Terms()).look() == []


async def test_a_publish_that_does_what_it_promised_stays(db, clock, journal, brain):
    town = Town()
    clock.set(town.at)
    candidate = await publish(db, clock, journal, amount=10_000_000, share=0.002)
    await live_on(db, brain, clock, town, 60)
    (seen,) = await Watch(db, clock, journal, Terms()).look()
    assert (seen.judged, seen.alerts, seen.why) == (60, 0, "")
    assert (await journal.candidate(candidate.id)).standing is Standing.LIVE


async def test_what_people_clear_again_and_again_is_taken_back(db, clock, journal, brain):
    town = Town()
    clock.set(town.at)
    await publish(db, clock, journal, amount=2_000, share=0.9)  # it promised to ask for nearly all
    await live_on(db, brain, clock, town, 12)
    rows = await db.all("SELECT event FROM ctu.verdict_rows ORDER BY at LIMIT 8")
    at_ms = int((clock.now() + timedelta(hours=1)).timestamp() * 1000)
    cleared = [Label(event=r["event"], at_ms=at_ms, bad=False, source="case") for r in rows]
    await put(db, [], cleared)
    (seen,) = await Watch(db, clock, journal, Terms()).look()
    assert "8 were good" in seen.why


async def test_a_person_may_take_back_what_is_live_and_only_that(db, clock, journal, brain):
    candidate = await publish(db, clock, journal, amount=2_000, share=0.9)
    watch = Watch(db, clock, journal, Terms())
    live = await journal.candidate(candidate.id)
    gone = await watch.take_back(live, "it is in the way")
    assert gone.standing is Standing.ROLLED_BACK
    again = await watch.take_back(gone, "once more")
    assert isinstance(again, Refused)
    assert again.reason is LearnReason.NOT_PUBLISHED
    missing = await journal.candidate(journal.new_id())
    assert missing.reason is LearnReason.CANDIDATE_UNKNOWN
    assert (await journal.report(journal.new_id())).reason is LearnReason.CANDIDATE_UNKNOWN
    assert (await journal.run(journal.new_id())).reason is LearnReason.LEARNING_RUN_UNKNOWN


# --- models --------------------------------------------------------------------------------------------


def scorecard(version: str, base: float) -> NewModel:
    """A model that gives everything the same log-odds."""
    text = msgspec.json.encode(Sheet(base, (Bins("event.amount", (1.0,), (0.0, 0.0, 0.0)),)))
    return NewModel(
        name=MODEL,
        version=version,
        kind="scorecard",
        text=text,
        columns=("event.amount",),
        card=Card(purpose="a trial"),
        metrics={},
        fingerprint=version,
    )


async def publish_model(db, clock, journal, version: str, base: float, share: float) -> Candidate:
    """The loop makes a model live, and promises what it promises."""
    registry = Registry(db, clock)
    await registry.put(scorecard(version, base), BY)
    assert not isinstance(await registry.publish(MODEL, version, BY, "learned"), Refused)
    run = await journal.open("hand")
    candidate = Candidate(
        id=journal.new_id(),
        run=run.id,
        kind="model",
        name=MODEL,
        version=version,
        body=b"",
        standing=Standing.LIVE,
        expects={"alert_share": share, "precision": 0.5},
    )
    await journal.keep(candidate, "<!doctype html>")
    await journal.stand(candidate.id, Standing.LIVE, "live")
    await journal.close(run.id, Ending.DONE, "published", {})
    return candidate


async def test_a_bad_model_rolls_itself_back_to_the_one_before(db, clock, ids, journal, brain):
    """With nobody touching it: the next walk of the loop takes it back, and payments go on."""
    town = Town()
    clock.set(town.at)
    good = await publish_model(db, clock, journal, "1", base=-9.0, share=0.01)
    assert set(await live_on(db, brain, clock, town, 60)) == {ALLOW}
    bad = await publish_model(db, clock, journal, "2", base=1.0, share=0.01)
    await journal.stand(good.id, Standing.REPLACED, "replaced by version 2")
    disturbed = await live_on(db, brain, clock, town, 60)
    assert disturbed.count(ALLOW) < 10

    run = await Learning(db, clock, ids).run_once("clock")
    (step,) = [step for step in run.steps if step.name == "watch"]
    assert "1 taken back" in step.says
    assert "1.00% were promised" in step.says
    assert (await journal.candidate(bad.id)).standing is Standing.ROLLED_BACK
    assert (await journal.candidate(good.id)).standing is Standing.LIVE
    live = await Registry(db, clock).live(MODEL)
    assert (live.version, live.moved_by) == ("1", BY)
    assert set(await live_on(db, brain, clock, town, 5)) == {ALLOW}


async def test_a_bad_first_model_is_taken_away_whole(db, clock, journal, brain):
    town = Town()
    clock.set(town.at)
    await publish_model(db, clock, journal, "1", base=1.0, share=0.01)
    await live_on(db, brain, clock, town, 60)
    (seen,) = await Watch(db, clock, journal, Terms()).look()
    assert seen.why
    assert await Registry(db, clock).live(MODEL) is None
    assert set(await live_on(db, brain, clock, town, 5)) == {ALLOW}


async def test_a_model_that_does_what_it_promised_stays(db, clock, journal, brain):
    town = Town()
    clock.set(town.at)
    await publish_model(db, clock, journal, "1", base=-9.0, share=0.01)
    await live_on(db, brain, clock, town, 60)
    (seen,) = await Watch(db, clock, journal, Terms()).look()
    assert (seen.judged, seen.alerts, seen.why) == (60, 0, "")
    assert (await Registry(db, clock).live(MODEL)).version == "1"
