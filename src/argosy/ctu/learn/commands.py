"""`argosy risk learn` and `learning ...`."""

from __future__ import annotations

import json as plain_json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.ctu.decide.policy import load_policy
from argosy.ctu.learn.interception import interceptions, told
from argosy.ctu.learn.record import Candidate, Journal, Run
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.watch import Watch
from argosy.ctu.terminal import (
    By,
    Demo,
    Json,
    Place,
    Why,
    say,
    stop,
    stop_if_refused,
    work,
    work_as,
)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id.")]
CandidateId = Annotated[str, typer.Argument(metavar="CANDIDATE", help="A candidate's id.")]
Out = Annotated[Path, typer.Option("--out", help="Write the page here.")]


def add(app: typer.Typer) -> None:
    """Add the commands of learning."""
    app.command()(learn)
    learning = typer.Typer(help="What the learning loop did.", no_args_is_help=True)
    learning.command("list")(list_runs)
    learning.command()(show)
    learning.command()(report)
    learning.command("interception")(interception_)
    learning.command("take-back")(take_back)
    app.add_typer(learning, name="learning")


def learn(
    trigger: Annotated[str, typer.Option(help="What asked for the run, for its record.")] = "hand",
    demo: Demo = False,
) -> None:
    """Walk the learning loop once: from labels to what is live, or back."""

    async def inside(place: Place) -> Run | Refused:
        from argosy.ctu.learn.loop import Learning

        policy = load_policy(place.policy)
        learning = Learning(place.db, place.clock, place.ids, offsets=place.offsets, policy=policy)
        return await learning.run_once(trigger)

    _tell(stop_if_refused(work(demo, inside)))


def list_runs(demo: Demo = False) -> None:
    """List the latest runs, the newest first."""
    for run in work(demo, lambda place: _journal(place).runs()):
        say(f"{run.id}  {_at(run.started_at)}  {run.trigger:<9} {run.state.value:<8} {run.says}")


def show(run_id: RunId, demo: Demo = False) -> None:
    """Show one run: each step and each candidate."""
    wanted = _id(run_id)
    _tell(stop_if_refused(work(demo, lambda place: _journal(place).run(wanted))))


def report(
    candidate_id: CandidateId, out: Out = Path("candidate.html"), demo: Demo = False
) -> None:
    """Write the full report of one candidate, accepted or refused, as an HTML page."""
    wanted = _id(candidate_id)
    page = stop_if_refused(work(demo, lambda place: _journal(place).report(wanted)))
    out.write_text(page, "utf-8")
    say(f"Written to {out}.")


def interception_(json: Json = None, demo: Demo = False) -> None:
    """Tell for each scheme how long it went on after its first confirmed case."""
    found = work(demo, lambda place: interceptions(place.db))
    for line in told(found) or ["No scheme was confirmed so far."]:
        say(line)
    if json is not None:
        seconds = {
            one.scheme: None if one.waited is None else one.waited.total_seconds() for one in found
        }
        json.write_text(plain_json.dumps(seconds, indent=2) + "\n", "utf-8")


def take_back(candidate_id: CandidateId, by: By, why: Why, demo: Demo = False) -> None:
    """Take back what the loop made live."""
    wanted = _id(candidate_id)

    async def inside(place: Place) -> Candidate | Refused:
        journal = _journal(place)
        found = await journal.candidate(wanted)
        if isinstance(found, Refused):
            return found
        return await Watch(place.db, place.clock, journal, Terms()).take_back(
            found, f"{why} ({by})"
        )

    gone = stop_if_refused(work_as(demo, by, inside))
    say(f"{gone.name} {gone.version} is taken back.")


def _journal(place: Place) -> Journal:
    return Journal(place.db, place.clock, place.ids)


def _tell(run: Run) -> None:
    say(f"Run {run.id} of {_at(run.started_at)}: {run.state.value}. {run.says}")
    for step in run.steps:
        seconds = (step.ended_at - step.started_at).total_seconds()
        say(f"  {step.place:>2} {step.name:<13} {seconds:>6.1f} s  {step.says}")
    for one in run.candidates:
        say(f"  {one.standing.value:<11} {one.kind:<6} {one.name} {one.version}  {one.id}")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _id(text: str) -> UUID:
    found = parse_id(text)
    if found is None:
        stop(f"{text} is no id.")
    return found
