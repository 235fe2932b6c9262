"""Stands where gate and brain stand: writes to the log what was judged, and lets the log be read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from argosy.base.clock import SetClock
from argosy.base.ids import Ids, derive
from argosy.base.orders.facts import OrderReason
from argosy.base.outbox import OBSERVED, append, observed_id
from argosy.base.ports import Decision, Hit
from argosy.base.postings import Event as Announcement
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database
from argosy.ctu.cases import Cases, Opening
from argosy.ctu.cases.facts import Case
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged
from argosy.ctu.history import history_relay, settle

_SPACE = UUID("6f1c3c1e-1f6e-4f27-9f0e-2d0f9f0a7c11")
OUTCOMES = ["posted", "challenged", "held", "denied"]


@dataclass
class Reviews:
    """Stands for the base's reviews: an order in review is decided once."""

    decided: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    outage: bool = False

    async def release(self, order: UUID, by: str):
        return await self._decide(order, "released", by)

    async def give_back(self, order: UUID, by: str):
        return await self._decide(order, "returned", by)

    async def _decide(self, order: UUID, what: str, by: str):
        if self.outage:
            raise Unavailable("the database did not answer")
        await asyncio.sleep(0)
        if order in self.decided:
            return Refused(OrderReason.ORDER_NOT_OPEN)
        self.decided[order] = what, by
        return object()


class Office:
    """Where cases come in."""

    def __init__(self, db: Database, clock: SetClock, ids: Ids, cases: Cases) -> None:
        self.db = db
        self.clock = clock
        self.ids = ids
        self.cases = cases
        self._opening = Opening(db, clock, ids, cases.terms).relay()
        self._history = history_relay(db)

    async def happens(
        self,
        account: str,
        rupees: float,
        payee: str | None = "shop",
        decision: Decision = Decision.ALLOW,
        *,
        score: float = 0.0,
        rules: tuple[str, ...] = (),
        outcome: str | None = None,
        **more: Any,
    ) -> Event:
        """Something is judged and its entry is in the log."""
        told = {"device": f"phone of {account}", "network": "203.0.113.7", **more}
        event = Event(
            id=self.ids.new(),
            kind=told.pop("kind", "send"),
            at_ms=round(self.clock.now().timestamp() * 1000),
            account=account,
            market="india",
            amount=round(rupees * 100),
            currency="INR",
            channel="lite",
            payee=payee,
            **told,
        )
        entry = Logged(
            event=event,
            outcome=outcome or OUTCOMES[decision],
            decision=int(decision),
            score=score,
            verdict=uuid4() if decision else None,
            hits=tuple(Hit(rule, decision, {"event.amount": event.amount}) for rule in rules),
            order=event.id if decision is Decision.REVIEW else None,
        )
        announced = Announcement(
            observed_id(event.id), uuid5(_SPACE, account), OBSERVED, _body(entry)
        )
        async with self.db.work() as conn:
            await append(conn, [announced], self.clock.now())
        return event

    async def read_log(self) -> None:
        """Everybody has read everything: cases are opened and closed, the history is written."""
        await settle(self.db, self._opening)
        await settle(self.db, self._history)

    async def suspicious(
        self, account: str, rupees: float, payee: str = "mule", **more: Any
    ) -> Case:
        """A payment that is held, with its case."""
        rules = more.pop("rules", ("payee.new",))
        event = await self.happens(account, rupees, payee, Decision.REVIEW, rules=rules, **more)
        await self.read_log()
        case = await self.cases.get(derive(event.id, "case"))
        if case is None:
            raise LookupError(f"no case for {account}")
        return case

    async def order_goes_on(self, order: UUID, state: str) -> None:
        """The order's own event, as the base announces it."""
        body = {"id": str(order), "state": state}
        async with self.db.work() as conn:
            await append(
                conn, [Announcement(uuid4(), order, f"transfer.{state}", body)], self.clock.now()
            )
        await self.read_log()

    async def labels(self) -> list[tuple[UUID, bool, str, str, int]]:
        rows = await self.db.all(
            "SELECT event, bad, source, scheme, loss FROM ctu.labels ORDER BY added_at"
        )
        return [tuple(row) for row in rows]


def _body(entry: Logged) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(entry)
    return told
