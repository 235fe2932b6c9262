"""The parts that cash at an agent's counter is made of: the agent's commission, the code that one side
shows and the other types, and how it is let go of, runs out or is undone by both sides. What a product
of cash declares of these is in `cash_verbs.py`.

The commission is a price of its own in the market (`cash_in.commission`), paid by the operator from its
fees, so that what the customer pays and what the agent earns are set apart from each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from argosy.base.ids import derive
from argosy.base.ledger.facts import Action, Transfer
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import (
    checked,
    checked_other,
    ending,
    event,
    fee_parts,
    moment,
    moved,
    operation,
    step_id,
)
from argosy.base.parties.facts import Party
from argosy.base.parties.keys import Keys
from argosy.base.postings import LimitUse, OrderMove, Posting
from argosy.base.products import Command, Context, Plan
from argosy.base.refusals import Kind, Reason, Refused
from argosy.base.wallet.accounts import FEES, system_account
from argosy.base.wallet.limits import give_back
from argosy.base.wallet.prices import fee_minor

CODE_DIGITS = 6
CODE_TRIES_MAX = 5
"""So many wrong codes may be typed for one order; then its money goes back."""
BACK_WAIT = timedelta(minutes=30)
"""So long after cash changed hands either side may ask to undo it, and so long the other may agree."""
CODE = "code"
CODE_HASH = "code_hash"
COMMISSION = "commission"
DONE_AT = "done_at"
BACK = "back"
_WRONG = "wrong_codes"
_COMMISSION = ".commission"


class CashReason(Reason):
    """Why cash cannot change hands."""

    ONLY_AGENTS = 220, Kind.FORBIDDEN, "Only an agent may do this."
    NOT_FOR_AGENTS = 221, Kind.INPUT, "Cash goes to and from customers, not agents."
    CASH_WALLET_MISSING = 222, Kind.UNKNOWN, "There is no wallet with this phone or number."
    CASH_CODE_WRONG = 223, Kind.UNPROVEN, "The code does not fit."
    CASH_CODE_SPENT = 224, Kind.STATE, "Too many wrong codes; the money has gone back."
    CASH_CODE_OVER = 225, Kind.STATE, "The code was used, taken back, or its time is over."
    BACK_TOO_LATE = 226, Kind.STATE, "It was too long ago to be undone by the two sides."
    BACK_NOT_ASKED = 227, Kind.STATE, "The other side has not asked to undo this."
    BACK_ASKED_ALREADY = 228, Kind.STATE, "You have asked to undo this; the other side must agree."
    CASH_NOT_DONE = 229, Kind.STATE, "Only cash that has changed hands can be undone."


@dataclass(frozen=True, slots=True)
class AboutOrder:
    """A command about the cash of one `order`, with nothing more to say."""

    id: UUID
    order: UUID


def new_code(keys: Keys, command: UUID) -> str:
    """The code for the order that `command` makes: six digits that nobody can work out without the
    keys, and the same ones however often they are asked for."""
    number = int.from_bytes(keys.digest("cash code", command.bytes)[:8])
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def shown_code(keys: Keys, order: Order) -> str | None:
    """The code of `order`, for the side that may see it; None once it is over."""
    sealed = order.data.get(CODE)
    if sealed is None or order.state is not State.HELD:
        return None
    return keys.open(bytes.fromhex(sealed), "order", str(order.id), CODE)


def coded(context: Context) -> dict[str, str]:
    """What the data of an order must keep of the command's code."""
    sealed = context.sealed[CODE]
    return {CODE: sealed.sealed, CODE_HASH: sealed.hashed}


def forgotten(data: Mapping[str, Any]) -> dict[str, Any]:
    """An order's data without its code, which is worth nothing any more."""
    return {key: value for key, value in data.items() if key not in (CODE, CODE_HASH, _WRONG)}


def open_code(order: Order, now: datetime) -> Refused | None:
    """Why the code of `order` is not good any more; None where it is."""
    over = order.deadline_at is None or order.deadline_at <= now
    if order.state is not State.HELD or over or CODE_HASH not in order.data:
        return Refused(CashReason.CASH_CODE_OVER, field=CODE)
    return None


def misfit(context: Context, command: Command, order: Order, noun: str) -> Plan | Refused | None:
    """None where the code that was typed is the order's. Else a plan that counts the try, and after the
    last one gives the money back. The very same guess sent again is not counted again; another code
    under the same command's id is another guess."""
    if context.sealed[CODE].hashed == order.data[CODE_HASH]:
        return None
    wrong: list[str] = order.data.get(_WRONG, [])
    if context.mark in wrong:
        return _wrong(len(wrong))
    wrong = [*wrong, context.mark]
    if len(wrong) < CODE_TRIES_MAX:
        data = {**order.data, _WRONG: wrong}
        move = OrderMove(
            order.id, order.version, State.HELD, deadline_at=order.deadline_at, data=data
        )
        return Plan(Posting(command.id, move), refused=_wrong(len(wrong)))
    data = forgotten(order.data)
    posting = returned(order, context.uses, noun, context.now, command.id, data, "wrong_codes")
    return Plan(posting, refused=Refused(CashReason.CASH_CODE_SPENT, field=CODE))


def _wrong(tries: int) -> Refused:
    left = {"tries_left": CODE_TRIES_MAX - tries}
    return Refused(CashReason.CASH_CODE_WRONG, left, field=CODE)


def returned(
    order: Order,
    counted: tuple[LimitUse, ...],
    noun: str,
    now: datetime,
    cause: UUID,
    data: Mapping[str, Any],
    reason: str,
) -> Posting:
    """Cash did not change hands: what was held goes back, and what was counted against limits."""
    after = replace(order, state=State.RETURNED, deadline_at=None)
    return Posting(
        cause,
        OrderMove(order.id, order.version, State.RETURNED, data={**data, "reason": reason}),
        ending(order, Action.VOID) + commission_ending(order, Action.VOID),
        give_back(counted),
        (event(after, f"{noun}.returned", now, cause, reason=reason),),
    )


def plan_drop(
    command: AboutOrder, context: Context, product: str, *, by: tuple[UUID | None, ...], reason: str
) -> Plan | Refused:
    """No cash changes hands after all: one of the parties `by` lets go of it."""
    order = context.order
    if order is None or order.product != product or context.me.id not in by:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    if order.state is not State.HELD:
        return Refused(OrderReason.ORDER_NOT_OPEN, {"state": order.state.value})
    data = forgotten(moved(context, command, order))
    return Plan(returned(order, context.uses, product, context.now, command.id, data, reason))


def plan_expiry(
    order: Order, counted: tuple[LimitUse, ...], now: datetime, product: str
) -> Posting | Refused:
    """Nobody came with the code, or said yes, in time."""
    if order.state is not State.HELD or order.deadline_at is None or now < order.deadline_at:
        return Refused(OrderReason.ORDER_NOT_OPEN, {"state": order.state.value})
    cause, data = derive(order.id, "expired"), forgotten(order.data)
    return returned(order, counted, product, now, cause, data, "expired")


# --- the commission ------------------------------------------------------------------------------------


def commission_minor(market: Market, product: str, amount: Money, day: date, agent: Party) -> int:
    """What the agent earns by `amount` of `product` on the local `day`."""
    return fee_minor(amount.minor, market.fee(product + _COMMISSION, day, agent.merchant_class))


def commission(
    order: Order, agent: UUID | None, action: Action = Action.MOVE
) -> tuple[Transfer, ...]:
    """The commission on its way from the operator's fees to the account of the agent."""
    minor = order.data.get(COMMISSION, 0)
    if not minor:
        return ()
    currency = order.amount.currency
    fees = system_account(order.market, FEES, currency)
    step = step_id(order, COMMISSION)
    return (Transfer(step, fees, agent, minor, currency, COMMISSION, action, order.id),)


def commission_ending(order: Order, action: Action) -> tuple[Transfer, ...]:
    """The end of a commission that was held; nothing where none was."""
    if not order.data.get(COMMISSION, 0):
        return ()
    hold = step_id(order, COMMISSION)
    ends = derive(hold, action.name.lower())
    currency = order.amount.currency
    return (Transfer(ends, None, None, None, currency, COMMISSION, action, order.id, hold=hold),)


# --- undoing a mistake ---------------------------------------------------------------------------------


def done_at(context: Context) -> dict[str, str]:
    """What the data keeps of the moment at which cash changed hands."""
    return {DONE_AT: moment(context.now)}


def plan_ask_back(command: AboutOrder, context: Context, product: str) -> Plan | Refused:
    """One of the two sides asks to undo it. Nothing moves: that takes the other one."""
    order = context.order
    wrong = _undoable(context, order, product)
    if wrong is not None or order is None:
        return wrong or Refused(OrderReason.ORDER_NOT_FOUND)
    asked = order.data.get(BACK)
    if asked is not None and asked["by"] == str(context.me.id) and _fresh(asked["at"], context.now):
        return Refused(CashReason.BACK_ASKED_ALREADY)
    back = {"by": str(context.me.id), "at": moment(context.now)}
    data = moved(context, command, order, **{BACK: back})
    asks = "payer" if context.me.id == order.payer else "payee"
    announced = event(order, f"{product}.back_asked", context.now, command.id, asked_by=asks)
    move = OrderMove(order.id, order.version, State.PAID, data=data)
    return Plan(Posting(command.id, move, events=(announced,)))


def plan_agree_back(
    command: AboutOrder, context: Context, product: str, *, agent_paid: bool
) -> Plan | Refused:
    """The other side agrees: all of it goes back, price and commission included, and so does what was
    counted against limits. `agent_paid`: the agent is the payer of the order."""
    order, other = context.order, context.other
    wrong = _undoable(context, order, product)
    if wrong is not None or order is None or other is None:
        return wrong or Refused(OrderReason.ORDER_NOT_FOUND)
    asked = order.data.get(BACK)
    mine = asked is not None and asked["by"] == str(context.me.id)
    if asked is None or mine or not _fresh(asked["at"], context.now):
        return Refused(CashReason.BACK_NOT_ASKED)
    wrong = checked_other(context, other)
    if wrong is not None:
        return wrong
    after = replace(order, state=State.REFUNDED, refunded_minor=order.amount.minor)
    data = moved(context, command, order)
    undone = OrderMove(
        order.id, order.version, State.REFUNDED, refunded_minor=order.amount.minor, data=data
    )
    return Plan(
        Posting(
            command.id,
            undone,
            _back(command, order, order.payer_account if agent_paid else order.payee_account),
            give_back(context.uses),
            (event(after, f"{product}.refunded", context.now, command.id),),
        ),
        operation(context, command, "refund", order.amount, order=str(order.id)),
    )


def _undoable(context: Context, order: Order | None, product: str) -> Refused | None:
    me = context.me
    if order is None or order.product != product or me.id not in (order.payer, order.payee):
        return Refused(OrderReason.ORDER_NOT_FOUND)
    if order.state is not State.PAID:
        return Refused(CashReason.CASH_NOT_DONE, {"state": order.state.value})
    if not _fresh(order.data[DONE_AT], context.now, BACK_WAIT * 2):
        return Refused(CashReason.BACK_TOO_LATE)
    if not _fresh(order.data[DONE_AT], context.now) and BACK not in order.data:
        return Refused(CashReason.BACK_TOO_LATE)
    return checked(context, order.amount)


def _fresh(at: str, now: datetime, wait: timedelta = BACK_WAIT) -> bool:
    return now - datetime.fromisoformat(at) <= wait


def _back(command: Command, order: Order, agent: UUID | None) -> tuple[Transfer, ...]:
    """The price to who bore it, then the amount to who paid it, then the commission to the operator."""
    currency = order.amount.currency
    bearer = order.payee_account if order.fee_paid_by == "payee" else order.payer_account
    steps: list[tuple[str, UUID | None, UUID | None, int, str]] = [
        (f"fee.{name}", system_account(order.market, name, currency), bearer, minor, "fee")
        for name, minor in fee_parts(order).items()
    ]
    whole = order.amount.minor
    steps.append(("back", order.payee_account, order.payer_account, whole, "refund"))
    earned = order.data.get(COMMISSION, 0)
    if earned:
        fees = system_account(order.market, FEES, currency)
        steps.append((COMMISSION, agent, fees, earned, "refund"))
    return tuple(
        Transfer(derive(command.id, step), debit, credit, minor, currency, kind, order=order.id)
        for step, debit, credit, minor, kind in steps
    )
