"""What a code, a link or a typed number leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from argosy.base.ids import parse_id
from argosy.base.markets import DecodedCode
from argosy.base.orders.facts import Order, State
from argosy.base.parties.facts import Party, PartyKind, PartyReason
from argosy.base.parties.numbers import DIGITS, reads
from argosy.base.refusals import Refused
from argosy.channels.lite.visits import Visit
from argosy.channels.qr.merchant import unexpired
from argosy.channels.qr.reasons import CodeReason
from argosy.products.pay.facts import PayReason

TYPED_CHARS_MAX = 1024


@dataclass(frozen=True, slots=True)
class ToShop:
    """A shop, by its public number; `amount_minor` and `until` where the code fixed them."""

    number: str
    amount_minor: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToPerson:
    """A person, by public number or by phone (E.164); `amount_minor` and `until` as with a shop."""

    number: str | None = None
    phone: str | None = None
    amount_minor: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToOrder:
    """A payment that waits to be paid."""

    order: UUID


Target = ToShop | ToPerson | ToOrder


async def find(visit: Visit, typed: str) -> Target | Refused:
    """What `typed` leads to: a payment code, a link of ours, a shop's number, a phone.

    Refused with the field `code`, and with CODE_EXPIRED where the payment waits no more or the code
    carries an end of its own that is over.
    """
    typed = typed.strip()
    if not typed:
        return Refused(CodeReason.CODE_MISSING, field="code")
    if len(typed) > TYPED_CHARS_MAX:
        return Refused(CodeReason.CODE_UNREADABLE, field="code")
    number = reads(typed)
    if number is not None:
        return await _by_number(visit, number)
    tail = _of_link(typed)
    if tail is not None:
        return await _of_tail(visit, tail)
    phone = visit.market.phone(typed)
    if isinstance(phone, str):
        return ToPerson(phone=phone)
    if typed.replace(" ", "").isdigit() and len(typed.replace(" ", "")) == DIGITS:
        return Refused(PartyReason.NUMBER_UNREADABLE, field="code")
    decoded = visit.market.decode_code(typed)
    if isinstance(decoded, DecodedCode):
        decoded = unexpired(decoded, visit.lite.clock.now())
    if isinstance(decoded, Refused):
        return Refused(decoded.reason, decoded.facts, field="code")
    return await _of_code(visit, decoded)


async def in_time(visit: Visit, command: UUID) -> Refused | None:
    """CODE_EXPIRED where the form came from a code whose own end (`until` in the form) is over by now.

    What was carried out before that is not asked again: who sends the form once more sees the receipt.
    """
    try:
        until = datetime.fromisoformat(visit.text("until"))
    except ValueError:
        return None
    if until.tzinfo is None or visit.lite.clock.now() < until:
        return None
    if await visit.lite.orders.get(command) is not None:
        return None
    return Refused(CodeReason.CODE_EXPIRED, {"expired_at": until}, field="code")


async def open_payment(visit: Visit, order_id: UUID) -> Order | None:
    """A payment that a shop asked for, in whatever state; None where there is none of this market.
    Whoever has its id may see what it is for: the shop gave it to them."""
    order = await visit.lite.orders.get(order_id)
    if order is None or order.product != "pay" or order.market != visit.market.code:
        return None
    return order if order.data.get("asked") else None


async def shop_of(visit: Visit, number: str) -> Party | Refused:
    """The shop with this public number."""
    party = await visit.lite.parties.by_number(visit.market.code, number)
    if party is None:
        return Refused(PayReason.MERCHANT_UNKNOWN, field="code")
    if party.kind is not PartyKind.MERCHANT:
        return Refused(PayReason.NOT_A_MERCHANT, field="code")
    return party


async def _of_code(visit: Visit, decoded: DecodedCode) -> Target | Refused:
    until = decoded.expires_at
    if decoded.reference.startswith("+"):
        return ToPerson(None, decoded.reference, decoded.amount_minor, until)
    order_id = parse_id(decoded.order_reference or "")
    if order_id is not None:
        order = await open_payment(visit, order_id)
        if order is not None:
            if order.state is not State.AWAITING:
                return Refused(CodeReason.CODE_EXPIRED, field="code")
            return ToOrder(order_id)
    number = reads(decoded.reference)
    if number is None:
        return Refused(PartyReason.NUMBER_UNREADABLE, field="code")
    return await _by_number(visit, number, decoded.amount_minor, until)


async def _by_number(
    visit: Visit, number: str, amount_minor: int | None = None, until: datetime | None = None
) -> Target | Refused:
    party = await visit.lite.parties.by_number(visit.market.code, number)
    if party is None:
        return Refused(PayReason.MERCHANT_UNKNOWN, field="code")
    if party.kind is PartyKind.MERCHANT:
        return ToShop(number, amount_minor, until)
    return ToPerson(number, None, amount_minor, until)


async def _of_tail(visit: Visit, tail: str) -> Target | Refused:
    number = reads(tail)
    if number is not None:
        return await _by_number(visit, number)
    order_id = parse_id(tail.lower())
    if order_id is not None and await open_payment(visit, order_id) is not None:
        return ToOrder(order_id)
    return Refused(CodeReason.CODE_UNREADABLE, field="code")


def _of_link(typed: str) -> str | None:
    """What stands behind `/p/` of a web address; the rest of the address is not looked at, for
    nothing is fetched from there."""
    if not typed.lower().startswith(("http://", "https://")):
        return None
    try:
        path = urlsplit(typed).path
    except ValueError:
        return None
    return path.removeprefix("/p/") if path.startswith("/p/") else ""
