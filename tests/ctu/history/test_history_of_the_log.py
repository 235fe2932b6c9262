"""The log as it is kept: every entry once, in order, and labels with their place."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from argosy.base.outbox import append
from argosy.base.postings import Event as Announcement
from argosy.ctu.events import Event, Label
from argosy.ctu.from_operation import Logged
from argosy.ctu.history import LogWriter, event_of, history_relay, put_labels, settle


def event(number: int, **what) -> Event:
    base = {"kind": "send", "at_ms": 1_790_000_000_000 + number, "account": "anita", "amount": 500}
    return Event(id=UUID(int=number), **{**base, **what})


@pytest.fixture
def writer(db) -> LogWriter:
    return LogWriter(db)


async def kept(db):
    await settle(db, history_relay(db))
    return await db.all("SELECT * FROM ctu.events ORDER BY log_no")


async def label(db, number: int, bad: bool, **more) -> int:
    one = Label(event=UUID(int=number), at_ms=1, bad=bad, source=more.pop("source", "case"), **more)
    async with db.work() as conn:
        return await put_labels(conn, [one])


async def labels(db):
    await settle(db, history_relay(db))
    return await db.all("SELECT * FROM ctu.labels ORDER BY added_at")


async def test_every_entry_is_kept_whole(db, writer):
    whole = event(
        1,
        market="india",
        currency="INR",
        channel="lite",
        device="d",
        session="s",
        payee="p",
        merchant="m",
        network="n",
        phone="f",
        instrument="i",
        proofs=frozenset({"pin", "otp"}),
        attributes={"mcc": "54", "risk": 1.5, "vip": True, "n": 3},
    )
    verdict = UUID(int=9)
    entry = Logged(event=whole, outcome="held", decision=2, score=0.7, verdict=verdict, version="v")
    await writer.write(entry)
    (row,) = await kept(db)
    assert (row["outcome"], row["decision"], row["score"]) == ("held", 2, 0.7)
    assert (row["verdict"], row["version"]) == (verdict, "v")
    assert row["at"].timestamp() * 1000 == whole.at_ms
    async with db.work() as conn:
        assert await event_of(conn, whole.id) == whole
        assert await event_of(conn, UUID(int=77)) is None


async def test_what_was_stopped_is_there_too_and_each_attempt(db, writer):
    for outcome in ("challenged", "posted"):
        await writer.write(Logged(event=event(1), outcome=outcome))
    await writer.write(Logged(event=event(2), outcome="denied", decision=3))
    rows = await kept(db)
    assert [row["outcome"] for row in rows] == ["challenged", "posted", "denied"]
    assert [row["log_no"] for row in rows] == [1, 2, 3]


async def test_many_who_write_at_once_are_all_there_once(db, writer):
    await asyncio.gather(
        *(writer.write(Logged(event=event(n), outcome="denied")) for n in range(1, 301))
    )
    relays = [history_relay(db), history_relay(db)]
    await asyncio.gather(*(settle(db, relay) for relay in relays))
    rows = await kept(db)
    assert sorted(row["id"].int for row in rows) == list(range(1, 301))
    assert [row["log_no"] for row in rows] == list(range(1, 301))


async def test_release_is_noted_and_no_second_event(db, writer):
    await writer.write(Logged(event=event(1), outcome="held"))
    await writer.write(Logged(event=event(1), outcome="posted", released=True))
    (row,) = await kept(db)
    assert row["outcome"] == "held"
    assert row["released"]


async def test_what_nobody_can_read_is_loud_and_holds_nobody_up(db, writer, caplog):
    async with db.work() as conn:
        bad = Announcement(UUID(int=5), UUID(int=5), "risk.observed", {"party": "of old"})
        await append(conn, [bad])
    await writer.write(Logged(event=event(1), outcome="posted"))
    assert len(await kept(db)) == 1
    assert "cannot be read" in caplog.text


async def test_a_label_gets_its_turn_and_its_place(db, writer):
    await writer.write(Logged(event=event(1), outcome="posted"))
    assert await label(db, 1, bad=True) == 1
    assert await label(db, 1, bad=True) == 0  # the same again
    (row,) = await labels(db)
    assert row["turn_no"] == 2
    assert row["known_no"] == 3
    await writer.write(Logged(event=event(2), outcome="posted"))
    assert (await kept(db))[-1]["log_no"] == 4


async def test_of_two_labels_the_later_holds(db, writer):
    await writer.write(Logged(event=event(1), outcome="posted"))
    for bad in (True, False, True):
        assert await label(db, 1, bad=bad) == 1
    rows = await labels(db)
    assert [row["bad"] for row in sorted(rows, key=lambda r: r["turn_no"])] == [True, False, True]
    told = await db.all(
        "SELECT body FROM outbox.events WHERE kind = 'risk.labelled' ORDER BY place"
    )
    assert [row["body"]["entries"] for row in told] == [
        [["posted", 1]],
        [["posted", -1]],
        [["posted", 1]],
    ]


async def test_an_attempt_after_a_label_is_not_yet_said_to_be_anything(db, writer):
    await writer.write(Logged(event=event(1), outcome="challenged"))
    await label(db, 1, bad=True)
    await labels(db)
    await writer.write(Logged(event=event(1), outcome="posted"))
    await label(db, 1, bad=True, scheme="takeover")
    await labels(db)
    told = await db.all("SELECT body FROM outbox.events WHERE kind = 'risk.labelled' ORDER BY xact")
    assert told[-1]["body"]["entries"] == [["challenged", 0], ["posted", 1]]


async def test_a_label_of_an_event_nobody_knows_is_loud_and_has_no_place(db, caplog):
    await label(db, 1, bad=True)
    (row,) = await labels(db)
    assert row["known_no"] is None
    assert "does not know" in caplog.text


async def test_two_who_label_at_once_take_turns(db, writer):
    await writer.write(Logged(event=event(1), outcome="posted"))
    await asyncio.gather(*(label(db, 1, bad=n % 2 == 0, by=str(n)) for n in range(8)))
    rows = await labels(db)
    turns = sorted(rows, key=lambda r: r["turn_no"])
    told = await db.all("SELECT body FROM outbox.events WHERE kind = 'risk.labelled'")
    change = sum(row["body"]["entries"][0][1] for row in told)
    assert change == int(turns[-1]["bad"])
