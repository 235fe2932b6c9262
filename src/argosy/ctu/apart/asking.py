"""The brain as a process sees it that has none of its own: it asks the one next door.

No line is no verdict, and so never a yes: whoever asks hears `Unavailable` at once.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from argosy.base.ports import Decision, Operation, Verdict
from argosy.base.refusals import Bug, Unavailable
from argosy.ctu.apart.words import (
    NOBODY_WAITS,
    Answer,
    Ask,
    Failed,
    Frames,
    Question,
    Said,
    Told,
    frame,
    read_answer,
)
from argosy.ctu.decide.decider import Judged
from argosy.ctu.decide.store import entry_of
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged, from_operation

AGAIN_SECONDS = 0.2
START_SECONDS_MAX = 60.0

log = logging.getLogger(__name__)


class Asking:
    """Screening by the brain behind the socket at `path`. `run` must be running."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count(NOBODY_WAITS + 1)
        self._asked: dict[int, tuple[asyncio.Future[Judged], Event]] = {}
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._asks: list[Ask] = []
        self._told: list[Told] = []
        self._arranged = False
        self._transport: asyncio.WriteTransport | None = None
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether there is a line, and the brain at its end has caught up with the log."""
        return self._ready

    async def start(self) -> None:
        """Wait until the brain answers; `run` must be running. Raises `Unavailable`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + START_SECONDS_MAX
        while not self._ready:
            if loop.time() > until:
                raise Unavailable("the brain next door does not answer")
            await asyncio.sleep(AGAIN_SECONDS / 4)

    async def run(self) -> None:
        """Keep the line up until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            line = _Line(self, loop.create_future())
            try:
                await loop.create_unix_connection(partial(_same, line), str(self._path))
            except OSError as wrong:
                log.warning("the brain next door cannot be reached: %s", wrong)
            else:
                try:
                    await line.lost
                finally:
                    self._hang_up()
                log.warning("the line to the brain next door is lost")
            await asyncio.sleep(AGAIN_SECONDS)

    def wake(self) -> None:
        """The brain hears of every commit by what it is told."""

    async def close(self) -> None:
        """Nothing is kept on this side."""
        self._hang_up()

    # --- the port --------------------------------------------------------------------------------------

    async def judge(self, operation: Operation) -> Verdict:
        """What is said of `operation`. Raises `Unavailable`."""
        self._must_have_line()
        event = from_operation(operation)
        number = next(self._numbers)
        answer: asyncio.Future[Judged] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer, event
        self._asks.append(Ask(number, event))
        self._arrange()
        try:
            return await answer
        finally:
            self._asked.pop(number, None)

    def record(
        self, operation: Operation, verdict: Verdict, outcome: str, order: UUID | None
    ) -> Logged:
        """The entry of the log that the gate commits with the money."""
        return entry_of(_ours(verdict, operation), outcome, order)

    async def observe(self, operation: Operation, verdict: Verdict, outcome: str) -> None:
        """Tell the brain what became of `operation`; what was no plain yes is durable when this
        returns. Raises `Unavailable`."""
        _ours(verdict, operation)
        self._must_have_line()
        if verdict.decision is Decision.ALLOW or outcome == "refused":
            self._told.append(Told(NOBODY_WAITS, verdict.id, outcome))
            self._arrange()
            return
        number = next(self._numbers)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = kept
        self._told.append(Told(number, verdict.id, outcome))
        self._arrange()
        try:
            await kept
        finally:
            self._waiting.pop(number, None)

    # --- the line --------------------------------------------------------------------------------------

    def _must_have_line(self) -> None:
        if self._transport is None:
            raise Unavailable("there is no line to the brain next door")

    def _arrange(self) -> None:
        if not self._arranged:
            self._arranged = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._arranged = False
        asks, self._asks = self._asks, []
        told, self._told = self._told, []
        if self._transport is not None and (asks or told):
            self._transport.write(frame(Question(asks, told)))

    def take_up(self, transport: asyncio.WriteTransport) -> None:
        """There is a line."""
        self._transport = transport

    def hear(self, answer: Answer) -> None:
        """A frame has come."""
        self._ready = answer.ready
        for said in answer.said:
            asked = self._asked.get(said.number)
            if asked is not None and not asked[0].done():
                asked[0].set_result(_judged(said, asked[1]))
        for number in answer.kept:
            kept = self._waiting.get(number)
            if kept is not None and not kept.done():
                kept.set_result(None)
        for failed in answer.failed:
            self._fail(failed)

    def _fail(self, failed: Failed) -> None:
        waiter: asyncio.Future[Any] | None = self._waiting.get(failed.number)
        if failed.number in self._asked:
            waiter = self._asked[failed.number][0]
        if waiter is not None and not waiter.done():
            kind: Callable[[str], Exception] = Unavailable if failed.outage else Bug
            waiter.set_exception(kind(failed.why))

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = None
        self._ready = False
        self._asks, self._told = [], []
        waiters: list[asyncio.Future[Any]] = [*self._waiting.values()]
        waiters += [answer for answer, _ in self._asked.values()]
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(Unavailable("the line to the brain was lost"))


class _Line(asyncio.Protocol):
    def __init__(self, asking: Asking, lost: asyncio.Future[None]) -> None:
        self._asking = asking
        self.lost = lost
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._asking.take_up(transport)  # type: ignore[arg-type]  # a socket can be written to

    def data_received(self, data: bytes) -> None:
        for body in self._frames.take(data):
            self._asking.hear(read_answer(body))

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


def _same(line: _Line) -> _Line:
    return line


def _judged(said: Said, event: Event) -> Judged:
    return Judged(
        id=said.id,
        decision=said.decision,
        hits=said.hits,
        challenge=said.challenge,
        score=said.score,
        version=said.version,
        unevaluated=said.unevaluated,
        event=event,
        answered=said.answered,
        packed=said.packed,
    )


def _ours(verdict: Verdict, operation: Operation) -> Judged:
    if not isinstance(verdict, Judged) or verdict.event.id != operation.id:
        raise Bug(f"verdict {verdict.id} is of another brain, or of another event")
    return verdict
