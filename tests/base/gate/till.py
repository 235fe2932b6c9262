"""A till: accounts with money, postings with orders, limits and events, as the products make them."""

from __future__ import annotations

from datetime import date

from argosy.base.clock import Clock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids, derive, named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, Action, Side, Transfer
from argosy.base.money import Money
from argosy.base.orders.facts import Order, State
from argosy.base.postings import Event, LimitUse, Posting
from argosy.base.store import Database

PEOPLE = ("anita", "ravi", "shop", "stall")
DAY = date(2026, 11, 22)


async def opened(db: Database, clock: Clock, ids: Ids, balance_minor: int = 0) -> Ledger:
    """A ledger with cash without end, and the people with the same balance each."""
    ledger = Ledger(db, GroupCommit(db, clock), clock, ids)
    people = [
        Account(named(name), "INR", Side.CREDIT, "test", owner=named("party", name))
        for name in PEOPLE
    ]
    cash = Account(named("cash"), "INR", Side.DEBIT, "test", floor_minor=None)
    assert await ledger.open_accounts([cash, *people]) == [None] * 5
    if balance_minor:
        await ledger.post([move(f"fund.{name}", "cash", name, balance_minor) for name in PEOPLE])
    return ledger


def move(name: str, debit: str, credit: str, amount: int, **more) -> Transfer:
    return Transfer(named(name), named(debit), named(credit), amount, "INR", "test", **more)


def end(name: str, hold: str, action: Action = Action.POST, amount: int | None = None) -> Transfer:
    return Transfer(named(name), None, None, amount, "INR", "test", action, hold=named(hold))


def payment(
    name: str,
    payer: str,
    payee: str,
    minor: int,
    clock: Clock,
    *,
    day: date = DAY,
    state: State = State.PAID,
    **caps: int,
) -> Posting:
    """A payment as a product plans it: order, transfer, what is counted, and an event. With `caps`
    (`day_minor_max=...`) it is counted against the limit `spend` of the payer."""
    order = Order(
        named(name),
        "pay",
        "india",
        state,
        named("party", payer),
        named("party", payee),
        named(payer),
        named(payee),
        Money(minor, "INR"),
        clock.now(),
    )
    action = Action.MOVE if state is State.PAID else Action.HOLD
    transfer = Transfer(
        derive(order.id, "pay"), named(payer), named(payee), minor, "INR", "pay", action, order.id
    )
    return Posting(
        order.id,
        order,
        (transfer,),
        (use(payer, minor, day, **caps),) if caps else (),
        (Event(derive(order.id, "event"), order.id, f"payment.{state}", {"n": name}),),
    )


def use(payer: str, minor: int, day: date = DAY, *, count: int = 1, **caps: int) -> LimitUse:
    month, year = day.replace(day=1), day.replace(month=1, day=1)
    party = named("party", payer)
    return LimitUse(party, "spend", minor, day, month, year, count=count, **caps)
