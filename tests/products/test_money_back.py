"""By when the money of a failed payment must be back: the clock walks across the pack's deadlines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from argosy.base.clock import SetClock
from argosy.base.duties import Calendar, MoneyBack
from argosy.base.ids import Ids
from argosy.base.markets import Fact, Market, holiday
from argosy.base.orders.money_back import AHEAD, ends, paid_until
from argosy.base.parties.facts import PartyKind
from argosy.base.ports import Decision
from argosy.base.store import Database
from argosy.markets import load
from argosy.products.pay.facts import PayMerchant
from argosy.products.send.facts import Send
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from tests.products.conftest import town
from tests.products.test_bank import ACCOUNT
from tests.products.town import Town, money
from tests.products.trade import market as land
from tests.public_services.notices.conftest import Post

__all__ = ["town"]

LONG_AGO = date(2020, 1, 1)
NEXT_YEAR = date(2027, 1, 1)


def rule(product: str, days: int, since: date = LONG_AGO, **more: object) -> Fact[MoneyBack]:
    return Fact(MoneyBack(product, days, **more), since, "tests")  # type: ignore[arg-type]


LAW = (
    rule("withdraw", 1, day_fine_minor=100_00),
    rule("send", 1, day_fine_minor=100_00),
    rule("top_up", 1, day_fine_minor=100_00),
    rule("pay", 5),
)


@pytest.fixture
async def strict(db: Database, clock: SetClock, ids: Ids) -> Town:
    """Ten in the morning of a Sunday, where what failed must be back by the evening of Monday."""
    town = await Town.founded(db, clock, ids, money_back=LAW)
    await town.join("anita", "9876500001", "1000")
    await town.join("ravi", "9876500002")
    await town.join("tea", "9876500003", level="merchant", kind=PartyKind.MERCHANT)
    return town


def withdrawal(town: Town) -> Withdraw:
    return Withdraw(town.ids.new(), money("200"), ACCOUNT)


async def until(town: Town, text: str, seconds: int = 70) -> None:
    """The clock comes to a moment (UTC), and acts."""
    town.clock.set(datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(seconds=seconds))
    await town.sweep(seconds=seconds)


async def test_money_a_bank_is_silent_about_is_free_again_before_the_day_is_over(
    strict: Town,
) -> None:
    strict.bank.mood = "lost"
    command = withdrawal(strict)
    assert await strict.ask("anita", command) == "held"
    strict.bank.mood = "silent"
    await until(strict, "2026-11-23T14:29:00")  # a minute too early: 19:59 in India
    assert await strict.purse("anita") == "1000.00 (795.00 free)"
    await until(strict, "2026-11-23T14:31:00")
    assert await strict.purse("anita") == "1000.00"
    assert await strict.used("anita", "spend") == 0
    order = await strict.order(command.id)
    assert (order.state, order.data["money_back"]["fine_minor"]) == ("held", 0)
    assert (await strict.announced()).count("withdrawal.money_back") == 1
    await strict.sweep(hours=1)
    assert (await strict.announced()).count("withdrawal.money_back") == 1
    assert await strict.cashier.deadlines.late(strict.clock.now() + timedelta(days=9)) == ()
    await strict.prove()


@pytest.mark.parametrize(
    "mood, state, advances, fees",
    [("yes", "paid", "205.00", "5.00"), ("no", "returned", "0.00", "0.00")],
)
async def test_what_the_bank_says_after_that_falls_on_the_operator(
    strict: Town, mood: str, state: str, advances: str, fees: str
) -> None:
    strict.bank.mood = "lost"
    command = withdrawal(strict)
    await strict.ask("anita", command)
    strict.bank.mood = "silent"
    await until(strict, "2026-11-23T15:00:00")
    if mood == "yes":
        (sent, *_) = strict.bank.sent
        strict.bank.done[sent.id] = sent
    strict.bank.mood = mood
    await strict.sweep(hours=2)
    assert (await strict.order(command.id)).state == state
    assert await strict.purse("anita") == "1000.00"
    assert (await strict.system("advances"), await strict.system("fees")) == (advances, fees)
    await strict.prove()


async def test_each_day_of_lateness_has_its_price_and_a_full_wallet_gets_its_money_all_the_same(
    strict: Town,
) -> None:
    strict.bank.mood = "lost"
    command = withdrawal(strict)
    await strict.ask("anita", command)
    strict.bank.mood = "silent"
    await until(strict, "2026-11-26T10:00:00")  # the clock had stood still for three days
    assert await strict.purse("anita") == "1300.00"
    assert await strict.system("fees") == "-300.00"
    await strict.prove()


async def test_the_fine_that_does_not_fit_is_owed_and_the_money_is_back(strict: Town) -> None:
    await strict.give("anita", "199000")
    strict.bank.mood = "lost"
    command = withdrawal(strict)
    await strict.ask("anita", command)
    strict.bank.mood = "silent"
    await until(strict, "2026-11-26T10:00:00")
    assert await strict.purse("anita") == "200000.00"
    assert (await strict.order(command.id)).data["money_back"]["fine_owed_minor"] == 300_00


async def test_what_a_human_did_not_look_at_in_time_goes_back_and_both_sides_are_told(
    strict: Town,
) -> None:
    post = Post(strict)
    await post.relay.prepare()
    strict.brain.says = Decision.REVIEW
    sent = Send(strict.ids.new(), money("50"), phone="9876500002")
    assert await strict.ask("anita", sent) == "review"
    paid = PayMerchant(strict.ids.new(), money("30"), number=strict.people["tea"].number)
    assert await strict.ask("anita", paid) == "review"
    await until(strict, "2026-11-23T14:31:00")
    assert (await strict.order(sent.id)).state == "returned"
    assert (await strict.order(paid.id)).state == "review"  # a shop's has until the fifth day
    assert await strict.purse("anita") == "1000.00 (970.00 free)"
    assert any("could not check your payment of ₹50.00" in said for said in await post.to("anita"))
    await strict.prove()


async def test_money_that_waits_for_somebody_has_failed_in_nothing(strict: Town) -> None:
    sent = Send(strict.ids.new(), money("50"), phone="9876511111")
    assert await strict.ask("anita", sent) == "held"
    await until(strict, "2026-11-24T10:00:00")
    assert (await strict.order(sent.id)).state == "held"
    assert await strict.cashier.deadlines.late(strict.clock.now()) == ()


async def test_a_top_up_that_a_bank_is_silent_about_is_said_and_counted(strict: Town) -> None:
    post = Post(strict)
    await post.relay.prepare()
    strict.bank.mood = "lost"
    command = TopUp(strict.ids.new(), money("200"), ACCOUNT)
    await strict.ask("anita", command)
    strict.bank.mood = "silent"
    await until(strict, "2026-11-23T15:00:00")
    assert (await strict.announced()).count("top_up.late") == 1
    assert await strict.cashier.deadlines.late(strict.clock.now()) == ()  # the day is not over
    await until(strict, "2026-11-24T10:00:00")
    (late,) = await strict.cashier.deadlines.late(strict.clock.now())
    assert (late.product, late.orders, late.minor) == ("top_up", 1, 200_00)
    assert any("has not told us" in said for said in await post.to("anita"))
    strict.bank.mood = "yes"
    await strict.sweep(hours=2)
    assert await strict.cashier.deadlines.late(strict.clock.now()) == ()


async def test_without_a_rule_nothing_is_ever_late(town: Town) -> None:
    town.bank.mood = "lost"
    await town.ask("anita", withdrawal(town))
    town.bank.mood = "silent"
    await town.sweep(days=9)
    assert "withdrawal.money_back" not in await town.announced()
    assert await town.cashier.deadlines.late(town.clock.now()) == ()


# --- the calendar, and a rule that comes into force ------------------------------------------------

CALENDAR = Calendar((holiday(date(2026, 11, 23), "a feast", "tests"),), (2026,))


@pytest.mark.parametrize(
    "at, expected",
    [
        ("2026-11-24T18:29:00", date(2026, 11, 19)),  # Friday's are due on Tuesday, after the feast
        ("2026-11-24T18:31:00", date(2026, 11, 23)),  # and so are the week-end's, and the feast's
        ("2026-11-25T18:31:00", date(2026, 11, 24)),
    ],
)
def test_bank_days_are_counted_by_the_markets_calendar(at: str, expected: date) -> None:
    market = _market(rule("send", 1, business=True), calendar=CALENDAR)
    assert paid_until(market, "send", _utc(at)) == expected


def test_a_rule_that_comes_later_counts_from_its_day_on() -> None:
    market = _market(rule("send", 5), rule("send", 1, since=NEXT_YEAR))
    assert paid_until(market, "send", _utc("2027-01-02T19:00:00")) == date(2027, 1, 1)
    assert paid_until(market, "send", _utc("2027-01-01T19:00:00")) == date(2026, 12, 27)


@pytest.mark.parametrize("name", ["india", "thailand", "philippines", "indonesia"])
def test_every_market_has_its_deadlines(name: str) -> None:
    market = load()[name]
    assert ends(market, date(2026, 11, 22)) - AHEAD > _utc("2026-11-22T04:30:00")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _market(*rules: Fact[MoneyBack], **more: object) -> Market:
    return land(money_back=rules, **more)
