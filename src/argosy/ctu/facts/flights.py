"""What was judged and is not in the log yet: it counts for everybody else this process judges.

A flight counts into short windows from the moment it was judged, and everywhere once it is known to have
been made, until the log tells of it. So many at once do not all see the same quiet minute before them.

States themselves are never touched: who is in the air has a ghost, a copy of the state with the flights
counted in, made when it is first asked for.
"""

from __future__ import annotations

import logging
from typing import Final
from uuid import UUID

from argosy.ctu.events import Event
from argosy.ctu.facts.following import Entry
from argosy.ctu.facts.kernel import Kernel, copy_state
from argosy.ctu.facts.windows import State

FLIGHT_MS_MAX: Final = 30_000
TOLD_MAX: Final = 20_000
"""So many events are remembered of which the log told before who made them did."""
MADE: Final = ("posted", "held")

log = logging.getLogger(__name__)


class Flight:
    """`outcome` is None as long as nobody knows what became of it."""

    __slots__ = ("event", "outcome")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.outcome: str | None = None


class Flights:
    """The flights of one process, by event and by whom they change.

    Without `keep_ghosts` each question gets a new ghost: for states that are read anew each time.
    """

    def __init__(self, kernel: Kernel, *, keep_ghosts: bool = True) -> None:
        self._kernel = kernel
        self._keep_ghosts = keep_ghosts
        self.flying: dict[UUID, Flight] = {}
        self._by_key: list[dict[str, dict[UUID, Flight]]] = [{} for _ in range(kernel.size)]
        self._ghosts: list[dict[str, State]] = [{} for _ in range(kernel.size)]
        self._now_ms = 0
        self._told: dict[UUID, None] = {}
        self._suspects: tuple[int, list[UUID]] | None = None
        self.lost = 0  # made, as we were told, and unknown to the log

    def start(self, event: Event) -> None:
        """`event` was judged and may be made; judged again, it flies once."""
        self._now_ms = max(self._now_ms, event.at_ms)
        if event.id in self.flying:
            self._land(event.id)
        flight = self.flying[event.id] = Flight(event)
        for n, key in enumerate(self._kernel.fold_keys(event)):
            if key is not None:
                self._by_key[n].setdefault(key, {})[event.id] = flight
        ghosts = self._ghosts_of(event)
        if ghosts is not None:
            self._kernel.fold_fast(event, MADE[0], 0, *ghosts)

    def end(self, event: Event, outcome: str) -> None:
        """It is known what became of `event`. What was made is remembered until the log tells of it."""
        flight = self.flying.get(event.id)
        if event.id in self._told:  # the log was faster, and states count it already
            del self._told[event.id]
            if flight is None:
                return
        if outcome not in MADE:
            if flight is not None:
                self._land(event.id)
            return
        if flight is None:
            self.start(event)
            flight = self.flying[event.id]
        elif flight.outcome is not None:  # told twice
            self._drop_ghosts(event)
            flight.outcome = outcome
            return
        flight.outcome = outcome
        if outcome == MADE[0]:  # ghosts have the half of it that counts in flight
            ghosts = self._ghosts_of(event)
            if ghosts is not None:
                self._kernel.fold_rest(event, outcome, 0, *ghosts)
        else:
            self._drop_ghosts(event)

    def heard(self, entry: Entry) -> None:
        """The log told of `entry`, and states have it. Ghosts get it too, unless they had it."""
        flight = self.flying.get(entry.event.id)
        if flight is not None and entry.changes is None and entry.outcome in MADE:
            if flight.outcome is None:
                self._told[entry.event.id] = None
                if len(self._told) > TOLD_MAX:
                    del self._told[next(iter(self._told))]
            self._land(entry.event.id, told=flight.outcome == entry.outcome)
        elif any(self._ghosts):
            self._drop_ghosts(entry.event)

    def state(self, n: int, key: str, state: State, event: UUID) -> State:
        """`state` of `key`, with the flights of all but `event` counted in."""
        flights = self._by_key[n].get(key)
        if flights is None:
            return state
        if event in flights:
            if len(flights) == 1:
                return state
            return self._made(n, state, [f for f in flights.values() if f.event.id != event])
        ghost = self._ghosts[n].get(key)
        if ghost is None:
            ghost = self._made(n, state, list(flights.values()))
            if self._keep_ghosts:
                self._ghosts[n][key] = ghost
        return ghost

    def forget_old(self) -> None:
        """Let go of what was judged long ago and never came back."""
        since = self._now_ms - FLIGHT_MS_MAX
        for event in [
            f.event for f in self.flying.values() if f.outcome is None and f.event.at_ms < since
        ]:
            self._land(event.id)

    def made(self) -> list[UUID]:
        """The events that were made, as we were told, and that the log has not told of yet."""
        return [event for event, flight in self.flying.items() if flight.outcome is not None]

    def check_suspects(self, made: list[UUID], finished: int, following: int) -> None:
        """The log was read to its end: transactions below `finished` had ended, `following` had not
        begun, and `made` was told before. What is not in the log once every transaction begun by then
        has ended was never committed: forget it, loudly."""
        if self._suspects is not None and finished >= self._suspects[0]:
            for event in self._suspects[1]:
                if event in self.flying:
                    self.lost += 1
                    log.error("the log does not know of event %s, which was made: forgotten", event)
                    self._land(event)
            self._suspects = None
        if self._suspects is None and made:
            self._suspects = (following, made)

    def _made(self, n: int, state: State, flights: list[Flight]) -> State:
        ghost = copy_state(self._kernel.plans[n], state)
        for flight in flights:
            self._count(n, ghost, flight)
        return ghost

    def _count(self, n: int, ghost: State, flight: Flight) -> None:
        states: list[State | None] = [None] * self._kernel.size
        states[n] = ghost
        if flight.outcome is None:
            self._kernel.fold_fast(flight.event, MADE[0], 0, *states)
        else:
            self._kernel.fold(flight.event, flight.outcome, 0, *states)

    def _land(self, event: UUID, *, told: bool = False) -> None:
        """End a flight. `told`: states count it now as its ghosts did, so that these may stay."""
        flight = self.flying.pop(event)
        for n, key in enumerate(self._kernel.fold_keys(flight.event)):
            if key is None:
                continue
            flights = self._by_key[n].get(key)
            if flights is None:
                continue
            flights.pop(event, None)
            if not flights:
                del self._by_key[n][key]
            if not flights or not told:
                self._ghosts[n].pop(key, None)

    def _ghosts_of(self, event: Event) -> list[State | None] | None:
        """The ghosts of whom `event` changes, in the kernel's order; None where nobody has one."""
        found: list[State | None] | None = None
        for n, key in enumerate(self._kernel.fold_keys(event)):
            ghost = self._ghosts[n].get(key) if key is not None else None
            if ghost is not None:
                if found is None:
                    found = [None] * self._kernel.size
                found[n] = ghost
        return found

    def _drop_ghosts(self, event: Event) -> None:
        for n, key in enumerate(self._kernel.fold_keys(event)):
            if key is not None:
                self._ghosts[n].pop(key, None)
