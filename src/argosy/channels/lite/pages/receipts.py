"""Receipts that anyone can check by their number."""

from __future__ import annotations

from urllib.parse import quote

from argosy.base.orders.planning import moment
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, Page
from argosy.channels.lite.pages.address import Address, Who, get
from argosy.channels.lite.pages.tax import shown as tax_shown
from argosy.channels.lite.visits import Visit

NUMBER_CHARS_MAX = 40


async def number_page(visit: Visit) -> Answer:
    number = visit.query("number")[:NUMBER_CHARS_MAX]
    if number:
        return Go(f"/r/{quote(number, safe='')}")
    return Page("receipt_check.html", {"number": ""})


async def receipt(visit: Visit) -> Answer:
    typed = visit.path("number")[:NUMBER_CHARS_MAX]
    found = await visit.lite.receipts.check(typed)
    if isinstance(found, Refused):
        shown = Refused(found.reason, field="number")
        return Page("receipt_check.html", {"number": typed}, status=404, refused=shown)
    data = {
        "number": found.number,
        "product": found.product,
        "state": found.state.value,
        "amount_minor": found.amount.minor,
        "refunded_minor": found.refunded.minor,
        "currency": found.amount.currency,
        "created_at": moment(found.created_at),
        "changed_at": moment(found.changed_at),
        "payer": found.payer,
        "payee": found.payee,
        "tax_numbers": {line.key: line.number for line in found.tax},
    }
    facts = {"found": found, "tax": tax_shown(visit, found.tax, found.market)}
    return Page("receipt.html", facts, data=data)


ADDRESSES: tuple[Address, ...] = (
    get("/r", number_page, Who.ANYONE),
    get("/r/{number:str}", receipt, Who.ANYONE),
)
