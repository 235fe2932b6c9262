"""Group commit: requests in flight share one transaction.

Postings that arrive while a batch commits form the next batch. There is no timer, so an idle system
answers in one commit. Each posting is accepted or refused on its own, and nobody hears of it before
it is durable.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from argosy.base.clock import Clock
from argosy.base.gate.batch import CALL, Answer, arguments
from argosy.base.ledger.facts import LedgerReason, Outcome
from argosy.base.postings import GateReason, Posting
from argosy.base.refusals import Bug, Refused, Unavailable
from argosy.base.store import Database

POSTINGS_IN_BATCH_MAX = 800
TRANSFERS_IN_BATCH_MAX = 1000
WAITING_MAX = 20_000
SPREAD_POSTINGS_MIN = 200
"""A further lane is taken into use only when so many postings wait: until then one larger batch costs
less than two small ones side by side."""
TRIES_MAX = 8
RETRY_SECONDS = 0.05
PROVE_BATCHES = 64
"""For so many batches after a refusal the accounts are looked at before they are updated: that costs
a fifth more, and a batch whose guards say no must be sent again."""
LANES = 2

_log = logging.getLogger(__name__)

# The world moved between proof and update, or two batches met in the wrong order: once more.
_AGAIN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
)
_MOVED, _CLOCK_BEHIND = "AR001", "AR002"


class Committed(msgspec.Struct, frozen=True):
    """What became of one posting: an outcome for each transfer, and whether it was there before."""

    outcomes: tuple[Outcome, ...]
    existed: bool

    @property
    def refused(self) -> Refused | None:
        """The refusal that speaks for the posting: of its transfers the one that says most."""
        said = [o for o in self.outcomes if isinstance(o, Refused)]
        return min(said, key=lambda r: r.reason.code == "group_refused") if said else None


@dataclass(slots=True)
class _Waiting:
    postings: tuple[Posting, ...]  # kept together and in order
    answers: list[asyncio.Future[list[Committed | Refused]]]  # of each who waits, for one may leave
    said: list[Committed | Refused] | None = None

    def join(self) -> asyncio.Future[list[Committed | Refused]]:
        """Wait for the answer, too."""
        answer: asyncio.Future[list[Committed | Refused]]
        answer = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        if self.said is not None:
            answer.set_result(self.said)
        return answer

    def say(self, said: list[Committed | Refused]) -> None:
        self.said = said
        for answer in self.answers:
            if not answer.done():
                answer.set_result(said)

    def fail(self, error: Exception) -> None:
        for answer in self.answers:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # it may be that nobody waits any more


class GroupCommit:
    """The queue before the one door for money. Belongs to one event loop.

    `lanes` connections commit side by side; `first_lane` keeps the lanes of several processes apart,
    for speed only: two on one lane wait for each other.
    """

    def __init__(
        self, db: Database, clock: Clock, *, lanes: int = LANES, first_lane: int = 0
    ) -> None:
        self._db = db
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._lanes = [first_lane + n for n in range(lanes)]
        self._idle = list(reversed(self._lanes))
        self._tasks: set[asyncio.Task[None]] = set()
        self._same: dict[UUID, _Waiting] = {}
        self._size = 0  # postings that wait
        self._prove = 0  # for how many more batches the accounts are proven first
        self.batches = 0
        self.postings = 0

    @property
    def waiting(self) -> int:
        """How many postings wait for a batch."""
        return self._size

    async def submit(self, posting: Posting) -> Committed | Refused:
        """Make `posting` durable, or say why not.

        Raises `Unavailable` when the database cannot be reached for long enough; what became of the
        posting is then found by submitting it again.
        """
        if self._size >= WAITING_MAX:
            return Refused(GateReason.GATE_BUSY)
        if _repeats(posting):
            return Refused(LedgerReason.GROUP_REFUSED)
        twin = self._same.get(posting.id)
        if twin is not None and twin.postings[0] == posting:
            said = (await twin.join())[0]
            return Committed(said.outcomes, True) if isinstance(said, Committed) else said
        waiting = self._enqueue((posting,))
        if twin is None:
            self._same[posting.id] = waiting
        return (await waiting.join())[0]

    async def submit_in_order(self, postings: Sequence[Posting]) -> list[Committed | Refused]:
        """Submit a list whose postings are made in its order; one answer each.

        Lists of any length are taken, a batch at a time; ids may repeat, but not within a posting.
        """
        answers: list[Committed | Refused] = []
        at = 0
        while at < len(postings):
            size, transfers, ids = 0, 0, set[UUID]()
            for posting in postings[at : at + POSTINGS_IN_BATCH_MAX]:
                mine = {t.id for t in posting.transfers}
                transfers += len(mine)
                repeats = len(mine) < len(posting.transfers)
                full = transfers > TRANSFERS_IN_BATCH_MAX or not ids.isdisjoint(mine)
                if repeats or (size and full):
                    break
                ids |= mine
                size += 1
            if not size:
                answers.append(Refused(LedgerReason.GROUP_REFUSED))
                at += 1
                continue
            if self._size >= WAITING_MAX:
                answers += [Refused(GateReason.GATE_BUSY)] * (len(postings) - at)
                break
            answers += await self._enqueue(tuple(postings[at : at + size])).join()
            at += size
        return answers

    def _enqueue(self, postings: tuple[Posting, ...]) -> _Waiting:
        waiting = _Waiting(postings, [])
        self._queue.append(waiting)
        self._size += len(postings)
        self._start()
        return waiting

    async def close(self) -> None:
        """Wait until everything that was submitted is answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self) -> None:
        working = len(self._lanes) - len(self._idle)
        if self._queue and self._idle and (not working or self._size >= SPREAD_POSTINGS_MIN):
            task = asyncio.create_task(self._run(self._idle.pop()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: int) -> None:
        try:
            await asyncio.sleep(0)  # let those who are ready in this very turn come along
            while batch := self._take():
                try:
                    await self._commit(batch, lane)
                finally:
                    self._forget(batch)
        finally:
            self._idle.append(lane)
            self._start()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        ids: set[UUID] = set()
        later: list[_Waiting] = []
        postings = transfers = 0
        while (
            self._queue
            and postings < POSTINGS_IN_BATCH_MAX
            and (not batch or transfers < TRANSFERS_IN_BATCH_MAX)
        ):
            waiting = self._queue.popleft()
            mine = [t.id for p in waiting.postings for t in p.transfers]
            if not ids.isdisjoint(mine):
                later.append(waiting)  # the same id again: it must find the first in the journal
                continue
            ids.update(mine)
            postings += len(waiting.postings)
            self._size -= len(waiting.postings)
            transfers += len(mine)
            batch.append(waiting)
        self._queue.extendleft(reversed(later))
        return batch

    def _forget(self, batch: Sequence[_Waiting]) -> None:
        for waiting in batch:
            if self._same.get(waiting.postings[0].id) is waiting:
                del self._same[waiting.postings[0].id]
        _fail(batch, Unavailable("the commit was interrupted"))

    async def _commit(self, batch: list[_Waiting], lane: int) -> None:
        try:
            answer = await self._call([p for w in batch for p in w.postings], lane)
        except Unavailable as outage:
            _fail(batch, outage)
        except Exception as error:  # noqa: BLE001 - whatever it is, each posting gets an answer
            # One of them breaks a rule of the store or cannot be sent. Each on its own, so that it
            # does not harm the others.
            if len(batch) == 1:
                _log.exception("posting %s cannot be made", batch[0].postings[0].id)
                _fail(batch, Bug(f"posting {batch[0].postings[0].id}: {error!r}"))
                return
            for waiting in batch:
                await self._commit([waiting], lane)
        else:
            self.batches += 1
            number = 0
            for waiting in batch:
                said: list[Committed | Refused] = []
                for _ in waiting.postings:
                    one = answer.of(number)
                    if isinstance(one, Refused):
                        said.append(one)
                    else:
                        said.append(Committed(one, answer.existed(number)))
                    number += 1
                waiting.say(said)
            self.postings += number

    async def _call(self, postings: list[Posting], lane: int) -> Answer:
        """Send one batch, again and again where that is what an error asks for."""
        tries = 0
        while True:
            tries += 1
            now = self._clock.now()
            prove = tries > 1 or self._prove > 0
            values, starts = arguments(postings, now, lane, prove=prove, held=tries > 2)
            try:
                row = await self._db.one(CALL, *values)
                self._prove -= self._prove > 0
                return Answer(postings, now, starts).read(row)
            except _AGAIN:
                if tries >= TRIES_MAX:
                    raise Unavailable("the ledger is too contended") from None
            except asyncpg.PostgresError as error:
                if error.sqlstate == _CLOCK_BEHIND:
                    raise Unavailable("the clock stands before what the ledger holds") from error
                if not (error.sqlstate == _MOVED or _is_race(error)) or tries >= TRIES_MAX:
                    raise
                self._prove = PROVE_BATCHES
            except Unavailable as outage:
                if tries >= TRIES_MAX:
                    raise
                if not isinstance(outage.__cause__, _AGAIN):
                    await asyncio.sleep(RETRY_SECONDS * 2**tries)

    async def rehearse(self, posting: Posting) -> Committed | Refused:
        """What `submit` would answer now. The same road, in a transaction that is undone."""
        now = self._clock.now()
        values, starts = arguments([posting], now, self._lanes[0], prove=True, held=True)
        try:
            async with self._db.work() as conn:
                row: Any = await conn.fetchrow(CALL, *values)
                answer = Answer([posting], now, starts).read(row)
                raise _Undo
        except _Undo:
            pass
        said = answer.of(0)
        return said if isinstance(said, Refused) else Committed(said, answer.existed(0))


class _Undo(Exception):
    """Ends the transaction of a rehearsal."""


def _repeats(posting: Posting) -> bool:
    """Whether it names one transfer twice: the second could never be made, and so neither the first."""
    made = posting.transfers
    return len(made) > 1 and len({t.id for t in made}) < len(made)


def _is_race(error: asyncpg.PostgresError) -> bool:
    """Whether the totals of an account said no before the guards could: a hold that somebody else ended in
    this very moment would have been let go of twice."""
    where = (error.schema_name, error.table_name)
    return isinstance(error, asyncpg.CheckViolationError) and where == ("ledger", "accounts")


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.fail(error)
