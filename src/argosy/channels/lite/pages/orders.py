"""One order: how it stands, and what may be done about it."""

from __future__ import annotations

from datetime import datetime

from argosy.base.ids import parse_id
from argosy.base.money import plain
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.money_back import STANDS_IN
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.money import MoneyForm, amount_of, ask_for, carry_out, data_of, form_id
from argosy.channels.lite.naming import other_side
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.pages.paying import order_code
from argosy.channels.lite.pages.tax import shown
from argosy.channels.lite.visits import Visit
from argosy.products.pay.facts import CancelPayment
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import CancelRequest, Decline, PayRequest
from argosy.products.send.facts import TakeBack
from argosy.public_services.cashier.facts import Receipt
from argosy.public_services.presented.presenting import waits_for_pin

_OPEN = (State.AWAITING, State.HELD, State.REVIEW)
REFRESH_SECONDS = 5


async def order_page(visit: Visit) -> Answer:
    return await _order(visit, await _mine(visit))


async def _mine(visit: Visit) -> Receipt | Refused:
    """The order of this address, if the visitor is one of its sides."""
    order_id = parse_id(visit.path("id").lower())
    if order_id is None:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    return await visit.lite.cashier.status(order_id, visit.asker())


async def _order(
    visit: Visit, receipt: Receipt | Refused, refused: Refused | None = None
) -> Answer:
    if isinstance(receipt, Refused):
        return No(receipt)
    order, me = receipt.order, visit.me.id
    out = order.payer == me
    if out and waits_for_pin(order) and not _over(visit, order) and not visit.as_json:
        return Go(f"/p/{order.id}")  # where the PIN is typed
    side = await other_side(visit, order, "show an order")
    waits_for_code = order.product == "pay" and order.state is State.AWAITING and not out
    waits_for_code = waits_for_code and not waits_for_pin(order)
    facts = {
        "id": form_id(visit, refused),
        "order": order,
        "receipt": receipt,
        "side": side,
        "out": out,
        "headline": headline(order, out),
        "tone": _tone(order),
        "fee": visit.money(order.fee_minor) if _bears(order, out) else None,
        "refunds": _refunds(visit, order),
        "tax": shown(visit, await visit.lite.receipts.tax_of(order), order.market),
        "left": visit.money(order.amount.minor - order.refunded_minor),
        "acts": _acts(visit, order, out),
        "code": await order_code(visit, order, visit.me, await _shop_name(visit))
        if waits_for_code and not _over(visit, order)
        else "",
        "over": _over(visit, order),
        "content": f"request|{side.party}|{order.amount.minor}|{order.amount.currency}",
        "live": True,
        "refresh_seconds": REFRESH_SECONDS if order.state in _OPEN else 0,
    }
    return Page("order.html", facts, data=data_of(receipt), refused=refused)


def _refunds(visit: Visit, order: Order) -> list[dict[str, object]]:
    """The refunds of the order, oldest first, as they are shown."""
    return [
        {
            "amount": visit.money(one["amount_minor"]),
            "at": datetime.fromisoformat(one["at"]),
            "note": one.get("note", ""),
        }
        for one in order.data.get("refunds", [])
    ]


async def _shop_name(visit: Visit) -> str:
    name = await visit.lite.parties.display_name(visit.me.id, visit.reader, "write a payment code")
    return name or visit.me.number


def headline(order: Order, out: bool) -> str:
    """The key of the words that say how an order stands, for the side that pays or the other one."""
    state, way = order.state, "out" if out else "in"
    if state in (State.HELD, State.RETURNED) and STANDS_IN in order.data:
        return "lite.state.returned"
    if state is State.HELD:
        return "lite.state.held_bank" if "deadline" in order.data else f"lite.state.held_{way}"
    if state is State.RETURNED:
        reason = order.data.get("reason")
        if reason in ("unclaimed", "taken_back"):
            return f"lite.state.returned_{reason}"
        return "lite.state.returned_bank" if "deadline" in order.data else "lite.state.returned"
    if state is State.PAID:
        kind = order.product if order.product in ("top_up", "withdraw") else f"paid_{way}"
        return f"lite.state.{kind}"
    if waits_for_pin(order):
        return "lite.state.awaiting_pin"
    if state is State.AWAITING:
        return f"lite.state.awaiting_{order.product}_{way}"
    return f"lite.state.{state.value}"


def _tone(order: Order) -> str:
    if order.state in (State.PAID, State.PARTLY_REFUNDED, State.REFUNDED):
        return "good"
    return "wait" if order.state in _OPEN else "off"


def _bears(order: Order, out: bool) -> bool:
    return order.fee_minor > 0 and order.fee_paid_by == ("payer" if out else "payee")


def _over(visit: Visit, order: Order) -> bool:
    if order.state is not State.AWAITING or order.deadline_at is None:
        return False
    return order.deadline_at <= visit.lite.clock.now()


def _acts(visit: Visit, order: Order, out: bool) -> frozenset[str]:
    """What this side may do with the order now."""
    state, product = order.state, order.product
    acts = set()
    if state is State.AWAITING and not _over(visit, order):
        if out and product == "request":
            acts |= {"pay", "decline"}
        if not out:
            acts.add("cancel")
    if out and state is State.HELD and "waits_for" in order.data:
        acts.add("take_back")
    if not out and product == "pay" and state in (State.PAID, State.PARTLY_REFUNDED):
        acts.add("refund")
    return frozenset(acts)


# --- acting on it --------------------------------------------------------------------------------


async def pay_request(visit: Visit) -> Answer:
    receipt = await _mine(visit)
    if isinstance(receipt, Refused):
        return No(receipt)
    order = receipt.order

    async def again(refused: Refused) -> Answer:
        return await _order(visit, await _mine(visit), refused)

    command = PayRequest(visit.command_id(), order.id)
    action = f"/orders/{order.id}/pay"
    form = MoneyForm(command, action, "lite.confirm.request", {}, again, at_once=True)
    return await carry_out(visit, form)


async def decline(visit: Visit) -> Answer:
    return await _end(visit, Decline)


async def cancel(visit: Visit) -> Answer:
    receipt = await _mine(visit)
    if isinstance(receipt, Refused):
        return No(receipt)
    verb = CancelPayment if receipt.order.product == "pay" else CancelRequest
    return await _end(visit, verb)


async def _end(visit: Visit, verb: type[Decline | CancelPayment | CancelRequest]) -> Answer:
    receipt = await _mine(visit)
    if isinstance(receipt, Refused):
        return No(receipt)

    async def again(refused: Refused) -> Answer:
        return await _order(visit, await _mine(visit), refused)

    return await ask_for(visit, verb(visit.command_id(), receipt.order.id), again)


async def take_back(visit: Visit) -> Answer:
    receipt = await _mine(visit)
    if isinstance(receipt, Refused):
        return No(receipt)

    async def again(refused: Refused) -> Answer:
        return await _order(visit, await _mine(visit), refused)

    command = TakeBack(visit.command_id(), receipt.order.id)
    action = f"/orders/{receipt.order.id}/take-back"
    form = MoneyForm(command, action, "lite.confirm.take_back", {}, again, at_once=True)
    return await carry_out(visit, form)


# --- giving back ---------------------------------------------------------------------------------


async def refund_page(visit: Visit) -> Answer:
    return await _refund_form(visit, await _mine(visit))


async def _refund_form(
    visit: Visit, receipt: Receipt | Refused, refused: Refused | None = None
) -> Answer:
    if isinstance(receipt, Refused):
        return No(receipt)
    order = receipt.order
    if "refund" not in _acts(visit, order, order.payer == visit.me.id) and refused is None:
        return Go(f"/orders/{order.id}")
    left = visit.money(order.amount.minor - order.refunded_minor)
    facts = {
        "id": form_id(visit, refused),
        "order": order,
        "side": await other_side(visit, order, "refund a payment"),
        "left": left,
        "amount": visit.text("amount") or plain(left),
        "note": visit.text("note"),
        "content": f"refund|{order.payer}|*|{order.amount.currency}",
    }
    return Page("refund.html", facts, refused=refused)


async def refund(visit: Visit) -> Answer:
    receipt = await _mine(visit)
    if isinstance(receipt, Refused):
        return No(receipt)

    async def again(refused: Refused) -> Answer:
        return await _refund_form(visit, await _mine(visit), refused)

    whole = not visit.text("amount") and not visit.text("amount_minor")
    amount = None if whole and visit.as_json else amount_of(visit)
    if isinstance(amount, Refused):
        return await again(amount)
    order, note = receipt.order, visit.text("note")
    command = Refund(visit.command_id(), order.id, amount, note)
    fields = {"amount": plain(amount) if amount else "", "note": note}
    action = f"/orders/{order.id}/refund"
    form = MoneyForm(command, action, "lite.confirm.refund", fields, again, at_once=True)
    return await carry_out(visit, form)


# --- after an answer that got lost ---------------------------------------------------------------


async def outcome(visit: Visit) -> Answer:
    """What became of a command whose answer was lost, by its id: the order, or that there is none."""
    command = parse_id(visit.path("id").lower())
    found = await visit.lite.cashier.status(command, visit.asker()) if command else None
    if isinstance(found, Receipt):
        return Go(f"/orders/{found.order.id}", data_of(found))
    return Page("outcome.html", {}, status=404, data={"state": "unknown"})


ADDRESSES: tuple[Address, ...] = (
    get("/orders/{id:str}", order_page),
    post("/orders/{id:str}/pay", pay_request),
    post("/orders/{id:str}/decline", decline),
    post("/orders/{id:str}/cancel", cancel),
    post("/orders/{id:str}/take-back", take_back),
    get("/orders/{id:str}/refund", refund_page),
    post("/orders/{id:str}/refund", refund),
    get("/outcome/{id:str}", outcome),
)
