"""What an analyst sees before deciding: who did what before, with whom, and what it is like."""

from __future__ import annotations

from uuid import uuid4

import pytest

from argosy.base.ports import Decision
from argosy.ctu.cases import CaseReason, CaseState, Cause, Desk, Links, Reports


@pytest.fixture
def desk(db) -> Desk:
    return Desk(db)


@pytest.fixture
def links(db) -> Links:
    return Links(db)


@pytest.fixture
def reports(db, clock, ids, cases) -> Reports:
    return Reports(db, clock, ids, cases.terms)


# --- evidence and timeline -------------------------------------------------------------------------


async def test_the_evidence_tells_what_account_device_and_payee_did_before(
    office, desk, reports, clock
):
    before = await office.happens("anita", 20, "tea shop")
    other = await office.happens("ravi", 30, "mule", device="phone of anita")
    await office.read_log()
    await reports.tell(other.id, "chargeback", scheme="mule")
    clock.advance(minutes=1)
    case = await office.suspicious("anita", 900, score=0.7)
    seen = await desk.evidence(case.id)
    assert [p.id for p in seen.account_history] == [case.event, before.id]
    assert [p.id for p in seen.device_history] == [case.event, other.id, before.id]
    assert [(p.account, p.bad) for p in seen.payee_history] == [("anita", None), ("ravi", True)]
    assert (seen.score, seen.event["account"]) == (0.7, "anita")


async def test_earlier_cases_of_the_same_people_are_shown(office, desk, cases, clock):
    old = await office.suspicious("ravi", 900, "mule")
    await cases.decide(old.id, CaseState.RETURNED, "staff:7", "fraud", "mule")
    clock.advance(minutes=1)
    case = await office.suspicious("anita", 900, "mule")
    (earlier,) = (await desk.evidence(case.id)).earlier_cases
    assert (earlier.id, earlier.scheme) == (old.id, "mule")


async def test_the_timeline_runs_from_the_first_event_to_the_decision(office, desk, cases, clock):
    await office.happens("anita", 20)
    clock.advance(minutes=1)
    case = await office.suspicious("anita", 60_000)
    for minute, act in enumerate(
        (
            lambda: cases.claim(case.id, "staff:7"),
            lambda: cases.remark(case.id, "staff:7", "no answer on the phone"),
            lambda: cases.decide(case.id, CaseState.RETURNED, "staff:7", "fraud"),
            lambda: cases.decide(case.id, CaseState.RETURNED, "staff:8", "fraud"),
        ),
        1,
    ):
        clock.advance(minutes=minute)
        await act()
    steps = await desk.timeline(case.id)
    assert [s.what for s in steps] == [
        "send",
        "send",
        "opened",
        "claimed",
        "remark",
        "proposed",
        "returned",
        "label bad",
    ]
    assert steps == tuple(sorted(steps, key=lambda s: s.at))


async def test_a_case_that_is_not_there_has_nothing_to_show(desk, links):
    for said in (
        await desk.evidence(uuid4()),
        await desk.timeline(uuid4()),
        await desk.similar(uuid4()),
        await links.around(uuid4()),
        await links.gang(uuid4()),
    ):
        assert said.reason is CaseReason.CASE_NOT_FOUND


# --- similar cases ---------------------------------------------------------------------------------


async def test_similar_cases_share_people_and_rules(office, desk):
    base = {"network": None}
    case = await office.suspicious("anita", 900, "mule", rules=("payee.new", "device.new"), **base)
    twin = await office.suspicious("ravi", 900, "mule", rules=("payee.new", "device.new"), **base)
    far = await office.suspicious("meera", 900, "shop", rules=("payee.new", "hour.rare"), **base)
    none = await office.suspicious("dev", 900, "shop", rules=("x.y",), kind="pay", **base)
    found = await desk.similar(case.id)
    assert [one.case.id for one in found] == [twin.id, far.id]
    assert found[0].likeness > found[1].likeness > 0
    assert "payee mule" in found[0].shared
    assert "rule payee.new" in found[1].shared
    assert none.id not in {one.case.id for one in found}


# --- links -----------------------------------------------------------------------------------------


async def test_the_graph_shows_who_shares_what_and_who_is_bad(office, links, reports):
    await office.happens("ravi", 30, "mule", device="shared phone", network=None)
    bad = await office.happens("meera", 30, "mule", device="her phone", network=None)
    await office.happens("far away", 30, "shop of meera", device="her phone", network=None)
    await office.read_log()
    await reports.tell(bad.id, "chargeback")
    case = await office.suspicious("anita", 900, "mule", device="shared phone", network=None)
    graph = await links.around(case.id)
    depths = {node.id: node.depth for node in graph.nodes}
    assert depths["account anita"] == 0
    assert depths["device shared phone"] == depths["account mule"] == 1
    assert depths["account ravi"] == depths["account meera"] == 2
    assert "account far away" not in depths
    assert {n.key: n.bad for n in graph.nodes if n.bad} == {"meera": 1}
    link = next(x for x in graph.links if x.source == "account ravi" and "mule" in x.target)
    assert (link.count, link.minor, graph.cut) == (1, 30_00, False)
    wider = await links.around(case.id, depth=3)
    assert "account far away" in {node.id for node in wider.nodes}


async def test_nothing_is_followed_through_a_crowd(office, links):
    for n in range(30):
        await office.happens(f"customer {n}", 5, "big shop", network=None)
        await office.happens(f"customer {n}", 5, f"friend {n}", network=None)
    case = await office.suspicious("anita", 900, "big shop", network=None)
    graph = await links.around(case.id, depth=3)
    assert "account big shop" in {node.id for node in graph.nodes}
    assert not any(node.key.startswith("friend") for node in graph.nodes)


async def test_a_gang_hangs_together_by_devices_and_payees(office, links):
    case = await office.suspicious("v1", 100, "mule 1", device="d1")
    for account, payee, device in (
        ("v2", "mule 1", "d2"),
        ("v3", "mule 2", "d2"),
        ("mule 2", "boss", "d3"),
    ):
        await office.suspicious(account, 100, payee, device=device)
    await office.suspicious("honest", 100, "shop", device="other")
    gang = await links.gang(case.id)
    assert gang[0].id == case.id
    assert {c.account for c in gang} == {"v1", "v2", "v3", "mule 2"}


# --- what others say -------------------------------------------------------------------------------


async def test_a_customers_report_is_a_label_and_opens_a_case(office, reports, cases, clock):
    event = await office.happens("anita", 500)
    await office.read_log()
    clock.advance(days=2)
    label = await reports.tell(
        event.id, "customer", by="anita", why="I did not do this", scheme="takeover"
    )
    assert (label.bad, label.loss) == (True, 500_00)
    (case,) = await cases.list()
    assert (case.cause, case.order, case.event) == (Cause.REPORT, None, event.id)
    await cases.decide(case.id, CaseState.RELEASED, "staff:7", "her son did it")
    assert await office.labels() == [
        (event.id, True, "customer", "takeover", 500_00),
        (event.id, False, "case", "", 0),
    ]


async def test_a_confirmed_report_is_a_loss(office, reports, cases):
    event = await office.happens("anita", 500)
    await office.read_log()
    await reports.tell(event.id, "merchant", why="never delivered")
    (case,) = await cases.list()
    await cases.decide(case.id, CaseState.RETURNED, "staff:7", "true", "collusion")
    assert (await office.labels())[-1] == (event.id, True, "case", "collusion", 500_00)


async def test_a_chargeback_is_found_already(office, reports, cases):
    event = await office.happens("anita", 500)
    await office.read_log()
    for _ in range(2):
        await reports.tell(event.id, "chargeback", loss=400_00)
    assert await cases.list() == []
    assert await office.labels() == [(event.id, True, "chargeback", "", 400_00)]


async def test_a_report_on_what_waits_already_is_a_step_of_that_case(office, reports, cases, desk):
    case = await office.suspicious("anita", 900)
    await reports.tell(case.event, "customer", by="anita", why="stolen phone")
    (same,) = await cases.list()
    assert same.id == case.id
    assert "reported" in [s.what for s in await desk.timeline(case.id)]


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"source": "case"}, CaseReason.LABEL_SOURCE_UNKNOWN),
        ({"event_id": uuid4()}, CaseReason.EVENT_NOT_KNOWN),
        ({"why": "x" * 501}, CaseReason.CASE_REASON_MISSING),
    ],
)
async def test_what_is_no_report_is_refused(office, reports, change, reason):
    event = await office.happens("anita", 500)
    await office.read_log()
    asked = {"event_id": event.id, "source": "customer", **change}
    assert (await reports.tell(**asked)).reason is reason
    assert await office.labels() == []


async def test_twin_denied_attempts_have_no_verdict_of_their_own(office, cases):
    await office.happens("anita", 500, decision=Decision.DENY)
    await office.read_log()
    assert await cases.list() == []
