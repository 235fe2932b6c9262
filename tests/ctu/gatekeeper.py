"""Stands where the gate stands: asks the brain, commits the money's event, tells what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from msgspec.structs import replace

from argosy.base.clock import SetClock
from argosy.base.ids import Ids, derive
from argosy.base.money import Money
from argosy.base.outbox import append, observation
from argosy.base.ports import Decision, Operation, Verdict
from argosy.base.store import Database
from argosy.ctu.brain import Brain

LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_SPACE = UUID("6f1c3c1e-1f6e-4f27-9f0e-2d0f9f0a7c11")


def who(name: str) -> UUID:
    """The id of somebody or something with this name; it does not tell when it was made."""
    return uuid5(_SPACE, name)


class Gatekeeper:
    """Sends operations past one brain, as one process would."""

    def __init__(self, db: Database, brain: Brain, clock: SetClock, ids: Ids) -> None:
        self.db = db
        self.brain = brain
        self.clock = clock
        self.ids = ids

    def operation(
        self,
        party: str,
        rupees: float,
        to: str | None = "shop",
        *,
        kind: str = "send",
        channel: str = "lite",
        device: str | None = "",
        network: str | None = "203.0.113.7",
        proofs: tuple[str, ...] = ("pin",),
        opened: datetime = LONG_AGO,
        payee_opened: datetime | None = LONG_AGO,
        payee_kind: str = "customer",
        **facts: Any,
    ) -> Operation:
        """`device` "" is the party's own phone."""
        told: dict[str, Any] = {"opened_at": opened, **facts}
        if to is not None and payee_opened is not None:
            told["payee_opened_at"] = payee_opened
        return Operation(
            self.ids.new(),
            kind,
            "india",
            self.clock.now(),
            who(party),
            Money(round(rupees * 100), "INR"),
            channel,
            device=None if device is None else who(device or f"phone of {party}"),
            network=network,
            payee=None if to is None else who(to),
            payee_kind=None if to is None else payee_kind,
            proofs=frozenset(proofs),
            facts=told,
        )

    def claim(self, party: str, sender: str, rupees: float) -> Operation:
        """Money that waited for somebody who had no wallet; the account is a day old."""
        opened = self.clock.now() - timedelta(days=1)
        return Operation(
            self.ids.new(),
            "claim",
            "india",
            self.clock.now(),
            who(party),
            Money(round(rupees * 100), "INR"),
            "clock",
            facts={"opened_at": opened, "from": str(who(sender))},
        )

    async def ask(self, party: str, rupees: float, to: str | None = "shop", **more: Any) -> Verdict:
        """Judge only, as for a dry run, and tell the brain that nothing came of it."""
        operation = self.operation(party, rupees, to, **more)
        verdict = await self.brain.judge(operation)
        await self.brain.observe(operation, verdict, "refused")
        return verdict

    async def pay(self, party: str, rupees: float, to: str | None = "shop", **more: Any) -> Verdict:
        """The whole way of one payment; with `otp=True` the person answers a challenge."""
        otp = more.pop("otp", False)
        operation = self.operation(party, rupees, to, **more)
        verdict = await self.put_through(operation)
        if otp and verdict.decision is Decision.CHALLENGE:
            verdict = await self.put_through(
                replace(operation, proofs=operation.proofs | {verdict.challenge or ""})
            )
        return verdict

    async def put_through(self, operation: Operation) -> Verdict:
        verdict = await self.brain.judge(operation)
        await self.finish(operation, verdict)
        return verdict

    async def finish(self, operation: Operation, verdict: Verdict) -> None:
        """Do as the gate does with this verdict."""
        if verdict.decision is Decision.CHALLENGE:
            await self.brain.observe(operation, verdict, "challenged")
        elif verdict.decision is Decision.DENY:
            await self.brain.observe(operation, verdict, "denied")
        else:
            await self.commit(operation, verdict)
            held = verdict.decision is Decision.REVIEW
            await self.brain.observe(operation, verdict, "held" if held else "posted")

    async def commit(self, operation: Operation, verdict: Verdict) -> None:
        """Make the operation's event durable, as the gate's commit does."""
        held = "held" if verdict.decision is Decision.REVIEW else "posted"
        record = self.brain.record(operation, verdict, held, operation.id)
        async with self.db.work() as conn:
            await append(conn, [observation(operation, record)], operation.at)

    async def habit(self, party: str, rupees: float, days: int, to: str = "shop") -> None:
        """A payment a day for `days` days, at this time of the day, after a first small one."""
        for day in range(days):
            await self.pay(party, rupees if day else 100, to, otp=True)
            self.clock.set(self.clock.now() + timedelta(days=1))


def case_id(operation: Operation) -> UUID:
    return derive(operation.id, "case")


def rules_of(verdict: Verdict) -> set[str]:
    return {hit.rule for hit in verdict.hits}
