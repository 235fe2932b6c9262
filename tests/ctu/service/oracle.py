"""A brain that is easily foreseen, behind the same port as the real one: large amounts are challenged,
very large ones held, and `thief` is refused."""

from __future__ import annotations

from collections.abc import Sequence

from argosy.base.ids import Ids
from argosy.base.ports import Decision, Hit, Verdict
from argosy.base.refusals import Unavailable
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged

CHALLENGED_FROM, HELD_FROM = 10_000_00, 50_000_00


class Oracle:
    """`judged` counts what it was asked; `outage` makes it silent; `told` are outcomes it heard."""

    def __init__(self, ids: Ids) -> None:
        self.judged = 0
        self.outage = False
        self.told: list[tuple[str, str]] = []
        self._ids = ids

    @property
    def ready(self) -> bool:
        return not self.outage

    async def judge_events(self, events: Sequence[Event]) -> list[Verdict]:
        if self.outage:
            raise Unavailable("the brain does not answer")
        self.judged += len(events)
        return [self._verdict(event) for event in events]

    def entry(self, event: Event, verdict: Verdict, outcome: str) -> Logged:
        return Logged(
            event=event,
            outcome=outcome,
            decision=int(verdict.decision),
            score=verdict.score,
            verdict=verdict.id,
            hits=verdict.hits,
            version=verdict.version,
        )

    async def observe_event(self, event: Event, verdict: Verdict, outcome: str) -> None:
        self.told.append((event.account, outcome))

    def _verdict(self, event: Event) -> Verdict:
        decision, rule, score = Decision.ALLOW, "", 0.01
        if event.account == "thief":
            decision, rule, score = Decision.DENY, "known.thief", 0.99
        elif event.amount >= HELD_FROM:
            decision, rule, score = Decision.REVIEW, "amount.very_large", 0.8
        elif event.amount >= CHALLENGED_FROM and "otp" not in event.proofs:
            decision, rule, score = Decision.CHALLENGE, "amount.large", 0.4
        hits = (Hit(rule, decision, {"event.amount": event.amount}),) if rule else ()
        challenge = "otp" if decision is Decision.CHALLENGE else None
        return Verdict(self._ids.new(), decision, hits, challenge, score, "oracle")
