"""Who is told what: a pure table from an announcement and its order to lines to say.

Nobody is told of what they did themselves and see on their screen: the payer of a merchant has the
receipt, a merchant has the till. All others whom the money concerns are told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from argosy.base.ids import derive
from argosy.base.orders.cash import CODE
from argosy.base.orders.facts import Order
from argosy.base.orders.money_back import BACK
from argosy.base.outbox import OBSERVED, Announced

PAYER, PAYEE, PHONE = "payer", "payee", "phone"
SALE = "payment.paid"

# Every payment made at once is passed over inside the database: its time is that of its making. Only
# one that came out of review, later, has anybody to be told.
ONLY = f"""
    e.kind <> '{OBSERVED}' AND (e.kind <> '{SALE}' OR e.body->>'at' <> e.body->>'created_at')
"""

ONLY_WITH_RECEIPTS = f"e.kind <> '{OBSERVED}'"
"""Where a market wants the payer told of every payment, none is passed over."""

When = Callable[[Announced, Order], bool]


def _always(_event: Announced, _order: Order) -> bool:
    return True


def released(event: Announced, _order: Order | None = None) -> bool:
    """Whether a human has just let the money out of review: later than it was asked for."""
    if event.body.get("at") == event.body.get("created_at") is not None:
        return False
    return event.id == released_id(event.subject, event.kind)


def released_id(order: UUID, kind: str) -> UUID:
    """The id of the event `kind` by which a review's release of `order` announces itself."""
    return derive(derive(order, "review.released"), kind)


def _stopped(event: Announced, _order: Order) -> bool:
    return event.body.get("reason") == "review"


def _stopped_late(event: Announced, order: Order) -> bool:
    return _stopped(event, order) and order.data.get("returned_by") == "clock"


def _stopped_by_hand(event: Announced, order: Order) -> bool:
    return _stopped(event, order) and not _stopped_late(event, order)


def _not_stopped(event: Announced, order: Order) -> bool:
    return not _stopped(event, order)


def _not_stopped_or_back(event: Announced, order: Order) -> bool:
    """Who has their money back already is not told of it a second time."""
    return _not_stopped(event, order) and BACK not in order.data


def _unclaimed(event: Announced, _order: Order) -> bool:
    return event.body.get("reason") == "unclaimed"


def _fined(event: Announced, _order: Order) -> bool:
    return bool(event.body.get("fine_minor"))


def _in_time(event: Announced, order: Order) -> bool:
    return not _fined(event, order)


def _waited(_event: Announced, order: Order) -> bool:
    return "to" in order.data


def _claimed(event: Announced, order: Order) -> bool:
    return _waited(event, order) and not released(event)


def _stopped_claim(event: Announced, order: Order) -> bool:
    return _stopped(event, order) and _waited(event, order)


def _has_code(event: Announced, order: Order) -> bool:
    return CODE in order.data and not released(event)


def _code_again(event: Announced, order: Order) -> bool:
    return CODE in order.data and released(event)


def _by_customer(_event: Announced, order: Order) -> bool:
    return order.data.get("taken_by") == "customer"


def _asked_by(side: str) -> When:
    return lambda event, _order: event.body.get("asked_by") == side


@dataclass(frozen=True, slots=True)
class Line:
    """Tell `whom` (a side of the order, or the phone that money waits for) the words `what`; `named`
    is the side whose masked name they speak of. Merchants are left out where `but_shops`. With `coded`
    the words tell the order's one-time code, so that they are a secret and forgotten with it."""

    whom: str
    what: str
    named: str | None = None
    when: When = _always
    but_shops: bool = False
    coded: bool = False


_CHECKED = (
    Line(PAYER, "released", PAYEE, released),
    Line(PAYER, "stopped", PAYEE, _stopped_by_hand),
    Line(PAYER, "stopped_late", PAYEE, _stopped_late),
)
_GOES_ON, *_COMES_BACK = _CHECKED

SAID: dict[str, tuple[Line, ...]] = {
    "transfer.paid": (
        Line(PAYEE, "received", PAYER),
        Line(PAYER, "claimed", PAYEE, _claimed),
        _GOES_ON,
    ),
    "transfer.held": (Line(PHONE, "waits", PAYER), _GOES_ON),
    "transfer.review": (
        Line(PAYER, "checked", PAYEE),
        Line(PAYEE, "waits_checked", PAYER, _waited),
    ),
    "transfer.returned": (
        Line(PAYER, "unclaimed", None, _unclaimed),
        *_COMES_BACK,
        Line(PHONE, "gone", PAYER, _not_stopped),  # what was stopped at once was never promised
        Line(PAYEE, "gone", PAYER, _stopped_claim),
    ),
    SALE: (Line(PAYEE, "shop_released", None, released), _GOES_ON),
    "payment.review": (Line(PAYER, "checked", PAYEE), Line(PAYEE, "shop_checked")),
    "payment.returned": (*_COMES_BACK, Line(PAYEE, "shop_returned")),
    "payment.refunded": (Line(PAYER, "refunded", PAYEE), Line(PAYEE, "refund_made")),
    "request.created": (Line(PAYER, "asked", PAYEE),),
    "request.paid": (Line(PAYEE, "request_paid", PAYER), _GOES_ON),
    "request.review": (Line(PAYER, "checked", PAYEE),),
    "request.returned": (*_COMES_BACK, Line(PAYEE, "request_returned", PAYER)),
    "request.declined": (Line(PAYEE, "request_declined", PAYER),),
    "request.expired": (Line(PAYEE, "request_expired", PAYER),),
    "request.cancelled": (Line(PAYER, "request_cancelled", PAYEE),),
    "top_up.held": (Line(PAYEE, "top_up_released", None, released),),
    "top_up.paid": (Line(PAYEE, "top_up_done"),),
    "top_up.review": (Line(PAYEE, "top_up_checked"),),
    "top_up.returned": (
        Line(PAYEE, "top_up_stopped", None, _stopped),
        Line(PAYEE, "top_up_rejected", None, _not_stopped),
    ),
    "top_up.unknown": (Line(PAYEE, "bank_silent"),),
    "top_up.late": (Line(PAYEE, "top_up_late"),),
    "top_up.stuck": (Line(PAYEE, "bank_stuck"),),
    "cash_in.held": (Line(PAYEE, "cash_in_code", PAYER, _has_code, coded=True),),
    "cash_in.paid": (
        Line(PAYEE, "cash_in_done", PAYER),
        Line(PAYER, "cash_in_taken", PAYEE, _by_customer),
    ),
    "cash_in.returned": (
        Line(PAYEE, "cash_in_over", PAYER),
        Line(PAYER, "cash_in_back", PAYEE),
    ),
    "cash_in.back_asked": (
        Line(PAYEE, "back_asked", PAYER, _asked_by(PAYER)),
        Line(PAYER, "back_asked", PAYEE, _asked_by(PAYEE)),
    ),
    "cash_in.refunded": (Line(PAYER, "back_done", PAYEE), Line(PAYEE, "back_done", PAYER)),
    "cash_out.held": (
        Line(PAYER, "cash_out_code", None, _has_code, coded=True),
        Line(PAYER, "cash_out_code_again", None, _code_again, coded=True),
    ),
    "cash_out.paid": (Line(PAYER, "cash_out_done", PAYEE),),
    "cash_out.review": (Line(PAYER, "cash_out_checked"),),
    "cash_out.returned": (
        Line(PAYER, "cash_out_back", None, _not_stopped),
        Line(PAYER, "cash_out_stopped", None, _stopped),
    ),
    "cash_out.back_asked": (
        Line(PAYEE, "back_asked", PAYER, _asked_by(PAYER)),
        Line(PAYER, "back_asked", PAYEE, _asked_by(PAYEE)),
    ),
    "cash_out.refunded": (Line(PAYER, "back_done", PAYEE), Line(PAYEE, "back_done", PAYER)),
    "withdrawal.held": (Line(PAYER, "withdrawal_released", None, released),),
    "withdrawal.paid": (Line(PAYER, "withdrawal_done"),),
    "withdrawal.review": (Line(PAYER, "withdrawal_checked"),),
    "withdrawal.returned": (
        Line(PAYER, "withdrawal_stopped", None, _stopped),
        Line(PAYER, "withdrawal_rejected", None, _not_stopped_or_back),
    ),
    "withdrawal.unknown": (Line(PAYER, "bank_silent"),),
    "withdrawal.money_back": (
        Line(PAYER, "withdrawal_back", None, _in_time),
        Line(PAYER, "withdrawal_back_late", None, _fined),
    ),
    "withdrawal.stuck": (Line(PAYER, "bank_stuck"),),
}

# What can be said of products that this table does not know, by the last word of their events.
SAID_OF_ANY: dict[str, tuple[Line, ...]] = {
    "paid": (Line(PAYEE, "received", PAYER, but_shops=True), _GOES_ON),
    "held": (_GOES_ON,),
    "review": (Line(PAYER, "checked", PAYEE),),
    "returned": (*_COMES_BACK, Line(PAYER, "returned", None, _not_stopped)),
}

# What a payer sees on the screen, and is told besides where the market wants it.
RECEIPTS: dict[str, Line] = {
    SALE: Line(PAYER, "paid", PAYEE),
    "transfer.paid": Line(PAYER, "sent", PAYEE),
    "transfer.held": Line(PAYER, "sent_waiting"),
    "request.paid": Line(PAYER, "paid", PAYEE),
}

# Announced again each time the bank is asked: told once.
ONCE_AN_ORDER = frozenset({"top_up.stuck", "withdrawal.stuck"})
_KNOWN = frozenset(kind.partition(".")[0] for kind in SAID)


def lines_of(kind: str) -> tuple[Line, ...]:
    """Everything that may have to be said of an event of this kind."""
    noun, _, verb = kind.partition(".")
    return SAID.get(kind, ()) if noun in _KNOWN else SAID_OF_ANY.get(verb, ())


def concerns(event: Announced, receipts: Collection[str] = ()) -> bool:
    """Whether there may be something to say, as far as can be told without the order. `receipts` are
    the markets where the payer is told of every payment."""
    if event.kind == SALE and not receipts:
        return released(event)
    return bool(lines_of(event.kind))


def lines(event: Announced, order: Order, receipts: Collection[str] = ()) -> Iterator[Line]:
    """What is said of `event`, whose order by now is `order`: at most one line for each one told."""
    told = [line for line in lines_of(event.kind) if line.when(event, order)]
    yield from told
    wanted = RECEIPTS.get(event.kind) if order.market in receipts else None
    if wanted is not None and not any(line.whom == PAYER for line in told):
        yield wanted


def message_id(event: Announced, whom: str) -> UUID:
    """The same event makes the same message, however often it is read."""
    if event.kind in ONCE_AN_ORDER:
        return derive(event.subject, f"{event.kind}.{whom}")
    return derive(event.id, whom)
