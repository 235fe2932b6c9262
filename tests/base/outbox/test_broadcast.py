"""Live screens: each party hears of its own, also from other processes, and nobody is waited for."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from argosy.base.outbox import REFRESH, Broadcast, Subscription, append
from argosy.base.outbox import broadcast as module
from argosy.base.postings import Event
from argosy.base.store import Database
from tests.log import readable

ANITA, RAVI, SHOP = uuid4(), uuid4(), uuid4()


async def announce(db, number: int, *parties: UUID, held_back: bool = False) -> None:
    async with db.work() as conn:
        await append(conn, [Event(uuid4(), uuid4(), "payment.paid", {"n": number}, parties)])
    if not held_back:
        await readable(db)


async def heard(listener: Subscription) -> int:
    async with asyncio.timeout(10):
        return (await anext(listener)).body["n"]


@pytest.fixture
async def screens(db):
    made = Broadcast(db, queue_events_max=5, poll_seconds=0.02)
    await made.step()
    return made


async def test_each_party_hears_of_its_own(db, screens):
    anita, shop = screens.subscribe(ANITA), screens.subscribe(SHOP)
    await announce(db, 1, ANITA, SHOP)
    await announce(db, 2, RAVI, SHOP)
    await announce(db, 3, ANITA)
    await screens.step()
    assert [await heard(anita), await heard(anita)] == [1, 3]
    assert [await heard(shop), await heard(shop)] == [1, 2]


async def test_the_past_is_not_told(db, screens):
    await announce(db, 1, ANITA)
    await screens.step()
    listener = screens.subscribe(ANITA)
    await announce(db, 2, ANITA)
    await screens.step()
    assert await heard(listener) == 2


async def test_a_listener_of_two_parties_hears_each_event_once(db, screens):
    listener = screens.subscribe(ANITA, SHOP)
    await announce(db, 1, ANITA, SHOP)
    await announce(db, 2, SHOP)
    await screens.step()
    assert [await heard(listener), await heard(listener)] == [1, 2]


async def test_what_another_process_commits_arrives_too(db, screens):
    task = asyncio.create_task(screens.run())
    other = await Database.open(db.url, size=1)
    try:
        async with screens.subscribe(ANITA) as listener:
            await announce(other, 7, ANITA)
            assert await heard(listener) == 7
    finally:
        await other.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_event_of_a_slow_transaction_is_not_overtaken(db, screens):
    listener = screens.subscribe(ANITA)
    async with db.work() as slow:
        await append(slow, [Event(uuid4(), uuid4(), "payment.paid", {"n": 1}, (ANITA,))])
        await announce(db, 2, ANITA, held_back=True)
        await screens.step()
    await screens.step()
    assert [await heard(listener), await heard(listener)] == [1, 2]


async def test_a_slow_reader_is_dropped_with_a_marker_to_refresh(db, screens):
    slow, other = screens.subscribe(ANITA), screens.subscribe(SHOP)
    for number in range(6):
        await announce(db, number, ANITA)
    await announce(db, 6, SHOP)
    await screens.step()
    assert [item async for item in slow] == [REFRESH]
    assert await heard(other) == 6


async def test_one_more_listener_than_a_party_may_have_ends_the_oldest(db, screens):
    till = screens.subscribe(SHOP)
    anita = [screens.subscribe(ANITA) for _ in range(module.LISTENERS_MAX)]
    await announce(db, 1, ANITA, SHOP)
    await screens.step()
    assert [await heard(one) for one in (anita[0], anita[-1], till)] == [1, 1, 1]
    newest = screens.subscribe(ANITA)
    assert [event async for event in anita[0]] == [REFRESH]
    await announce(db, 2, ANITA, SHOP)
    await screens.step()
    assert [await heard(one) for one in (newest, till)] == [2, 2]
    assert [await heard(anita[1]) for _ in range(2)] == [1, 2]


async def test_closing_ends_the_iterator(db, screens):
    listener = screens.subscribe(ANITA)
    await announce(db, 1, ANITA)
    await screens.step()
    listener.close()
    assert [item async for item in listener] == []
    assert await screens.step() == 0


async def test_many_listeners_are_served_by_one_unfiltered_read(db, screens, monkeypatch):
    monkeypatch.setattr(module, "FILTER_PARTIES_MAX", 1)
    anita, ravi = screens.subscribe(ANITA), screens.subscribe(RAVI)
    await announce(db, 1, ANITA)
    await announce(db, 2, SHOP)
    await announce(db, 3, RAVI)
    assert await screens.step() == 3
    assert [await heard(anita), await heard(ravi)] == [1, 3]


async def test_more_than_a_batch_is_read_on_the_next_steps(db, screens, monkeypatch):
    monkeypatch.setattr(module, "BATCH_EVENTS_MAX", 2)
    listener = screens.subscribe(ANITA)
    for number in range(5):
        await announce(db, number, ANITA)
    assert [await screens.step() for _ in range(4)] == [2, 2, 1, 0]
    assert [await heard(listener) for _ in range(5)] == [0, 1, 2, 3, 4]
