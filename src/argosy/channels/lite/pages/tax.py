"""A shop's tax numbers: entered by the shop, shown on its receipts and on what it prints."""

from __future__ import annotations

from collections.abc import Iterable

from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, Page
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.visits import Visit
from argosy.public_services.receipts.tax import FIELD, TaxLine


async def tax_page(visit: Visit) -> Answer:
    return await _tax(visit)


async def _tax(visit: Visit, refused: Refused | None = None) -> Page:
    lines = await visit.lite.receipts.tax.standing(visit.me.id, visit.market)
    facts = {
        "tax": [
            {**one, "number": visit.text(one["name"]) or one["number"]}
            for one in shown(visit, lines)
        ],
        "saved": visit.query("saved") == "1",
    }
    data = {"tax_numbers": {line.key: line.number for line in lines}}
    return Page("tax.html", facts, data=data, refused=refused)


async def enter(visit: Visit) -> Answer:
    numbers = typed(visit)
    if isinstance(numbers, Refused):
        return await _tax(visit, numbers)
    await visit.lite.receipts.tax.enter(visit.me.id, numbers)
    return Go("/me/tax?saved=1", {"tax_numbers": numbers})


def typed(visit: Visit) -> dict[str, str] | Refused:
    """The tax numbers that were filled in, in their one form."""
    given = {
        name.removeprefix(FIELD): text
        for name, text in visit.fields.items()
        if name.startswith(FIELD)
    }
    return visit.lite.receipts.tax.read(visit.market, given)


def asked(visit: Visit) -> list[dict[str, str]]:
    """The fields of the market for who signs up, with what was typed already."""
    fields = visit.lite.receipts.tax.fields(visit.market)
    lines = [TaxLine(one.key, one.name, one.example, one.needed) for one in fields if one.needed]
    return [{**one, "number": visit.text(one["name"])} for one in shown(visit, lines)]


def shown(visit: Visit, lines: Iterable[TaxLine], market: str = "") -> list[dict[str, str]]:
    """The lines as a page shows them: the field's name, its label, an example and the number."""
    words, code = visit.lite.words, market or visit.market.code
    return [
        {
            "name": FIELD + line.key,
            "label": words.say(f"receipt.{line.key}", visit.language, code),
            "example": line.example,
            "number": line.number,
        }
        for line in lines
    ]


ADDRESSES: tuple[Address, ...] = (
    get("/me/tax", tax_page, Who.SHOPS),
    post("/me/tax", enter, Who.SHOPS),
)
