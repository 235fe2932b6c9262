"""The rail to the simulated bank: our side of the wire."""

from __future__ import annotations

import logging
from uuid import UUID

import msgspec

from argosy.banks.simulator.bank import Answer, Bank, Letter
from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.ports import Hear, Instruction, RailReply, RailState
from argosy.base.store import Database

CALLS_MAX = 100

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

    @property
    def calls_by_itself(self) -> bool:
        """It does."""
        return True

    async def deliver(self, hear: Hear, limit: int = CALLS_MAX) -> int:
        """Pass on the calls that are due now; how many. A call that nobody heard is made again."""
        calls = await self.bank.due_calls(limit)
        for instruction, order, answer in calls:
            if order is not None:
                await hear(order, _reply(answer, instruction))
            await self.bank.called(instruction)
        return len(calls)


def make(db: Database, clock: Clock, _ids: Ids, keys: Keys) -> SimulatorRail:
    """The rail, as its manifest loads it."""
    return SimulatorRail(Bank(db, clock, keys))


def _wire(instruction: Instruction) -> bytes:
    return msgspec.json.encode(
        Letter(
            instruction.id,
            instruction.direction.value,
            instruction.money.minor,
            instruction.money.currency,
            instruction.bank_account,
            instruction.deadline_at,
            instruction.order,
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
