"""How an order remembers its refunds, also one that a human still has to decide on.

The newest refund stands last in `data.refunds`. While it is reviewed its money is held, the order is in
review, and `refunded_minor` counts it already, so that nothing more can be given back beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.ids import derive
from argosy.base.ledger.facts import Action, Transfer
from argosy.base.orders.facts import Order, State
from argosy.base.orders.planning import event, fee_goes_back, fee_parts
from argosy.base.postings import OrderMove, Posting
from argosy.base.wallet.accounts import system_account
from argosy.base.wallet.prices import part_so_far

REFUND = "refund"
REFUNDS = "refunds"


def refunds(order: Order) -> list[dict[str, Any]]:
    """The refunds of an order, oldest first: `id`, `amount_minor`, `at`, and `note` where one was."""
    kept: list[dict[str, Any]] = order.data.get(REFUNDS, [])
    return kept


def public(refund: Mapping[str, Any]) -> dict[str, Any]:
    """A refund as programs read it: without the note, which a person wrote."""
    return {key: value for key, value in refund.items() if key != "note"}


def state_at(order: Order, refunded_minor: int) -> State:
    """The state of a paid order of which so much was given back."""
    if refunded_minor == order.amount.minor:
        return State.REFUNDED
    return State.PARTLY_REFUNDED if refunded_minor else State.PAID


def transfers(order: Order, refund: UUID, before_minor: int, minor: int) -> tuple[Transfer, ...]:
    """The money of a refund of `minor` after `before_minor` had been given back. The price's part
    goes first, so that a merchant who has just enough can refund."""
    currency = order.amount.currency
    bearer = order.payee_account if order.fee_paid_by == "payee" else order.payer_account
    back = []
    for name, part in fee_parts(order).items() if fee_goes_back(order) else ():
        until = part_so_far(part, before_minor + minor, order.amount.minor)
        share = until - part_so_far(part, before_minor, order.amount.minor)
        if share:
            account = system_account(order.market, name, currency)
            step = derive(refund, f"fee.{name}")
            back.append(Transfer(step, account, bearer, share, currency, "fee", order=order.id))
    whole = Transfer(
        derive(refund, REFUND),
        order.payee_account,
        order.payer_account,
        minor,
        currency,
        REFUND,
        order=order.id,
    )
    return (*back, whole)


def under_review(order: Order) -> bool:
    """Whether what is reviewed is a refund, and not the payment itself."""
    return order.state is State.REVIEW and order.refunded_minor > 0


def plan_decision(order: Order, granted: bool, by: str, now: datetime) -> Posting:
    """End the review of the newest refund: its holds are posted, or let go and the refund forgotten."""
    *earlier, newest = refunds(order)
    refund = UUID(newest["id"])
    minor: int = newest["amount_minor"]
    before = order.refunded_minor - minor
    refunded = order.refunded_minor if granted else before
    data = {**order.data, "decided_by": by}
    if not granted:
        data = {**data, REFUNDS: earlier}
    action, word = (Action.POST, "refunded") if granted else (Action.VOID, "refund_returned")
    cause = derive(refund, word)
    after = replace(order, state=state_at(order, refunded), refunded_minor=refunded)
    ends = tuple(
        Transfer(
            derive(t.id, action.name.lower()),
            None,
            None,
            None,
            t.currency,
            t.kind,
            action,
            order.id,
            hold=t.id,
        )
        for t in transfers(order, refund, before, minor)
    )
    return Posting(
        cause,
        OrderMove(order.id, order.version, after.state, refunded_minor=refunded, data=data),
        ends,
        events=(event(after, f"payment.{word}", now, cause, refund=public(newest)),),
    )
