"""When the loop starts by itself, and that the process which serves stays light."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from argosy.ctu.learn.job import AGAIN_SECONDS, Job
from argosy.ctu.learn.record import Ending, Journal
from tests.ctu.learn.stream import Town


async def test_enough_new_confirmed_cases_start_a_run(db, clock, ids):
    job = Job(db, clock, ids)
    assert await job.due() == ""
    town = Town()
    town.days(1, thefts_a_day=3)
    await town.tell(db)
    assert await job.due() == "schedule"  # something is new, and no run ever was
    town.days(1, thefts_a_day=3)
    await town.tell(db)
    assert await job.due() == "labels"


async def test_what_a_run_has_seen_starts_no_other(db, clock, ids):
    town = Town()
    town.days(2, thefts_a_day=3)
    await town.tell(db)
    clock.set(await db.value("SELECT clock_timestamp()"))
    journal = Journal(db, clock, ids)
    run = await journal.open("labels")
    await journal.close(run.id, Ending.DONE, "", {})
    job = Job(db, clock, ids)
    assert await job.due() == ""
    clock.advance(seconds=AGAIN_SECONDS + 1)
    assert await job.due() == ""
    await db.run("UPDATE ctu.labels SET added_at = $1", clock.now() - timedelta(hours=1))
    assert await job.due() == "labels"


def test_the_serving_process_never_loads_what_learning_needs():
    code = (
        "import sys, argosy.ctu.learn.job, argosy.ctu.learn.commands, argosy.app\n"
        "heavy = {'lightgbm', 'scipy', 'duckdb', 'ibis', 'pandas', 'sklearn', 'igraph', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "[]"
    # The twin: the loop itself does load them.
    code = code.replace("argosy.ctu.learn.job", "argosy.ctu.facts.graph.gangs")
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "igraph" in said


async def test_the_loop_runs_as_a_process_of_its_own(db, clock, ids, tmp_path):
    town = Town()
    town.days(1)
    await town.tell(db)
    job = Job(
        db,
        clock,
        ids,
        words=("--demo",),
        environment={"ARGOSY_DATABASE_URL": db.url, "ARGOSY_DATA": str(tmp_path)},
    )
    assert await job.learn("labels") == 0
    (run,) = await Journal(db, clock, ids).runs()
    assert (run.trigger, run.state) == ("labels", Ending.NOTHING)
