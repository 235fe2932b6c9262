"""One proposes, another decides, and it is carried out once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from argosy.base.ids import Ids, named
from argosy.base.parties.keys import Keys
from argosy.base.refusals import Refused, Unavailable
from argosy.management.approvals import Approvals, State
from argosy.management.staff.audit import Audit
from argosy.management.staff.facts import Member, Right, StaffReason, rights_of


def member(name: str, *roles: str) -> Member:
    return Member(named("m", name), name, roles, rights_of(roles))


FARAH, GITA = member("farah", "finance"), member("gita", "finance")
AMAR = member("amar", "analyst")


@dataclass
class Desk:
    approvals: Approvals
    clock: Any
    done: list[Any] = field(default_factory=list)
    breaks: Exception | None = None
    says: Any = None

    async def propose(self, who=FARAH, reason="they asked", **more):
        return await self.approvals.propose(
            who, "money.adjust", "a1", {"minor": 100}, reason, right=Right.MONEY_ADJUST, **more
        )


@pytest.fixture
def desk(db, clock, ids: Ids) -> Desk:
    audit = Audit(db, clock, Keys(b"k" * 32, b"s" * 32))

    async def adjust(proposal, who):
        if made.breaks is not None:
            raise made.breaks
        await asyncio.sleep(0.05)
        made.done.append((proposal.id, who.name))
        return made.says or {"transfer": "t1"}

    made = Desk(Approvals(db, clock, ids, audit, {"money.adjust": adjust}), clock)
    return made


async def test_a_second_person_decides_and_it_is_done(desk):
    proposal = await desk.propose()
    assert (proposal.state, proposal.by) == (State.WAITING, "farah")
    assert await desk.approvals.waiting_for(GITA) == 1
    assert await desk.approvals.waiting_for(FARAH) == 0
    assert await desk.approvals.decide(GITA, proposal.id, True, "fine") == {"transfer": "t1"}
    after = await desk.approvals.get(proposal.id)
    assert (after.state, after.decided_by, after.why) == (State.DONE, "gita", "fine")
    assert after.outcome == {"transfer": "t1"}
    assert desk.done == [(proposal.id, "gita")]


async def test_never_the_one_who_proposed_whatever_the_roles(desk):
    proposal = await desk.propose()
    for window in (FARAH, Member(FARAH.id, "farah", ("administrator",), frozenset(Right))):
        assert (await desk.approvals.decide(window, proposal.id, True)).code == "same_person"
    assert desk.done == []


async def test_nor_does_the_table_take_it(desk, db):
    proposal = await desk.propose()
    with pytest.raises(Exception, match="check constraint"):
        await db.run(
            "UPDATE approvals.proposals SET state = 'approved', decided_by_id = by_id"
            " WHERE id = $1",
            proposal.id,
        )


async def test_the_right_is_needed_to_propose_and_to_decide(desk):
    assert (await desk.propose(AMAR)).reason is StaffReason.NOT_ALLOWED
    proposal = await desk.propose()
    said = await desk.approvals.decide(AMAR, proposal.id, True)
    assert said.reason is StaffReason.NOT_ALLOWED
    assert (await desk.approvals.listed(reader=AMAR)).proposals == []
    assert len((await desk.approvals.listed(reader=GITA)).proposals) == 1


async def test_many_at_once_carry_it_out_once(desk):
    proposal = await desk.propose()
    others = [member(f"finance {n}", "finance") for n in range(6)]
    said = await asyncio.gather(
        *(desk.approvals.decide(who, proposal.id, True) for who in others),
        *(desk.approvals.decide(who, proposal.id, False) for who in others),
    )
    assert len(desk.done) <= 1
    won = [one for one in said if not isinstance(one, Refused)]
    assert len(won) == 1
    assert {one.code for one in said if isinstance(one, Refused)} == {"proposal_over"}


async def test_twin_without_the_race_the_first_one_wins(desk):
    proposal = await desk.propose()
    declined = await desk.approvals.decide(GITA, proposal.id, False, "no")
    assert declined.state is State.DECLINED
    assert (await desk.approvals.decide(GITA, proposal.id, True)).code == "proposal_over"
    assert desk.done == []


async def test_it_expires_and_can_be_withdrawn(desk):
    old = await desk.propose()
    desk.clock.advance(days=3, seconds=1)
    assert (await desk.approvals.decide(GITA, old.id, True)).code == "proposal_over"
    assert (await desk.approvals.get(old.id)).state is State.EXPIRED
    new = await desk.propose()
    assert (await desk.approvals.withdraw(GITA, new.id)).code == "proposal_over"
    assert (await desk.approvals.withdraw(FARAH, new.id)).state is State.WITHDRAWN
    assert desk.done == []


async def test_what_is_refused_on_the_way_has_failed(desk):
    desk.says = Refused(StaffReason.MEMBER_UNKNOWN)
    proposal = await desk.propose()
    assert (await desk.approvals.decide(GITA, proposal.id, True)).code == "member_unknown"
    after = await desk.approvals.get(proposal.id)
    assert (after.state, after.outcome) == (State.FAILED, {"refused": "member_unknown"})


async def test_after_an_outage_it_is_carried_on_with_the_same_id(desk):
    proposal = await desk.propose()
    desk.breaks = Unavailable("the bank is away")
    with pytest.raises(Unavailable):
        await desk.approvals.decide(GITA, proposal.id, True)
    desk.breaks = None
    assert (await desk.approvals.carry_on(GITA, proposal.id)).code == "proposal_over"  # too soon
    desk.clock.advance(minutes=3)
    assert (await desk.approvals.carry_on(FARAH, proposal.id)).code == "proposal_over"
    assert await desk.approvals.carry_on(GITA, proposal.id) == {"transfer": "t1"}
    assert desk.done == [(proposal.id, "gita")]


async def test_no_reason_no_kind_no_proposal(desk):
    assert (await desk.propose(reason="  ")).code == "reason_missing"
    said = await desk.approvals.propose(FARAH, "no.kind", "s", {}, "r", right=Right.MONEY_ADJUST)
    assert said.code == "kind_unknown"
    unknown = await desk.approvals.decide(GITA, named("x"), True)
    assert unknown.code == "proposal_unknown"


async def test_the_same_id_is_the_same_proposal(desk):
    first = await desk.propose(id=named("p"))
    again = await desk.propose(id=named("p"), reason="another")
    assert (again.id, again.reason) == (first.id, "they asked")


async def test_lists_page_by_cursor(desk):
    for _ in range(5):
        await desk.propose()
    first = await desk.approvals.listed(State.WAITING, limit=3)
    rest = await desk.approvals.listed(State.WAITING, first.after, limit=3)
    assert [len(first.proposals), len(rest.proposals), rest.after] == [3, 2, None]
