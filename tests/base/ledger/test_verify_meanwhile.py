"""The books may be checked while money moves: what is checked is one moment of them."""

from __future__ import annotations

import asyncio
from itertools import count

from argosy.base.clock import SystemClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Action
from argosy.base.ledger.verify import verify
from argosy.base.postings import Posting
from argosy.base.store import Database
from tests.base.gate.till import PEOPLE, end, move, opened, payment


async def test_books_in_motion_are_sound(db: Database):
    clock = SystemClock()
    ledger = await opened(db, clock, Ids(clock), 3_000)
    commits = [GroupCommit(db, clock), GroupCommit(db, clock, first_lane=2)]
    numbers = count()
    over = asyncio.Event()

    async def trader(turn: int) -> None:
        while not over.is_set():
            n = next(numbers)
            payer, payee = PEOPLE[n % 4], PEOPLE[(n + 1 + turn % 3) % 4]
            commit = commits[turn % 2]
            await commit.submit(
                payment(f"p{n}", payer, payee, 7 + n % 900, clock, day_minor_max=10**9)
            )
            hold = move(f"h{n}", payee, payer, 5, action=Action.HOLD)
            await commit.submit(Posting(hold.id, None, (hold,)))
            over_with = end(f"e{n}", f"h{n}", Action.VOID if n % 2 else Action.POST)
            await commit.submit(Posting(over_with.id, None, (over_with,)))
            if not n % 50:
                await ledger.set_bounds(move("", payer, payee, 1).debit, 0, 10**6 + n, "test")

    traders = [asyncio.create_task(trader(turn)) for turn in range(8)]
    seen = []
    for _ in range(5):
        await asyncio.sleep(0.1)
        report = await verify(db)
        assert report.sound, report.text()
        seen.append(report.checked["transfers"])
    over.set()
    await asyncio.gather(*traders)
    assert seen == sorted(set(seen)), "nothing moved"
    assert (await verify(db)).sound
