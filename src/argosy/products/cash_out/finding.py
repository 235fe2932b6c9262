"""Which order an agent means who is told a phone number and a code."""

from __future__ import annotations

from uuid import UUID

from argosy.base.markets import Market
from argosy.base.orders.cash import CODE, CODE_HASH, CashReason, open_code
from argosy.base.orders.facts import Order
from argosy.base.parties.numbers import reads
from argosy.base.products import Tools, sealed_hash
from argosy.base.refusals import Refused
from argosy.products.cash_out.plan import NAME


async def order_of_code(tools: Tools, market: Market, whose: str, code: str) -> UUID | Refused:
    """The waiting order of the customer with the phone or wallet number `whose` that `code` is for.

    Where no code of theirs fits, the newest one is meant, so that the wrong try is counted. A phone
    without a wallet and a wallet without a code get the same answer.
    """
    number = reads(whose)
    if number is not None:
        party = await tools.parties.by_number(market.code, number)
    else:
        phone = market.phone(whose)
        if isinstance(phone, Refused):
            return phone
        party = await tools.parties.by_phone(market.code, phone)
    waiting: list[Order] = []
    if party is not None:
        now = tools.clock.now()
        waiting = [
            order
            for order in await tools.orders.open_for(party.id)
            if order.product == NAME and order.payer == party.id and open_code(order, now) is None
        ]
    if not waiting:
        return Refused(CashReason.CASH_CODE_WRONG, field=CODE)
    typed = sealed_hash(tools.keys, market.code, CODE, code)
    meant = next((order for order in waiting if order.data[CODE_HASH] == typed), waiting[0])
    return meant.id
