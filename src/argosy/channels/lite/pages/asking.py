"""Asking somebody for money, and what waits to be answered."""

from __future__ import annotations

from argosy.base.orders.facts import State
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Page
from argosy.channels.lite.money import amount_of, ask_for
from argosy.channels.lite.naming import other_sides
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.pages.sending import person_form, receiver
from argosy.channels.lite.visits import Visit
from argosy.products.request.facts import ASK_WAIT, Ask


async def ask_page(visit: Visit) -> Answer:
    return _form(visit)


def _form(visit: Visit, refused: Refused | None = None) -> Page:
    return person_form(visit, "request", ASK_WAIT, refused)


async def ask(visit: Visit) -> Answer:
    async def again(refused: Refused) -> Answer:
        return _form(visit, refused)

    amount = amount_of(visit)
    if isinstance(amount, Refused):
        return await again(amount)
    phone, number = receiver(visit)
    command = Ask(visit.command_id(), amount, phone=phone, number=number, note=visit.text("note"))
    return await ask_for(visit, command, again)


async def waiting(visit: Visit) -> Answer:
    """Everything that waits for somebody: requests both ways, money on its way."""
    found = await visit.lite.orders.open_for(visit.me.id)
    sides = await other_sides(visit, found, "show what waits")
    me = visit.me.id
    asked = [o for o in found if o.state is State.AWAITING and o.payer == me]
    asking = [o for o in found if o.state is State.AWAITING and o.payee == me]
    moving = [o for o in found if o.state is not State.AWAITING]
    facts = {"asked": asked, "asking": asking, "moving": moving, "sides": sides, "live": True}
    data = {"waiting": [{"id": str(o.id), "state": o.state.value} for o in found]}
    return Page("waiting.html", facts, data=data)


ADDRESSES: tuple[Address, ...] = (
    get("/request", ask_page),
    post("/request", ask),
    get("/waiting", waiting),
)
