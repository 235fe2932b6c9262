"""The merchant's own money: the balance and the statement."""

from __future__ import annotations

from argosy.base.orders.planning import moment
from argosy.base.refusals import Refused, must
from argosy.base.wallet.statement import Line
from argosy.partners.api import shapes
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.partners.api.facts import ApiReason

_LIST = "statement"


async def balance(api: Api, call: Call) -> Answer | Refused:
    """What is on the account now."""
    account = await api.services.ledger.account(call.party.account)
    must(account is not None, "a merchant without an account", party=call.party.id)
    minor = (account.balance_minor, account.available_minor) if account else (0, 0)
    currency = account.currency if account else ""
    stands, free = (shapes.Money(minor=value, currency=currency) for value in minor)
    now = moment(api.services.clock.now())
    return answer(shapes.BalanceOut(balance=stands, available=free, at=now))


async def statement(api: Api, call: Call) -> Answer | Refused:
    """What came and went, newest first."""
    query: shapes.Page = call.query
    party = call.party
    place = api.cursors.read(_LIST, party.id, query.cursor)
    if isinstance(place, Refused):
        return place
    history = await api.services.statement.page(party.account, place, query.limit)
    if isinstance(history, Refused):
        return Refused(ApiReason.CURSOR_UNKNOWN)
    currency = api.services.markets[party.market].currency
    following = None
    if history.next is not None:
        following = api.cursors.make(_LIST, party.id, history.next)
    items = [_line(line, currency) for line in history.lines]
    return answer(shapes.Lines(items=items, next=following))


def _line(line: Line, currency: str) -> shapes.Line:
    def money(minor: int) -> shapes.Money:
        return shapes.Money(minor=minor, currency=currency)

    return shapes.Line(
        at=moment(line.at),
        kind=line.kind,
        order=None if line.order is None else line.order.id,
        reference=None if line.order is None else line.order.data.get("reference"),
        moved=money(line.moved_minor),
        pending=money(line.pending_minor),
        balance=money(line.balance_minor),
        available=money(line.available_minor),
    )
