"""Who is on the staff."""

from __future__ import annotations

from typing import Any

from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import ROWS, Column, CursorTable, Slice, page_head
from argosy.management.staff.facts import Right

TONES = {"active": "good", "invited": "info", "disabled": "quiet"}
COLUMNS = (
    Column("name", "staff.name", "link"),
    Column("state", "staff.state", "state"),
    Column("roles", "staff.roles"),
    Column("added", "staff.added"),
)


@page("/staff", title="staff.people", right=Right.STAFF_SEE, menu="menu.staff", order=10)
async def people(desk: Desk) -> None:
    """Everybody, by name."""

    async def fetch(after: str | None) -> Slice[str]:
        found = await desk.services.people.listed(after or "", ROWS + 1)
        rows: list[dict[str, Any]] = [
            {
                "id": person.id,
                "name": person.name,
                "name_to": address("/staff/{person}", person=person.id),
                "state": person.state,
                "state_tone": TONES[person.state],
                "state_text": desk.say(f"staff.{person.state}"),
                "roles": ", ".join(desk.say(f"role.{role}") for role in person.roles),
                "added": desk.when(person.added_at),
            }
            for person in found[:ROWS]
        ]
        return Slice(rows, found[ROWS - 1].name if len(found) > ROWS else None)

    page_head(desk.say("staff.people"))
    await CursorTable(desk, COLUMNS, fetch, name=desk.say("staff.people")).load()
