"""The rail to the simulated bank: our side of the wire."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from argosy.banks.simulator.bank import Answer, Bank, Letter
from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ports import Instruction, RailReply, RailState
from argosy.base.refusals import Unavailable
from argosy.base.store import Database

CALL_SECONDS = 0.5

Hear = Callable[[UUID, RailReply], Awaitable[None]]

log = logging.getLogger(__name__)

_STATES = {"done": RailState.DONE, "rejected": RailState.REJECTED, "never_seen": RailState.REJECTED}


class SimulatorRail:
    """Sends instructions to the simulated bank and reads its answers."""

    name = "simulator"

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    async def send(self, instruction: Instruction) -> RailReply:
        """Ask the bank to do it. Raises as a line does; whoever guards the rail makes that UNKNOWN."""
        return _read(await self.bank.instruct(_wire(instruction)), instruction.id)

    async def inquire(self, instruction: Instruction) -> RailReply:
        """Ask the bank what it knows of it; `never_seen` where it knows nothing."""
        return _read(await self.bank.ask(_wire(instruction)), instruction.id)

    async def listen(self, hear: Hear) -> None:
        """Pass on the bank's own calls, `hear(instruction, reply)`, until cancelled. A call that could
        not be heard is made again."""
        while True:
            try:
                await self.deliver(hear)
            except Unavailable as outage:
                log.warning("the simulated bank cannot call: %s", outage)
            await asyncio.sleep(CALL_SECONDS)

    async def deliver(self, hear: Hear) -> int:
        """Pass on the calls that are due now; how many."""
        calls = await self.bank.due_calls()
        for instruction, answer in calls:
            await hear(instruction, _reply(answer, instruction))
            await self.bank.called(instruction)
        return len(calls)


def make(db: Database, clock: Clock, _ids: Ids) -> SimulatorRail:
    """The rail, as its manifest loads it."""
    return SimulatorRail(Bank(db, clock))


def _wire(instruction: Instruction) -> bytes:
    return msgspec.json.encode(
        Letter(
            instruction.id,
            instruction.direction.value,
            instruction.money.minor,
            instruction.money.currency,
            instruction.bank_account,
            instruction.deadline_at,
        )
    )


def _read(wire: bytes, instruction: UUID) -> RailReply:
    try:
        answer = msgspec.json.decode(wire, type=Answer)
    except msgspec.DecodeError:
        log.warning("instruction %s: the bank's answer cannot be read: %r", instruction, wire[:80])
        return RailReply(RailState.UNKNOWN)
    return _reply(answer, instruction)


def _reply(answer: Answer, instruction: UUID) -> RailReply:
    state = _STATES.get(answer.state)
    if state is None:
        log.error("instruction %s: the bank answers %r", instruction, answer.state)
        return RailReply(RailState.UNKNOWN, reason=answer.state)
    reason = "never_seen" if answer.state == "never_seen" else answer.reason
    return RailReply(state, answer.reference, reason)
