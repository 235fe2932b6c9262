"""Events that come in one turn of the event loop are judged in one pass.

There is no timer, no task for an event and no lock: the first who asks arranges for the end of the
turn, everybody who asks until then is judged with it. Where something must be read first, only those
who need it wait, together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from argosy.base.ports import Decision
from argosy.base.refusals import Unavailable
from argosy.ctu.decide.decider import Judged
from argosy.ctu.events import Event
from argosy.ctu.facts.online import Facts
from argosy.ctu.owner.score import OwnerScore

TOGETHER_MAX = 64
"""So many are judged in one pass; more would keep the others in the loop waiting."""

Matrix = NDArray[np.float64]
Row = tuple[Matrix, float]
Judging = Callable[[Sequence[Event], Matrix, Matrix], list[Judged]]


class Waiting:
    """One event that waits for its verdict. `counts`: it counts as in flight once it was read."""

    __slots__ = ("answer", "counts", "event", "row")

    def __init__(self, event: Event, counts: bool, answer: asyncio.Future[Judged]) -> None:
        self.event = event
        self.counts = counts
        self.answer = answer
        self.row: Row | None = None


class Together:
    """The queue before the judge. Belongs to one event loop."""

    def __init__(self, facts: Facts, owner: OwnerScore, judging: Judging) -> None:
        self._facts = facts
        self._owner = owner
        self._judging = judging
        self._queue: list[Waiting] = []
        self._arranged = False
        self._loads: set[asyncio.Task[None]] = set()

    def ask(self, event: Event, *, counts: bool) -> asyncio.Future[Judged]:
        """The verdict on `event`. What is raised in judging is raised here."""
        loop = asyncio.get_running_loop()
        one = Waiting(event, counts, loop.create_future())
        self._queue.append(one)
        self._arrange(loop)
        return one.answer

    def close(self) -> None:
        """Nobody is judged any more; who waits hears it."""
        for task in self._loads:
            task.cancel()
        _fail(self._queue, Unavailable("the brain was stopped"))
        self._queue = []

    def _arrange(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._arranged:
            self._arranged = True
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._arranged = False
        taken, self._queue = self._queue[:TOGETHER_MAX], self._queue[TOGETHER_MAX:]
        if self._queue:
            self._arrange(asyncio.get_running_loop())
        try:
            ready, absent = self._read([one for one in taken if not one.answer.done()])
            if ready:
                self._judge(ready)
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            _fail(taken, error)
            return
        if absent:
            task = asyncio.get_running_loop().create_task(self._load(absent))
            self._loads.add(task)
            task.add_done_callback(self._loads.discard)

    def _read(self, taken: list[Waiting]) -> tuple[list[tuple[Waiting, Row]], list[Waiting]]:
        """What is known of each, one after the other: each counts as in flight for those after it."""
        ready: list[tuple[Waiting, Row]] = []
        absent: list[Waiting] = []
        facts, owner = self._facts, self._owner
        for one in taken:
            row = facts.read_now(one.event)
            score = owner.read_now(one.event)
            if row is not None and score is not None:
                ready.append((one, (row, score)))
            elif one.row is not None:  # read a moment ago, and not kept at hand
                ready.append((one, one.row))
            else:
                absent.append(one)
                continue
            if one.counts:
                facts.flight_start(one.event)
        return ready, absent

    def _judge(self, ready: list[tuple[Waiting, Row]]) -> None:
        events = [one.event for one, _ in ready]
        try:
            facts = np.array([row for _, (row, _) in ready])
            owner = np.array([score for _, (_, score) in ready])
            judged = self._judging(events, facts, owner)
        except Exception:
            for one, _ in ready:
                if one.counts:
                    self._facts.flight_end(one.event, "refused")
            raise
        for (one, _), verdict in zip(ready, judged, strict=True):
            if one.counts and verdict.decision is Decision.DENY:
                self._facts.flight_end(one.event, "refused")
            if not one.answer.done():
                one.answer.set_result(verdict)

    async def _load(self, absent: list[Waiting]) -> None:
        events = [one.event for one in absent]
        try:
            rows = await self._facts.read(events)
            scores = await self._owner.read(events)
        except BaseException as error:
            stopped = not isinstance(error, Exception)
            _fail(absent, Unavailable("reading was stopped") if stopped else error)
            if stopped:
                raise
            return
        for one, row, score in zip(absent, rows, scores, strict=True):
            one.row = row, float(score)
        self._queue += absent
        self._arrange(asyncio.get_running_loop())


def _fail(waiting: Sequence[Waiting], error: Any) -> None:
    for one in waiting:
        if not one.answer.done():
            one.answer.set_exception(error)
            one.answer.exception()  # it may be that nobody waits any more
