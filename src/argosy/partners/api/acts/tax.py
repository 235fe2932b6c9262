"""The tax numbers on the merchant's receipts."""

from __future__ import annotations

from argosy.base.refusals import Refused
from argosy.partners.api import shapes
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.partners.api.facts import ApiReason
from argosy.public_services.receipts.tax import FIELD


async def read(api: Api, call: Call) -> Answer | Refused:
    """What stands on receipts from now on."""
    market = api.services.markets[call.party.market]
    lines = await api.services.tax.standing(call.party.id, market)
    items = [
        shapes.TaxNumber(
            key=line.key,
            name=line.name,
            example=line.example,
            needed=line.needed,
            number=line.number,
        )
        for line in lines
    ]
    return answer(shapes.TaxNumbers(items=items))


async def enter(api: Api, call: Call) -> Answer | Refused:
    """Have other numbers on receipts from now on; those of before keep theirs."""
    body: shapes.NewTaxNumbers = call.body
    tax, market = api.services.tax, api.services.markets[call.party.market]
    known = {field.key for field in tax.fields(market)}
    strange = next((key for key in body.numbers if key not in known), None)
    if strange is not None:
        return Refused(ApiReason.TAX_NUMBER_UNKNOWN, field=f"numbers.{strange}")
    numbers = tax.read(market, body.numbers)
    if isinstance(numbers, Refused):
        key = (numbers.field or "").removeprefix(FIELD)
        return Refused(ApiReason.TAX_NUMBER_UNKNOWN, numbers.facts, f"numbers.{key}")
    await tax.enter(call.party.id, numbers)
    return await read(api, call)
