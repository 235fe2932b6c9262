"""One way for every form that moves money: look at it, show the PIN, perhaps a code, get the receipt.

A form carries the id of its command from the moment it is shown, so sending it twice, or again after an
answer that got lost, is the same payment and ends at the same receipt.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from argosy.base.ids import parse_id
from argosy.base.money import Money, check_amount, parse_amount
from argosy.base.orders.facts import Order, State
from argosy.base.orders.planning import moment
from argosy.base.postings import Challenged
from argosy.base.products import Command
from argosy.base.refusals import Kind, Refused, Unavailable
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.naming import other_side
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.visits import Visit
from argosy.public_services.cashier.facts import CashierReason, Preview, Receipt, Shown
from argosy.public_services.signin.facts import SigninReason

_log = logging.getLogger(__name__)

PIN_REASONS = frozenset(
    {
        CashierReason.PIN_MISSING,
        SigninReason.PIN_WRONG,
        SigninReason.PIN_WAIT,
        SigninReason.PIN_LOCKED,
        SigninReason.PIN_NOT_SET,
        SigninReason.PIN_MALFORMED,
    }
)
_CODE_WRONG = frozenset({SigninReason.OTP_WRONG})
_CODE_OVER = frozenset({SigninReason.OTP_EXPIRED, SigninReason.OTP_TRIES_SPENT})
_DIGITS_MAX = 18
SIGNATURES = frozenset({SigninReason.DEVICE_SIGNATURE_MISSING, SigninReason.DEVICE_SIGNATURE_WRONG})


@dataclass(frozen=True)
class MoneyForm:
    """A form that asks for `command`.

    It is sent to `action` with the hidden `fields`; `again` shows it with what was typed and why not.
    `title` is a key of the words. With `at_once` the form itself asks for the PIN, so no page of
    confirmation comes between.
    """

    command: Command
    action: str
    title: str
    fields: Mapping[str, str]
    again: Callable[[Refused], Awaitable[Answer]]
    at_once: bool = False


async def carry_out(visit: Visit, form: MoneyForm) -> Answer:
    """Preview the command where nothing is proved yet; else carry it out."""
    shown = Shown(
        visit.signed_in,
        pin=visit.text("pin") or None,
        otp=visit.text("otp") or None,
        signature=_signature(visit.text("signature")),
    )
    if shown.pin is None and shown.otp is None and not visit.as_json:
        if form.at_once or visit.text("step") == "pin":
            return await _refused(visit, form, Refused(CashierReason.PIN_MISSING, field="pin"))
        return await _confirm(visit, form, None)
    try:
        answer = await visit.lite.cashier.carry_out(form.command, visit.asker(), shown)
    except Unavailable as outage:
        _log.error("%s is unknown for now: %s", form.command.id, outage)
        return _unknown(visit, form)
    if isinstance(answer, Receipt):
        return done(answer)
    if isinstance(answer, Challenged):
        return _code(visit, form, answer)
    return await _refused(visit, form, answer)


async def ask_for(
    visit: Visit, command: Command, again: Callable[[Refused], Awaitable[Answer]]
) -> Answer:
    """Carry out a command that moves no money forward and needs no proof: asking, declining."""
    answer = await visit.lite.cashier.carry_out(command, visit.asker())
    if isinstance(answer, Receipt):
        return done(answer)
    if isinstance(answer, Challenged):
        return No(Refused(LiteReason.PROOF_NEEDED))
    return await again(answer)


def form_id(visit: Visit, refused: Refused | None = None) -> UUID:
    """The id for a form that is shown: a new one, or where it comes back the one that it had, unless
    that was spent on something else."""
    kept = parse_id(visit.text("id").lower())
    if kept is None or kept.version != 7:
        return visit.lite.ids.new()
    spent = refused is not None and refused.reason.kind is Kind.CONFLICT
    return visit.lite.ids.new() if spent else kept


def done(receipt: Receipt) -> Go:
    """To the page of the order."""
    return Go(f"/orders/{receipt.order.id}", data_of(receipt))


def data_of(receipt: Receipt) -> dict[str, Any]:
    """A receipt for programs."""
    order = receipt.order
    data: dict[str, Any] = {
        "id": str(order.id),
        "number": receipt.number,
        "product": order.product,
        "state": order.state.value,
        "amount_minor": order.amount.minor,
        "currency": order.amount.currency,
        "fee_minor": order.fee_minor,
        "refunded_minor": order.refunded_minor,
        "at": moment(receipt.at),
        "existed": receipt.existed,
    }
    if order.deadline_at is not None:
        data["expires_at"] = moment(order.deadline_at)
    return data


def amount_of(visit: Visit) -> Money | Refused:
    """The amount as a person typed it (`amount`) or as a program sent it (`amount_minor`)."""
    currency = visit.market.currency
    minor = visit.text("amount_minor")
    if not minor:
        return parse_amount(visit.text("amount"), currency, visit.market.step_minor)
    digits = minor.removeprefix("-")
    sound = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX
    return check_amount(int(minor) if sound else None, currency)


async def _refused(visit: Visit, form: MoneyForm, refused: Refused) -> Answer:
    reason = refused.reason
    if visit.as_json or (form.at_once and reason in PIN_REASONS | SIGNATURES):
        return await form.again(refused)
    if reason in PIN_REASONS | _CODE_OVER | SIGNATURES:
        return await _confirm(visit, form, refused)
    if reason in _CODE_WRONG:
        return _code_page(visit, form, refused)
    return await form.again(refused)


async def _confirm(visit: Visit, form: MoneyForm, refused: Refused | None) -> Answer:
    seen = await visit.lite.cashier.preview(form.command, visit.asker())
    if isinstance(seen, Refused):
        return await form.again(seen)
    to = await other_side(visit, seen.order, "confirm a payment")
    if to.kind == "phone":  # who has no name is shown as typed
        to = replace(to, name=form.fields.get("to", to.name))
    facts = {
        "form": form,
        "id": form.command.id,
        "to": to,
        **_sums(seen),
        "note": seen.order.note,
        "waits_until": _waits_until(seen.order),
        "content": seen.content,
    }
    return Page("confirm.html", facts, refused=refused)


def _sums(seen: Preview) -> dict[str, Money]:
    """Amount, price and both together, as the one who pays sees them."""
    receipt = Receipt(seen.order, "", seen.order.created_at)
    amount = seen.order.amount
    mine = seen.order.fee_minor if seen.order.fee_paid_by == "payer" else 0
    return {"amount": amount, "fee": Money(mine, amount.currency), "total": receipt.out}


def _waits_until(order: Order) -> Any:
    waits = order.state is State.HELD and order.payee is None and "waits_for" in order.data
    return order.deadline_at if waits else None


def _code(visit: Visit, form: MoneyForm, challenged: Challenged) -> Answer:
    sent = challenged.facts.get("sent")
    if visit.as_json:
        more = {"proof": challenged.proof, "id": str(form.command.id)}
        if sent is not None:
            more["expires_at"] = moment(sent.expires_at)
        refused = Refused(LiteReason.PROOF_NEEDED, {"proof": challenged.proof})
        return Page("code.html", data=more, refused=refused)
    return _code_page(visit, form, None)


def _code_page(visit: Visit, form: MoneyForm, refused: Refused | None) -> Answer:
    facts = {"form": form, "id": form.command.id, "signature": visit.text("signature")}
    return Page("code.html", facts, refused=refused)


def _unknown(visit: Visit, form: MoneyForm) -> Answer:
    refused = Refused(LiteReason.NOT_ANSWERING)
    if visit.as_json:
        return No(refused)
    return Page("unknown.html", {"id": form.command.id, "refresh_seconds": 5}, status=503)


def _signature(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if text else None
    except (binascii.Error, ValueError):
        return b"?"
