"""Money that a verdict reserved, and the people who decide on it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from argosy.base.orders.facts import OrderReason
from argosy.base.outbox import append
from argosy.base.ports import Decision
from argosy.base.postings import Event as Announcement
from argosy.base.refusals import Refused, Unavailable
from argosy.ctu.cases import DECIDED, CaseReason, Cases, CaseState, Cause

RELEASED, RETURNED = CaseState.RELEASED, CaseState.RETURNED


# --- opening ---------------------------------------------------------------------------------------


async def test_a_review_opens_a_case_with_its_reasons(office, cases):
    case = await office.suspicious("anita", 900, rules=("payee.new", "device.new"), score=0.4)
    assert [case] == await cases.list()
    assert (case.cause, case.order, case.state) == (Cause.REVIEW, case.event, CaseState.OPEN)
    assert (case.account, case.payee, str(case.money)) == ("anita", "mule", "900.00 INR")
    assert case.rules == ("payee.new", "device.new")
    assert (case.probability, case.at_risk_minor) == (0.4, 360_00)


async def test_an_ordinary_payment_opens_none(office, cases):
    await office.happens("anita", 10)
    await office.read_log()
    assert await cases.list() == []


async def test_the_log_read_twice_opens_it_once(db, office, cases):
    await office.suspicious("anita", 900)
    await db.run("UPDATE outbox.cursors SET xact = '0', place = 0")
    await office.read_log()
    assert len(await cases.list()) == 1


async def test_the_past_that_is_brought_in_waits_for_nobody(office, cases, clock):
    event = await office.happens("anita", 900, decision=Decision.REVIEW)
    await office.read_log()
    await office.happens("anita", 900, decision=Decision.REVIEW)
    clock.advance(days=8)
    await office.happens("ravi", 900, decision=Decision.REVIEW)
    (case,) = await cases.list()
    assert case.event == event.id


async def test_what_is_stopped_again_and_again_opens_one_case(office, cases):
    for n in range(7):
        await office.happens(f"card {n}", 5, device="phone of a thief", decision=Decision.DENY)
    await office.read_log()
    found = [c for c in await cases.list() if c.device == "phone of a thief"]
    (case,) = found
    assert (case.cause, case.order) == (Cause.PATTERN, None)
    assert case.reasons[0]["values"] == {"device": "phone of a thief", "stopped": 7}


async def test_twin_fewer_open_none(office, cases):
    for n in range(4):
        await office.happens(f"card {n}", 5, network=None, device="d", decision=Decision.DENY)
    await office.read_log()
    assert await cases.list() == []


# --- the queue -------------------------------------------------------------------------------------


async def test_most_money_at_risk_comes_first_and_waiting_counts(office, cases, clock):
    old = await office.suspicious("anita", 100, score=0.5)
    clock.advance(hours=11)
    small = await office.suspicious("ravi", 100, score=0.5)
    large = await office.suspicious("meera", 100, score=0.9)
    huge = await office.suspicious("dev", 10_000, score=0.9)
    assert [c.id for c in await cases.list()] == [huge.id, old.id, large.id, small.id]


async def test_the_queue_is_paged_without_losing_any(office, cases):
    made = {(await office.suspicious(f"p {n}", 100 + n % 3)).id for n in range(7)}
    seen, after = [], None
    while page := await cases.list("india", limit=2, after=after):
        seen += [c.id for c in page]
        after = page[-1].id
    assert (set(seen), len(seen)) == (made, 7)
    assert await cases.list("atlantis") == []


async def test_a_claimed_case_is_nobody_elses_until_the_lease_is_over(office, cases, clock):
    case = await office.suspicious("anita", 900)
    claimed = await cases.claim(case.id, "staff:7")
    assert claimed.claimed_until == clock.now() + timedelta(minutes=30)
    for other in (
        await cases.claim(case.id, "staff:8"),
        await cases.decide(case.id, RETURNED, "staff:8", "fraud"),
    ):
        assert (other.reason, other.facts["by"]) == (CaseReason.CASE_CLAIMED, "staff:7")
    assert [c.id for c in await cases.list(claimed_by="staff:7")] == [case.id]
    clock.advance(minutes=31)
    assert (await cases.claim(case.id, "staff:8")).claimed_by == "staff:8"


async def test_a_case_can_be_given_back(office, cases):
    case = await office.suspicious("anita", 900)
    await cases.claim(case.id, "staff:7")
    assert (await cases.let_go(case.id, "staff:7")).claimed_by is None
    assert (await cases.claim_next("staff:8")).id == case.id


async def test_several_at_the_queue_get_different_cases(office, cases):
    made = {(await office.suspicious(f"p {n}", 100)).id for n in range(4)}
    taken = await asyncio.gather(*(cases.claim_next(f"staff:{n}") for n in range(5)))
    assert {case.id for case in taken if case} == made
    assert sum(case is None for case in taken) == 1


# --- deciding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "decision, done, bad", [(RELEASED, "released", False), (RETURNED, "returned", True)]
)
async def test_a_decision_moves_the_money_closes_the_case_and_teaches(
    office, cases, reviews, clock, decision, done, bad
):
    case = await office.suspicious("anita", 900)
    clock.advance(minutes=5)
    closed = await cases.decide(case.id, decision, "staff:7", "called the customer", "takeover")
    assert (closed.state, closed.decided_by, closed.decided_why, closed.decided_at) == (
        decision,
        "staff:7",
        "called the customer",
        clock.now(),
    )
    assert reviews.decided == {case.order: (done, "staff:7")}
    assert await cases.list() == []
    assert [c.id for c in await cases.list(state=decision)] == [closed.id]
    assert await office.labels() == [(case.event, bad, "case", "takeover", 0)]


async def test_a_decision_is_announced_once(db, office, cases):
    case = await office.suspicious("anita", 900)
    await cases.decide(case.id, RETURNED, "staff:7", "fraud")
    (row,) = await db.all("SELECT body FROM outbox.events WHERE kind = $1", DECIDED)
    assert (row["body"]["case"], row["body"]["bad"]) == (str(case.id), True)


async def test_what_a_human_released_is_told_to_the_brain_as_trusted(db, office, cases):
    case = await office.suspicious("anita", 900)
    await cases.decide(case.id, RELEASED, "staff:7", "known")
    await office.read_log()
    (row,) = await db.all("SELECT outcome, released FROM ctu.events WHERE id = $1", case.event)
    assert (row["outcome"], row["released"]) == ("held", True)


async def test_of_two_who_decide_at_once_one_is_heard(office, cases, reviews):
    case = await office.suspicious("anita", 900)
    said = await asyncio.gather(
        cases.decide(case.id, RELEASED, "staff:7", "fine"),
        cases.decide(case.id, RETURNED, "staff:8", "fraud"),
    )
    refused = [answer for answer in said if isinstance(answer, Refused)]
    assert [r.reason for r in refused] == [CaseReason.CASE_ALREADY_DECIDED]
    assert len(reviews.decided) == 1
    assert len(await office.labels()) == 1


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"why": "  "}, CaseReason.CASE_REASON_MISSING),
        ({"why": "x" * 501}, CaseReason.CASE_REASON_MISSING),
        ({"decision": CaseState.OPEN}, CaseReason.CASE_REASON_MISSING),
        ({"case_id": uuid4()}, CaseReason.CASE_NOT_FOUND),
        ({"by": " "}, CaseReason.CASE_BY_MISSING),
        ({"scheme": "Take Over"}, CaseReason.CASE_SCHEME_UNREADABLE),
    ],
)
async def test_what_is_no_decision_is_refused(office, cases, reviews, change, reason):
    case = await office.suspicious("anita", 900)
    asked = {
        "case_id": case.id,
        "decision": RELEASED,
        "by": "staff:7",
        "why": "fine",
        **change,
    }
    assert (await cases.decide(**asked)).reason is reason
    assert reviews.decided == {}
    assert await office.labels() == []


async def test_a_decided_case_stays_decided(office, cases):
    case = await office.suspicious("anita", 900)
    await cases.decide(case.id, RETURNED, "staff:7", "fraud")
    again = await cases.decide(case.id, RELEASED, "staff:7", "oh")
    assert again.reason is CaseReason.CASE_ALREADY_DECIDED


async def test_when_the_order_refuses_the_case_stays_open_and_nothing_is_learned(
    office, cases, reviews
):
    case = await office.suspicious("anita", 900)
    reviews.decided[case.order] = "returned", "clock"
    said = await cases.decide(case.id, RELEASED, "staff:7", "fine")
    assert said.reason is OrderReason.ORDER_NOT_OPEN
    (still,) = await cases.list()
    assert still.decided_by is None
    assert await office.labels() == []


async def test_an_outage_in_the_middle_can_be_repeated(office, cases, reviews):
    case = await office.suspicious("anita", 900)
    reviews.outage = True
    with pytest.raises(Unavailable):
        await cases.decide(case.id, RELEASED, "staff:7", "fine")
    reviews.outage = False
    other = await cases.decide(case.id, RETURNED, "staff:8", "no")
    assert other.reason is CaseReason.CASE_ALREADY_DECIDED
    assert (await cases.decide(case.id, RELEASED, "staff:7", "fine")).state is RELEASED


async def test_who_began_and_never_came_back_does_not_block_the_case(office, cases, reviews, clock):
    case = await office.suspicious("anita", 900)
    reviews.outage = True
    with pytest.raises(Unavailable):
        await cases.decide(case.id, RELEASED, "gone", "fine")
    reviews.outage = False
    clock.advance(seconds=61)
    closed = await cases.decide(case.id, RETURNED, "staff:8", "fraud")
    assert (closed.state, closed.decided_by) == (RETURNED, "staff:8")


@pytest.mark.parametrize(
    "state, closed", [("paid", RELEASED), ("held", RELEASED), ("returned", RETURNED)]
)
async def test_what_the_clock_decided_closes_the_case_and_teaches_nothing(
    office, cases, clock, state, closed
):
    case = await office.suspicious("anita", 900)
    await office.order_goes_on(case.order, state)
    done = await cases.get(case.id)
    assert (done.state, done.decided_by, done.decided_at) == (closed, "clock", clock.now())
    assert await office.labels() == []


async def test_twin_an_order_that_is_still_in_review_closes_nothing(office, cases):
    case = await office.suspicious("anita", 900)
    await office.order_goes_on(case.order, "review")
    await office.order_goes_on(uuid4(), "paid")
    assert (await cases.get(case.id)).state is CaseState.OPEN


async def test_cut_off_after_the_money_moved_the_log_closes_the_case_in_their_name(
    office, cases, reviews
):
    case = await office.suspicious("anita", 900)
    reviews.outage = True
    with pytest.raises(Unavailable):
        await cases.decide(case.id, RETURNED, "staff:7", "fraud", "mule")
    await office.order_goes_on(case.order, "returned")
    done = await cases.get(case.id)
    assert (done.state, done.decided_by, done.decided_why) == (RETURNED, "staff:7", "fraud")
    assert await office.labels() == [(case.event, True, "case", "mule", 0)]


async def test_twin_where_the_order_went_the_other_way_it_was_the_clock(office, cases, reviews):
    case = await office.suspicious("anita", 900)
    reviews.outage = True
    with pytest.raises(Unavailable):
        await cases.decide(case.id, RELEASED, "staff:7", "fine")
    await office.order_goes_on(case.order, "returned")
    assert (await cases.get(case.id)).decided_by == "clock"


async def test_a_brain_alone_has_no_money_to_move(db, clock, ids, office):
    alone = Cases(db, clock, ids)
    case = await office.suspicious("anita", 900)
    assert (await alone.decide(case.id, RETURNED, "staff:7", "fraud")).state is RETURNED
    assert len(await office.labels()) == 1


# --- four eyes -------------------------------------------------------------------------------------


async def test_a_large_amount_asks_for_a_second_different_person(office, cases, reviews):
    case = await office.suspicious("anita", 60_000)
    first = await cases.decide(case.id, RELEASED, "staff:7", "known", "none")
    assert (first.state, first.proposal.by) == (CaseState.OPEN, "staff:7")
    assert reviews.decided == {}
    assert [c.id for c in await cases.list(waiting_for_second=True)] == [case.id]
    again = await cases.decide(case.id, RELEASED, "staff:7", "really")
    assert again.reason is CaseReason.CASE_NEEDS_ANOTHER
    second = await cases.decide(case.id, RELEASED, "staff:8", "I called too")
    assert (second.state, second.decided_by, second.proposal.by) == (RELEASED, "staff:8", "staff:7")
    assert reviews.decided == {case.order: ("released", "staff:8")}


async def test_who_disagrees_proposes_anew(office, cases, reviews):
    case = await office.suspicious("anita", 60_000)
    await cases.decide(case.id, RELEASED, "staff:7", "known")
    other = await cases.decide(case.id, RETURNED, "staff:8", "stolen")
    assert (other.state, other.proposal.by) == (CaseState.OPEN, "staff:8")
    assert (await cases.decide(case.id, RETURNED, "staff:7", "agreed")).state is RETURNED


async def test_twin_a_smaller_amount_needs_one(office, cases):
    case = await office.suspicious("anita", 49_999)
    assert (await cases.decide(case.id, RELEASED, "staff:7", "known")).state is RELEASED


async def test_the_amount_is_the_operators_own(office, cases):
    await cases.terms.set("four_eyes_minor", 100_00, "risk lead", "INR")
    case = await office.suspicious("anita", 100)
    assert (await cases.decide(case.id, RELEASED, "staff:7", "known")).proposal is not None
    await cases.terms.set("four_eyes_minor", 100_01, "risk lead", "INR")
    assert (await cases.decide(case.id, RELEASED, "staff:7", "known")).state is RELEASED


@pytest.mark.parametrize(
    "name, value, currency",
    [
        ("four_eyes_minor", 5, ""),
        ("lease_minutes", 5, "INR"),
        ("mood", 1, ""),
        ("lease_minutes", 0, ""),
    ],
)
async def test_what_is_no_term_is_refused(cases, name, value, currency):
    assert (
        await cases.terms.set(name, value, "lead", currency)
    ).reason is CaseReason.POLICY_UNKNOWN


# --- a whole gang ----------------------------------------------------------------------------------


async def test_a_gang_is_decided_at_once(office, cases, reviews):
    gang = [await office.suspicious(f"victim {n}", 100, "mule") for n in range(4)]
    said = await cases.decide_all([c.id for c in gang], RETURNED, "staff:7", "one mule", "mule")
    assert {case.state for case in said.values()} == {RETURNED}
    assert len(reviews.decided) == len(await office.labels()) == 4


async def test_the_sum_of_a_gang_asks_for_two(office, cases):
    gang = [await office.suspicious(f"victim {n}", 20_000, "mule") for n in range(3)]
    ids = [c.id for c in gang]
    first = await cases.decide_all(ids, RETURNED, "staff:7", "one mule")
    assert {case.state for case in first.values()} == {CaseState.OPEN}
    second = await cases.decide_all(ids, RETURNED, "staff:8", "yes")
    assert {case.state for case in second.values()} == {RETURNED}


async def test_too_many_at_once_are_refused(cases):
    said = await cases.decide_all([uuid4() for _ in range(201)], RETURNED, "staff:7", "x")
    assert said.reason is CaseReason.CASES_TOO_MANY


async def test_an_entry_that_cannot_be_read_is_passed_over_loudly(db, clock, office, cases, caplog):
    async with db.work() as conn:
        body = {"outcome": "held", "event": "?"}
        await append(conn, [Announcement(uuid4(), uuid4(), "risk.observed", body)], clock.now())
    await office.suspicious("anita", 900)
    assert len(await cases.list()) == 1
    assert "cannot be read" in caplog.text
