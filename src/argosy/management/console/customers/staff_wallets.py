"""Wallets of the staff: whose is whose, so that nobody acts on their own."""

from __future__ import annotations

from uuid import UUID

from nicegui import ui

from argosy.base.parties.facts import Party
from argosy.base.refusals import Refused
from argosy.management.console.customers.shown import spaced, style
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import ask_reason, button, page_head, section
from argosy.management.customers import OwnWallets
from argosy.management.customers.timeline import subject
from argosy.management.staff.facts import Right, StaffReason


@page(
    "/customers/staff",
    title="customers.staff_wallets",
    right=Right.STAFF_MANAGE,
    menu="menu.staff",
    order=60,
)
async def staff_wallets(desk: Desk) -> None:
    """The list, and the form that binds a wallet's number to a member."""
    say, own = desk.say, OwnWallets(desk.services)
    style()
    page_head(say("customers.staff_wallets"), note=say("customers.staff_wallets_note"))
    with section(say("customers.bind")), ui.element("div").classes("ar-row"):
        name = ui.input(say("customers.member")).props("outlined dense maxlength=60")
        number = ui.input(say("customers.number")).props("outlined dense maxlength=40")

        async def bind() -> None:
            async def bound() -> Party | Refused:
                person = await desk.services.people.named(str(name.value or "").strip())
                if person is None:
                    return Refused(StaffReason.MEMBER_UNKNOWN)
                return await own.bind(desk.member, person.id, str(number.value or ""))

            said = await desk.act(
                Right.STAFF_MANAGE, "customers.bind", str(name.value or "")[:60], bound
            )
            desk.tell(said if isinstance(said, Refused) else say("customers.done.bind"))
            await show()

        button(say("customers.act.bind"), bind, kind="main")
    with section(say("customers.staff_wallets")):
        box = ui.element("div").classes("w-full")

    async def free(party_id: UUID) -> None:
        reason = await ask_reason(
            desk, say("customers.act.free"), text=say("customers.ask.free"), danger=True
        )
        if reason is None:
            return
        said = await desk.act(
            Right.STAFF_MANAGE,
            "customers.free",
            subject(party_id),
            lambda: own.free(desk.member, party_id),
            reason=reason,
        )
        desk.tell(said if isinstance(said, Refused) else say("customers.done.free"))
        await show()

    async def show() -> None:
        lines = await own.listed()
        box.clear()
        with box:
            if not lines:
                ui.label(say("customers.no_staff_wallets")).classes("ar-empty")
            for line in lines:
                person = await desk.services.people.get(line.member_id)
                who = person.name if person is not None else str(line.member_id)
                with ui.element("div").classes("cu-note ar-row"):
                    ui.label(who).classes("ar-strong")
                    ui.label(spaced(line.party.number)).classes("ar-mono")
                    at = desk.when(line.bound_at)
                    ui.label(say("customers.bound_by", by=line.bound_by, at=at)).classes(
                        "ar-soft grow"
                    )
                    verb = say("customers.act.free")
                    button(verb, lambda id_=line.party.id: free(id_), kind="danger").props(
                        f'aria-label="{verb}: {who}"'
                    )

    await show()
