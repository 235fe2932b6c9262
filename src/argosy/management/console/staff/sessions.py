"""Who is signed in where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import Column, CursorTable, Slice, ask_reason, page_head
from argosy.management.staff.facts import Right
from argosy.management.staff.sessions import Session

COLUMNS = (
    Column("name", "staff.name", "link"),
    Column("since", "staff.signed_in"),
    Column("seen", "staff.seen"),
    Column("until", "staff.until"),
    Column("address", "staff.address", "mono"),
    Column("agent", "staff.browser", wrap=True),
    Column("own", "", "state"),
)


@page("/staff/sessions", title="staff.sessions", right=Right.STAFF_SEE, menu="menu.staff", order=30)
async def sessions(desk: Desk) -> None:
    """Every session that lives, the newest first."""
    page_head(desk.say("staff.sessions"), note=desk.say("staff.sessions_note"))
    await sessions_table(desk, None)


async def sessions_table(desk: Desk, member: UUID | None) -> None:
    """The sessions of `member` or of everybody; a row is ended by whoever may."""

    async def fetch(_after: None) -> Slice[None]:
        found = await desk.services.sessions.listed(member)
        return Slice([_row(desk, session) for session in found], None)

    async def end(row: Mapping[str, Any]) -> None:
        text = desk.say("staff.end_note", name=row["name"], address=row["address"])
        reason = await ask_reason(desk, desk.say("staff.end"), text=text, danger=True)
        if reason is None:
            return

        async def ended() -> str | Refused:
            await desk.services.sessions.end(row["id"], desk.member.name)
            return "done"

        said = await desk.act(
            Right.STAFF_MANAGE, "staff.end_session", str(row["member"]), ended, reason=reason,
            detail={"session": str(row["id"])},
        )  # fmt: skip
        desk.tell(said if isinstance(said, Refused) else desk.say("staff.ended"))
        await table.load()

    table = CursorTable(
        desk,
        COLUMNS,
        fetch,
        name=desk.say("staff.sessions"),
        empty="staff.no_sessions",
        on_row=end if desk.may(Right.STAFF_MANAGE) else None,
    )
    await table.load()


def _row(desk: Desk, session: Session) -> dict[str, Any]:
    is_this = session.id == desk.session.id
    return {
        "id": session.id,
        "member": str(session.member.id),
        "name": session.member.name,
        "name_to": address("/staff/people/{person}", person=session.member.id),
        "since": desk.when(session.made_at),
        "seen": desk.when(session.seen_at),
        "until": desk.when(session.ends_at),
        "address": session.address,
        "agent": session.agent,
        "own": desk.say("staff.this_window") if is_this else "",
        "own_tone": "info",
    }
