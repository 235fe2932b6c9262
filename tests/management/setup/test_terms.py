"""Limits, prices and caps are changed by two persons, staged to a day, and hold everywhere from then."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from argosy.app import console_services
from argosy.base.clock import local_day
from argosy.base.markets import Amended
from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.management.setup.facts import What
from argosy.management.setup.handlers import TAKE_BACK, TERM
from argosy.management.setup.terms import body_of
from argosy.management.staff.facts import Right
from argosy.products.pay.facts import PayMerchant
from argosy.public_services.cashier.facts import Receipt
from tests.management.setup.conftest import process
from tests.staffed import member

FIRST, SECOND = member("olga", "operator"), member("omar", "operator")
TODAY = date(2026, 11, 22)
TOMORROW = TODAY + timedelta(days=1)


def body(what, key, after, since=TOMORROW, *, level="", payee_class="", market="india"):
    return {
        "market": market,
        "what": what.value,
        "key": key,
        "level": level,
        "payee_class": payee_class,
        "before": {},
        "after": after,
        "since": since.isoformat(),
    }


async def agreed(services, kind, said):
    """Two persons agree on it."""
    proposal = await services.approvals.propose(
        FIRST, kind, said["market"], said, "the shops asked", right=Right.SETUP_CHANGE
    )
    assert not isinstance(proposal, Refused), proposal
    return await services.approvals.decide(SECOND, proposal.id, yes=True)


async def test_a_staged_limit_holds_from_its_day_on_in_every_process(house, db, clock, tmp_path):
    other = await process(db, clock, tmp_path)
    india, theirs = house.markets["india"], other.markets["india"]
    level = india.ladder()[0].name
    rule = next(r for r in india.limits if r.level == level and r.cap.value.allowed)
    key, strict = rule.key, body_of(rule.cap.value) | {"payment_minor_max": 4_200}
    before = india.caps(key, level, TODAY)

    said = await agreed(
        console_services(house),
        TERM,
        body(What.LIMIT, key, strict, level=level),
    )

    assert said["since"] == TOMORROW.isoformat()
    for following, market in ((house.following, india), (other.following, theirs)):
        assert await following.look()
        assert not await following.look()  # nothing changed since: nothing is read
        assert market.caps(key, level, TODAY) == before
        (cap,) = market.caps(key, level, TOMORROW)
        assert cap.payment_minor_max == 4_200
        (later,) = market.caps(key, level, TOMORROW + timedelta(days=40))
        assert later.payment_minor_max == 4_200
    third = await process(db, clock, tmp_path)  # and in one that starts only now
    assert third.markets["india"].caps(key, level, TOMORROW)[0].payment_minor_max == 4_200


async def test_a_payment_is_refused_when_the_clock_crosses_the_day(town, clock):
    wallet = town.wallet
    anita, shop = await town.party(town.anita), await town.party(town.shop)
    services = console_services(wallet)
    key = next(
        r.key for r in wallet.markets["india"].limits
        if r.level == anita.level and r.key in ("pay", "spend") and r.cap.value.allowed
    )  # fmt: skip
    said = await agreed(
        services,
        TERM,
        body(What.LIMIT, key, {"allowed": True, "payment_minor_max": 15_000}, level=anita.level),
    )
    assert not isinstance(said, Refused), said
    await wallet.following.look()

    async def pay(minor):
        command = PayMerchant(wallet.ids.new(), Money(minor, "INR"), shop.number)
        return await town.anita.do(command)

    clock.set(clock.now().replace(hour=18, minute=29))  # 23:59 in Kolkata
    assert isinstance(await pay(15_100), Receipt)
    clock.advance(minutes=2)
    refused = await pay(15_100)
    assert isinstance(refused, Refused)
    assert refused.code == "limit_payment"
    assert refused.facts["most"] == Money(15_000, "INR")
    assert isinstance(await pay(15_000), Receipt)


async def test_a_staged_price_is_charged_from_its_day_on(house, clock):
    india = house.markets["india"]
    rule = next(r for r in india.fees if r.fee.holds(TODAY))
    product, payee_class = rule.product, rule.payee_class
    before = india.fee(product, TODAY, payee_class)

    await agreed(
        console_services(house),
        TERM,
        body(
            What.PRICE,
            product,
            {"basis_points": 77, "flat_minor": 5},
            payee_class=payee_class or "",
        ),
    )
    await house.following.look()

    assert india.fee(product, TODAY, payee_class) == before
    after = india.fee(product, TOMORROW, payee_class)
    assert (after.basis_points, after.flat_minor) == (77, 5)
    assert (after.shares, after.paid_by) == (before.shares, before.paid_by)


async def test_a_staged_cap_reaches_every_wallet(town, clock, db):
    wallet = town.wallet
    india, anita = wallet.markets["india"], await town.party(town.anita)
    await wallet.identity.follow_caps(clock.now(), 100)
    most = india.balance_minor_max(anita.level, TODAY)
    await agreed(
        console_services(wallet),
        TERM,
        body(What.BALANCE, "", {"balance_minor_max": most - 100}, level=anita.level),
    )
    await wallet.following.look()
    clock.advance(days=1)
    await wallet.identity.follow_caps(clock.now(), 100)
    account = await wallet.ledger.account(anita.account)
    assert account.ceiling_minor == most - 100


async def test_the_law_is_not_loosened(house):
    """Only a pack follows a new law; the operator may be stricter."""
    india, terms = house.markets["india"], house.following.terms
    checked = 0
    for rule in india.limits:
        cap = rule.cap.value
        if not rule.cap.holds(TOMORROW) or cap.payment_minor_max is None:
            continue
        looser = body_of(cap) | {"payment_minor_max": cap.payment_minor_max + 1}
        said = terms.checked("india", What.LIMIT, rule.key, rule.level, "", looser, TOMORROW)
        if rule.cap.standing.value in ("in_force", "unverified"):
            assert isinstance(said, Refused), rule
            checked += said.code == "term_over_law"
        none = {k: v for k, v in body_of(cap).items() if k != "payment_minor_max"}
        said = terms.checked("india", What.LIMIT, rule.key, rule.level, "", none, TOMORROW)
        if rule.cap.standing.value in ("in_force", "unverified"):
            assert isinstance(said, Refused)
        same = terms.checked("india", What.LIMIT, rule.key, rule.level, "", body_of(cap), TOMORROW)
        assert same == cap or isinstance(same, Refused)
    level = next(lv for lv in india.levels if india.balance_minor_max(lv.name, TOMORROW))
    most = india.balance_minor_max(level.name, TOMORROW)
    over = {"balance_minor_max": most + 1}
    said = terms.checked("india", What.BALANCE, "", level.name, "", over, TOMORROW)
    assert isinstance(said, Refused)
    assert said.code == "term_over_law"


@pytest.mark.parametrize(
    "change, code",
    [
        ({"since": TODAY}, "term_date"),
        ({"since": TODAY - timedelta(days=3)}, "term_date"),
        ({"since": TODAY + timedelta(days=4_000)}, "term_date"),
        ({"key": "teleport"}, "term_unknown"),
        ({"level": "royal"}, "term_unknown"),
        ({"market_code": "narnia"}, "term_unknown"),
        ({"value": {"payment_minor_max": -1}}, "term_unreadable"),
        ({"value": {"payment_minor_max": "all"}}, "term_unreadable"),
        ({"value": {"payment_minor_max": 10, "day_minor_max": 5}}, "term_unreadable"),
        ({"value": {"shares": 1}}, "term_unreadable"),
    ],
)
async def test_what_makes_no_sense_is_refused(house, change, code):
    india = house.markets["india"]
    rule = next(r for r in india.limits if r.cap.value.allowed)
    asked = {
        "market_code": "india", "what": What.LIMIT, "key": rule.key, "level": rule.level,
        "payee_class": "", "value": {"allowed": True, "payment_minor_max": 1}, "since": TOMORROW,
    } | change  # fmt: skip
    said = house.following.terms.checked(**asked)
    assert isinstance(said, Refused)
    assert said.code == code


async def test_two_changes_for_one_day_and_taking_one_back(house, clock):
    services, india = console_services(house), house.markets["india"]
    rule = next(r for r in india.limits if r.cap.value.allowed and r.cap.holds(TODAY))
    ask = body(What.LIMIT, rule.key, {"allowed": True, "payment_minor_max": 900}, level=rule.level)
    strict = body_of(rule.cap.value) | {"payment_minor_max": 900}
    ask["after"] = strict
    first = await agreed(services, TERM, ask)
    assert not isinstance(first, Refused), first
    taken = await agreed(services, TERM, ask)
    assert isinstance(taken, Refused)
    assert taken.code == "term_date_taken"

    back = await agreed(services, TAKE_BACK, {"market": "india", "term": first["term"]})
    assert not isinstance(back, Refused)
    await house.following.look()
    assert india.caps(rule.key, rule.level, TOMORROW) == india.caps(rule.key, rule.level, TODAY)
    again = await agreed(services, TERM, ask)
    assert not isinstance(again, Refused)
    clock.advance(days=1)  # what holds is not taken back: history stays as it was
    over = await agreed(services, TAKE_BACK, {"market": "india", "term": again["term"]})
    assert isinstance(over, Refused)
    assert over.code == "term_over"
    assert len(await house.following.terms.history("india")) == 2


async def test_the_figures_say_what_holds_and_what_comes(house):
    services, india = console_services(house), house.markets["india"]
    figures = {
        (f.what, f.key, f.level, f.payee_class): f
        for f in await house.following.terms.figures(india)
    }
    assert len(figures) > 10
    figure = next(
        f for f in figures.values() if f.what is What.LIMIT and f.value.allowed and f.source
    )
    strict = body_of(figure.value) | {"payment_minor_max": 700}
    said = await agreed(services, TERM, body(What.LIMIT, figure.key, strict, level=figure.level))
    assert not isinstance(said, Refused), said
    found = next(
        f for f in await house.following.terms.figures(india)
        if (f.what, f.key, f.level) == (What.LIMIT, figure.key, figure.level)
    )  # fmt: skip
    assert found.value == figure.value  # today
    assert [t.since for t in found.staged] == [TOMORROW]
    assert (found.staged[0].proposed_by, found.staged[0].approved_by) == ("olga", "omar")


async def test_the_packs_own_later_fact_goes_before_an_older_change(house):
    """Of two facts the one from the later day counts; of the same day the operator's."""
    india = house.markets["india"]
    rule = next(r for r in india.limits if r.cap.holds(TODAY) and r.cap.value.allowed)
    from dataclasses import replace

    for days, ours in ((-1, False), (0, True), (1, True)):
        since = rule.cap.since + timedelta(days=days)
        if since > TODAY:
            continue
        cap = replace(rule.cap.value, payment_minor_max=333)
        mine = replace(rule, cap=replace(rule.cap, value=cap, since=since, until=None))
        india.amend(Amended(limits=(mine,)))
        held = {c.payment_minor_max for c in india.caps(rule.key, rule.level, TODAY)}
        latest = max(
            r.cap.since for r in india.limits
            if (r.key, r.level) == (rule.key, rule.level) and r.cap.holds(TODAY)
        )  # fmt: skip
        assert (held == {333}) is (since >= latest), (days, ours)
    india.amend(Amended())


async def test_reading_costs_a_payment_nothing(house):
    """Caps are remembered as before: no query, and no computing on the second look."""
    india = house.markets["india"]
    rule = india.limits[0]
    assert india.caps(rule.key, rule.level, TODAY) is india.caps(rule.key, rule.level, TODAY)


async def test_a_running_process_follows_by_itself(house, clock):
    task = asyncio.create_task(house.following.run())
    try:
        india = house.markets["india"]
        rule = next(r for r in india.limits if r.cap.value.allowed and r.cap.holds(TODAY))
        strict = body_of(rule.cap.value) | {"payment_minor_max": 600}
        said = await agreed(
            console_services(house), TERM, body(What.LIMIT, rule.key, strict, level=rule.level)
        )
        assert not isinstance(said, Refused), said
        for _ in range(40):
            await asyncio.sleep(0.1)
            if india.caps(rule.key, rule.level, TOMORROW)[0].payment_minor_max == 600:
                break
        assert india.caps(rule.key, rule.level, TOMORROW)[0].payment_minor_max == 600
    finally:
        task.cancel()
    assert local_day(clock.now(), "Asia/Kolkata") == TODAY
