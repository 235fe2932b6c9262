"""Plans of sending: pure functions from a command and its context to a posting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from argosy.base.clock import local_day
from argosy.base.ids import derive
from argosy.base.ledger.facts import Action
from argosy.base.markets import Market
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import (
    MARK,
    ROUND,
    checked,
    checked_other,
    ending,
    event,
    moved,
    operation,
    price,
    transfers,
)
from argosy.base.parties.facts import Party, PartyReason, PartyState
from argosy.base.ports import Operation
from argosy.base.postings import LimitUse, OrderMove, Posting
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import UNCLAIMED, system_account
from argosy.base.wallet.limits import LOAD, RECEIVE, SPEND, give_back, uses
from argosy.products.send.facts import CLAIM_WAIT, Send, SendReason, TakeBack

NAME = "send"
TO_WALLET = (NAME, SPEND)
TAKEN = (RECEIVE, LOAD)


def plan_send(command: Send, context: Context) -> Plan | Refused:
    """From wallet to wallet at once; towards a phone without a wallet the money is held."""
    wrong = checked(context, command.amount, command.note)
    if wrong is not None:
        return wrong
    if (command.phone is None) == (command.number is None):
        return Refused(SendReason.RECEIVER_MISSING, field="phone")
    me, other, market = context.me, context.other, context.market
    out = uses(market, me.id, me.level, TO_WALLET, command.amount, context.day)
    if isinstance(out, Refused):
        return out
    if other is None:
        if command.phone is None:
            return Refused(PartyReason.PARTY_NOT_FOUND, field="number")
        return _plan_waiting(command, context, out)
    wrong = checked_other(context, other)
    if wrong is not None:
        return wrong
    taken = uses(market, other.id, other.level, TAKEN, command.amount, context.day)
    if isinstance(taken, Refused):
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    order = _order(command, context, State.PAID, other)
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order),
            out + taken,
            (event(order, "transfer.paid", context.now, command.id),),
        ),
        operation(context, command, NAME, command.amount),
    )


def _plan_waiting(command: Send, context: Context, out: tuple[LimitUse, ...]) -> Plan:
    phone = context.sealed["phone"]
    waiting = {"waits_for": phone.hashed, "phone": phone.sealed, "to": phone.masked}
    order = _order(command, context, State.HELD, None, **waiting)
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order, Action.HOLD),
            out,
            (event(order, "transfer.held", context.now, command.id),),
        ),
        operation(context, command, NAME, command.amount, to=phone.hashed),
    )


def _order(
    command: Send, context: Context, state: State, other: Party | None, **data: str
) -> Order:
    market, me = context.market, context.me
    cost = price(market, NAME, command.amount, context.day, other)
    held = state is State.HELD
    return Order(
        command.id,
        NAME,
        market.code,
        state,
        me.id,
        other.id if other else None,
        me.account,
        other.account if other else system_account(market.code, UNCLAIMED, market.currency),
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        note=command.note,
        deadline_at=context.now + CLAIM_WAIT if held else None,
        data={MARK: context.mark, **cost.data, **data},
    )


def held_on(order: Order, now: datetime) -> Order | None:
    """The order as its money waits on for somebody; None where it has a payee."""
    if "waits_for" not in order.data:
        return None
    return replace(order, state=State.HELD, deadline_at=now + CLAIM_WAIT)


def plan_claim(order: Order, claimant: Party, market: Market, now: datetime) -> Plan | Refused:
    """The one whom money waits for has a wallet now: what was reserved is let go and moves to that
    wallet in the same step, all or nothing. The claimant's own limits and balance cap hold, and the
    brain is asked, for the one who gets the money was unknown when it was sent."""
    if order.state is not State.HELD or "waits_for" not in order.data:
        return Refused(SendReason.ALREADY_CLAIMED, {"state": order.state.value})
    if claimant.id == order.payer:
        return Refused(OrderReason.SAME_PARTY)
    if claimant.state is not PartyState.ACTIVE:
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    day = local_day(now, market.zone)
    taken = uses(market, claimant.id, claimant.level, TAKEN, order.amount, day)
    if isinstance(taken, Refused):
        return taken
    cause = derive(order.id, "claimed")
    after = replace(
        order,
        state=State.PAID,
        payee=claimant.id,
        payee_account=claimant.account,
        deadline_at=None,
        data={**_forgotten(order), ROUND: "claim"},
    )
    asked = Operation(
        cause,
        "claim",
        market.code,
        now,
        claimant.id,
        order.amount,
        "clock",
        account=claimant.account,
        facts={
            "level": claimant.level,
            "opened_at": claimant.created_at,
            "from": str(order.payer),
        },
    )
    move = OrderMove(
        order.id,
        order.version,
        State.PAID,
        payee=after.payee,
        payee_account=after.payee_account,
        data=after.data,
    )
    return Plan(
        Posting(
            cause,
            move,
            ending(order, Action.VOID) + transfers(after),
            taken,
            (event(after, "transfer.paid", now, cause),),
        ),
        asked,
    )


def plan_return(order: Order, counted: tuple[LimitUse, ...], now: datetime) -> Posting | Refused:
    """Nobody came: the money goes back, and so does what was counted against limits."""
    if order.state is not State.HELD or "waits_for" not in order.data:
        return Refused(SendReason.ALREADY_CLAIMED, {"state": order.state.value})
    if order.deadline_at is None or now < order.deadline_at:
        return Refused(OrderReason.ORDER_NOT_OPEN)
    cause = derive(order.id, "unclaimed")
    return _returned(order, counted, now, cause, {**order.data, "reason": "unclaimed"})


def plan_take_back(command: TakeBack, context: Context) -> Plan | Refused:
    """The sender changes their mind while the money waits."""
    order = context.order
    if order is None or order.payer != context.me.id:
        return Refused(OrderReason.ORDER_NOT_FOUND)
    if order.state is not State.HELD or "waits_for" not in order.data:
        return Refused(SendReason.ALREADY_CLAIMED, {"state": order.state.value})
    data = moved(context, command, order, reason="taken_back")
    return Plan(_returned(order, context.uses, context.now, command.id, data))


def _returned(
    order: Order,
    counted: tuple[LimitUse, ...],
    now: datetime,
    cause: UUID,
    data: Mapping[str, Any],
) -> Posting:
    after = replace(order, state=State.RETURNED, deadline_at=None)
    announced = event(after, "transfer.returned", now, cause, reason=data["reason"])
    return Posting(
        cause,
        OrderMove(order.id, order.version, State.RETURNED, data=data),
        ending(order, Action.VOID),
        give_back(counted),
        (announced,),
    )


def _forgotten(order: Order) -> dict[str, Any]:
    """The order's data without the phone, which nothing needs once the money has arrived."""
    return {key: value for key, value in order.data.items() if key not in ("phone", "waits_for")}
