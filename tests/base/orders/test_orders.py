"""Orders: what the database itself refuses, how they are read, and that the guards can fail."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import fields, replace

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Action
from argosy.base.money import Money
from argosy.base.orders.facts import FINAL, NEXT, Order, State
from argosy.base.orders.planning import ending, moment, steps, transfers
from argosy.base.orders.reading import Orders, uses_of
from argosy.base.orders.sweeping import each
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from tests.products.trade import NOW, PEOPLE

GOOD = {
    "product": "pay",
    "market": "portland",
    "state": "paid",
    "payer": PEOPLE["anita"].id,
    "payee": PEOPLE["tea"].id,
    "amount_minor": 1000,
    "currency": "INR",
    "created_at": NOW,
}

# what is changed in a good row       | the constraint that refuses it; - where it is fine
GUARDS = """
{}                                                     | -
{"state": "lost"}                                      | orders_state_known
{"amount_minor": 0}                                    | orders_amount_in_range
{"amount_minor": -5}                                   | orders_amount_in_range
{"amount_minor": 10**15 + 1}                           | orders_amount_in_range
{"currency": "RUPEE"}                                  | orders_currency_code
{"fee_minor": -1}                                      | orders_fee_in_range
{"fee_minor": 1001, "fee_paid_by": "payee"}            | orders_fee_in_range
{"fee_minor": 1001, "fee_paid_by": "payer"}            | -
{"fee_paid_by": "nobody"}                              | orders_fee_paid_by_known
{"refunded_minor": 400}                                | orders_refunded_as_state_says
{"refunded_minor": 400, "state": "partly_refunded"}    | -
{"refunded_minor": 1000, "state": "refunded"}          | -
{"refunded_minor": 999, "state": "refunded"}           | orders_refunded_as_state_says
{"refunded_minor": 1000, "state": "partly_refunded"}   | orders_refunded_as_state_says
{"refunded_minor": 400, "state": "review"}             | orders_refunded_as_state_says
{"refunded_minor": 1001, "state": "refunded"}          | orders_refunded
{"payee": PEOPLE["anita"].id}                          | orders_two_parties
{"note": "x" * 201}                                    | orders_note_short
{"version": 0}                                         | orders_version_positive
"""


async def insert(db: Database, **values: object) -> object:
    row = {"id": uuid4(), **GOOD, **values}
    marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    sql = f"INSERT INTO orders.orders ({', '.join(row)}) VALUES ({marks})"
    await db.run(sql, *row.values())
    return row["id"]


@pytest.mark.parametrize("row", [r for r in GUARDS.strip().splitlines() if r])
async def test_the_database_guards_state_and_amounts(db: Database, row: str) -> None:
    changes, _, constraint = row.rpartition("|")
    values, constraint = eval(changes, {"PEOPLE": PEOPLE}), constraint.strip()
    if constraint == "-":
        await insert(db, **values)
    else:
        with pytest.raises(asyncpg.CheckViolationError, match=constraint):
            await insert(db, **values)


async def test_every_state_is_known_to_the_database(db: Database) -> None:
    refunded = {State.REFUNDED: 1000, State.PARTLY_REFUNDED: 1}
    for state in State:
        await insert(db, state=state.value, refunded_minor=refunded.get(state, 0))


def test_final_states_lead_nowhere_and_all_others_somewhere() -> None:
    assert set(NEXT) == set(State) - FINAL
    assert all(NEXT.values())


async def test_columns_and_facts_agree(db: Database) -> None:
    rows = await db.all(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'orders'"
        " AND table_name = 'orders'"
    )
    facts = {field.name for field in fields(Order)} - {"amount"}
    assert {row["column_name"] for row in rows} == facts | {"amount_minor", "currency", "uses"}


async def test_due_orders_come_most_overdue_first(db: Database) -> None:
    later = await insert(db, state="awaiting", deadline_at=NOW + timedelta(minutes=2))
    first = await insert(db, state="held", deadline_at=NOW + timedelta(minutes=1))
    await insert(db)
    orders = Orders(db)
    assert await orders.due(NOW, 10) == []
    assert [o.id for o in await orders.due(NOW + timedelta(hours=1), 10)] == [first, later]
    assert [o.id for o in await orders.due(NOW + timedelta(hours=1), 1)] == [first]
    only = await orders.due_of(NOW + timedelta(hours=1), 10, ("pay",), (State.AWAITING,))
    assert [o.id for o in only] == [later]
    assert await orders.due_of(NOW + timedelta(hours=1), 10, ("send",)) == []


PLANS = {
    "due": "SELECT 1 FROM orders.orders WHERE deadline_at <= now() ORDER BY deadline_at LIMIT 9",
    "open_by_payer": "SELECT 1 FROM orders.orders WHERE payer = $1"
    " AND state IN ('awaiting', 'held', 'review') ORDER BY id DESC LIMIT 9",
    "asked_by_payee": "SELECT 1 FROM orders.orders WHERE payee = $1 AND data ? 'asked'"
    " ORDER BY id DESC LIMIT 9",
    "waiting_for": "SELECT 1 FROM orders.orders WHERE data->>'waits_for' = $1::uuid::text"
    " AND data ? 'waits_for' AND state = 'held'",
}


@pytest.mark.parametrize("name", PLANS)
async def test_each_reading_has_its_index(db: Database, name: str) -> None:
    sql = PLANS[name]
    async with db.work() as conn:
        await conn.execute("SET LOCAL enable_seqscan = off")
        text = sql.replace("$1", f"'{uuid4()}'")
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {text}"))
    assert f"orders_{name}" in plan


async def test_a_payment_that_is_paid_at_once_is_in_no_index_but_the_key(db: Database) -> None:
    """So that what a payment costs does not grow with the payments before it."""
    await insert(db)
    rows = await db.all(
        "SELECT pg_get_expr(indpred, indrelid) AS only FROM pg_index"
        " WHERE indrelid = 'orders.orders'::regclass AND NOT indisprimary"
    )
    assert len(rows) >= 5
    for row in rows:
        assert await db.value(f"SELECT count(*) FROM orders.orders WHERE {row['only']}") == 0


def test_uses_are_what_was_counted_less_what_went_back() -> None:
    party, other = uuid4(), uuid4()
    day = {"day": "2026-11-22"}
    kept = [
        {"party": str(party), "key": "send", "minor": 500, "count": 1, **day},
        {"party": str(party), "key": "spend", "minor": 500, "count": 1, **day},
        {"party": str(party), "key": "send", "minor": -500, "count": -1, **day},
        {"party": str(other), "key": "send", "minor": 300, "count": 1, **day},
    ]
    said = [(use.party, use.key, use.minor, use.month.isoformat()) for use in uses_of(kept)]
    assert said == [(party, "spend", 500, "2026-11-01"), (other, "send", 300, "2026-11-01")]


def test_steps_add_up_and_every_round_has_ids_of_its_own(ids: Ids) -> None:
    order = Order(
        ids.new(),
        "pay",
        "portland",
        State.HELD,
        PEOPLE["anita"].id,
        PEOPLE["tea"].id,
        PEOPLE["anita"].account,
        PEOPLE["tea"].account,
        Money(1000, "INR"),
        NOW,
        fee_minor=25,
        fee_paid_by="payee",
        data={"fee_parts": {"fees": 16, "remainder": 9}},
    )
    assert steps(order) == {"pay": 975, "fee.fees": 16, "fee.remainder": 9}
    assert sum(steps(replace(order, fee_paid_by="payer")).values()) == 1025
    again = replace(order, data={**order.data, "round": "claim"})
    seen = [
        t.id
        for o in (order, again)
        for part in (transfers(o), ending(o, Action.POST), ending(o, Action.VOID))
        for t in part
    ]
    assert len(set(seen)) == len(seen) == 18


def test_a_price_that_eats_the_payment_leaves_no_empty_transfer(ids: Ids) -> None:
    order = Order(
        ids.new(), "pay", "portland", State.PAID, None, None, uuid4(), uuid4(),
        Money(1, "INR"), NOW, 1, "payee", data={"fee_parts": {"fees": 1}},
    )  # fmt: skip
    assert [t.amount for t in transfers(order)] == [1]


def test_moments_are_rfc_3339_in_utc(clock: SetClock) -> None:
    assert moment(clock.now()) == "2026-11-22T04:30:00.000Z"


async def test_one_bad_order_stops_no_other_and_an_outage_is_raised_last(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        await insert(db, state="awaiting", deadline_at=NOW)
    due = await Orders(db).due(NOW, 100)
    done = []

    async def act(order: Order) -> None:
        if order.id == due[3].id:
            raise ValueError("bad")
        done.append(order.id)

    with caplog.at_level(logging.ERROR):
        assert await each(due, act) == 19
    assert len(done) == 19
    assert "cannot go on" in caplog.text

    async def out(order: Order) -> None:
        done.append(order.id)
        raise Unavailable("no database")

    done.clear()
    with pytest.raises(Unavailable):
        await each(due, out)
    assert len(done) == 20
