"""The staff of a demo town: one of each role, with a password and a second factor that everybody knows."""

from __future__ import annotations

from typing import Final

from argosy.base.clock import Clock
from argosy.base.ids import named
from argosy.base.parties.keys import Keys
from argosy.base.store import Database
from argosy.management.staff import passwords
from argosy.management.staff.facts import ROLES

DEMO_PASSWORD: Final = "argosy demo town"  # noqa: S105 - it is told to everybody
DEMO_SECRET: Final = "ARGOSYDEMOTOWNARGOSYDEMOTOWNARGO"  # noqa: S105 - it is told to everybody


def demo_names() -> tuple[str, ...]:
    """The names of the demo's staff, which are those of the roles; a second risk lead, finance and
    administrator are there for what needs two."""
    return (*(role.replace("_", " ") for role in ROLES), *(f"second {role}" for role in _TWICE))


_TWICE: Final = ("administrator", "risk lead", "finance", "operator")


async def move_in(db: Database, clock: Clock, keys: Keys) -> None:
    """Have the demo's staff there; whoever is there already stays as they are."""
    there = {row["name"] for row in await db.all("SELECT name FROM staff.members")}
    missing = [name for name in demo_names() if name not in there]
    if not missing:
        return
    password, now = await passwords.made(DEMO_PASSWORD), clock.now()
    for name in missing:
        member = named("demo staff", name)
        await db.run(
            "INSERT INTO staff.members (id, name, roles, password, totp, added_at, added_by, enrolled_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'the demo town', $6) ON CONFLICT DO NOTHING",
            member,
            name,
            [name.removeprefix("second ").replace(" ", "_")],
            password,
            keys.seal(DEMO_SECRET, "staff", str(member)),
            now,
        )
