"""Who is on the staff, and what two administrators may do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.staff.sessions import sessions_table
from argosy.management.console.widgets import (
    ROWS,
    Column,
    CursorTable,
    Slice,
    ask_reason,
    button,
    facts,
    heading,
    page_head,
    section,
    state_chip,
)
from argosy.management.staff.facts import ROLES, Right
from argosy.management.staff.handlers import ADD, INVITE, ROLES_OF
from argosy.management.staff.people import Person

TONES: dict[str, Any] = {"active": "good", "invited": "info", "disabled": "quiet"}
COLUMNS = (
    Column("name", "staff.name", "link"),
    Column("state", "staff.state", "state"),
    Column("roles", "staff.roles"),
    Column("added", "staff.added"),
    Column("by", "staff.added_by"),
)


@page("/staff", title="staff.people", right=Right.STAFF_SEE, menu="menu.staff", order=10)
async def people(desk: Desk) -> None:
    """Everybody, by name."""

    async def fetch(after: str | None) -> Slice[str]:
        found = await desk.services.people.listed(after or "", ROWS + 1)
        rows = [_row(desk, person) for person in found[:ROWS]]
        return Slice(rows, found[ROWS - 1].name if len(found) > ROWS else None)

    with page_head(desk.say("staff.people"), note=desk.say("staff.people_note")):
        if desk.may(Right.STAFF_MANAGE):
            button(desk.say("staff.add"), lambda: _add(desk), icon="person_add", kind="main")
    await CursorTable(desk, COLUMNS, fetch, name=desk.say("staff.people")).load()


@page("/staff/people/{person}", title="staff.person", right=Right.STAFF_SEE)
async def one(desk: Desk, person: str) -> None:
    """One person: what they may, their sessions, and what can be done."""
    member = parse_id(person)
    found = None if member is None else await desk.services.people.get(member)
    if found is None:
        page_head(desk.say("staff.unknown"))
        return
    with page_head(found.name):
        if desk.may(Right.STAFF_MANAGE):
            _acts(desk, found)
    with section(desk.say("staff.about")):
        state_chip(desk.say(f"staff.{found.state}"), TONES[found.state])
        pairs = [
            (desk.say("staff.roles"), spoken_roles(desk, found.roles)),
            (desk.say("staff.added"), f"{desk.when(found.added_at)} · {found.added_by}"),
        ]
        if found.enrolled_at is not None:
            pairs.append((desk.say("staff.enrolled"), desk.when(found.enrolled_at)))
        if found.disabled_at is not None:
            pairs.append(
                (
                    desk.say("staff.disabled"),
                    f"{desk.when(found.disabled_at)} · {found.disabled_by}",
                )
            )
        facts(pairs)
        if desk.may(Right.AUDIT_SEE):
            ui.link(desk.say("staff.what_they_did"), address("/audit") + f"?member={found.id}")
    with section(desk.say("staff.sessions")):
        await sessions_table(desk, found.id)


def spoken_roles(desk: Desk, roles: Sequence[str]) -> str:
    """Roles as people call them."""
    return ", ".join(desk.word(f"role.{role}", role) for role in roles)


def _row(desk: Desk, person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "name_to": address("/staff/people/{person}", person=person.id),
        "state": person.state,
        "state_tone": TONES[person.state],
        "state_text": desk.say(f"staff.{person.state}"),
        "roles": spoken_roles(desk, person.roles),
        "added": desk.when(person.added_at),
        "by": person.added_by,
    }


def _acts(desk: Desk, person: Person) -> None:
    is_self = person.id == desk.member.id
    if person.state != "disabled":
        button(desk.say("staff.change_roles"), lambda: _change_roles(desk, person), icon="edit")
        button(desk.say("staff.invite_again"), lambda: _invite(desk, person), icon="key")
        if not is_self:
            button(
                desk.say("staff.disable"),
                lambda: _disable(desk, person),
                icon="person_off",
                kind="danger",
            )
    else:
        button(desk.say("staff.bring_back"), lambda: _invite(desk, person), icon="person_add")


async def _add(desk: Desk) -> None:
    given = await _ask_person(desk, desk.say("staff.add"), name="", roles=())
    if given is None:
        return
    name, roles, reason = given
    body = {"name": name, "roles": roles}
    said = await desk.propose(Right.STAFF_MANAGE, ADD, name, body, reason)
    _told(desk, said)


async def _change_roles(desk: Desk, person: Person) -> None:
    given = await _ask_person(
        desk, desk.say("staff.change_roles"), name=person.name, roles=person.roles, is_new=False
    )
    if given is None:
        return
    _, roles, reason = given
    body = {
        "name": person.name,
        "before": {"roles": list(person.roles)},
        "after": {"roles": roles},
    }
    said = await desk.propose(Right.STAFF_MANAGE, ROLES_OF, str(person.id), body, reason)
    _told(desk, said)


async def _invite(desk: Desk, person: Person) -> None:
    text = desk.say("staff.invite_note", name=person.name)
    reason = await ask_reason(desk, desk.say("staff.invite_again"), text=text)
    if reason is not None:
        body = {"name": person.name}
        _told(
            desk,
            await desk.propose(Right.STAFF_MANAGE, INVITE, str(person.id), body, reason),
        )


async def _disable(desk: Desk, person: Person) -> None:
    text = desk.say("staff.disable_note", name=person.name)
    reason = await ask_reason(desk, desk.say("staff.disable"), text=text, danger=True)
    if reason is None:
        return
    said = await desk.act(
        Right.STAFF_MANAGE,
        "staff.disable",
        str(person.id),
        lambda: desk.services.people.disable(person.id, desk.member.name),
        reason=reason,
    )
    if isinstance(said, Refused):
        desk.tell(said)
    else:
        ui.navigate.reload()


def _told(desk: Desk, said: Any) -> None:
    desk.tell(said if isinstance(said, Refused) else desk.say("approval.proposed"))


async def _ask_person(
    desk: Desk, title: str, *, name: str, roles: Sequence[str], is_new: bool = True
) -> tuple[str, list[str], str] | None:
    """Ask for a name, roles and a reason, all of which must be given."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("ar-dialog"):
        heading(title)
        field = ui.input(desk.say("staff.name"), value=name).props(
            "outlined dense maxlength=60 autofocus"
        )
        field.classes("w-full").set_enabled(is_new)
        ui.label(desk.say("staff.roles")).classes("ar-soft")
        boxes = {}
        with ui.element("div").classes("grid grid-cols-2 w-full"):
            for role in ROLES:
                boxes[role] = ui.checkbox(desk.say(f"role.{role}"), value=role in roles).props(
                    "dense"
                )
        why = ui.textarea(desk.say("reason.label")).props("outlined dense autogrow maxlength=500")
        why.classes("w-full")
        no = ui.label().classes("ar-chip ar-chip-bad")
        no.visible = False

        def given() -> None:
            chosen = [role for role, box in boxes.items() if box.value]
            values = (str(field.value or "").strip().lower(), chosen, str(why.value or "").strip())
            if all(values):
                dialog.submit(values)
                return
            no.text = desk.say("staff.all_needed")
            no.visible = True

        with ui.row().classes("ar-buttons"):
            ui.button(desk.say("reason.cancel"), on_click=lambda: dialog.submit(None)).props(
                "flat no-caps"
            )
            ui.button(desk.say("staff.propose"), on_click=given, color=None).props(
                "unelevated no-caps color=primary"
            )
    answer = await dialog
    dialog.delete()
    return answer if isinstance(answer, tuple) else None
