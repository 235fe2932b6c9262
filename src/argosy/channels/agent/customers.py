"""The customer's side of the counter, at `/cash`: a code for cash, a yes to cash that was handed over, a
yes to undoing a mistake."""

from __future__ import annotations

from typing import Any

from argosy.base.ids import parse_id
from argosy.base.money import parse_amount, plain
from argosy.base.orders import cash
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.postings import Challenged
from argosy.base.products import Command
from argosy.base.refusals import Refused
from argosy.channels.agent.pages import Answer, Desk, Go, View
from argosy.products.cash_in import facts as into
from argosy.products.cash_in.facts import DropOffer, TakeCash
from argosy.products.cash_out import facts as out
from argosy.products.cash_out.facts import CancelCode, MakeCode
from argosy.public_services.cashier.facts import Receipt, Shown

PATH = "/cash"
_LOOKED_BACK = 10


async def page(desk: Desk) -> Answer:
    """What is open, and the form for a code."""
    return await _page(desk)


async def _page(desk: Desk, refused: Refused | None = None, **more: Any) -> View:
    visit = desk.visit
    me, now = visit.me.id, visit.lite.clock.now()
    codes, offers, backs = [], [], []
    for order in await visit.lite.orders.open_for(me):
        if cash.open_code(order, now) is not None:
            continue
        if order.product == "cash_out" and order.payer == me:
            codes.append({"order": order, "code": cash.shown_code(visit.lite.keys, order)})
        elif order.product == "cash_in" and order.payee == me:
            offers.append({"order": order, "name": await desk.name(order.payer)})
    history = await visit.lite.statement.page(visit.me.account, limit=_LOOKED_BACK)
    seen: set[Any] = set()
    for line in () if isinstance(history, Refused) else history.lines:
        if line.order is None or line.order.id in seen or not _asked_by_other(desk, line.order):
            continue
        seen.add(line.order.id)
        other = line.order.payer if line.order.payee == me else line.order.payee
        backs.append({"order": line.order, "name": await desk.name(other)})
    facts = {
        "codes": codes,
        "offers": offers,
        "backs": backs,
        "id": visit.lite.ids.new(),
        "amount": visit.text("amount"),
        "coded": None,
        **more,
    }
    waits = 10 if (codes or offers) and refused is None and not more else 0
    return View("cash.html", facts, refused, waits)


def _asked_by_other(desk: Desk, order: Order) -> bool:
    asked = order.data.get(cash.BACK)
    mine = asked is not None and asked["by"] == str(desk.visit.me.id)
    return asked is not None and not mine and order.state is State.PAID


async def act(desk: Desk) -> Answer:
    """Do what a form of the page asks for."""
    visit = desk.visit
    command = await _command(desk)
    if isinstance(command, Refused):
        return await _page(desk, command)
    shown = Shown(visit.signed_in, pin=visit.text("pin") or None, otp=visit.text("otp") or None)
    said = await visit.lite.cashier.carry_out(command, visit.asker(), shown)
    if isinstance(said, Receipt):
        return Go(PATH)
    if isinstance(said, Challenged) or said.code == "otp_wrong":
        amount = command.amount if isinstance(command, MakeCode) else None
        refused = None if isinstance(said, Challenged) else said
        typed = {"amount": plain(amount)} if amount is not None else {}
        asks = {"id": command.id, "coded": visit.text("act"), "of": visit.text("order")}
        return await _page(desk, refused, **typed, **asks)
    return await _page(desk, said)


async def _command(desk: Desk) -> Command | Refused:
    visit = desk.visit
    id_ = parse_id(visit.text("id").lower()) or visit.lite.ids.new()
    what = visit.text("act")
    if what == "make":
        amount = parse_amount(visit.text("amount"), visit.market.currency)
        if isinstance(amount, Refused):
            return amount
        return MakeCode(id_, amount, cash.new_code(visit.lite.keys, id_))
    order_id = parse_id(visit.text("order").lower())
    order = await visit.lite.orders.get(order_id) if order_id is not None else None
    if order is None or order.product not in ("cash_in", "cash_out"):
        return Refused(OrderReason.ORDER_NOT_FOUND)
    if what == "agree" and order.product == "cash_in":
        return into.AgreeBack(id_, order.id)
    if what == "agree":
        return out.AgreeBack(id_, order.id)
    if order.product == "cash_out":
        return CancelCode(id_, order.id)
    return TakeCash(id_, order.id) if what == "take" else DropOffer(id_, order.id)
