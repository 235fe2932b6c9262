"""What each product plans, as tables: who asks what, and which money would move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from argosy.base.ledger.facts import Action
from argosy.base.money import Money
from argosy.base.orders.facts import Order, State
from argosy.base.orders.planning import ending
from argosy.base.postings import LimitUse
from argosy.base.products import Context, Plan
from argosy.base.refusals import Refused
from argosy.products.pay.facts import CancelPayment, CreatePayment, PayMerchant, PayOrder
from argosy.products.pay.plan import (
    plan_cancel,
    plan_create,
    plan_pay_merchant,
    plan_pay_order,
)
from argosy.products.refund.facts import REFUNDS_MAX, Refund
from argosy.products.refund.plan import plan_refund
from argosy.products.request.facts import Ask, CancelRequest, Decline, PayRequest
from argosy.products.request.plan import plan_ask, plan_decline, plan_pay_request
from argosy.products.request.plan import plan_cancel as plan_cancel_request
from argosy.products.send.facts import Send, TakeBack
from argosy.products.send.plan import plan_claim, plan_return, plan_send, plan_take_back
from argosy.products.top_up.facts import TopUp
from argosy.products.top_up.plan import plan_top_up
from argosy.products.withdraw.facts import Withdraw
from argosy.products.withdraw.plan import plan_withdraw
from tests.products.trade import NOW, PEOPLE, context, market, new_id, rupees, table, told

# fmt: off
SENDING = """
anita ravi    100.00       | paid, anita>ravi 100.00
anita ravi    0.01         | paid, anita>ravi 0.01
anita nobody  100.00       | held, anita~>unclaimed 100.00
anita anita   5.00         | same_party
anita frozen  5.00         | payee_cannot_take
frozen ravi   5.00         | party_frozen
gone ravi     5.00         | party_closed
sunil ravi    5.00         | level_not_allowed
anita ravi    50000.01     | limit_payment
anita ravi    0            | amount_not_positive
anita ravi    -1.00        | amount_not_positive
anita ravi    99999999999999.99 | amount_too_large
anita sunil   5000.01      | payee_cannot_take
anita tea     20.00        | paid, anita>tea 20.00
"""
PAYING = """
anita tea     100.00       | paid, anita>tea 99.00, anita>fees 1.00
anita tea     0.01         | paid, anita>tea 0.01
anita tea     0.99         | paid, anita>tea 0.99
anita tea     1.00         | paid, anita>tea 0.99, anita>fees 0.01
anita cinema  10.00        | paid, anita>cinema 9.75, anita>fees 0.16, anita>scheme 0.08, anita>remainder 0.01
sunil tea     100.00       | paid, sunil>tea 99.00, sunil>fees 1.00
anita ravi    100.00       | not_a_merchant
anita nobody  100.00       | merchant_unknown
anita gone    100.00       | payee_cannot_take
tea tea       100.00       | same_party
frozen tea    1.00         | party_frozen
"""
BANK = """
anita top_up   500.00      | held, float.simulator~>anita 500.00
sunil top_up   500.00      | held, float.simulator~>sunil 500.00
frozen top_up  500.00      | party_frozen
anita withdraw 500.00      | held, anita~>float.simulator 500.00, anita~>fees 5.00
sunil withdraw 500.00      | level_not_allowed
anita withdraw 0           | amount_not_positive
"""
# fmt: on


@pytest.mark.parametrize("asked, answer", table(SENDING))
def test_sending(asked: str, answer: str) -> None:
    me, other, amount = asked.split()
    where = context(me, other if other != "nobody" else None)
    assert told(plan_send(Send(new_id(), rupees(amount), phone="98"), where)) == answer


@pytest.mark.parametrize("asked, answer", table(PAYING))
def test_paying_a_merchant(asked: str, answer: str) -> None:
    me, other, amount = asked.split()
    where = context(me, other if other != "nobody" else None)
    assert told(plan_pay_merchant(PayMerchant(new_id(), rupees(amount), "1"), where)) == answer


@pytest.mark.parametrize("asked, answer", table(BANK))
def test_banking(asked: str, answer: str) -> None:
    me, verb, amount = asked.split()
    if verb == "top_up":
        assert told(plan_top_up(TopUp(new_id(), rupees(amount), "12345678"), context(me))) == answer
    else:
        command = Withdraw(new_id(), rupees(amount), "12345678")
        assert told(plan_withdraw(command, context(me))) == answer


@pytest.mark.parametrize("number", ["", "123", "1 2345678", "x" * 41, "१२३४५", "1234\n5678"])
def test_a_bank_account_that_is_none_is_refused(number: str) -> None:
    said = plan_withdraw(Withdraw(new_id(), rupees("5"), number), context("anita"))
    assert told(said) == "bank_account_unreadable"


def test_another_currency_is_refused() -> None:
    said = plan_send(Send(new_id(), Money(100, "THB"), phone="98"), context("anita", "ravi"))
    assert told(said) == "currency_mismatch"


def test_a_note_has_a_bound_and_no_control_characters() -> None:
    where = context("anita", "ravi")
    for note, answer in (("x" * 200, "paid"), ("x" * 201, "note_too_long"), ("a\x00", "note_too")):
        command = Send(new_id(), rupees("1"), phone="98", note=note)
        assert told(plan_send(command, where)).startswith(answer)


def test_a_send_needs_exactly_one_way_to_the_receiver() -> None:
    for names in ({}, {"phone": "98", "number": "1"}):
        command = Send(new_id(), rupees("1"), **names)
        assert told(plan_send(command, context("anita", "ravi"))) == "receiver_missing"
    unknown = Send(new_id(), rupees("1"), number="1234567890")
    assert told(plan_send(unknown, context("anita"))) == "party_not_found"


def test_the_same_command_plans_the_same_transfers() -> None:
    """Also a moment later: so the ledger recognises the command that is sent again."""
    command = Send(new_id(), rupees("1"), phone="98")
    first = planned(plan_send(command, context("anita", "ravi")))
    later = context("anita", "ravi", now=NOW + timedelta(hours=1))
    assert planned(plan_send(command, later)).posting.transfers == first.posting.transfers


def test_limits_of_both_sides_are_counted() -> None:
    plan = planned(plan_send(Send(new_id(), rupees("7"), phone="98"), context("anita", "ravi")))
    assert [(u.key, u.minor, u.month_minor_max) for u in plan.posting.uses] == [
        ("send", 700, None),
        ("spend", 700, 200_000_00),
    ]


def test_events_name_no_person() -> None:
    """Bodies go to programs outside: ids, amounts, states and times only."""
    command = PayMerchant(new_id(), rupees("7"), "1", note="for Anita's tea")
    plan = planned(plan_pay_merchant(command, context("anita", "tea")))
    (announced,) = plan.posting.events
    assert announced.kind == "payment.paid"
    assert announced.body == {
        "id": str(command.id),
        "product": "pay",
        "state": "paid",
        "amount_minor": 700,
        "currency": "INR",
        "fee_minor": 7,
        "fee_paid_by": "payee",
        "refunded_minor": 0,
        "created_at": "2026-11-22T04:30:00.000Z",
        "at": "2026-11-22T04:30:00.000Z",
        "payee": str(PEOPLE["tea"].id),
    }


# --- money that waits ------------------------------------------------------------------------------


def waiting() -> Order:
    return made(plan_send(Send(new_id(), rupees("100"), phone="98"), context("anita")))


def test_waiting_money_is_claimed_in_one_step() -> None:
    said = plan_claim(waiting(), PEOPLE["ravi"], market(), NOW)
    assert told(said) == "paid, void, anita>ravi 100.00"
    assert "phone" not in planned(said).posting.order.data


def test_a_claimant_whose_level_may_not_take_it_leaves_it_waiting() -> None:
    large = made(plan_send(Send(new_id(), rupees("5000.01"), phone="98"), context("anita")))
    assert told(plan_claim(large, PEOPLE["sunil"], market(), NOW)) == "limit_payment"


def test_waiting_money_goes_back_with_what_was_counted() -> None:
    order, spent = waiting(), (a_use(100_00),)
    assert told(plan_return(order, spent, NOW)) == "order_not_open"
    said = plan_return(order, spent, NOW + timedelta(days=7))
    assert told(said) == "returned, void"
    assert not isinstance(said, Refused)
    assert [(u.minor, u.count) for u in said.uses] == [(-100_00, -1)]
    assert said.events[0].body["reason"] == "unclaimed"


def test_waiting_money_can_be_taken_back_by_its_sender_only() -> None:
    command, order = TakeBack(new_id(2), new_id()), waiting()
    assert told(plan_take_back(command, context("anita", order=order))) == "returned, void"
    assert told(plan_take_back(command, context("ravi", order=order))) == "order_not_found"
    paid = replace(order, state=State.PAID)
    assert told(plan_take_back(command, context("anita", order=paid))) == "already_claimed"


# --- orders that wait to be paid --------------------------------------------------------------------


def test_a_dynamic_code_is_paid_by_whoever_comes() -> None:
    order = made(
        plan_create(CreatePayment(new_id(), rupees("40"), reference="A-7"), context("tea"))
    )
    assert (order.state, order.payer, order.fee_minor) == (State.AWAITING, None, 40)
    where = context("anita", "tea", order=order)
    plan = planned(plan_pay_order(PayOrder(new_id(2), order.id), where))
    assert told(plan) == "paid, anita>tea 39.60, anita>fees 0.40"
    assert plan.posting.order.payer == PEOPLE["anita"].id
    assert plan.posting.events[0].body["reference"] == "A-7"


def test_a_dynamic_code_that_is_over_is_not_paid() -> None:
    order = made(plan_create(CreatePayment(new_id(), rupees("40")), context("tea")))
    command = PayOrder(new_id(2), order.id)
    late = context("anita", "tea", order=order, now=NOW + timedelta(minutes=15))
    assert told(plan_pay_order(command, late)) == "order_expired"
    for state, answer in (
        (State.EXPIRED, "order_expired"),
        (State.CANCELLED, "order_not_open"),
        (State.PAID, "order_not_open"),
        (State.REVIEW, "order_not_open"),
    ):
        where = context("anita", "tea", order=replace(order, state=state))
        assert told(plan_pay_order(command, where)) == answer


def test_only_its_merchant_cancels_a_payment_and_only_unpaid() -> None:
    order = made(plan_create(CreatePayment(new_id(), rupees("40")), context("tea")))
    command = CancelPayment(new_id(2), order.id)
    assert told(plan_cancel(command, context("tea", order=order))) == "cancelled"
    assert told(plan_cancel(command, context("cinema", order=order))) == "order_not_found"
    paid = replace(order, state=State.PAID)
    assert told(plan_cancel(command, context("tea", order=paid))) == "order_not_open"


def test_what_a_merchant_may_ask_for() -> None:
    def said(me: str = "tea", **facts: Any) -> str:
        return told(plan_create(CreatePayment(new_id(), rupees("40"), **facts), context(me)))

    assert said() == "awaiting"
    assert said("anita") == "only_merchants"
    assert said(life=timedelta(days=31)) == "awaiting"
    assert said(life=timedelta(days=31, seconds=1)) == "life_out_of_range"
    assert said(life=timedelta(0)) == "life_out_of_range"
    assert said(reference="x" * 65) == "reference_unreadable"


def test_a_request_is_paid_or_declined_by_the_one_who_was_asked() -> None:
    order = made(plan_ask(Ask(new_id(), rupees("30"), phone="98"), context("ravi", "anita")))
    assert (order.payer, order.payee) == (PEOPLE["anita"].id, PEOPLE["ravi"].id)
    pay, decline = PayRequest(new_id(2), order.id), Decline(new_id(3), order.id)
    for_anita, for_ravi = context("anita", "ravi", order=order), context("ravi", order=order)
    assert told(plan_pay_request(pay, for_anita)) == "paid, anita>ravi 30.00"
    assert told(plan_pay_request(pay, for_ravi)) == "order_not_found"
    assert told(plan_decline(decline, for_anita)) == "cancelled"
    assert told(plan_decline(decline, for_ravi)) == "order_not_found"
    cancel = CancelRequest(new_id(4), order.id)
    assert told(plan_cancel_request(cancel, for_ravi)) == "cancelled"
    assert told(plan_cancel_request(cancel, for_anita)) == "order_not_found"


def test_whom_one_can_ask() -> None:
    ask = Ask(new_id(), rupees("30"), phone="98")
    assert told(plan_ask(ask, context("ravi"))) == "asked_has_no_wallet"
    assert told(plan_ask(ask, context("ravi", "ravi"))) == "same_party"
    assert told(plan_ask(ask, context("ravi", "frozen"))) == "payee_cannot_take"
    assert told(plan_ask(Ask(new_id(), rupees("30")), context("ravi", "anita"))) == "asked_missing"


# --- refunds ----------------------------------------------------------------------------------------


def paid(merchant: str = "tea", amount: str = "10.00") -> Order:
    command = PayMerchant(new_id(), rupees(amount), "1")
    return made(plan_pay_merchant(command, context("anita", merchant)))


def refund(order: Order, amount: str | None, number: int = 9, me: str = "tea") -> Plan | Refused:
    command = Refund(new_id(number), order.id, rupees(amount) if amount else None)
    return plan_refund(command, context(me, "anita", order=order))


def after(order: Order, plan: Plan | Refused) -> Order:
    move = planned(plan).posting.order
    return replace(order, state=move.state, refunded_minor=move.refunded_minor or 0, data=move.data)


def test_a_payment_is_refunded_in_parts_up_to_the_whole() -> None:
    order = paid()
    first = refund(order, "4.00", 8)
    assert told(first) == "partly_refunded, tea>anita 4.00"
    order = after(order, first)
    assert told(refund(order, "6.01")) == "refund_too_large"
    rest = refund(order, None)
    assert told(rest) == "refunded, tea>anita 6.00"
    order = after(order, rest)
    assert told(refund(order, "0.01", 10)) == "refund_too_large"
    assert [part["amount_minor"] for part in order.data["refunds"]] == [400, 600]


def test_only_the_merchant_refunds_and_only_what_was_paid() -> None:
    order = paid()
    assert told(refund(order, "1.00", me="cinema")) == "order_not_found"
    assert told(refund(order, "1.00", me="anita")) == "order_not_found"
    assert told(refund(replace(order, state=State.REVIEW), "1.00")) == "order_not_refundable"
    assert told(refund(replace(order, product="send"), "1.00")) == "order_not_refundable"
    assert told(refund(order, "0")) == "amount_not_positive"


def test_a_price_that_goes_back_goes_back_to_the_last_unit() -> None:
    """2.5 % of 10.00, split 2:1 with a remainder: 0.16, 0.08 and 0.01."""
    order, back = paid("cinema"), 0
    for amount in ("3.33", "3.33", "3.33", "0.01"):
        plan = planned(refund(order, amount, me="cinema"))
        back += sum(t.amount or 0 for t in plan.posting.transfers if t.kind == "fee")
        order = after(order, plan)
    assert (order.state, back) == (State.REFUNDED, order.fee_minor)


def test_refunds_of_one_payment_have_a_bound() -> None:
    order = paid()
    for number in range(REFUNDS_MAX):
        order = after(order, refund(order, "0.01", 10 + number))
    assert told(refund(order, "0.01", 999)) == "refunds_spent"


# --- small helps ------------------------------------------------------------------------------------


def planned(plan: Plan | Refused) -> Plan:
    assert isinstance(plan, Plan), plan
    return plan


def made(plan: Plan | Refused) -> Order:
    order = planned(plan).posting.order
    assert isinstance(order, Order)
    return order


def a_use(minor: int) -> LimitUse:
    where: Context = context("anita")
    first = where.day.replace(day=1)
    return LimitUse(where.me.id, "send", minor, where.day, first, first.replace(month=1))


def test_holds_end_by_the_names_that_the_order_gives_them() -> None:
    plan = planned(plan_withdraw(Withdraw(new_id(), rupees("50"), "12345678"), context("anita")))
    order, holds = made(plan), plan.posting.transfers
    assert all(t.action is Action.HOLD for t in holds)
    for action in (Action.POST, Action.VOID):
        ends = ending(order, action)
        assert [e.hold for e in ends] == [h.id for h in holds]
        assert {e.id for e in ends}.isdisjoint({h.id for h in holds})
