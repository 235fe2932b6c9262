"""The counter's pages. Each takes a visit of a signed-in agent and gives a template with its facts, or the
address to go to."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.ids import parse_id
from argosy.base.money import Money, parse_amount, plain
from argosy.base.orders import cash
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.parties.numbers import reads
from argosy.base.postings import Challenged
from argosy.base.products import Asker, Command
from argosy.base.refusals import Refused, Unavailable
from argosy.base.wallet.statement import Line
from argosy.channels.agent.counting import by_day, day_of, earned_minor, kind_of
from argosy.channels.agent.services import Counter
from argosy.channels.lite.visits import Visit
from argosy.products.cash_in import facts as into
from argosy.products.cash_in.facts import DropOffer, OfferCash, TakeCash
from argosy.products.cash_out import facts as out
from argosy.products.cash_out.facts import PayOut
from argosy.products.cash_out.finding import order_of_code
from argosy.public_services.cashier.facts import CashierReason, Receipt, Shown
from argosy.public_services.receipts.numbers import number_of

CHANNEL = "agent"
PURPOSE = "serve a customer at the counter"
LINES_PAGE = 20
WALK_PAGES_MAX = 300
WALK_LINES = 100
OPEN_MAX = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """A page: its template, its facts, why it came back (`refused`), after how many seconds it looks
    again."""

    template: str
    facts: dict[str, Any] = field(default_factory=dict)
    refused: Refused | None = None
    refresh_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Go:
    """Somewhere else."""

    to: str


Answer = View | Go


@dataclass
class Desk:
    """One visit of an agent to their own counter."""

    counter: Counter
    visit: Visit

    @property
    def zone(self) -> str:
        return self.visit.market.zone

    @property
    def today(self) -> date:
        return local_day(self.visit.lite.clock.now(), self.zone)

    def asker(self) -> Asker:
        """The agent, by this channel."""
        return replace_channel(self.visit.asker())

    async def do(self, command: Command) -> Receipt | Refused:
        """Carry a command out with the PIN of the form. At a counter nobody can be sent a code."""
        cashier = self.visit.lite.cashier
        shown = Shown(self.visit.signed_in, pin=self.visit.text("pin") or None)
        said = await cashier.carry_out(command, self.asker(), shown)
        return Refused(CashierReason.PROOF_NOT_POSSIBLE) if isinstance(said, Challenged) else said

    async def name(self, party: UUID | None) -> str:
        """The name of a customer as an agent may see it: `Asha R.`"""
        if party is None:
            return ""
        parties, reader = self.visit.lite.parties, self.visit.reader
        return await parties.display_name(party, reader, PURPOSE) or ""

    async def order(self) -> Order | None:
        """The order that the address names, where it is one of this counter."""
        order_id = parse_id(self.visit.path("id").lower())
        order = await self.visit.lite.orders.get(order_id) if order_id is not None else None
        mine = order is not None and self.visit.me.id in (order.payer, order.payee)
        return order if mine and order is not None and order.product in _CASH else None

    async def lines(self) -> AsyncIterator[Line]:
        """The entries of the float, newest first, to the bound of one walk."""
        before: str | None = None
        for _ in range(WALK_PAGES_MAX):
            page = await self.visit.lite.statement.page(self.visit.me.account, before, WALK_LINES)
            if isinstance(page, Refused):
                return
            for line in page.lines:
                yield line
            if page.next is None:
                return
            before = page.next


_CASH = ("cash_in", "cash_out")


def replace_channel(asker: Asker) -> Asker:
    """The same asker, at the counter."""
    return Asker(asker.party, CHANNEL, asker.session, asker.device, asker.network)


# --- home ----------------------------------------------------------------------------------------------


async def home(desk: Desk) -> Answer:
    """The float, the day so far, what waits."""
    visit = desk.visit
    account = await visit.lite.ledger.account(visit.me.account)
    free = account.available_minor if account is not None else 0
    balance = account.balance_minor if account is not None else 0
    waiting = [
        {"order": order, "name": await desk.name(order.payee)}
        for order in (await visit.lite.orders.open_for(visit.me.id))[:OPEN_MAX]
        if order.product == "cash_in" and order.payer == visit.me.id
    ]
    today = await _day(desk, desk.today, balance)
    facts = {
        "free": free,
        "held": balance - free,
        "ceiling": account.ceiling_minor if account is not None else None,
        "low": free * 5 < today.opened_minor,
        "today": today,
        "waiting": waiting,
    }
    return View("home.html", facts)


# --- cash in -------------------------------------------------------------------------------------------


async def in_page(desk: Desk) -> Answer:
    return _in_form(desk)


def _in_form(desk: Desk, refused: Refused | None = None) -> View:
    visit = desk.visit
    facts = {"to": visit.text("to"), "amount": visit.text("amount")}
    return View("in.html", facts, refused)


async def give(desk: Desk) -> Answer:
    """First the customer's name and what is earned, then, with the PIN, the offer."""
    visit = desk.visit
    amount = parse_amount(visit.text("amount"), visit.market.currency)
    if isinstance(amount, Refused):
        return _in_form(desk, amount)
    to = visit.text("to")
    number = reads(to)
    id_ = parse_id(visit.text("id").lower()) or visit.lite.ids.new()
    whom = {"number": number} if number else {"phone": to}
    command = OfferCash(id_, amount, cash.new_code(visit.lite.keys, id_), **whom)
    if visit.text("pin"):
        said = await desk.do(command)
        if isinstance(said, Receipt):
            return Go(f"/agent/orders/{said.order.id}")
        if said.field != "pin":
            return _in_form(desk, said)
        refused: Refused | None = said
    else:
        refused = None
    seen = await visit.lite.cashier.preview(command, desk.asker())
    if isinstance(seen, Refused):
        return _in_form(desk, seen)
    facts = {
        "id": id_,
        "to": to,
        "amount": plain(amount),
        "sum": amount,
        "name": await desk.name(seen.order.payee),
        "earned": seen.order.data.get(cash.COMMISSION, 0),
    }
    return View("in_confirm.html", facts, refused)


# --- cash out ------------------------------------------------------------------------------------------


async def out_page(desk: Desk) -> Answer:
    return _out_form(desk)


def _out_form(desk: Desk, refused: Refused | None = None) -> View:
    visit = desk.visit
    facts = {"id": visit.lite.ids.new(), "whose": visit.text("whose")}
    return View("out.html", facts, refused)


async def pay_out(desk: Desk) -> Answer:
    """Phone, code and PIN in one step: a look beforehand would let somebody guess codes for nothing."""
    visit = desk.visit
    code = visit.text("code").replace(" ", "")
    id_ = parse_id(visit.text("id").lower()) or visit.lite.ids.new()
    if not visit.text("pin"):
        return _out_form(desk, Refused(CashierReason.PIN_MISSING, field="pin"))
    again = parse_id(visit.text("order").lower())
    found = again or await order_of_code(
        desk.counter.tools, visit.market, visit.text("whose"), code
    )
    if isinstance(found, Refused):
        before = await _paid_by(desk, id_)
        return before or _out_form(desk, found)
    said = await desk.do(PayOut(id_, found, code))
    if isinstance(said, Refused):
        return _out_form(desk, said)
    return Go(f"/agent/orders/{said.order.id}")


async def _paid_by(desk: Desk, command: UUID) -> Go | None:
    """Where this very form was sent before and did its work: the page of its order."""
    page = await desk.visit.lite.statement.page(desk.visit.me.account, limit=LINES_PAGE)
    for line in () if isinstance(page, Refused) else page.lines:
        if line.order is not None and str(command) in line.order.data.get("done", {}):
            return Go(f"/agent/orders/{line.order.id}")
    return None


# --- one order -----------------------------------------------------------------------------------------


async def order_page(desk: Desk) -> Answer:
    return await _order(desk)


async def _order(desk: Desk, refused: Refused | None = None) -> Answer:
    visit, order = desk.visit, await desk.order()
    if order is None:
        return View("none.html", {}, Refused(OrderReason.ORDER_NOT_FOUND))
    me, now = visit.me.id, visit.lite.clock.now()
    other = order.payee if order.payer == me else order.payer
    asked = order.data.get(cash.BACK)
    waits = order.state is State.HELD and order.product == "cash_in"
    facts = {
        "order": order,
        "id": visit.lite.ids.new(),
        "name": await desk.name(other),
        "earned": order.data.get(cash.COMMISSION, 0),
        "receipt": number_of(visit.lite.keys, order.id),
        "waits": waits,
        "asked_by_me": asked is not None and asked["by"] == str(me),
        "asked_by_them": asked is not None and asked["by"] != str(me),
        "can_undo": order.state is State.PAID
        and now - (order.updated_at or order.created_at) <= cash.BACK_WAIT,
    }
    return View("order.html", facts, refused, 5 if waits and refused is None else 0)


async def act(desk: Desk) -> Answer:
    """What the page of an order offers: the customer's code, dropping it, asking to undo, agreeing."""
    visit, order = desk.visit, await desk.order()
    id_ = parse_id(visit.text("id").lower()) or visit.lite.ids.new()
    if order is None:
        return await _order(desk)
    is_in = order.product == "cash_in"
    what = visit.text("act")
    if what == "code" and is_in:
        command: Command = TakeCash(id_, order.id, visit.text("code").replace(" ", ""))
    elif what == "drop" and is_in:
        command = DropOffer(id_, order.id)
    elif what == "ask_back":
        command = (into if is_in else out).AskBack(id_, order.id)
    elif what == "agree_back":
        command = (into if is_in else out).AgreeBack(id_, order.id)
    else:
        return await _order(desk)
    said = await desk.do(command)
    return await _order(desk, said) if isinstance(said, Refused) else Go(visit.request.path)


# --- the books of the counter --------------------------------------------------------------------------


async def day_page(desk: Desk) -> Answer:
    """The day's close, for the eye and for paper."""
    day = _asked_day(desk)
    account = await desk.visit.lite.ledger.account(desk.visit.me.account)
    balance = account.balance_minor if account is not None else 0
    facts = {
        "day": await _day(desk, day, balance),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < desk.today else None,
        "printed": desk.visit.lite.clock.now(),
    }
    return View("day.html", facts)


def _asked_day(desk: Desk) -> date:
    try:
        day = date.fromisoformat(desk.visit.query("day"))
    except ValueError:
        return desk.today
    return min(day, desk.today)


async def _day(desk: Desk, day: date, balance_minor: int) -> Any:
    lines: list[Line] = []
    async for line in desk.lines():
        lines.append(line)
        if local_day(line.at, desk.zone) < day:
            break
    return day_of(day, desk.zone, lines, balance_minor)


async def float_page(desk: Desk) -> Answer:
    """How the float came to be what it is, a page at a time."""
    visit = desk.visit
    before = visit.query("before") or None
    page = await visit.lite.statement.page(visit.me.account, before, LINES_PAGE)
    if isinstance(page, Refused):
        return View("none.html", {}, page)
    rows = [
        {
            "at": line.at,
            "kind": kind_of(line),
            "order": line.order.id if line.order and line.order.product in _CASH else None,
            "moved": line.moved_minor - earned_minor(line),
            "earned": earned_minor(line),
            "balance": line.balance_minor,
        }
        for line in page.lines
        if line.moved_minor
    ]
    return View("float.html", {"rows": rows, "next": page.next})


async def commission_page(desk: Desk) -> Answer:
    """What was earned on each day of a month."""
    first = _asked_day(desk).replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    lines: list[Line] = []
    async for line in desk.lines():
        on = local_day(line.at, desk.zone)
        if on < first:
            break
        if on < after:
            lines.append(line)
    days = by_day(lines, desk.zone)
    facts = {
        "month": first,
        "days": list(days.items()),
        "total": sum(one.minor for one in days.values()),
        "before": first - timedelta(days=1),
        "after": after if after <= desk.today else None,
    }
    return View("commission.html", facts)


def outage(desk: Desk, error: Unavailable) -> Answer:
    """Nothing is known: look at the float before doing it again."""
    _log.error("the counter of %s waits: %s", desk.visit.me.id, error)
    return View("outage.html")


def money(desk: Desk, minor: int) -> Money:
    """An amount of the market's currency."""
    return Money(minor, desk.visit.market.currency)
