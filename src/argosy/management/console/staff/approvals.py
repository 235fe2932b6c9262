"""What waits for a second person: who proposes what, why, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.management.approvals.approvals import STUCK_AFTER, may_read
from argosy.management.approvals.facts import ApprovalReason, Proposal, State
from argosy.management.console.desk import Desk
from argosy.management.console.pages import ROOT, address, page
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
from argosy.management.staff.facts import Right
from argosy.management.staff.people import Invitation

TONES: dict[State, Any] = {
    State.WAITING: "warn",
    State.APPROVED: "info",
    State.DONE: "good",
    State.FAILED: "bad",
    State.DECLINED: "quiet",
    State.WITHDRAWN: "quiet",
    State.EXPIRED: "quiet",
}
COLUMNS = (
    Column("what", "approval.what", "link"),
    Column("state", "approval.state", "state"),
    Column("subject", "approval.subject", "mono", wrap=True),
    Column("by", "approval.by"),
    Column("at", "approval.at"),
    Column("reason", "approval.reason", wrap=True),
    Column("decided", "approval.decided_by"),
)


@page("/approvals", title="approval.title", right=Right.HOME_SEE, menu="menu.overview", order=90)
async def approvals(desk: Desk) -> None:
    """What the member may see of it, the newest first."""

    async def fetch(after: UUID | None) -> Slice[UUID]:
        state = State.WAITING if shown["which"] == "waiting" else None
        found = await desk.services.approvals.listed(state, after, ROWS, reader=desk.member)
        return Slice([_row(desk, proposal) for proposal in found.proposals], found.after)

    async def choose(event: Any) -> None:
        shown["which"] = event.value
        await table.load()

    shown = {"which": "waiting"}
    page_head(desk.say("approval.title"), note=desk.say("approval.note"))
    ui.toggle(
        {"waiting": desk.say("approval.waiting"), "all": desk.say("approval.all")},
        value="waiting",
        on_change=choose,
    ).props("no-caps dense unelevated toggle-color=primary")
    table: CursorTable[UUID] = CursorTable(
        desk, COLUMNS, fetch, name=desk.say("approval.title"), empty="approval.empty"
    )
    await table.load()


@page("/approvals/{proposal}", title="approval.one", right=Right.HOME_SEE)
async def one(desk: Desk, proposal: str) -> None:
    """One proposal whole, with the decision."""
    id_ = parse_id(proposal)
    found = None if id_ is None else await desk.services.approvals.get(id_)
    if found is None or not may_read(desk.member, found):
        page_head(desk.refusal(Refused(ApprovalReason.PROPOSAL_UNKNOWN)))
        return
    with page_head(_kind(desk, found)):
        _decisions(desk, found)
    with section():
        state_chip(desk.say(f"approval.{found.state}"), TONES[found.state])
        pairs = [
            (desk.say("approval.by"), f"{found.by} · {desk.when(found.at)}"),
            (desk.say("approval.reason"), found.reason),
            (desk.say("approval.subject"), found.subject),
            (desk.say("approval.needs"), desk.say(f"right.{found.right.value}")),
        ]
        if found.state is State.WAITING:
            pairs.append((desk.say("approval.expires"), desk.when(found.expires_at)))
        if found.decided_by and found.decided_at:
            decided = f"{found.decided_by} · {desk.when(found.decided_at)}"
            pairs.append((desk.say("approval.decided_by"), decided))
        if found.why:
            pairs.append((desk.say("approval.why"), found.why))
        if found.outcome:
            pairs.append((desk.say("approval.outcome"), _text(found.outcome)))
        facts(pairs)
    _difference(desk, found.body)


def _row(desk: Desk, proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "what": _kind(desk, proposal),
        "what_to": address("/approvals/{proposal}", proposal=proposal.id),
        "state": proposal.state,
        "state_text": desk.say(f"approval.{proposal.state}"),
        "state_tone": TONES[proposal.state],
        "subject": str(proposal.body.get("name") or proposal.subject),
        "by": proposal.by,
        "at": desk.when(proposal.at),
        "reason": proposal.reason,
        "decided": proposal.decided_by or "",
    }


def _kind(desk: Desk, proposal: Proposal) -> str:
    return desk.word(f"approval.kind.{proposal.kind}", proposal.kind)


def _difference(desk: Desk, body: Mapping[str, Any]) -> None:
    """What it changes: before beside after where the body says both, and all else it says."""
    before, after = body.get("before"), body.get("after")
    rest = {key: value for key, value in body.items() if key not in {"before", "after"}}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        with section(desk.say("approval.difference")), ui.element("table").classes("ar-diff"):
            with ui.element("thead"), ui.element("tr"):
                for word in ("", "approval.before", "approval.after"):
                    with ui.element("th"):
                        ui.label(desk.say(word) if word else "")
            with ui.element("tbody"):
                for key in dict.fromkeys((*before, *after)):
                    _line(desk, key, before.get(key), after.get(key))
    else:
        rest = dict(body)
    if rest:
        with section(desk.say("approval.body")):
            facts([(_field(desk, key), _text(value)) for key, value in rest.items()])


def _line(desk: Desk, key: str, before: Any, after: Any) -> None:
    with ui.element("tr").classes("" if before == after else "ar-changed"):
        with ui.element("th"):
            ui.label(_field(desk, key))
        for value in (before, after):
            with ui.element("td"):
                ui.label(_text(value))


def _field(desk: Desk, key: str) -> str:
    return desk.word(f"approval.field.{key}", key.replace("_", " "))


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _decisions(desk: Desk, proposal: Proposal) -> None:
    is_own = proposal.by_id == desk.member.id
    may = desk.may(proposal.right)
    if proposal.state is State.WAITING and is_own:
        ui.label(desk.say("approval.own")).classes("ar-soft")
        button(desk.say("approval.withdraw"), lambda: _withdraw(desk, proposal))
    elif proposal.state is State.WAITING and may:
        button(
            desk.say("approval.decline"), lambda: _decide(desk, proposal, yes=False), kind="danger"
        )
        button(
            desk.say("approval.approve"),
            lambda: _decide(desk, proposal, yes=True),
            icon="check",
            kind="main",
        )
    elif proposal.state is State.APPROVED and may and not is_own and _is_stuck(desk, proposal):
        button(desk.say("approval.carry_on"), lambda: _carry_on(desk, proposal), kind="main")


def _is_stuck(desk: Desk, proposal: Proposal) -> bool:
    at = proposal.decided_at
    return at is not None and desk.services.clock.now() - at > STUCK_AFTER


async def _decide(desk: Desk, proposal: Proposal, *, yes: bool) -> None:
    word = "approve" if yes else "decline"
    reason = await ask_reason(
        desk, desk.say(f"approval.{word}"), text=_kind(desk, proposal), danger=not yes,
        button=desk.say(f"approval.{word}"),
    )  # fmt: skip
    if reason is None:
        return
    said = await desk.act(
        proposal.right,
        f"{word}.{proposal.kind}",
        proposal.subject,
        lambda: desk.services.approvals.decide(desk.member, proposal.id, yes, reason),
        reason=reason,
        detail={"proposal": str(proposal.id), "proposed_by": proposal.by},
    )
    await _after(desk, said)


async def _carry_on(desk: Desk, proposal: Proposal) -> None:
    said = await desk.act(
        proposal.right,
        f"carry_on.{proposal.kind}",
        proposal.subject,
        lambda: desk.services.approvals.carry_on(desk.member, proposal.id),
        detail={"proposal": str(proposal.id)},
    )
    await _after(desk, said)


async def _withdraw(desk: Desk, proposal: Proposal) -> None:
    said = await desk.act(
        proposal.right,
        f"withdraw.{proposal.kind}",
        proposal.subject,
        lambda: desk.services.approvals.withdraw(desk.member, proposal.id),
        detail={"proposal": str(proposal.id)},
    )
    await _after(desk, said)


async def _after(desk: Desk, said: Any) -> None:
    if isinstance(said, Refused):
        desk.tell(said)
        return
    if isinstance(said, Invitation):
        await _show_invitation(desk, said)
    ui.navigate.reload()


async def _show_invitation(desk: Desk, invitation: Invitation) -> None:
    """Once, to whoever decided: it goes to the person, who chooses the password."""
    way = f"{desk.services.public_url}{ROOT}/welcome/{invitation.token}"
    with ui.dialog().props("persistent") as dialog, ui.card().classes("ar-dialog"):
        heading(desk.say("approval.invitation", name=invitation.person.name))
        ui.label(desk.say("approval.invitation_note")).classes("ar-soft")
        ui.label(way).classes("ar-mono ar-link-once")
        with ui.row().classes("ar-buttons"):
            ui.button(
                desk.say("frame.close"), on_click=lambda: dialog.submit(True), color=None
            ).props("unelevated no-caps color=primary")
    await dialog
