"""Reports against an independent recount from orders, journal and counters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from argosy.base.ids import derive
from argosy.base.money import Money
from argosy.base.postings import GateReason
from argosy.base.refusals import Refused
from argosy.ctu.cases import CaseState
from argosy.ctu.history import settle
from argosy.management.home.figures import Place
from argosy.management.home.folding import Totals
from argosy.management.reports.facts import rows_of, span_of
from argosy.management.reports.funnels import as_table as funnel_table
from argosy.management.reports.funnels import drops, funnels
from argosy.management.reports.limits import limit_refusals, near_limits
from argosy.management.reports.settlement import settled, settlement
from argosy.management.reports.suspicious import (
    Filings,
    ReportReason,
    Why,
    duties,
    suspicious,
    thresholds,
)
from argosy.management.reports.trade import fees, new_parties, reasons, trade
from argosy.management.staff.facts import Member
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.send.facts import Send, TakeBack
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.funnel.facts import Outcome
from tests.banks.wallet import People

PAID = "state IN ('paid', 'refunded', 'partly_refunded')"
ZONE = "Asia/Kolkata"
ALL = Place()


@pytest.fixture
async def people(db, clock, ids) -> People:
    """Two days of trade."""
    made = await People.come(db, clock, ids, "anita", "ravi", "tea shop", "book shop")
    await made.give("anita", 100_000)
    await made.give("ravi", 130)
    for day in range(2):
        for n in range(4):
            await pay(made, "anita", "tea shop", 100 + n + day)
        command = await pay(made, "ravi", "book shop", 50)
        await pay(made, "ravi", "book shop", 400)  # more than there is
        await made.ask("book shop", Refund(ids.new(), command.id, Money(1_000, "INR")))
        sent = Send(ids.new(), Money(2_500, "INR"), phone="+919811111111")
        await made.ask("anita", sent)
        await made.ask("anita", TakeBack(ids.new(), sent.id))
        await made.ask("tea shop", Withdraw(ids.new(), Money(9_000, "INR"), "HDFC0000001-12345678"))
        await made.sweep(minutes=5)
        clock.advance(days=1)
    await count(made)
    return made


async def pay(people: People, who: str, shop: str, rupees: int) -> PayMerchant:
    number = people.parties[shop].number
    command = PayMerchant(people.ids.new(), Money(rupees * 100, "INR"), number)
    await people.ask(who, command)
    return command


async def count(people: People) -> None:
    await settle(people.wallet.db, Totals(people.wallet.db, people.wallet.markets).relay())
    await people.wallet.refusals.flush()


def days(first: int, last: int):
    return span_of(date(2026, 11, first), date(2026, 11, last), ZONE)


async def test_a_day_adds_up_to_its_orders(db, people):
    for first, last in ((22, 22), (23, 23), (22, 23)):
        table = await trade(db, "india", "INR", days(first, last), "product", ALL)
        orders = await db.one(
            f"SELECT count(*) AS n, sum(amount_minor)::bigint AS minor, sum(fee_minor)::bigint AS fee"
            f" FROM orders.orders WHERE {PAID}"
            " AND (created_at AT TIME ZONE 'Asia/Kolkata')::date BETWEEN $1 AND $2",
            date(2026, 11, first),
            date(2026, 11, last),
        )
        total = table.total
        assert (total["done"], total["done_minor"]) == (orders["n"], orders["minor"])
        assert total["fee_net_minor"] == orders["fee"]
        assert total["done"] == sum(row["done"] for row in table.rows)
        assert total["refused"] == (last - first + 1)
        assert total["refunds_minor"] == 1_000 * (last - first + 1)
    by_day = await trade(db, "india", "INR", days(1, 30), "day", ALL)
    assert [row["day"] for row in by_day.rows] == [date(2026, 11, 22), date(2026, 11, 23)]
    assert sum(row["refused"] for row in by_day.rows) == 2
    nothing = await trade(db, "india", "INR", days(1, 5), "day", ALL)
    assert (nothing.rows, nothing.total) == ([], None)
    elsewhere = await trade(db, "india", "INR", days(1, 30), "channel", Place(channel="ussd"))
    assert elsewhere.rows == []


async def test_fees_are_what_the_journal_says(db, people):
    table = await fees(db, "india", "INR", days(22, 23), ALL)
    journal = await db.value(
        "SELECT sum(amount) FROM ledger.transfers WHERE kind = 'fee' AND action IN (0, 2)"
    )
    assert table.total["fee_net_minor"] == journal > 0


async def test_every_failure_has_its_reason(db, people):
    table = await reasons(db, "india", "INR", days(22, 23), ALL)
    found = {(row["product"], row["what"], row["reason"]): row["count"] for row in table.rows}
    assert found == {
        ("pay", "refused", "insufficient_funds"): 2,
        ("send", "returned", "taken_back"): 2,
    }


async def test_who_is_new_is_found_by_the_day_of_opening(db, people):
    assert await new_parties(db, "india", days(22, 22)) == {"customer": 2, "merchant": 2}
    assert await new_parties(db, "india", days(23, 23)) == {}
    assert await new_parties(db, "thailand", days(22, 22)) == {}


async def test_settlement_ends_at_what_the_ledger_owes(db, people):
    span = days(22, 23)
    long = settlement(db, "india", "INR", span)
    rows = [row async for row in rows_of(long)]
    assert {row["merchant"] for row in rows} == {
        people.parties[name].number for name in ("tea shop", "book shop")
    }
    for row in rows:
        assert row["owed_minor"] == row["net_minor"] - row["paid_out_minor"]
        assert row["owed_minor"] == await db.value(
            "SELECT credits_posted - debits_posted FROM ledger.accounts WHERE owner = $1",
            row["party"],
        )
    first = await long.fetch(None, 1)
    second = await long.fetch(first.after, 1)
    assert [one["id"] for one in (*first.rows, *second.rows)] == [row["id"] for row in rows]
    (all_,) = (await settled(db, "india", "INR", span)).rows
    assert all_["net_minor"] == sum(row["net_minor"] for row in rows)
    assert all_["merchants"] == 2


async def test_who_is_near_a_limit_is_shown_with_the_limit(db, people):
    market = people.wallet.markets["india"]
    today = date(2026, 11, 23)
    counter = await db.one("SELECT * FROM gate.usage WHERE month_minor > 0 LIMIT 1")
    assert counter is not None
    everybody = [row async for row in rows_of(near_limits(db, market, today, 0.0))]
    assert everybody
    for row in everybody:
        assert row["used_share"] == pytest.approx(
            max(
                (row["used_minor"] or 0) / row["most_minor"] if row["most_minor"] else 0,
                (row["used_count"] or 0) / row["most_count"] if row["most_count"] else 0,
            )
        )
        assert row["party"].startswith("…")
        assert len(row["party"]) == 5
    assert [row async for row in rows_of(near_limits(db, market, today, 2.0))] == []
    later = [r async for r in rows_of(near_limits(db, market, date(2027, 11, 23), 0.01))]
    assert later == []  # another day, month and year: nothing is used yet


async def test_refusals_by_a_limit_are_counted_apart(db, people):
    people.wallet.refusals.note("india", "lite", "pay", None, Refused(GateReason.LIMIT_DAY))
    await people.wallet.refusals.flush()
    table = await limit_refusals(db, "india", "INR", days(22, 30))
    assert [(row["reason"], row["count"]) for row in table.rows] == [("limit_day", 1)]


@pytest.fixture
async def caught(people) -> People:
    await people.join("mira", "+919800000099")
    await people.give("mira", 100_000)
    for decision in (CaseState.RETURNED, None):
        await pay(people, "mira", "tea shop", 30_000)
        await people.settle()
        (case,) = await people.wallet.cases.list("india")
        if decision is not None:
            await people.wallet.cases.decide(case.id, decision, "staff:1", "a stolen phone")
            await people.settle()
    return people


MAYA = Member(derive(UUID(int=7 << 80), "maya"), "maya", ("risk_lead",), frozenset())


async def test_what_was_confirmed_and_what_is_held_are_on_the_list_masked(db, caught):
    market = caught.wallet.markets["india"]
    for why, decided in ((Why.CONFIRMED, "a stolen phone"), (Why.HELD, "")):
        (row,) = [r async for r in rows_of(suspicious(db, market, days(22, 30), why))]
        assert (row["amount_minor"], row["decided"], row["filed"]) == (3_000_000, decided, 0)
        assert row["party"] == "…" + caught.parties["mira"].number[-4:]
        assert row["payee"] == "…" + caught.parties["tea shop"].number[-4:]
        assert row["reasons"]
    assert [r async for r in rows_of(suspicious(db, market, days(1, 5), Why.HELD))] == []


async def test_above_a_threshold_of_the_law_every_payment_is_listed(db, caught):
    market = caught.wallet.markets["india"]
    duty = replace(
        next(fact.value for fact in market.reports), threshold_minor=10_200, per="payment"
    )
    fact = replace(market.reports[0], value=duty)
    strict = replace(market, reports=(fact,))
    assert thresholds(strict, date(2026, 11, 22))[0].threshold_minor == 10_200
    rows = [r async for r in rows_of(suspicious(db, strict, days(22, 30), Why.LARGE))]
    counted = await db.value(
        "SELECT count(*) FROM ctu.events WHERE amount >= 10200 AND outcome IN ('posted', 'held')"
    )
    assert len(rows) == counted > 2
    assert duties(market, date(2026, 11, 22)).rows


async def test_a_report_is_filed_once_as_it_stood_and_never_changed(db, caught):
    market = caught.wallet.markets["india"]
    filings = Filings(db, caught.clock, caught.ids)
    duty = market.reports_on(date(2026, 11, 24))[0]
    rows = [r async for r in rows_of(suspicious(db, market, days(22, 30), Why.CONFIRMED))]
    for items, says, reason in (
        ([], "a stolen phone, twice", ReportReason.NOTHING_TO_FILE),
        (rows, "short", ReportReason.NARRATIVE_SHORT),
        (rows * 501, "a stolen phone, twice", ReportReason.FILING_TOO_LONG),
        (
            [{**rows[0], "event": caught.ids.new()}],
            "a stolen phone, twice",
            ReportReason.EVENT_UNKNOWN,
        ),
    ):
        said = await filings.file(MAYA, market, duty, items, says)
        assert isinstance(said, Refused)
        assert said.reason is reason
    filed = await filings.file(MAYA, market, duty, rows, "a stolen phone, twice")
    again = await filings.one(filed.id)
    assert again.items == filed.items
    assert (again.by_name, again.authority) == ("maya", duty.to)
    (listed,) = (await filings.listed("india")).rows
    assert listed["count"] == 1
    (row,) = [r async for r in rows_of(suspicious(db, market, days(22, 30), Why.CONFIRMED))]
    assert row["filed"] == 1
    for change in (
        "UPDATE management.reports_filings SET narrative = 'nothing happened'",
        "DELETE FROM management.reports_filings",
    ):
        with pytest.raises(Exception, match="only grows"):
            await db.run(change)


async def test_the_funnel_says_which_step_loses_most(people):
    counted = people.wallet.funnels
    (channel, name), flow = next(
        (key, flow) for key, flow in counted.flows.items() if len(flow.steps) >= 2
    )
    first, second = [step for step in flow.steps if not step.optional][:2]
    for _ in range(10):
        counted.note(channel, name, first.name, "india", bytes_in=100, bytes_out=900, seconds=0.01)
    for _ in range(6):
        counted.note(channel, name, second.name, "india", bytes_in=50, bytes_out=400)
    counted.note(channel, name, second.name, "india", outcome=Outcome.REFUSED)
    await counted.flush()
    found = await funnels(counted, days(20, 30), "india", channel)
    lost = {drop.step.step.name: (drop.lost, drop.dear) for drop in drops(found)}
    assert lost[second.name] == (4, True)
    assert [drop.lost for drop in drops(found)] == sorted(
        (n for n, _ in lost.values()), reverse=True
    )
    rows = {row["step"]: row for row in funnel_table(found).rows}
    assert rows[first.name]["bytes_out"] == 900
    assert (rows[second.name]["lost"], rows[second.name]["left"]) == (4, 0.6)
