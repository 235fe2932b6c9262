"""`argosy market`: lay out a pack, and run the cards of packs."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from argosy.base.clock import SystemClock
from argosy.base.manifest import ManifestError
from argosy.base.markets import Market
from argosy.markets import PackError, card, load
from argosy.markets.new import lay_out

app = typer.Typer(help="The countries: their packs and how far each is.", no_args_is_help=True)
HERE = Path(__file__).parent
SETTING = "ARGOSY_MARKETS"


@app.command("list")
def list_markets() -> None:
    """Show every market that is found, with its languages, currency and levels."""
    for market in _found(()).values():
        levels = " -> ".join(level.name for level in market.ladder())
        typer.echo(
            f"{market.code:<12} {market.currency}  {','.join(market.languages):<12} {levels}"
        )


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="One market; without it, all.")] = None,
    place: Annotated[
        list[Path] | None, typer.Option("--in", help="A folder whose sub-folders are packs.")
    ] = None,
    day: Annotated[str | None, typer.Option(help="As of this day, such as 2027-01-01.")] = None,
) -> None:
    """Run the cards of one pack, or of all. Ends with 1 where a card says done and is not, or todo and is."""
    found = _found(tuple(place or ()))
    if name is not None and name not in found:
        _stop(f"There is no market {name!r}; there are {', '.join(sorted(found))}.")
    false = 0
    for market in [found[name]] if name is not None else found.values():
        false += _show(market, _day(day))
    if false:
        raise SystemExit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _, a letter first.")],
    place: Annotated[Path, typer.Option("--in", help="Where the folder is to lie.")] = HERE,
) -> None:
    """Lay out a new pack from the template. It loads, and passes its own check, as it is."""
    try:
        folder = lay_out(name, place)
    except (PackError, OSError) as error:
        _stop(f"No pack was laid out: {error}")
        return
    typer.echo(f"A pack lies in {folder}.")
    if place.resolve() != HERE:
        typer.echo(f"Start with it by {SETTING}={place.resolve()}.")
    where = "" if place.resolve() == HERE else f" --in {place}"
    typer.echo(f"Go through {folder.joinpath('pack.py')} from 1 to 8, and run after each:")
    typer.echo(f"  argosy market check {name}{where}")


def _show(market: Market, day: date) -> int:
    folder = market.folder or HERE.joinpath(market.code)
    try:
        graded = card.grade(market, folder, day)
    except card.CardError as error:
        typer.echo(f"{market.code}: {error}")
        return 1
    false = [one for one in graded if one.false]
    done = sum(one.grade == "done" and not one.false for one in graded)
    typer.echo(f"{market.code}: {done} of {len(graded)} cards done, {len(false)} false  ({folder})")
    typer.echo(card.report(graded))
    for one in false:
        typer.echo(f"  {folder.joinpath(card.CARD)}: {card.remedy(one)}")
    typer.echo()
    return len(false)


def _found(places: tuple[Path, ...]) -> dict[str, Market]:
    named = tuple(Path(p) for p in os.environ.get(SETTING, "").split(os.pathsep) if p)
    try:
        return load((*named, *places))
    except ManifestError as error:
        _stop(str(error).replace("; ", "\n  "))
        raise


def _day(text: str | None) -> date:
    if text is None:
        return SystemClock().now().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        _stop(f"{text!r} is no day; write it as 2027-01-01.")
        raise


def _stop(text: str) -> None:
    typer.echo(text, err=True)
    raise SystemExit(2)
