"""`argosy risk models`: the registry at the terminal."""

from __future__ import annotations

import json as plain_json
from typing import Annotated

import msgspec
import typer

from argosy.base.refusals import Refused
from argosy.ctu.models.facts import State, Version
from argosy.ctu.models.registry import Registry
from argosy.ctu.terminal import By, Demo, Json, Place, Why, say, stop_if_refused, work, work_as

Name = Annotated[str, typer.Argument(help="The model's name.")]
Which = Annotated[str, typer.Argument(metavar="VERSION", help="The version.")]

EMPTY = (
    "There are no models yet. Rules and the owner score carry the first days; the learning loop puts"
    " the first model here once there are enough labels."
)


def add(app: typer.Typer) -> None:
    """Add the commands of the models."""
    models = typer.Typer(help="The models and their versions.", no_args_is_help=True)
    app.add_typer(models, name="models")
    models.command("list")(list_)
    models.command()(show)
    models.command()(publish)
    models.command()(roll_back)


def list_(demo: Demo = False) -> None:
    """List every version of every model, the newest first, and which one is live."""

    async def read(place: Place) -> list[Version]:
        return await Registry(place.db, place.clock).versions()

    found = work(demo, read)
    for version in found:
        metrics = "  ".join(
            f"{name} {value:.4g}" for name, value in sorted(version.metrics.items())
        )
        state = version.state.value.upper() if version.state is State.LIVE else version.state.value
        say(f"{version.name} {version.version}  {state}  {version.kind}  {metrics}".rstrip())
    if not found:
        say(EMPTY)


def show(name: Name, version: Which, json: Json = None, demo: Demo = False) -> None:
    """Show the card of a version, its metrics, its columns and what became of it."""

    async def read(place: Place) -> tuple[Version, list[dict[str, object]]] | Refused:
        registry = Registry(place.db, place.clock)
        found = await registry.version(name, version)
        return found if isinstance(found, Refused) else (found, await registry.steps(name))

    found, steps = stop_if_refused(work(demo, read))
    if json is not None:
        json.write_text(plain_json.dumps(msgspec.to_builtins(found), indent=2) + "\n", "utf-8")
    say(*_card(found), "")
    for step in steps:
        if step["version"] == version:
            say(f"{step['at']:%Y-%m-%d %H:%M:%S}  {step['state']}  by {step['by']}: {step['why']}")


def _card(found: Version) -> list[str]:
    card = found.card
    lines = [
        f"# {found.name} {found.version} ({found.kind}, {found.state.value})",
        "",
        card.purpose,
        f"Data: {card.data or 'not said'} (fingerprint {found.fingerprint})",
        f"Limits: {card.limits or 'not said'}",
        f"Calibration: {card.calibration.method}, {len(card.calibration.raw)} knots",
        "",
        *(f"{name}: {value:.6g}" for name, value in sorted(found.metrics.items())),
        "",
        f"{len(found.columns)} columns:",
    ]
    return lines + [f"  {c}  {card.words.get(c, '')}".rstrip() for c in found.columns]


def publish(name: Name, version: Which, by: By, why: Why, demo: Demo = False) -> None:
    """Make a version live everywhere within a second; what was live is retired."""

    async def act(place: Place) -> Version | Refused:
        return await Registry(place.db, place.clock).publish(name, version, by, why)

    done = stop_if_refused(work_as(demo, by, act))
    say(f"{done.name} {done.version} is live.")


def roll_back(name: Name, by: By, why: Why, demo: Demo = False) -> None:
    """Take the live version back; the one before it is live again within a second."""

    async def act(place: Place) -> Version | Refused:
        return await Registry(place.db, place.clock).roll_back(name, by, why)

    done = stop_if_refused(work_as(demo, by, act))
    say(f"{done.name} {done.version} is live again.")
