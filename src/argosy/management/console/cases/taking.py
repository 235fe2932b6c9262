"""Taking the next free case, from the queue or from a case that is done."""

from __future__ import annotations

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.ctu.cases import Case
from argosy.management.console.cases.shown import case_address
from argosy.management.console.desk import Desk
from argosy.management.staff.facts import Right


async def take_next(desk: Desk) -> None:
    """Take the first one that is free, and go there."""
    cases, by = desk.services.risk.cases, desk.member.name

    async def taken() -> Case | Refused | None:
        return await cases.claim_next(by)

    said = await desk.act(Right.CASES_DECIDE, "cases.claim_next", "", taken)
    if isinstance(said, Refused):
        desk.tell(said)
    elif said is None:
        desk.tell(desk.say("cases.nothing_free"))
    else:
        ui.navigate.to(case_address(said.id))
