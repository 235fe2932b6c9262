"""Money that a verdict reserved, and the human who decides on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from argosy.base.orders.facts import OrderReason
from argosy.base.outbox import append
from argosy.base.ports import Decision
from argosy.base.postings import Event
from argosy.base.refusals import Refused, Unavailable
from argosy.ctu import CaseReason, Cases, CaseState
from tests.ctu.gatekeeper import case_id, who


@dataclass
class Reviews:
    """Stands for the base's reviews: an order in review is decided once."""

    decided: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    outage: bool = False

    async def release(self, order: UUID, by: str):
        return await self._decide(order, "released", by)

    async def give_back(self, order: UUID, by: str):
        return await self._decide(order, "returned", by)

    async def _decide(self, order: UUID, what: str, by: str):
        if self.outage:
            raise Unavailable("the database did not answer")
        await asyncio.sleep(0)
        if order in self.decided:
            return Refused(OrderReason.ORDER_NOT_OPEN)
        self.decided[order] = what, by
        return object()


@pytest.fixture
def reviews() -> Reviews:
    return Reviews()


@pytest.fixture
def cases(db, clock, reviews) -> Cases:
    return Cases(db, clock, reviews.release, reviews.give_back)


@pytest.fixture
async def suspicious(gate):
    """Very much from a new device to a stranger, reserved and in the log."""
    operation = gate.operation("anita", 30_000, "stranger", proofs=("pin", "otp"))
    assert (await gate.put_through(operation)).decision is Decision.REVIEW
    await gate.brain.settle()
    return operation


async def announce(db, clock, order: UUID, state: str) -> None:
    async with db.work() as conn:
        event = Event(uuid4(), order, f"transfer.{state}", {"id": str(order), "state": state})
        await append(conn, [event], clock.now())


async def test_a_review_opens_a_case_with_its_reasons(gate, cases, suspicious):
    (case,) = await cases.list()
    assert case == await cases.get(case_id(suspicious))
    assert (case.operation, case.order, case.state) == (
        suspicious.id,
        suspicious.id,
        CaseState.OPEN,
    )
    assert (case.party, case.payee, str(case.money)) == (
        who("anita"),
        who("stranger"),
        "30000.00 INR",
    )
    assert "new_device_new_payee" in {reason["rule"] for reason in case.reasons}
    (verdict,) = await gate.brain.verdicts.of_operation(suspicious.id)
    assert (verdict.id, verdict.decision) == (case.verdict, "review")


async def test_an_ordinary_payment_opens_none(gate, cases):
    await gate.pay("anita", 10)
    await gate.brain.settle()
    assert await cases.list() == []


@pytest.mark.parametrize(
    "decision, done",
    [(CaseState.RELEASED, "released"), (CaseState.RETURNED, "returned")],
)
async def test_a_decision_moves_the_money_and_closes_the_case(
    cases, reviews, clock, suspicious, decision, done
):
    clock.advance(minutes=5)
    closed = await cases.decide(case_id(suspicious), decision, "staff:7", "called the customer")
    assert (closed.state, closed.decided_by, closed.decided_why, closed.decided_at) == (
        decision,
        "staff:7",
        "called the customer",
        clock.now(),
    )
    assert reviews.decided == {suspicious.id: (done, "staff:7")}
    assert await cases.list() == []
    assert [c.id for c in await cases.list(state=decision)] == [closed.id]


async def test_only_what_a_human_released_is_trusted(gate, cases, suspicious):
    before = gate.operation("anita", 6_000, "stranger")
    assert {h.rule for h in (await gate.brain.judge(before)).hits} >= {"new_payee_large"}
    await cases.decide(case_id(suspicious), CaseState.RELEASED, "staff:7", "known")
    await gate.brain.settle()
    after = await gate.brain.judge(gate.operation("anita", 6_000, "stranger"))
    assert "new_payee_large" not in {h.rule for h in after.hits}
    assert gate.brain.memory.accounts[who("anita")].count == 1


async def test_twin_what_was_returned_is_not(gate, cases, suspicious):
    await cases.decide(case_id(suspicious), CaseState.RETURNED, "staff:7", "stolen phone")
    await gate.brain.settle()
    after = await gate.brain.judge(gate.operation("anita", 6_000, "stranger"))
    assert "new_payee_large" in {h.rule for h in after.hits}
    assert gate.brain.memory.accounts[who("anita")].count == 0


async def test_of_two_who_decide_at_once_one_is_heard(cases, reviews, suspicious):
    said = await asyncio.gather(
        cases.decide(case_id(suspicious), CaseState.RELEASED, "staff:7", "fine"),
        cases.decide(case_id(suspicious), CaseState.RETURNED, "staff:8", "fraud"),
    )
    refused = [answer for answer in said if isinstance(answer, Refused)]
    assert [r.reason for r in refused] == [CaseReason.CASE_ALREADY_DECIDED]
    assert len(reviews.decided) == 1


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"why": "  "}, CaseReason.CASE_REASON_MISSING),
        ({"why": "x" * 501}, CaseReason.CASE_REASON_MISSING),
        ({"decision": CaseState.OPEN}, CaseReason.CASE_REASON_MISSING),
        ({"case_id": uuid4()}, CaseReason.CASE_NOT_FOUND),
    ],
)
async def test_what_is_no_decision_is_refused(cases, reviews, suspicious, change, reason):
    asked = {
        "case_id": case_id(suspicious),
        "decision": CaseState.RELEASED,
        "by": "staff:7",
        "why": "fine",
        **change,
    }
    assert (await cases.decide(**asked)).reason is reason
    assert reviews.decided == {}


async def test_a_decided_case_stays_decided(cases, suspicious):
    await cases.decide(case_id(suspicious), CaseState.RETURNED, "staff:7", "fraud")
    again = await cases.decide(case_id(suspicious), CaseState.RELEASED, "staff:7", "oh")
    assert again.reason is CaseReason.CASE_ALREADY_DECIDED


async def test_when_the_order_refuses_the_case_stays_open(cases, reviews, suspicious):
    reviews.decided[suspicious.id] = "returned", "clock"
    said = await cases.decide(case_id(suspicious), CaseState.RELEASED, "staff:7", "fine")
    assert said.reason is OrderReason.ORDER_NOT_OPEN
    (case,) = await cases.list()
    assert case.decided_by is None


async def test_an_outage_in_the_middle_can_be_repeated(cases, reviews, suspicious):
    reviews.outage = True
    with pytest.raises(Unavailable):
        await cases.decide(case_id(suspicious), CaseState.RELEASED, "staff:7", "fine")
    reviews.outage = False
    other = await cases.decide(case_id(suspicious), CaseState.RETURNED, "staff:8", "no")
    assert other.reason is CaseReason.CASE_ALREADY_DECIDED
    closed = await cases.decide(case_id(suspicious), CaseState.RELEASED, "staff:7", "fine")
    assert closed.state is CaseState.RELEASED


async def test_who_began_and_never_came_back_does_not_block_the_case(db, cases, suspicious):
    await db.run("UPDATE ctu.cases SET decided_by = 'gone', noted_at = now() - interval '2 min'")
    closed = await cases.decide(case_id(suspicious), CaseState.RETURNED, "staff:8", "fraud")
    assert (closed.state, closed.decided_by) == (CaseState.RETURNED, "staff:8")


@pytest.mark.parametrize(
    "state, closed",
    [("paid", CaseState.RELEASED), ("held", CaseState.RELEASED), ("returned", CaseState.RETURNED)],
)
async def test_what_the_clock_decided_closes_the_case_too(
    db, clock, gate, cases, suspicious, state, closed
):
    await announce(db, clock, suspicious.id, state)
    await gate.brain.settle()
    case = await cases.get(case_id(suspicious))
    assert (case.state, case.decided_by, case.decided_at) == (closed, "clock", clock.now())


async def test_twin_an_order_that_is_still_in_review_closes_nothing(
    db, clock, gate, cases, suspicious
):
    await announce(db, clock, suspicious.id, "review")
    await announce(db, clock, uuid4(), "paid")
    await gate.brain.settle()
    assert (await cases.get(case_id(suspicious))).state is CaseState.OPEN


async def test_cut_off_after_the_money_moved_the_log_closes_the_case_in_their_name(
    db, clock, gate, cases, suspicious
):
    await db.run(
        "UPDATE ctu.cases SET decided_by = 'staff:7', decided_why = 'fine', noted_at = now()"
    )
    await announce(db, clock, suspicious.id, "paid")
    await gate.brain.settle()
    case = await cases.get(case_id(suspicious))
    assert (case.state, case.decided_by, case.decided_why) == (
        CaseState.RELEASED,
        "staff:7",
        "fine",
    )


async def test_cases_are_paged_oldest_first_and_by_market(gate, cases, clock):
    made = []
    for n in range(5):
        operation = gate.operation(f"p {n}", 30_000, "stranger", proofs=("otp",))
        await gate.put_through(operation)
        made.append(case_id(operation))
        clock.advance(seconds=1)
    await gate.brain.settle()
    first = await cases.list("india", limit=2)
    rest = await cases.list("india", after=(first[-1].opened_at, first[-1].id))
    assert [c.id for c in first + rest] == made
    assert await cases.list("atlantis") == []
