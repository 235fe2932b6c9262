"""Payments: asked for, read, listed, taken back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from msgspec import UNSET

from argosy.base.markets import PayCode
from argosy.base.money import Money
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import moment
from argosy.base.parties.facts import Party, Personal
from argosy.base.postings import Challenged
from argosy.base.refusals import Refused, must
from argosy.partners.api import shapes
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.products.pay.facts import CancelPayment, CreatePayment
from argosy.public_services.cashier.facts import CashierReason, Preview, Receipt
from argosy.public_services.presented.facts import CHANNEL as PRESENTED
from argosy.public_services.presented.facts import Charge

PRODUCT = "pay"
PATH = "/api/v1/payments"
SVG = "image/svg+xml"
NO_CATEGORY = "0000"
LOOKED_AT_MAX = 1000
"""How many payments one request looks at to fill a page; beyond, the page stays short."""

_LIST = "payments"
_UNPAID = (State.AWAITING, State.CANCELLED, State.EXPIRED)
_READS_MAX = 200
_PURPOSE = "name and city on payment codes"


async def create(api: Api, call: Call) -> Answer | Refused:
    """Ask for a payment, or take it from the customer who shows a code."""
    new: shapes.NewOrPresented = call.body
    if new.presented_code is not None:
        return await _charge(api, call, new, new.presented_code)
    said = await api.services.cashier.carry_out(_command(call), call.asker)
    if not isinstance(said, Receipt):
        return not_done(said)
    payment = await shown(api, call.party, said.order)
    return answer(payment, 201, path_of(said.order))


async def _charge(api: Api, call: Call, new: shapes.NewPayment, presented: str) -> Answer | Refused:
    charge = Charge(
        call.command_id,
        Money(new.amount.minor, new.amount.currency),
        presented,
        shapes.printable(new.description),
        new.reference,
    )
    said = await api.services.presenting.charge(call.asker, charge)
    if isinstance(said, Refused):
        return said
    return answer(await shown(api, call.party, said.order), 201, path_of(said.order))


async def try_create(api: Api, call: Call) -> Answer | Refused:
    """What asking for it would answer now; nothing stays of it."""
    said = await api.services.cashier.try_out(_command(call), call.asker)
    if isinstance(said, Refused):
        return said
    return answer(await shown(api, call.party, said.order))


async def cancel(api: Api, call: Call) -> Answer | Refused:
    """Take a waiting payment back."""
    payment_id = call.id("id", OrderReason.ORDER_NOT_FOUND)
    if isinstance(payment_id, Refused):
        return payment_id
    command = CancelPayment(call.command_id, payment_id)
    said = await api.services.cashier.carry_out(command, call.asker)
    if not isinstance(said, Receipt):
        return not_done(said)
    return answer(await shown(api, call.party, said.order), 200, path_of(said.order))


async def read(api: Api, call: Call) -> Answer | Refused:
    """One payment."""
    order = await found(api, call)
    return order if isinstance(order, Refused) else answer(await shown(api, call.party, order))


async def drawing(api: Api, call: Call) -> Answer | Refused:
    """The code of a payment that can be paid, drawn."""
    order = await found(api, call)
    if isinstance(order, Refused):
        return order
    state = state_of(api, order)
    if state != State.AWAITING or order.data.get(PRESENTED):
        return Refused(OrderReason.ORDER_NOT_OPEN, {"state": state})
    code = _code(api, call.party, order, await _named(api, call.party))
    if isinstance(code, Refused):
        return code
    return Answer(200, api.services.draw_svg(code).encode(), SVG)


async def page(api: Api, call: Call) -> Answer | Refused:
    """Payments that were asked for, newest first: of one state, or with one reference."""
    query: shapes.PaymentsPage = call.query
    before = api.cursors.read_id(_LIST, call.party.id, query.cursor)
    if isinstance(before, Refused):
        return before
    orders, last = await _looked_up(api, call.party.id, query, before)
    person = (
        await _named(api, call.party) if any(o.state is State.AWAITING for o in orders) else None
    )
    items = [_payment(api, call.party, order, person) for order in orders]
    following = None if last is None else api.cursors.make(_LIST, call.party.id, str(last))
    return answer(shapes.Payments(items=items, next=following))


# --- for the other operations on payments --------------------------------------------------------


async def found(api: Api, call: Call) -> Order | Refused:
    """The payment in the path, where it is one to this merchant."""
    payment_id = call.id("id", OrderReason.ORDER_NOT_FOUND)
    if isinstance(payment_id, Refused):
        return payment_id
    order = await api.services.orders.get(payment_id)
    if order is None or order.product != PRODUCT or order.payee != call.party.id:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    return order


def not_done(said: Refused | Challenged) -> Refused:
    """A program can answer no challenge."""
    return said if isinstance(said, Refused) else Refused(CashierReason.PROOF_NOT_POSSIBLE)


def not_tried(said: Refused | Preview) -> Refused | None:
    """Why a dry run says no; the real run would say the same."""
    if isinstance(said, Refused):
        return said
    return None if said.challenge is None else Refused(CashierReason.PROOF_NOT_POSSIBLE)


def path_of(order: Order) -> str:
    return f"{PATH}/{order.id}"


def money(minor: int, order: Order) -> shapes.Money:
    return shapes.Money(minor=minor, currency=order.amount.currency)


async def shown(api: Api, party: Party, order: Order) -> shapes.Payment:
    """The payment as programs read it."""
    open_now = state_of(api, order) == State.AWAITING
    return _payment(api, party, order, await _named(api, party) if open_now else None)


def state_of(api: Api, order: Order) -> str:
    """The order's state; what nobody can pay any more is expired before the clock has come by."""
    over = order.deadline_at is not None and order.deadline_at <= api.services.clock.now()
    expired = order.state is State.AWAITING and over
    return (State.EXPIRED if expired else order.state).value


# --- within --------------------------------------------------------------------------------------


def _command(call: Call) -> CreatePayment:
    new: shapes.NewPayment = call.body
    return CreatePayment(
        call.command_id,
        Money(new.amount.minor, new.amount.currency),
        shapes.printable(new.description),
        new.reference,
        timedelta(seconds=new.expires_in),
        new.return_url or "",
        new.kind == "link",
    )


async def _looked_up(
    api: Api, party: UUID, query: shapes.PaymentsPage, before: UUID | None
) -> tuple[list[Order], UUID | None]:
    """The page's orders, and the id after which the next page begins, None where there is none."""
    kept: list[Order] = []
    looked_at = 0
    while looked_at < LOOKED_AT_MAX:
        rows = await _read(api, party, query, before)
        for order in rows:
            if order.product == PRODUCT and query.state in (UNSET, state_of(api, order)):
                if len(kept) == query.limit:
                    return kept, before
                kept.append(order)
            before = order.id
        looked_at += _READS_MAX
        if len(rows) < _reads(query):
            return kept, None
    return kept, before


def _reads(query: shapes.PaymentsPage) -> int:
    """How many rows to read at once: where nothing is filtered, the page and one more."""
    return query.limit + 1 if query.state is UNSET else _READS_MAX


async def _read(
    api: Api, party: UUID, query: shapes.PaymentsPage, before: UUID | None
) -> list[Order]:
    orders = api.services.orders
    if query.reference is UNSET:
        return await orders.asked_by(party, before, _reads(query))
    return await orders.by_reference(party, query.reference, before, _reads(query))


async def _named(api: Api, party: Party) -> Personal:
    """The merchant's own name and city, for its codes; the access is logged."""
    person = await api.services.parties.personal(party.id, f"party:{party.id}", _PURPOSE)
    if isinstance(person, Refused):
        must(False, "a merchant that asks is not there", party=party.id)
        raise TypeError
    return person


def _code(api: Api, party: Party, order: Order, person: Personal) -> str | Refused:
    category = party.merchant_class or ""
    return api.services.markets[party.market].encode_code(
        PayCode(
            party.number,
            person.business_name or person.name or "",
            person.city or "",
            category if len(category) == 4 and category.isdigit() else NO_CATEGORY,
            order.amount.minor,
            str(order.id),
        )
    )


def _payment(api: Api, party: Party, order: Order, person: Personal | None) -> shapes.Payment:
    state, by_link = state_of(api, order), bool(order.data.get("by_link"))
    # One that was scanned from a customer's screen is open to that customer alone.
    scanned = bool(order.data.get(PRESENTED))
    is_open = state == State.AWAITING and not scanned
    code = None
    if is_open and not by_link and person is not None:
        text = _code(api, party, order, person)
        code = None if isinstance(text, Refused) else text
    was_paid = order.payer is not None and state not in _UNPAID
    return shapes.Payment(
        id=order.id,
        state=state,  # type: ignore[arg-type]  # `state_of` says a literal's word
        kind="presented" if scanned else "link" if by_link else "qr",
        amount=money(order.amount.minor, order),
        refunded=money(order.refunded_minor, order),
        fee=money(order.fee_minor, order),
        fee_paid_by="payee" if order.fee_paid_by == "payee" else "payer",
        reference=str(order.data.get("reference", "")),
        description=order.note,
        return_url=order.data.get("return_url"),
        code=code,
        code_svg_url=None if code is None else f"{path_of(order)}/code.svg",
        link=api.services.payment_link(order.id) if is_open else None,
        receipt=api.services.cashier.receipt_number(order.id) if was_paid else None,
        created_at=moment(order.created_at),
        updated_at=moment(order.updated_at or order.created_at),
        expires_at=None if order.deadline_at is None else moment(order.deadline_at),
    )
