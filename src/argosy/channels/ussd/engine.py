"""From a post of the gateway to its answer: whose turn it is, the same answer for the same post, and what
is written before anything is said."""

from __future__ import annotations

import logging
from time import perf_counter

from argosy.base.refusals import Refused, Unavailable
from argosy.channels.ussd.facts import CHANNEL, Dial, Reply
from argosy.channels.ussd.lines import Line, Lines
from argosy.channels.ussd.reasons import UssdReason
from argosy.channels.ussd.screens import plain
from argosy.channels.ussd.services import Ussd
from argosy.channels.ussd.turns import Turn

_log = logging.getLogger(__name__)


class Engine:
    """Answers dials. Keeps nothing of its own: any process may answer the next one."""

    def __init__(self, ussd: Ussd) -> None:
        self.ussd = ussd
        self.lines = Lines(ussd.db, ussd.clock, ussd.keys)

    async def answer(self, dial: Dial) -> Reply:
        """The screen for a dial. Never raises but for a bug: an outage is a screen too."""
        began = perf_counter()
        phone = self.ussd.parties.phone_hash(dial.market.code, dial.phone)
        try:
            line = await self.lines.begin(phone, dial)
            if line is None:
                return self._plain(dial, self._busy(dial))
            return await self._in_turn(dial, line, began)
        except Unavailable as outage:
            _log.error("a dial was not answered: %s", outage)
            return self._plain(dial, self._say(dial, "out_of_order"))

    async def _in_turn(self, dial: Dial, line: Line, began: float) -> Reply:
        try:
            before = self._before(dial, line)
            if before is not None:
                await self.lines.release(line)
                return before
            party = await self.ussd.parties.by_phone(dial.market.code, dial.phone)
            turn = Turn(self.ussd, dial, line, party)
            reply = await turn.take()
            await self.lines.end(line, dial, turn.state, reply)
        except BaseException:
            await self.lines.release(line)
            raise
        self._count(dial, turn, reply, perf_counter() - began)
        return reply

    def _before(self, dial: Dial, line: Line) -> Reply | None:
        """The answer that was given already: a gateway that heard nothing posts the same once more, and
        an earlier post may come late."""
        if dial.session in line.past:
            return self._plain(dial, self._say(dial, "over"))
        if dial.session != line.session or line.answer is None:
            return None
        if len(dial.inputs) <= line.consumed:
            return line.answer
        return self._plain(dial, self._say(dial, "over")) if line.answer.ends else None

    def _count(self, dial: Dial, turn: Turn, reply: Reply, seconds: float) -> None:
        for n, (flow, step, outcome) in enumerate(turn.noted):
            first = n == 0
            self.ussd.funnels.note(
                CHANNEL,
                flow,
                step,
                dial.market.code,
                outcome=outcome,
                bytes_in=sum(len(typed) + 1 for typed in dial.inputs) if first else 0,
                bytes_out=len(reply.wire.encode()) if first else 0,
                seconds=seconds if first else 0.0,
            )

    def _busy(self, dial: Dial) -> str:
        market = dial.market
        refused = Refused(UssdReason.USSD_BUSY)
        return self.ussd.words.refusal(refused, market.languages[0], market.code)

    def _say(self, dial: Dial, key: str) -> str:
        market = dial.market
        return self.ussd.words.say(f"ussd.{key}", market.languages[0], market.code)

    def _plain(self, _dial: Dial, text: str) -> Reply:
        return Reply(plain(text), ends=True)
