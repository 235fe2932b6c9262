"""The first page: a welcome, or the wallet; and the history."""

from __future__ import annotations

import hmac

from argosy.base.clock import local_day
from argosy.base.orders.facts import State
from argosy.base.orders.planning import moment
from argosy.base.refusals import Refused
from argosy.base.wallet.statement import History, WalletReason
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.lines import Row, payees_of, rows_of
from argosy.channels.lite.naming import other_sides
from argosy.channels.lite.pages.address import Address, Who, get
from argosy.channels.lite.pages.workings import market_choices
from argosy.channels.lite.visits import Visit

HOME_LINES = 5
RECENT_LINES = 12
KEPT_SECONDS = 86_400
"""For so long a device shows the home page that it keeps at once, with its time, before it asks anew."""
PAGE_LINES = 20
_MARK_BYTES = 8


async def home(visit: Visit) -> Answer:
    if visit.session is None:
        return Page("welcome.html", {"choices": market_choices(visit)})
    if visit.is_shop and not visit.as_json:
        return Go("/till")
    if visit.is_agent and not visit.as_json:
        return Go("/agent")
    account = await visit.lite.ledger.account(visit.me.account)
    page = await visit.lite.statement.page(visit.me.account, None, RECENT_LINES)
    lines = page.lines if isinstance(page, History) else ()
    waiting = await visit.lite.orders.open_for(visit.me.id)
    asked = [o for o in waiting if o.state is State.AWAITING and o.payer == visit.me.id]
    sides = await other_sides(visit, asked, "show requests")
    balance = account.available_minor if account else 0
    facts = {
        "balance": visit.money(balance),
        "reserved": visit.money(account.balance_minor - balance if account else 0),
        "rows": await rows_of(visit, lines[:HOME_LINES]),
        "recent": await payees_of(visit, lines),
        "asked": [(order, sides[order.id]) for order in asked],
        "can_send": can(visit, "send"),
        "can_withdraw": can(visit, "withdraw"),
        "live": True,
    }
    data = {
        "balance_minor": account.balance_minor if account else 0,
        "available_minor": balance,
        "currency": visit.market.currency,
        "at": moment(visit.lite.clock.now()),
    }
    return Page("home.html", facts, data=data, keep_seconds=KEPT_SECONDS)


async def history(visit: Visit) -> Answer:
    before = visit.query("before")
    place, _, mark = before.partition(".")
    if before and not hmac.compare_digest(mark.encode(), _mark(visit, place).encode()):
        return No(Refused(WalletReason.CURSOR_UNREADABLE, field="before"))
    page = await visit.lite.statement.page(visit.me.account, place or None, PAGE_LINES)
    if isinstance(page, Refused):
        return No(page)
    rows = await rows_of(visit, page.lines)
    following = f"{page.next}.{_mark(visit, page.next)}" if page.next else None
    facts = {"rows": rows, "next": following, "first": not before}
    data = {"lines": [_data(r) for r in rows], "next": following}
    return Page("history.html", facts, data=data, keep_seconds=None if before else 0)


def _mark(visit: Visit, place: str) -> str:
    """What shows that a place in the history is one of ours: it brings the balance of its line, and
    whoever made one up could show a page of ours with any balance on it."""
    account = visit.me.account
    return visit.lite.keys.digest("history", account.bytes, place)[:_MARK_BYTES].hex()


def _data(row: Row) -> dict[str, object]:
    return {
        "at": moment(row.at),
        "kind": row.kind,
        "order": str(row.order) if row.order else None,
        "amount_minor": row.minor,
        "balance_minor": row.balance_minor,
        "text": row.title,
    }


def can(visit: Visit, key: str) -> bool:
    """Whether the visitor's level may do this at all today."""
    day = local_day(visit.lite.clock.now(), visit.market.zone)
    return all(cap.allowed for cap in visit.market.caps(key, visit.me.level, day))


ADDRESSES: tuple[Address, ...] = (
    get("/", home, Who.ANYONE),
    get("/history", history),
)
