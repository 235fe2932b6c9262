"""`argosy risk facts`: what is known of whom, at the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from argosy.base.refusals import Refused
from argosy.ctu.facts.declared import Fact, FactSet, parse, starter
from argosy.ctu.facts.sets import add_facts, live
from argosy.ctu.terminal import By, Demo, Place, say, stop_if_refused, work, work_as

File = Annotated[Path, typer.Argument(help="A TOML file of [[fact]] tables.", exists=True)]
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def add(app: typer.Typer) -> None:
    """Add the commands of the facts."""
    facts = typer.Typer(help="The facts that rules and models read.", no_args_is_help=True)
    app.add_typer(facts, name="facts")
    facts.command("list")(list_)
    facts.command("check")(check_)
    facts.command()(publish)


def list_(demo: Demo = False) -> None:
    """List the facts that are live: name, what it is, and what it says."""

    async def read(place: Place) -> FactSet:
        return await live(place.db) or starter(place.offsets)

    found = work(demo, read)
    for fact in found.facts:
        say(f"{fact.name:36} {shape(fact):28} {fact.says}".rstrip())
    say(f"{len(found.facts)} facts, version {found.version}")


def check_(file: File) -> None:
    """Check the facts of a file and name every mistake; nothing is changed."""
    facts = _read(file)
    say(f"{len(facts)} facts, no mistake.")


def publish(file: File, by: By, demo: Demo = False) -> None:
    """Add the facts of a file to the live ones, filled from history, or change those of the same name.

    Nothing stops meanwhile: the old facts are read until the new ones are there.
    """
    facts = _read(file)

    async def add_them(place: Place) -> FactSet | Refused:
        first = starter(place.offsets)
        return await add_facts(place.db, facts, by, first, place.facts_url)

    found = stop_if_refused(work_as(demo, by, add_them))
    say(f"{len(found.facts)} facts are live, version {found.version}.")


def shape(fact: Fact) -> str:
    """What a fact is, in a word or two: `count 1h`, `distinct device 7d`."""
    words = [fact.aggregate]
    if fact.of != "amount":
        words.append(fact.of)
    words += [_span(span) for span in (fact.window, fact.half_life) if span is not None]
    if fact.delay:
        words.append(f"after {_span(fact.delay)}")
    return " ".join(words)


def _span(seconds: int) -> str:
    return next(f"{seconds // unit}{sign}" for unit, sign in _SPANS if seconds % unit == 0)


def _read(file: Path) -> list[Fact]:
    facts, problems = parse(file.read_text("utf-8"), file.name)
    for problem in problems:
        say(str(problem))
    if problems:
        raise typer.Exit(1)
    return facts
