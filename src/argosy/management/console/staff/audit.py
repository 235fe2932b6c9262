"""What staff did: searched, and the chain checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import (
    ROWS,
    Column,
    CursorTable,
    Slice,
    button,
    facts,
    heading,
    page_head,
)
from argosy.management.staff.audit import Checked, Entry
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("number", "audit.number", "number"),
    Column("at", "audit.at"),
    Column("name", "audit.who"),
    Column("action", "audit.action", "mono"),
    Column("outcome", "audit.outcome", "state"),
    Column("subject", "audit.subject", "mono", wrap=True),
    Column("reason", "audit.reason", wrap=True),
)


@page("/audit", title="audit.title", right=Right.AUDIT_SEE, menu="menu.staff", order=40)
async def audit(desk: Desk) -> None:
    """The log, the newest first, with search."""
    member = parse_id(desk.query.get("member", ""))
    shown: dict[int, Entry] = {}

    async def fetch(after: int | None) -> Slice[int]:
        found = await desk.services.audit.search(
            str(words.value or ""),
            member=member,
            action=str(action.value or "").strip(),
            after=after,
            limit=ROWS,
        )
        shown.clear()
        shown.update({entry.number: entry for entry in found.entries})
        return Slice([_row(desk, entry) for entry in found.entries], found.after)

    with page_head(desk.say("audit.title"), note=desk.say("audit.note")):
        button(desk.say("audit.check"), lambda: _check(desk), icon="verified")
    with ui.row().classes("ar-row w-full"):
        words = ui.input(desk.say("audit.search"), value=desk.query.get("q", "")).props(
            "outlined dense clearable maxlength=100"
        )
        action = ui.input(desk.say("audit.action_begins")).props(
            "outlined dense clearable maxlength=60"
        )
        if member is not None:
            person = await desk.services.people.get(member)
            if person is not None:
                ui.label(f"{desk.say('audit.who')}: {person.name}").classes("ar-chip ar-chip-info")
    table = CursorTable(
        desk,
        COLUMNS,
        fetch,
        name=desk.say("audit.title"),
        empty="audit.empty",
        on_row=lambda row: _show(desk, row, shown),
    )
    for field in (words, action):
        field.on("keydown.enter", table.load)
        field.on("clear", table.load)
    await table.load()


def _row(desk: Desk, entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.number,
        "number": str(entry.number),
        "at": desk.when(entry.at, seconds=True),
        "name": entry.name or desk.say("audit.nobody"),
        "action": entry.action,
        "outcome": entry.outcome,
        "outcome_text": desk.say("audit.done") if entry.outcome == "done" else entry.outcome,
        "outcome_tone": "good" if entry.outcome == "done" else "bad",
        "subject": entry.subject,
        "reason": entry.reason,
    }


def _show(desk: Desk, row: Mapping[str, Any], shown: Mapping[int, Entry]) -> None:
    entry = shown.get(int(row["id"]))
    if entry is None:
        return
    with ui.dialog(value=True) as dialog, ui.card().classes("ar-dialog"):
        heading(f"{entry.number} · {entry.action}")
        facts(
            [
                (desk.say("audit.at"), desk.when(entry.at, seconds=True)),
                (desk.say("audit.who"), entry.name or desk.say("audit.nobody")),
                (desk.say("audit.outcome"), entry.outcome),
                (desk.say("audit.subject"), entry.subject or "–"),
                (desk.say("audit.reason"), entry.reason or "–"),
                (desk.say("audit.session"), str(entry.session or "–")),
            ]
        )
        if entry.detail:
            ui.label(desk.say("audit.detail")).classes("ar-soft")
            text = msgspec.json.format(msgspec.json.encode(entry.detail), indent=2).decode()
            ui.label(text).classes("ar-mono whitespace-pre-wrap")
        with ui.row().classes("ar-buttons"):
            ui.button(desk.say("frame.close"), on_click=dialog.close).props("flat no-caps")
    dialog.on("hide", dialog.delete)


async def _check(desk: Desk) -> None:
    async def checked() -> Checked | Refused:
        return await desk.services.audit.check()

    said = await desk.act(Right.AUDIT_SEE, "audit.check", "", checked)
    if isinstance(said, Refused):
        desk.tell(said)
    elif said.findings:
        ui.notify(
            desk.say("audit.broken", what="; ".join(said.findings[:3])),
            type="negative",
            position="top",
            timeout=0,
            close_button=desk.say("frame.close"),
        )
    else:
        desk.tell(desk.say("audit.holds", rows=said.rows))
