"""Identity to review: what waits for a person to look at it, the oldest first."""

from __future__ import annotations

from nicegui import ui

from argosy.management.console.customers.shown import style, wallet_address, word
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import Column, CursorTable, Slice, page_head
from argosy.management.customers.queue import Place, waiting
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("name", "customers.name", "link"),
    Column("kind", "customers.kind_label"),
    Column("need", "customers.evidence_label"),
    Column("given", "customers.given"),
    Column("until", "customers.valid"),
    Column("from_", "customers.level"),
    Column("to", "customers.raises"),
    Column("second", "customers.persons", "state"),
)


@page(
    "/customers/identity",
    title="customers.review",
    right=Right.CUSTOMERS_DECIDE,
    menu="menu.customers",
    order=20,
)
async def identity_to_review(desk: Desk) -> None:
    """The queue; each row leads to the wallet, where it is looked at and decided."""
    say = desk.say

    async def fetch(after: Place | None) -> Slice[Place]:
        found = await waiting(desk.services, desk.member, after)
        rows = [
            {
                "id": one.evidence.id,
                "party": str(one.party.id),
                "name": one.name or "–",
                "name_to": wallet_address(one.party.id) + "?tab=identity",
                "kind": word(desk, "kind", one.party.kind.value),
                "need": word(desk, "need", one.evidence.kind),
                "given": desk.when(one.evidence.given_at),
                "until": one.evidence.valid_until.isoformat() if one.evidence.valid_until else "",
                "from_": one.party.level,
                "to": one.level or say("customers.needs_more"),
                "second": "two" if one.second else "one",
                "second_text": say(
                    "customers.two_persons" if one.second else "customers.one_person"
                ),
                "second_tone": "info" if one.second else "quiet",
            }
            for one in found.waiting
        ]
        return Slice(rows, found.after)

    style()
    page_head(say("customers.review"), note=say("customers.review_note"))
    await CursorTable(
        desk,
        COLUMNS,
        fetch,
        name=say("customers.review"),
        empty="customers.nothing_waits",
        on_row=lambda row: ui.navigate.to(wallet_address(row["party"]) + "?tab=identity"),
    ).load()
