"""`argosy risk staff`: who may publish and decide."""

from __future__ import annotations

from typing import Annotated

import typer

from argosy.base.refusals import Refused
from argosy.ctu.staff.staff import NewKey, Person, Staff
from argosy.ctu.terminal import Demo, Place, say, staff_key, stop_if_refused, work

Name = Annotated[str, typer.Argument(help="The person's name, in small letters.")]
ByOther = Annotated[str, typer.Option("--by", help="Who does it; proven by ARGOSY_STAFF_KEY.")]


def add(app: typer.Typer) -> None:
    """Add the commands of staff."""
    people = typer.Typer(help="Who may publish and decide.", no_args_is_help=True)
    app.add_typer(people, name="staff")
    people.command("add")(add_)
    people.command("list")(list_)
    people.command()(renew)
    people.command()(remove)


def add_(name: Name, by: ByOther = "", demo: Demo = False) -> None:
    """Add somebody, and show the key, once. The first one needs nobody; others need one who is there."""

    async def added(place: Place) -> NewKey | Refused:
        staff = _staff(place)
        key = staff_key(by) if by else ""
        return await staff.add(name, by, key)

    _show(stop_if_refused(work(demo, added)))


def list_(demo: Demo = False) -> None:
    """Everybody who works here or did, and who added whom."""
    for one in work(demo, lambda place: _staff(place).list()):
        left = f", left {one.left_at:%F} ({one.removed_by})" if one.left_at else ""
        say(f"{one.name:20} since {one.added_at:%F}, added by {one.added_by}{left}")


def renew(name: Name, demo: Demo = False) -> None:
    """Another key for yourself; the one you had opens nothing any more."""
    key = staff_key(name)
    _show(stop_if_refused(work(demo, lambda place: _staff(place).renew(name, key))))


def remove(name: Name, by: ByOther, demo: Demo = False) -> None:
    """From now on this person's key opens nothing; the name stays with what it did."""
    key = staff_key(by)

    async def gone(place: Place) -> Person | Refused:
        return await _staff(place).remove(name, by, key)

    say(f"{stop_if_refused(work(demo, gone)).name} does not work here any more.")


def _staff(place: Place) -> Staff:
    return Staff(place.db, place.clock, place.ids)


def _show(made: NewKey) -> None:
    say(
        f"The key of {made.person.name}, shown this once:",
        "",
        f"    {made.text}",
        "",
        "Keep it as your own: `export ARGOSY_STAFF_KEY=...` in your terminal, or type it when asked.",
    )
