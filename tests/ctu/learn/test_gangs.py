"""A gang is found in the graph and its next member is stopped, with nobody touching it."""

from __future__ import annotations

from datetime import timedelta

from argosy.base.ports import Decision
from argosy.ctu.brain import Brain
from argosy.ctu.events import Event, Label
from argosy.ctu.from_operation import Logged
from argosy.ctu.learn import Standing
from argosy.ctu.learn.interception import interceptions
from argosy.ctu.learn.loop import Learning
from argosy.ctu.learn.terms import Terms
from tests.ctu.learn.stream import Town, put, through

SCHEME = "ring"
MEMBERS = 9


def deed(town: Town, at, member: int, to: str) -> Event:
    """A member pays another one's friend in the ring, from one of the ring's phones."""
    return Event(
        id=town.id(at),
        kind="send",
        at_ms=int(at.timestamp() * 1000),
        account=f"member {member}",
        market="india",
        amount=9_000,
        currency="INR",
        channel="lite",
        device=f"ring phone {member % 3}",
        network="net of the ring",
        payee=to,
        proofs=frozenset({"pin", "otp"}),
        attributes={"account_age": 5_000_000, "payee_age": 4_000_000, "payee_kind": "customer"},
    )


async def test_a_gang_is_found_and_its_next_member_is_stopped(db, clock, ids):
    town = Town()
    town.days(6)
    for member in range(MEMBERS):
        at = town.at - timedelta(days=2) + timedelta(hours=member)
        event = deed(town, at, member, f"member {(member + 1) % MEMBERS}")
        town.entries.append(Logged(event=event, outcome="posted"))
        if member < 4:
            told = int((at + timedelta(hours=12)).timestamp() * 1000)
            town.labels.append(
                Label(event=event.id, at_ms=told, bad=True, source="chargeback", scheme=SCHEME)
            )
    town.entries.sort(key=lambda entry: entry.event.at_ms)
    await town.tell(db)
    clock.set(town.at)

    # One whom nobody reported, on a phone and a network that were never seen with the ring.
    async def next_deed():
        brain = Brain(db, clock, ids)
        await brain.start()
        event = deed(town, clock.now(), 7, "a stranger")
        event = Event(**{**_fields(event), "device": "another phone", "network": "another net"})
        said = await through(db, brain, event)
        await brain.close()
        return said

    before = await next_deed()
    assert before.decision is Decision.ALLOW
    run = await Learning(db, clock, ids, terms=Terms(shadow_verdicts_min=0)).run_once("clock")
    (gang,) = [one for one in run.candidates if one.kind == "gang"]
    assert (gang.standing, gang.scheme) == (Standing.LIVE, SCHEME), gang.gates
    clock.advance(minutes=5)
    after = await next_deed()
    assert after.decision >= Decision.REVIEW
    assert gang.name in {hit.rule for hit in after.hits}
    (told,) = await interceptions(db)
    assert told.waited is not None

    # And nobody else: an ordinary payment of the same minute goes through.
    brain = Brain(db, clock, ids)
    await brain.start()
    clock.advance(minutes=5)
    assert (await through(db, brain, town.ordinary(clock.now()))).decision is Decision.ALLOW
    await brain.close()


async def test_twin_without_confirmed_members_there_is_no_gang(db, clock, ids):
    """The same crowd, of whom nobody was found bad, is a family."""
    town = Town()
    town.days(2)
    entries = []
    for member in range(MEMBERS):
        at = town.at - timedelta(days=1) + timedelta(hours=member)
        event = deed(town, at, member, f"member {(member + 1) % MEMBERS}")
        entries.append(Logged(event=event, outcome="posted"))
    await put(db, entries, [])
    await town.tell(db)
    clock.set(town.at)
    run = await Learning(db, clock, ids, terms=Terms(shadow_verdicts_min=0)).run_once("clock")
    assert [one for one in run.candidates if one.kind == "gang"] == []


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}
