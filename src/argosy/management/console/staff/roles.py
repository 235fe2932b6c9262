"""What each role may."""

from __future__ import annotations

from typing import Any

from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import Column, CursorTable, Slice, page_head
from argosy.management.staff.facts import ROLES, Right


@page("/staff/roles", title="staff.roles", right=Right.STAFF_SEE, menu="menu.staff", order=20)
async def roles(desk: Desk) -> None:
    """The matrix of rights and roles."""

    async def fetch(_after: None) -> Slice[None]:
        return Slice([_row(desk, right) for right in Right], None)

    page_head(desk.say("staff.roles"), note=desk.say("staff.roles_note"))
    columns = (
        Column("area", "staff.area"),
        Column("right", "staff.right"),
        *(Column(role, f"role.{role}", "state") for role in ROLES),
    )
    await CursorTable(desk, columns, fetch, name=desk.say("staff.roles")).load()


def _row(desk: Desk, right: Right) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": right.value,
        "area": desk.say(f"menu.{_AREAS[right.partition('.')[0]]}"),
        "right": desk.say(f"right.{right.value}"),
    }
    for role, rights in ROLES.items():
        row[role] = desk.say("staff.yes") if right in rights else ""
        row[f"{role}_tone"] = "good" if right in rights else "none"
    return row


_AREAS = {
    "home": "overview",
    "customers": "customers",
    "money": "money",
    "cases": "risk",
    "rules": "risk",
    "models": "risk",
    "reports": "reports",
    "staff": "staff",
    "audit": "staff",
    "setup": "setup",
}
