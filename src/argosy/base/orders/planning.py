"""The parts that plans are made of: prices, the transfers of an order, what is announced of it.

An order's money goes in steps with names: `pay` to the payee (less the price, where the payee bears
it) and `fee.<account>` for each share of the price, all from the payer and all or nothing. A step's
transfer has the id `derive(order, step)`; so whoever makes the order twice makes the same transfers,
and whoever ends its holds later can name them from the order alone. Where the same steps are taken once
more, from other holds or to another payee, they are a new round with a name in the order's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.ids import derive
from argosy.base.ledger.facts import NOTE_CHARS_MAX, Action, Transfer
from argosy.base.markets import Market
from argosy.base.money import AmountReason, Money, check_amount
from argosy.base.orders.facts import Order, OrderReason
from argosy.base.parties.facts import NO_TRADE, Party, PartyReason, PartyState
from argosy.base.ports import Operation
from argosy.base.postings import Event
from argosy.base.products import Command, Context
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import system_account
from argosy.base.wallet.prices import fee_minor, split

PAY = "pay"
MARK = "mark"
DONE = "done"
ASKED = "asked"
ROUND = "round"
_PARTS = "fee_parts"
_BACK = "fee_back"


class Price(msgspec.Struct, frozen=True):
    """What an order costs and what its `data` must keep of that."""

    minor: int
    paid_by: str
    data: Mapping[str, Any]


def price(market: Market, product: str, amount: Money, day: date, payee: Party | None) -> Price:
    """The price of `amount` through `product` on the local `day`, with its split fixed for good."""
    fee = market.fee(product, day, payee.merchant_class if payee else None)
    minor = fee_minor(amount.minor, fee)
    if not minor:
        return Price(0, fee.paid_by, {})
    data: dict[str, Any] = {_PARTS: split(minor, fee.shares)}
    if fee.back_on_refund:
        data[_BACK] = True
    return Price(minor, fee.paid_by, data)


def fee_parts(order: Order) -> Mapping[str, int]:
    """The shares of the order's price: system account -> minor units."""
    parts: Mapping[str, int] = order.data.get(_PARTS, {})
    return parts


def fee_goes_back(order: Order) -> bool:
    """Whether a refund gives back its part of the price."""
    return bool(order.data.get(_BACK))


def steps(order: Order) -> dict[str, int]:
    """The order's steps and the minor units of each, none of them zero."""
    net = order.amount.minor - (order.fee_minor if order.fee_paid_by == "payee" else 0)
    parts = {f"fee.{name}": part for name, part in fee_parts(order).items()}
    return {PAY: net, **parts} if net else parts


def step_id(order: Order, step: str) -> UUID:
    """The id of the transfer that takes `step` in the order's present round."""
    turn = order.data.get(ROUND)
    return derive(order.id, f"{turn}.{step}" if turn else step)


def out_minor(order: Order) -> int:
    """What leaves the payer's account for the order, price included."""
    return sum(steps(order).values())


def transfers(order: Order, action: Action = Action.MOVE) -> tuple[Transfer, ...]:
    """The order's money on its way, moved at once or held."""
    currency = order.amount.currency
    return tuple(
        Transfer(
            step_id(order, step),
            order.payer_account,
            order.payee_account
            if step == PAY
            else system_account(order.market, step.removeprefix("fee."), currency),
            minor,
            currency,
            order.product if step == PAY else "fee",
            action,
            order.id,
        )
        for step, minor in steps(order).items()
    )


def ending(order: Order, action: Action) -> tuple[Transfer, ...]:
    """The end of the holds that `transfers(order, HOLD)` made: all posted, or all let go."""
    word = action.name.lower()
    return tuple(
        Transfer(
            derive(step_id(order, step), word),
            None,
            None,
            None,
            order.amount.currency,
            order.product if step == PAY else "fee",
            action,
            order.id,
            hold=step_id(order, step),
        )
        for step in steps(order)
    )


def checked(
    context: Context, amount: Money, note: str = "", *, state: PartyState = PartyState.ACTIVE
) -> Refused | None:
    """What holds for every command that names an amount: the asker may trade (is in `state`), the
    currency is the market's, the amount is one, the note is short and printable."""
    if context.me.state is not state:
        return Refused(NO_TRADE.get(context.me.state, PartyReason.PARTY_NOT_CLOSING))
    if amount.currency != context.currency:
        return Refused(AmountReason.CURRENCY_MISMATCH, field="currency")
    sound = check_amount(amount.minor, amount.currency)
    if isinstance(sound, Refused):
        return sound
    return checked_note(note)


def checked_note(note: str) -> Refused | None:
    """A note is at most 200 characters, none of them a control character."""
    if len(note) > NOTE_CHARS_MAX or not note.isprintable():
        return Refused(OrderReason.NOTE_TOO_LONG, {"characters": NOTE_CHARS_MAX}, field="note")
    return None


def checked_other(context: Context, other: Party) -> Refused | None:
    """What holds for every other side: somebody else, and able to take part."""
    if other.id == context.me.id:
        return Refused(OrderReason.SAME_PARTY)
    sleep = context.market.dormancy_on(context.day) if other.state is PartyState.DORMANT else None
    if other.state is not PartyState.ACTIVE and (sleep is None or not sleep.receives):
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    return None


def operation(
    context: Context, command: Command, kind: str, amount: Money, **facts: Any
) -> Operation:
    """What the brain is asked about `command`; `facts` are the product's own."""
    asker, other = context.asker, context.other
    return Operation(
        command.id,
        kind,
        context.market.code,
        context.now,
        asker.party.id,
        amount,
        asker.channel,
        account=asker.party.account,
        device=asker.device,
        session=asker.session,
        network=asker.network,
        payee=other.id if other else None,
        payee_kind=other.kind.value if other else None,
        facts={
            "level": asker.party.level,
            "opened_at": asker.party.created_at,
            **({"payee_opened_at": other.created_at} if other else {}),
            **facts,
        },
    )


def moved(context: Context, command: Command, order: Order, **more: Any) -> dict[str, Any]:
    """The order's data after `command` moved it on: who sends the command again is recognised."""
    done = {**order.data.get(DONE, {}), str(command.id): context.mark}
    return {**order.data, DONE: done, **more}


def event(order: Order, kind: str, at: datetime, cause: UUID, **more: Any) -> Event:
    """Announce that `order`, as it is now, came to be so. `cause` is the command or step behind it;
    `more` joins the body. Ids, amounts and times only: the body goes to programs outside."""
    parties = tuple(party for party in (order.payer, order.payee) if party is not None)
    return Event(derive(cause, kind), order.id, kind, {**body(order, at), **more}, parties)


def body(order: Order, at: datetime) -> dict[str, Any]:
    """The order as programs read it. The payer is not in it: a merchant need not know who pays."""
    facts: dict[str, Any] = {
        "id": str(order.id),
        "product": order.product,
        "state": order.state.value,
        "amount_minor": order.amount.minor,
        "currency": order.amount.currency,
        "fee_minor": order.fee_minor,
        "fee_paid_by": order.fee_paid_by,
        "refunded_minor": order.refunded_minor,
        "created_at": moment(order.created_at),
        "at": moment(at),
    }
    if order.payee is not None:
        facts["payee"] = str(order.payee)
    if order.data.get("reference"):
        facts["reference"] = order.data["reference"]
    if order.deadline_at is not None:
        facts["expires_at"] = moment(order.deadline_at)
    return facts


@lru_cache(maxsize=1000)  # one payment names its own moment in several places
def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond: `2026-11-22T04:30:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
