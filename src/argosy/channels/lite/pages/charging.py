"""A till takes a payment from the code that a customer shows: scanned, typed, or on a photograph."""

from __future__ import annotations

from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Page
from argosy.channels.lite.money import amount_of, done, form_id
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.visits import Visit
from argosy.channels.qr.photo import read_photo
from argosy.public_services.presented.facts import Charge, PresentedReason


async def charge_page(visit: Visit) -> Answer:
    return _page(visit)


def _page(visit: Visit, refused: Refused | None = None) -> Page:
    facts = {
        "id": form_id(visit, refused),
        "amount": visit.text("amount"),
        "note": visit.text("note"),
    }
    return Page("charge.html", facts, refused=refused)


async def charge(visit: Visit) -> Answer:
    """Paid at once, or an order that waits for the customer's PIN: its page says which."""
    amount = amount_of(visit)
    if isinstance(amount, Refused):
        return _page(visit, amount)
    code = visit.text("code")
    if not code and "photo" in visit.files:
        said = await read_photo(visit.files["photo"])
        if isinstance(said, Refused):
            return _page(visit, said)
        code = said[0]
    if not code:
        refused = Refused(PresentedReason.PRESENTED_UNREADABLE, field="presented_code")
        return _page(visit, refused)
    ask = Charge(visit.command_id(), amount, code, visit.text("note"))
    answer = await visit.lite.presenting.charge(visit.asker(), ask)
    return _page(visit, answer) if isinstance(answer, Refused) else done(answer)


ADDRESSES: tuple[Address, ...] = (
    get("/till/charge", charge_page, Who.SHOPS),
    post("/till/charge", charge, Who.SHOPS),
)
