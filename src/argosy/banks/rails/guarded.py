"""A rail as the products see it: it always answers in time, and what it cannot tell is UNKNOWN.

UNKNOWN is safe whatever happened: the order stays held, and the bank is asked again with the same id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from argosy.base.ports import Calling, Hear, Instruction, Rail, RailReply, RailState

SEND_SECONDS_MAX = 8.0
INQUIRE_SECONDS_MAX = 5.0
CALLS_MAX = 200
"""So many calls may wait for one bank at a time; the next ones are unknown at once, so that a bank
that hangs does not collect everybody's requests."""

UNKNOWN = RailReply(RailState.UNKNOWN)

Note = Callable[[str, str, Instruction, RailReply, int], None]
"""Hears of each call: the rail, the verb, what was asked, what was answered, and the milliseconds."""

log = logging.getLogger(__name__)


class Guarded:
    """Wraps `rail` with a time limit, a bound on calls, and a check of what it answers.

    While it is `paused` the bank is not called, and every answer is UNKNOWN. `note` hears of each call.
    """

    def __init__(
        self,
        rail: Rail,
        *,
        send_seconds_max: float = SEND_SECONDS_MAX,
        inquire_seconds_max: float = INQUIRE_SECONDS_MAX,
        calls_max: int = CALLS_MAX,
        note: Note = lambda *_: None,
    ) -> None:
        self.name = rail.name
        self.paused = False
        self._note = note
        self.rail = rail
        self._send_seconds_max = send_seconds_max
        self._inquire_seconds_max = inquire_seconds_max
        self._calls_max = calls_max
        self.calls = 0

    async def send(self, instruction: Instruction) -> RailReply:
        """The bank's answer, or UNKNOWN where it is late, broken or not an answer."""
        return await self._call(self.rail.send, instruction, "send", self._send_seconds_max)

    async def inquire(self, instruction: Instruction) -> RailReply:
        """What the bank knows of `instruction`, or UNKNOWN as for `send`."""
        return await self._call(
            self.rail.inquire, instruction, "inquire", self._inquire_seconds_max
        )

    @property
    def calls_by_itself(self) -> bool:
        """Whether this bank calls as well."""
        return isinstance(self.rail, Calling) and self.rail.calls_by_itself

    async def deliver(self, hear: Hear, limit: int) -> int:
        """The bank's own calls; none where it makes none."""
        return await self.rail.deliver(hear, limit) if isinstance(self.rail, Calling) else 0

    async def _call(
        self,
        verb: Callable[[Instruction], Awaitable[RailReply]],
        instruction: Instruction,
        word: str,
        seconds_max: float,
    ) -> RailReply:
        if self.paused:
            return UNKNOWN
        begun = time.monotonic()
        reply = await self._answer(verb, instruction, word, seconds_max)
        self._note(self.name, word, instruction, reply, round(1000 * (time.monotonic() - begun)))
        return reply

    async def _answer(
        self,
        verb: Callable[[Instruction], Awaitable[RailReply]],
        instruction: Instruction,
        word: str,
        seconds_max: float,
    ) -> RailReply:
        if self.calls >= self._calls_max:
            log.error("rail %s: %s calls wait; %s is not tried", self.name, self.calls, word)
            return UNKNOWN
        self.calls += 1
        try:
            async with asyncio.timeout(seconds_max):
                reply: object = await verb(instruction)
        except TimeoutError:
            log.warning("rail %s: %s %s: no answer in time", self.name, word, instruction.id)
            return UNKNOWN
        except Exception:
            log.exception("rail %s: %s %s: failed", self.name, word, instruction.id)
            return UNKNOWN
        finally:
            self.calls -= 1
        if isinstance(reply, RailReply) and isinstance(reply.state, RailState):
            return reply
        log.error("rail %s: %s %s: answered nonsense: %r", self.name, word, instruction.id, reply)
        return UNKNOWN
