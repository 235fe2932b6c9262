"""A town with thieves: the same seed is the same town, its books balance, and the guards make a
difference."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from uuid import uuid4

import pytest

from argosy.base.ledger.verify import verify
from argosy.base.store.migrations import migrate
from argosy.sandbox.simulate.drive import run_town
from argosy.sandbox.simulate.facts import DAY, NOTICE, Attempt, Book, Fate, Mode, Scheme, Terms
from argosy.sandbox.simulate.gangs import Change, Gang
from argosy.sandbox.simulate.report import Report
from argosy.sandbox.simulate.score import loss_of, scored

SMALL = Terms(days=4, customers=24, shops=6, agents=1, gangs=1, gangs_from=0.6)


def attempt(day: float, fate: Fate, minor: int = 100, gang: str = "", **more) -> Attempt:
    scheme = Scheme.MULES if gang else None
    harm = more.pop("harm", minor if gang else 0)
    return Attempt(uuid4(), day * DAY, "send", minor, fate, gang, scheme, harm, **more)


# --- living through it -----------------------------------------------------------------------------


async def test_a_few_days_of_a_town_that_nobody_guards(db, tmp_path):
    days = []
    score = await run_town(SMALL, Mode.NOBODY, db, tmp_path, days.append)
    assert days[-1] == SMALL.days - 1
    assert score.whole.count > 50
    assert score.whole.lost_minor > 0
    assert (score.disturbance, score.coverage, score.cases_decided) == (0.0, 0.0, 0)
    assert {g.scheme for g in score.gangs} >= {"takeover", "card_testing", "mule"}
    assert not (await verify(db)).findings
    assert await db.value("SELECT count(*) FROM ctu.events") > 50


async def test_a_guarded_town_stops_some_and_disturbs_few(db, tmp_path):
    terms = replace(SMALL, days=5, gangs=5, schemes=(Scheme.TAKEOVER,))
    score = await run_town(terms, Mode.FIXED, db, tmp_path)
    assert score.coverage > 0
    assert score.disturbance < 0.1
    assert not (await verify(db)).findings


async def test_the_same_seed_is_the_same_town(db, bare_db, tmp_path):
    terms = Terms(days=2, customers=16, shops=4, agents=1, gangs=1, gangs_from=0.3)
    await migrate(bare_db)
    first = await run_town(terms, Mode.NOBODY, db, tmp_path)
    again = await run_town(terms, Mode.NOBODY, bare_db, tmp_path)
    assert replace(first, seconds=0) == replace(again, seconds=0)


# --- what a gang does when it is stopped -----------------------------------------------------------


class Stubborn(Gang):
    """Is stopped every time."""

    async def recruit(self, count: int) -> None:
        self.own = [object()] * count

    async def change(self) -> float:
        self.changes.append(Change.WAIT)
        return DAY

    async def strike(self, _now: float) -> float:
        self.stops += 1
        return 60.0


class Place:
    """As much of a world as a gang needs that does nothing in it."""

    terms = Terms(patience=6)
    chance = random.Random(1)


async def test_a_gang_that_is_stopped_again_and_again_changes_and_gives_up():
    gang = Stubborn(Place(), "mule_1", Scheme.MULES)
    now, acts = 0.0, 0
    while (again := await gang.act(now)) is not None:
        now, acts = again, acts + 1
    assert gang.stopped_for_good
    assert (acts, len(gang.changes)) == (5, 2)
    assert now > 2 * DAY


# --- what it comes to ------------------------------------------------------------------------------


def book(*attempts: Attempt) -> Book:
    made = Book()
    for one in attempts:
        made.add(one)
    return made


def test_loss_is_what_went_through_against_honest_volume():
    loss = loss_of(
        [
            attempt(1, Fate.DONE, 99_000),
            attempt(1, Fate.DONE, 1_000),
            attempt(1, Fate.STOPPED, 5_000),
            attempt(1, Fate.DONE, 50, "mule_1"),
            attempt(1, Fate.STOPPED, 700, "mule_1"),
            attempt(1, Fate.DONE, 70, "mule_1", harm=0),
        ]
    )
    assert (loss.lost_minor, loss.volume_minor, loss.lost_count, loss.count) == (50, 100_000, 1, 2)
    assert (loss.basis_points, loss.per_hundred_thousand) == (5.0, 50.0)


def test_nothing_moved_is_no_loss():
    assert loss_of([]).per_hundred_thousand == 0.0


def test_the_four_rates():
    score = scored(
        book(
            *(attempt(1, Fate.DONE) for _ in range(7)),
            attempt(1, Fate.DONE, challenged=True),
            attempt(1, Fate.STOPPED, challenged=True),
            attempt(1, Fate.STOPPED),
            attempt(1, Fate.REFUSED),
            attempt(1, Fate.DONE, 100, "mule_1"),
            attempt(1, Fate.STOPPED, 300, "mule_1"),
        ),
        Terms(days=10),
        Mode.FIXED,
        1.0,
    )
    assert (score.operations, score.bad_attempts) == (10, 2)
    assert score.disturbance == pytest.approx(0.3)
    assert score.coverage == pytest.approx(0.75)
    assert score.failure == pytest.approx(0.5)
    assert score.limit == pytest.approx(0.1)


def test_interception_is_from_known_to_stopped():
    score = scored(
        book(
            attempt(1, Fate.DONE, 100, "mule_1", known_at=2 * DAY),
            attempt(1.5, Fate.STOPPED, 100, "mule_1"),
            attempt(2.5, Fate.STOPPED, 100, "mule_1"),
            attempt(3, Fate.DONE, 100, "quiet_1"),
        ),
        Terms(days=10),
        Mode.LEARNING,
        1.0,
        frozenset({"mule_1"}),
    )
    mule, quiet = score.gangs
    assert (mule.harmed_at, mule.known_at, mule.stopped_at, mule.given_up) == (1.0, 2.0, 2.5, True)
    assert mule.hours_from_known == 12.0
    assert (quiet.known_at, quiet.hours_from_known) == (None, None)
    assert score.hours_to_interception == 12.0


def test_every_report_says_what_it_is_not(tmp_path):
    scores = tuple(
        scored(
            book(attempt(1, Fate.DONE, 1_000), attempt(1, Fate.DONE, 1, "mule_1")), SMALL, mode, 1.0
        )
        for mode in Mode
    )
    report = Report(SMALL, scores)
    text = report.text()
    assert text.count(NOTICE) == 2
    beside = [at for at, line in enumerate(text.splitlines()) if line.startswith("loss per")]
    assert any(NOTICE in line for line in text.splitlines()[beside[0] : beside[0] + 15])
    report.write(tmp_path / "town.json")
    told = json.loads((tmp_path / "town.json").read_text())
    assert told["notice"] == NOTICE
    assert told["starting_loss_per_100000"] == told["loop_on_loss_per_100000"] == 100.0
    assert all(run["notice"] == NOTICE for run in told["runs"])
