"""What the commands of `argosy risk` work with.

Each part has its commands in its own `commands.py`, with a function `add(app)` that `cli.py` calls:

    def add(app: typer.Typer) -> None:
        @app.command()
        def explain(id: ..., demo: Demo = False) -> None:
            text = work(demo, lambda place: explained(place.db, id))
            say(text)

`argosy.cli` says how a place is opened; nothing here knows settings or the rest of the wallet.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import uvloop

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused, must
from argosy.base.store import Database
from argosy.ctu.staff.staff import Staff

T = TypeVar("T")

STAFF_KEY = "ARGOSY_STAFF_KEY"

Demo = Annotated[bool, typer.Option("--demo", help="Work on the demo town; needs no key.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write it here as JSON.")]
By = Annotated[str, typer.Option(help="Who does it; proven by ARGOSY_STAFF_KEY.")]
Why = Annotated[str, typer.Option(help="The reason, which is kept.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works: a migrated database with its address, clock and ids; the data folder; a
    key for each purpose; the file of the policy, where the operator has one; the markets' distances
    from UTC in seconds; where facts are kept (`facts_url`, None: in the process). `settings` is all of
    the operator's settings, and `wallet` the wired wallet, for what moves money; None for a brain
    that stands alone."""

    db: Database
    url: str
    clock: Clock
    ids: Ids
    data: Path
    subkey: Callable[[str], bytes]
    policy: Path | None = None
    offsets: Mapping[str, int] = field(default_factory=dict)
    facts_url: str | None = None
    demo: bool = False
    settings: Any = None
    wallet: Any = None


Opener = Callable[[bool], AbstractAsyncContextManager[Place]]
_openers: list[Opener] = []


def opened_by(opener: Opener) -> None:
    """Called once by the wiring: how a place is opened; its argument is `--demo`."""
    _openers[:] = [opener]


def work(demo: bool, doing: Callable[[Place], Coroutine[Any, Any, T]]) -> T:
    """Do it, beside a running server or without one, and give what it gives."""
    must(bool(_openers), "nobody has said how the database is opened")

    async def inside() -> T:
        async with _openers[0](demo) as place:
            return await doing(place)

    return uvloop.run(inside())


def staff_key(name: str) -> str:
    """The key by which `name` proves it: ARGOSY_STAFF_KEY, or typed unseen where somebody sits there;
    empty where there is none."""
    found = os.environ.get(STAFF_KEY, "").strip()
    if not found and sys.stdin.isatty():
        found = str(typer.prompt(f"Key of {name}", hide_input=True, default="", show_default=False))
    return found


def work_as(
    demo: bool, by: str, doing: Callable[[Place], Coroutine[Any, Any, T | Refused]]
) -> T | Refused:
    """As `work`, once `by` has proven to be that person. In the demo town a typed name is believed."""

    async def proven(place: Place) -> T | Refused:
        if not place.demo:
            person = await Staff(place.db, place.clock, place.ids).proven(by, staff_key(by))
            if isinstance(person, Refused):
                return person
        return await doing(place)

    return work(demo, proven)


def say(*lines: str) -> None:
    """Tell the person at the terminal, at once even where the output goes to a file."""
    for line in lines:
        typer.echo(line)


def stop(*lines: str) -> NoReturn:
    """Say what is wrong, and end with status 2."""
    typer.echo("\n  ".join(lines), err=True)
    raise SystemExit(2)


def stop_if_refused(said: T | Refused) -> T:
    """What was answered; where that is a refusal, say it with its facts and end with status 2."""
    if isinstance(said, Refused):
        facts = [f"{name}: {value}" for name, value in (said.facts or {}).items()]
        stop(f"{said.reason.meaning} ({said.code})", *facts)
    return said
