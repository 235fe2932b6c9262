"""Paying a shop: by its code, its link or its number, with or without an amount fixed beforehand."""

from __future__ import annotations

from datetime import datetime, time
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from argosy.base.clock import local_day
from argosy.base.ids import parse_id
from argosy.base.markets import Market, PayCode
from argosy.base.money import plain
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import moment
from argosy.base.parties.facts import Party, PartyReason
from argosy.base.parties.numbers import reads
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.money import MoneyForm, amount_of, carry_out, form_id
from argosy.channels.lite.naming import names_of
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.targets import (
    ToOrder,
    ToPerson,
    ToShop,
    find,
    in_time,
    open_payment,
    shop_of,
)
from argosy.channels.lite.visits import Visit
from argosy.channels.qr import draw
from argosy.channels.qr import print as printing
from argosy.channels.qr.photo import PhotoReason, read_photo
from argosy.channels.qr.reasons import CodeReason
from argosy.products.pay.facts import PayMerchant, PayOrder
from argosy.public_services.presented.presenting import waits_for_pin

_PURPOSE = "pay a shop"
KEPT_SECONDS = 7 * 86_400
"""For so long a device opens a shop's page, or the one that finds a shop, without asking for it."""


# --- finding the shop ----------------------------------------------------------------------------


async def pay_page(visit: Visit) -> Answer:
    return _finder(visit)


def _finder(visit: Visit, refused: Refused | None = None) -> Page:
    kept = None if refused is not None or visit.query("code") else KEPT_SECONDS
    return Page("pay.html", {"code": visit.text("code")}, refused=refused, keep_seconds=kept)


async def link_page(visit: Visit) -> Answer:
    """`/p/<number>` of a shop or `/p/<id>` of a payment that waits: open it, type amount and PIN."""
    what = visit.path("what")
    order_id = parse_id(what.lower())
    if order_id is not None:
        order = await open_payment(visit, order_id)
        if order is None:
            return No(Refused(OrderReason.ORDER_NOT_FOUND))
        return await _order_form(visit, order)
    number = reads(what)
    if number is None:
        return No(Refused(PartyReason.NUMBER_UNREADABLE), 404)
    shop = await shop_of(visit, number)
    if isinstance(shop, Refused):
        return No(shop)
    return await _shop_form(visit, shop, visit.query("amount"))


# --- by a photograph of the code, where the browser cannot read it itself -------------------------


async def photo_page(_visit: Visit) -> Answer:
    return Page("photo.html")


async def photo(visit: Visit) -> Answer:
    """Whatever the first code in the picture leads to that leads anywhere; a code that does not says
    why where no other does."""
    said = await read_photo(visit.files.get("photo", b""))
    if isinstance(said, Refused):
        return Page("photo.html", refused=said)
    refused = Refused(PhotoReason.PHOTO_WITHOUT_CODE, field="photo")
    for at, text in enumerate(said):
        target = await find(visit, text)
        if not isinstance(target, Refused):
            return _lead(visit, target)
        if at == 0:
            refused = Refused(target.reason, target.facts, field="photo")
    return Page("photo.html", refused=refused)


# --- paying --------------------------------------------------------------------------------------


async def pay(visit: Visit) -> Answer:
    """The one address to pay at. `order` names a waiting payment; `to` a shop's number, with an
    amount; `code` is whatever was scanned or typed."""
    order = parse_id(visit.text("order").lower())
    if order is not None:
        return await _pay_order(visit, PayOrder(visit.command_id(), order))
    if visit.text("to"):
        number = reads(visit.text("to"))
        if number is None:
            return _finder(visit, Refused(PartyReason.NUMBER_UNREADABLE, field="code"))
        return await _pay_shop(visit, number, None)
    target = await find(visit, visit.text("code"))
    if isinstance(target, Refused):
        return _finder(visit, target)
    if visit.as_json and not isinstance(target, ToPerson):
        if isinstance(target, ToOrder):
            return await _pay_order(visit, PayOrder(visit.command_id(), target.order))
        return await _pay_shop(visit, target.number, target.amount_minor)
    return _lead(visit, target)


def _lead(visit: Visit, target: ToShop | ToPerson | ToOrder) -> Answer:
    match target:
        case ToOrder(order):
            return Go(f"/p/{order}")
        case ToShop(number, amount_minor, until):
            fixed = {"amount": plain(visit.money(amount_minor))} if amount_minor else {}
            if until is not None:
                fixed["until"] = moment(until)
            return Go(f"/p/{number}" + (f"?{urlencode(fixed)}" if fixed else ""))
        case ToPerson(number, phone, amount_minor, until):
            amount = plain(visit.money(amount_minor)) if amount_minor else ""
            facts = {
                "to": number or phone,
                "amount": amount,
                "note": "",
                "until": "" if until is None else moment(until),
                "id": visit.lite.ids.new(),
            }
            return Page("send.html", facts)


async def _pay_shop(visit: Visit, number: str, fixed_minor: int | None) -> Answer:
    fixed = None if fixed_minor is None else visit.money(fixed_minor)
    amount = fixed or amount_of(visit)

    async def again(refused: Refused) -> Answer:
        shop = await shop_of(visit, number)
        if isinstance(shop, Refused):
            return _finder(visit, shop)
        return await _shop_form(visit, shop, visit.text("amount"), refused)

    if isinstance(amount, Refused):
        return await again(amount)
    note = visit.text("note")
    command = PayMerchant(visit.command_id(), amount, number, note)
    over = await in_time(visit, command.id)
    if over is not None:
        return _finder(visit, over)
    fields = {} if visit.as_json else {"to": number, "amount": plain(amount), "note": note}
    if visit.text("until"):
        fields["until"] = visit.text("until")
    at_once = visit.text("step") == "once"
    return await carry_out(
        visit, MoneyForm(command, "/pay", "lite.confirm.pay", fields, again, at_once)
    )


async def _pay_order(visit: Visit, command: PayOrder) -> Answer:
    async def again(refused: Refused) -> Answer:
        order = await open_payment(visit, command.order)
        if order is None:
            return No(Refused(OrderReason.ORDER_NOT_FOUND))
        expired = refused.reason in (OrderReason.ORDER_EXPIRED, OrderReason.ORDER_NOT_OPEN)
        shown = Refused(CodeReason.CODE_EXPIRED) if expired else refused
        return await _order_form(visit, order, refused if visit.as_json else shown)

    fields = {"order": str(command.order)}
    at_once = visit.text("step") == "once"
    return await carry_out(
        visit, MoneyForm(command, "/pay", "lite.confirm.pay", fields, again, at_once)
    )


# --- forms ---------------------------------------------------------------------------------------


async def _shop_form(
    visit: Visit, shop: Party, amount: str, refused: Refused | None = None
) -> Answer:
    name = (await names_of(visit, [shop.id], _PURPOSE))[shop.id]
    facts = {
        "id": form_id(visit, refused),
        "shop": shop,
        "name": name,
        "number": printing.grouped(shop.number),
        "amount": amount,
        "fixed": bool(visit.query("amount")) and refused is None,
        "note": visit.text("note"),
        "until": visit.text("until") or visit.query("until"),
        "free": (free := _is_free(visit, shop)),
        "mine": (mine := visit.session is not None and shop.id == visit.session.party_id),
        "content": f"pay|{shop.id}|*|{visit.market.currency}",
        "link": visit.request.path,
    }
    plain_form = free and not mine and refused is None and not visit.request.query
    kept = kept_seconds(visit.market, visit.lite.clock.now()) if plain_form else None
    return Page("pay_shop.html", facts, refused=refused, keep_seconds=kept)


def kept_seconds(market: Market, now: datetime) -> int:
    """For how long a form that names no price may be shown again: never past the day on which a
    price changes."""
    zone = ZoneInfo(market.zone)
    today = now.astimezone(zone).date()
    prices = [rule.fee for rule in market.fees if rule.product == "pay"]
    days = [day for fact in prices for day in (fact.since, fact.until) if day and day > today]
    left = [datetime.combine(day, time(), zone) - now for day in days]
    return min([KEPT_SECONDS, *(int(span.total_seconds()) for span in left)])


async def _order_form(visit: Visit, order: Order, refused: Refused | None = None) -> Answer:
    payee = order.payee
    shop = await visit.lite.parties.get(payee) if payee is not None else None
    if shop is None:
        return No(Refused(OrderReason.ORDER_NOT_FOUND))
    me = visit.session.party_id if visit.session else None
    to_confirm = me == order.payer and waits_for_pin(order) and not _over(visit, order)
    if me is not None and me in (order.payer, order.payee) and refused is None and not to_confirm:
        return Go(f"/orders/{order.id}")
    name = (await names_of(visit, [shop.id], _PURPOSE))[shop.id]
    mine = order.fee_minor if order.fee_paid_by == "payer" else 0
    facts = {
        "id": form_id(visit, refused),
        "order": order,
        "name": name,
        "number": shop.number,
        "fee": visit.money(mine),
        "total": visit.money(order.amount.minor + mine),
        "is_open": order.state is State.AWAITING and not _over(visit, order),
        "content": f"pay|{shop.id}|{order.amount.minor}|{order.amount.currency}",
        "code": await order_code(visit, order, shop, name) if visit.session is None else "",
        "link": visit.request.path,
        "refresh_seconds": 5 if visit.session is None else 0,
    }
    data = {
        "id": str(order.id),
        "state": order.state.value,
        "name": name,
        "amount_minor": order.amount.minor,
        "currency": order.amount.currency,
    }
    return Page("pay_order.html", facts, data=data, refused=refused)


def _over(visit: Visit, order: Order) -> bool:
    return order.deadline_at is not None and order.deadline_at <= visit.lite.clock.now()


def _is_free(visit: Visit, shop: Party) -> bool:
    """Whether the payer surely bears no price, so that nothing has to be confirmed."""
    day = local_day(visit.lite.clock.now(), visit.market.zone)
    fee = visit.market.fee("pay", day, shop.merchant_class)
    return fee.paid_by == "payee" or not (fee.basis_points or fee.flat_minor or fee.minor_min)


async def order_code(visit: Visit, order: Order, shop: Party, name: str) -> str:
    """The drawn code of a payment that waits, as an element for inside a page; empty where the
    market's code cannot hold it."""
    pay = PayCode(
        shop.number,
        name,
        await city_of(visit, shop),
        amount_minor=order.amount.minor,
        order_reference=str(order.id),
    )
    text = visit.market.encode_code(pay)
    return "" if isinstance(text, Refused) else draw.inline_svg(text, visit.say("lite.code.label"))


async def city_of(visit: Visit, shop: Party) -> str:
    """The shop's city, which its codes name; the country's where it gave none."""
    personal = await visit.lite.parties.personal(shop.id, visit.reader, "write a payment code")
    city = None if isinstance(personal, Refused) else personal.city
    return city or visit.market.name


ADDRESSES: tuple[Address, ...] = (
    get("/pay", pay_page),
    post("/pay", pay),
    get("/pay/photo", photo_page),
    post("/pay/photo", photo),
    get("/p/{what:str}", link_page, Who.ANYONE),
)
