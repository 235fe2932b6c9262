"""How it comes out: victims report, banks charge back, merchants complain, the operator counts its own;
and analysts who decide cases, mostly rightly."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from argosy.base.refusals import Refused
from argosy.ctu.cases import CaseState, Reports
from argosy.ctu.cases.facts import Case
from argosy.ctu.cases.reports import FINAL
from argosy.sandbox.simulate.facts import BEGIN, DAY, HOUR, Attempt, Fate, Scheme
from argosy.sandbox.simulate.world import World

LOOK = HOUR / 2
OPENS, CLOSES = 8, 22
OWN_COUNT_DAYS = 4.0

# Who finds out, how likely, and after how many days on average.
FOUND = {
    Scheme.TAKEOVER: ("customer", 0.9, 0.8),
    Scheme.MULES: ("customer", 0.8, 2.0),
    Scheme.CARDS: ("chargeback", 0.85, 9.0),
    Scheme.COLLUSION: ("chargeback", 0.85, 9.0),
    Scheme.REFUNDS: ("merchant", 0.6, 5.0),
    Scheme.BONUSES: ("sender", 0.7, OWN_COUNT_DAYS),
}


@dataclass(eq=False)
class Finding:
    """Looks at what went through, and lets it come out in its time."""

    world: World
    reports: Reports
    _seen: int = 0
    _due: list[tuple[float, Attempt]] = field(default_factory=list)

    async def act(self, now: float) -> float | None:
        """Note what is to come out, and tell what is due."""
        world, chance = self.world, self.world.chance
        attempts = world.book.attempts
        for attempt in attempts[self._seen :]:
            if attempt.harm_minor and attempt.scheme is not None and attempt.fate is Fate.DONE:
                _, likely, days = FOUND[attempt.scheme]
                if chance.random() < likely:
                    self._due.append((attempt.at + chance.expovariate(1 / (days * DAY)), attempt))
        self._seen = len(attempts)
        due = [one for one in self._due if one[0] <= now]
        self._due = [one for one in self._due if one[0] > now]
        for _, attempt in sorted(due, key=lambda one: one[0]):
            await self._tell(attempt)
        return now + LOOK

    async def _tell(self, attempt: Attempt) -> None:
        if attempt.scheme is None:
            return
        source, _, _ = FOUND[attempt.scheme]
        # Who complains does not know the gang; a bank and the operator's own count name the pattern.
        scheme = attempt.gang if source in ("chargeback", "sender") else ""
        said = await self.reports.tell(
            attempt.id,
            source,
            by=source,
            why="told by whoever lost it",
            scheme=scheme,
            loss=attempt.harm_minor,
        )
        if isinstance(said, Refused):
            return
        if source in FINAL:
            await self.world.dispose(attempt.id)
        if source != "customer" and attempt.known_at is None:
            attempt.known_at = self.world.now
        if attempt.scheme is Scheme.TAKEOVER:
            event = await self.world.wallet.db.value(
                "SELECT account FROM ctu.events WHERE id = $1 LIMIT 1", attempt.id
            )
            for phone in self.world.phones.values():
                if str(phone.party) == event:
                    self.world.secure(phone.party)


@dataclass(eq=False)
class Analysts:
    """Two people at the queue by day: so many cases an hour, most at risk first."""

    world: World
    first: str = "analyst one"
    second: str = "analyst two"

    async def act(self, now: float) -> float | None:
        """Decide what waits at the head of the queue."""
        world = self.world
        hour = (now % DAY) / HOUR
        if not OPENS <= hour < CLOSES:
            return now - now % DAY + (OPENS if hour < OPENS else OPENS + 24) * HOUR
        cases = world.wallet.cases
        for case in await cases.list(limit=world.terms.cases_an_hour):
            await self._decide(case)
        return now + HOUR

    async def _decide(self, case: Case) -> None:
        world = self.world
        attempt = world.book.by_id.get(case.event)
        bad = attempt is not None and attempt.is_bad
        if world.chance.random() < world.terms.analyst_errors:
            bad = not bad
        decision = CaseState.RETURNED if bad else CaseState.RELEASED
        scheme = attempt.gang if attempt is not None and bad else ""
        why = "as the evidence says"
        for by in (self.first, self.second):
            said = await world.wallet.cases.decide(case.id, decision, by, why, scheme)
            if isinstance(said, Refused) or said.state is not CaseState.OPEN:
                break
        world.book.cases_decided += 1
        if attempt is not None and bad and attempt.is_bad:
            await world.dispose(attempt.id)
            if attempt.known_at is None:
                attempt.known_at = world.now


def moment(seconds: float) -> str:
    """A simulated moment, for a report."""
    return f"{BEGIN + timedelta(seconds=seconds):%Y-%m-%d %H:%M}"
