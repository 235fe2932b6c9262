"""The queue of cases as a person sees it, and what is decided."""

from __future__ import annotations

import pytest

from argosy.base.refusals import Refused
from argosy.ctu.cases import CaseReason, CaseState
from argosy.management.risk.cases import Act, Tray, waits_for_second


async def test_the_queue_is_by_money_at_risk_and_pages_by_cursor(office, risk):
    for n, rupees in enumerate((100, 5_000, 900, 20_000, 40)):
        await office.suspicious(f"a{n}", rupees, payee=f"mule {n}", score=0.5)
    first = await risk.cases.queue("anna", limit=3)
    assert [case.money.minor // 100 for case in first.cases] == [20_000, 5_000, 900]
    second = await risk.cases.queue("anna", after=first.after, limit=3)
    assert [case.money.minor // 100 for case in second.cases] == [100, 40]
    assert second.after is None


async def test_trays(office, risk):
    one = await office.suspicious("anita", 900)
    other = await office.suspicious("ravi", 90_000, payee="another")
    await risk.cases.claim(one.id, "anna")
    assert [c.id for c in (await risk.cases.queue("anna", Tray.MINE)).cases] == [one.id]
    assert (await risk.cases.queue("boris", Tray.MINE)).cases == []
    await risk.cases.decide(other.id, Act.FRAUD, "anna", "the owner was called", "takeover")
    assert [c.id for c in (await risk.cases.queue("boris", Tray.SECOND)).cases] == [other.id]
    await risk.cases.decide(one.id, Act.RELEASE, "anna", "the owner was called")
    assert [c.id for c in (await risk.cases.queue("x", Tray.RELEASED)).cases] == [one.id]


async def test_a_case_opens_with_all_that_is_looked_at(office, risk):
    await office.happens("anita", 50)
    case = await office.suspicious("anita", 60_000)
    beside = await office.suspicious("ravi", 700)  # the same payee
    opened = await risk.cases.opened(case.id)
    assert opened.case.id == case.id
    assert opened.four_eyes
    assert {one.id for one in opened.gang} == {case.id, beside.id}
    assert [one.case.id for one in opened.similar] == [beside.id]
    assert [step.what for step in opened.timeline][-1] == "opened"
    small = await risk.cases.opened(beside.id)
    assert not small.four_eyes
    assert await risk.cases.asks_two([opened.case])
    assert not await risk.cases.asks_two([small.case])
    assert isinstance(await risk.cases.opened(case.event), Refused)


@pytest.mark.parametrize(
    "act, state, bad, scheme",
    [
        (Act.RELEASE, CaseState.RELEASED, False, ""),
        (Act.RETURN, CaseState.RETURNED, False, ""),
        (Act.FRAUD, CaseState.RETURNED, True, "mule"),
    ],
)
async def test_what_each_act_says_of_money_and_of_the_event(
    office, risk, reviews, act, state, bad, scheme
):
    case = await office.suspicious("anita", 900)
    done = await risk.cases.decide(case.id, act, "anna", "she was called", "mule")
    assert (done.state, done.decided_by, done.scheme) == (state, "anna", scheme)
    assert reviews.decided == {case.order: (state.value, "anna")}
    assert [(b, s) for _, b, _, s, _ in await office.labels()] == [(bad, scheme)]


@pytest.mark.parametrize("act", list(Act))
async def test_a_large_one_is_decided_by_two_and_never_by_one_with_two_windows(
    office, risk, reviews, act
):
    case = await office.suspicious("anita", 60_000)
    first = await risk.cases.decide(case.id, act, "anna", "she was called", "mule")
    assert first.state is CaseState.OPEN
    assert waits_for_second(first)
    again = await risk.cases.decide(case.id, act, "anna", "once more", "mule")
    assert again.reason is CaseReason.CASE_NEEDS_ANOTHER
    assert reviews.decided == {}
    done = await risk.cases.decide(case.id, act, "boris", "I agree", "mule")
    assert done.state is not CaseState.OPEN
    assert done.decided_by == "boris"
    assert len(reviews.decided) == 1


async def test_who_says_that_it_was_no_fraud_does_not_agree_with_who_says_that_it_was(office, risk):
    case = await office.suspicious("anita", 60_000)
    await risk.cases.decide(case.id, Act.FRAUD, "anna", "she was called", "mule")
    other = await risk.cases.decide(case.id, Act.RETURN, "boris", "the payee is a shop")
    assert other.state is CaseState.OPEN
    assert other.proposal.by == "boris"
    done = await risk.cases.decide(case.id, Act.RETURN, "anna", "he is right")
    assert done.state is CaseState.RETURNED
    assert [(bad, scheme) for _, bad, _, scheme, _ in await office.labels()] == [(False, "")]


async def test_a_gang_is_decided_together_and_each_case_has_its_record(office, risk, reviews):
    gang = [await office.suspicious(f"a{n}", 500 + n) for n in range(4)]
    opened = await risk.cases.opened(gang[0].id)
    ids = [case.id for case in opened.gang]
    assert len(ids) == 4
    said = await risk.cases.decide_gang(ids, Act.FRAUD, "anna", "one device", "mule")
    assert {case.state for case in said.values()} == {CaseState.RETURNED}
    assert {case.decided_why for case in said.values()} == {"one device"}
    assert len(reviews.decided) == 4
    assert len(await office.labels()) == 4
    refused = await risk.cases.decide_gang(ids, Act.RETURN, "anna", "why", "")
    assert isinstance(refused, Refused)


async def test_the_graph_is_walked_node_by_node(office, risk):
    await office.happens("ravi", 20, "shop", device="one phone")
    await office.happens("meera", 30, "shop two", device="phone of meera")
    await office.happens("meera", 30, "far", device="one phone")
    case = await office.suspicious("anita", 900, device="one phone")
    graph = await risk.cases.graph(case.id)
    ids = {node.id for node in graph.nodes}
    assert {"account anita", "device one phone", "account mule"} <= ids
    beside = await risk.cases.beside("device one phone")
    assert {"account anita", "account ravi", "account meera"} <= {n.id for n in beside.nodes}
    further = await risk.cases.beside("account meera")
    assert "account shop two" in {node.id for node in further.nodes}
    assert (await risk.cases.beside("device nobody's")).cut


async def test_a_crowd_is_not_walked_through(office, risk):
    for n in range(30):
        await office.happens(f"c{n}", 10, "supermarket")
    await office.read_log()
    beside = await risk.cases.beside("account supermarket")
    assert [node.id for node in beside.nodes] == ["account supermarket"]
    assert beside.cut
