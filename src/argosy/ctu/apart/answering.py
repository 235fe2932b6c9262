"""The brain of one process answers the other processes of the machine.

A verdict is remembered until it is told what became of its event; where that never comes, as when the
database was away, the oldest are forgotten.
"""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from argosy.base.ports import Decision
from argosy.base.refusals import Unavailable
from argosy.ctu.apart.words import (
    NOBODY_WAITS,
    Answer,
    Ask,
    Failed,
    Frames,
    Said,
    Told,
    frame,
    read_question,
)
from argosy.ctu.brain import Brain
from argosy.ctu.decide.decider import Judged
from argosy.ctu.decide.packing import pack

MADE_MAX = 20_000
"""So many verdicts of one line wait at most to be told of."""
LOOK_SECONDS = 0.1

log = logging.getLogger(__name__)


class Answering:
    """Answers for `brain` at a socket. `heard` is called when something was committed elsewhere."""

    def __init__(self, brain: Brain, path: Path, heard: Callable[[], None]) -> None:
        self.brain = brain
        self.heard = heard
        self._path = path
        self._lines: set[_Line] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answer until the block ends. Only this user of the machine may ask."""
        loop = asyncio.get_running_loop()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        server = await loop.create_unix_server(lambda: _Line(self, self._lines), str(self._path))
        self._path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        telling = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            telling.cancel()
            server.close()
            for line in list(self._lines):
                line.close()
            self._path.unlink(missing_ok=True)

    async def _tell(self) -> None:
        """Everybody hears when the brain begins or ceases to be ready."""
        told = self.brain.ready
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.brain.ready is not told:
                told = self.brain.ready
                for line in self._lines:
                    line.say_ready()


class _Line(asyncio.Protocol):
    """One process that asks."""

    def __init__(self, answering: Answering, lines: set[_Line]) -> None:
        self._brain = answering.brain
        self._heard = answering.heard
        self._lines = lines
        self._frames = Frames()
        self._made: dict[object, Judged] = {}
        self._said: list[Said] = []
        self._kept: list[int] = []
        self._failed: list[Failed] = []
        self._arranged = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a socket can be written to
        self._lines.add(self)
        self.say_ready()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._lines.discard(self)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        for body in self._frames.take(data):
            question = read_question(body)
            for told in question.told:
                self._hear(told)
            for ask in question.asks:
                self._ask(ask)
            if question.told:
                self._heard()

    # --- what is asked ---------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        try:
            asked = self._brain.ask(ask.event)
        except Exception as wrong:  # noqa: BLE001 - it belongs to who asked
            self._fail(ask.number, wrong)
            return
        if isinstance(asked, Judged):
            self._answer(ask.number, asked)
        else:
            asked.add_done_callback(lambda done: self._done(ask.number, done))

    def _done(self, number: int, done: asyncio.Future[Judged]) -> None:
        wrong = Unavailable("judging was stopped") if done.cancelled() else done.exception()
        if wrong is not None:
            self._fail(number, wrong)
        else:
            self._answer(number, done.result())

    def _answer(self, number: int, verdict: Judged) -> None:
        self._made[verdict.id] = verdict
        if len(self._made) > MADE_MAX:
            del self._made[next(iter(self._made))]
        if verdict.decision is Decision.ALLOW:
            said = Said(number, verdict.id, verdict.decision, verdict.score, verdict.version)
        else:
            held = verdict.decision is Decision.REVIEW and verdict.facts is not None
            said = Said(
                number,
                verdict.id,
                verdict.decision,
                verdict.score,
                verdict.version,
                verdict.hits,
                verdict.challenge,
                verdict.unevaluated,
                verdict.answered,
                pack([verdict]) if held else b"",
            )
        self._said.append(said)
        self._arrange()

    # --- what is told ----------------------------------------------------------------------------------

    def _hear(self, told: Told) -> None:
        verdict = self._made.pop(told.verdict, None)
        if verdict is None:
            log.error("verdict %s was forgotten before it was told of", told.verdict)
            if told.number != NOBODY_WAITS:
                self._fail(told.number, Unavailable("the verdict was forgotten"))
            return
        keeping = self._brain.learn_of(verdict, told.outcome)
        if keeping is not None:
            task = asyncio.get_running_loop().create_task(keeping)
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._is_kept(told.number, done))
        elif told.number != NOBODY_WAITS:
            self._kept.append(told.number)
            self._arrange()

    def _is_kept(self, number: int, done: asyncio.Task[None]) -> None:
        self._tasks.discard(done)
        wrong = Unavailable("keeping was stopped") if done.cancelled() else done.exception()
        if wrong is not None:
            self._fail(number, wrong)
        elif number != NOBODY_WAITS:
            self._kept.append(number)
            self._arrange()

    # --- answers ---------------------------------------------------------------------------------------

    def say_ready(self) -> None:
        """Tell how the brain is, now."""
        self._arrange()

    def _fail(self, number: int, wrong: BaseException) -> None:
        outage = isinstance(wrong, Unavailable)
        if not outage:
            log.error("an event was not judged, or not kept", exc_info=wrong)
        if number != NOBODY_WAITS:
            self._failed.append(Failed(number, str(wrong) or type(wrong).__name__, outage))
            self._arrange()

    def _arrange(self) -> None:
        if not self._arranged:
            self._arranged = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._arranged = False
        answer = Answer(self._brain.ready, self._said, self._kept, self._failed)
        self._said, self._kept, self._failed = [], [], []
        if self._transport is not None:
            self._transport.write(frame(answer))
