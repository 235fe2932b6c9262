"""Facts on line: read for an event in microseconds, kept up with the log, safe from a kill."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, cast
from uuid import UUID

import numpy as np

from argosy.base.outbox import Position
from argosy.base.refusals import Unavailable, must
from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet, starter
from argosy.ctu.facts.filling import consumer_of
from argosy.ctu.facts.flights import Flights
from argosy.ctu.facts.following import Entry, Page
from argosy.ctu.facts.kernel import Kernel, Keys
from argosy.ctu.facts.process import ENTITIES_MAX, ProcessStates
from argosy.ctu.facts.sets import ensure, live, live_version, prepare, retire
from argosy.ctu.facts.windows import State

LOAD_TRIES_MAX: Final = 4
POLL_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 0.05
TEND_SECONDS: Final = 2.0
HEARD_MAX: Final = 10_000

Vector = np.ndarray[Any, np.dtype[np.float64]]
Matrix = np.ndarray[Any, np.dtype[np.float64]]

log = logging.getLogger(__name__)


class States(Protocol):
    """Where states live: `ProcessStates`, or `RedisStates`."""

    at: Position | None

    def at_hand(self, keys: Keys) -> list[State | None] | None: ...

    async def fetch(
        self, all_keys: Sequence[Keys]
    ) -> Sequence[list[State | None] | None] | None: ...

    async def start(self) -> None: ...

    async def step(self) -> Page: ...

    async def tend(self) -> None: ...

    async def snapshot(self) -> int: ...

    async def close(self) -> None: ...


class Engine:
    """Everything about one fact set: its code, its states, and who is in the air."""

    def __init__(
        self,
        db: Database,
        fact_set: FactSet,
        url: str | None,
        entities_max: int,
        told: Callable[[Entry], None],
    ) -> None:
        self.kernel = Kernel(fact_set)
        self._told = told
        self.flights = Flights(self.kernel, keep_ghosts=url is None)
        self.heard: deque[UUID] = deque(maxlen=HEARD_MAX)
        consumer = consumer_of(fact_set.version)
        self.states: States
        if url is None:
            self.states = ProcessStates(
                db, self.kernel, consumer, self._heard, entities_max=entities_max
            )
        else:
            from argosy.ctu.facts.in_redis import RedisStates

            self.states = RedisStates(db, self.kernel, consumer, self._heard, url)

    def _heard(self, entry: Entry) -> None:
        if entry.changes is None:
            self.heard.append(entry.event.id)
        self.flights.heard(entry)
        self._told(entry)

    def row(self, event: Event, keys: Keys, states: list[State | None]) -> Vector:
        """The facts of `event` from the states of its keys."""
        if self.flights.flying:
            mine = self.flights
            states = [
                state if key is None or state is None else mine.state(n, key, state, event.id)
                for n, (key, state) in enumerate(zip(keys, states, strict=True))
            ]
        return np.frombuffer(self.kernel.read(event, *states))


class Facts:
    """Every declared fact of one process. `start` once, then `run` in a task, or `catch_up` by hand.

        facts = await Facts.open(db)           # the live set, or the starter
        await facts.start()                    # snapshot, and the log since
        row = facts.read_now(event)            # float64 (columns,), NaN is missing; None: not at hand
        if row is None:
            row = (await facts.read([event]))[0]
        facts.flight_start(event)              # judged, and not stopped: counts for the others now
        ...
        facts.flight_end(event, "posted")      # what became of it; posted and held count on until the
                                               # log tells of them

    The log is what changes facts; `run` follows it. `columns` is the order of the vector, `version` its
    fingerprint; both change when another set goes live, between two events: `on_switch(fact_set)` is
    awaited before, for whoever must get ready, and the change is made right after it returns.

    `on_entry` is told of each entry of the log, once and in order, for whoever follows the log along.
    """

    def __init__(
        self,
        db: Database,
        fact_set: FactSet,
        url: str | None = None,
        *,
        entities_max: int = ENTITIES_MAX,
        on_switch: Callable[[FactSet], Awaitable[None]] | None = None,
        on_entry: Callable[[Entry], None] | None = None,
    ) -> None:
        self._db = db
        self._url = url
        self._entities_max = entities_max
        self._told_at = Position(0, 0)
        self._engine = self._made(fact_set)
        self._started = False
        self.on_switch = on_switch
        self.on_entry = on_entry

    @classmethod
    async def open(
        cls,
        db: Database,
        url: str | None = None,
        *,
        offsets: Mapping[str, int] | None = None,
        entities_max: int = ENTITIES_MAX,
    ) -> Facts:
        """Facts of the live set; where none was published, of the starter set with the markets'
        distances from UTC in seconds (`offsets`)."""
        fact_set = await ensure(db, starter(offsets), url)
        return cls(db, fact_set, url, entities_max=entities_max)

    @property
    def fact_set(self) -> FactSet:
        """The set by which facts are read now."""
        return self._engine.kernel.fact_set

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fact_set.columns

    @property
    def version(self) -> str:
        return self.fact_set.version

    @property
    def ready(self) -> bool:
        """Whether facts can be read: the process has caught up with the log once."""
        return self._started

    @property
    def lost(self) -> int:
        """So many events were said to have been made, and the log never told of them."""
        return self._engine.flights.lost

    # --- reading -------------------------------------------------------------------------------------

    def read_now(self, event: Event) -> Vector | None:
        """The facts of `event`, where all states are at hand; None where `read` must be awaited."""
        engine = self._engine
        keys = engine.kernel.read_keys(event)
        states = engine.states.at_hand(keys) if self._started else None
        return None if states is None else engine.row(event, keys, states)

    async def read(self, events: Sequence[Event]) -> Matrix:
        """The facts of `events`, one row each. Leaves no trace. Raises `Unavailable`."""
        if not self._started:
            raise Unavailable("facts have not caught up with the log yet")
        if not events:
            return np.empty((0, len(self.columns)))
        for _ in range(LOAD_TRIES_MAX):
            engine = self._engine
            keys = [engine.kernel.read_keys(event) for event in events]
            fetched = await engine.states.fetch(keys)
            if engine is not self._engine:  # another set went live meanwhile
                continue
            found = fetched or [engine.states.at_hand(one) for one in keys]
            rows = [
                engine.row(event, one, states)
                for event, one, states in zip(events, keys, found, strict=True)
                if states is not None
            ]
            if len(rows) == len(events):
                return np.array(rows)
        raise Unavailable("memory is too small for what is judged at once")

    def flight_start(self, event: Event) -> None:
        """`event` was judged and may be made: it counts for the others from now on."""
        self._engine.flights.start(event)

    def flight_end(self, event: Event, outcome: str) -> None:
        """It is known what became of `event`: its outcome, or "refused" where nothing was made."""
        self._engine.flights.end(event, outcome)

    def fold(self, event: Event, outcome: str) -> None:
        """Count an entry that no log has, in this process alone: for measuring, never beside `run`."""
        states = self._engine.states
        must(isinstance(states, ProcessStates), "states that are not in this process")
        cast("ProcessStates", states).apply(Entry(event, outcome))

    # --- the log -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Fill the set if nobody did, take up its snapshot and read the log up to now."""
        self._started = False
        await prepare(self._db, self.fact_set, self._url)
        await self._engine.states.start()
        self._started = True

    async def close(self) -> None:
        """Let go of what is held outside of this process."""
        self._started = False
        await self._engine.states.close()

    async def catch_up(self) -> None:
        """Read the log up to now."""
        while (await self._step(self._engine)).more:
            pass

    async def snapshot(self) -> int:
        """Write the states as of where this process stands in the log; how many."""
        return await self._engine.states.snapshot()

    async def run(self, woken: asyncio.Event) -> None:
        """Follow the log until cancelled, at once when woken; write snapshots; follow the live set.

        An outage of the database delays and loses nothing.
        """
        loop = asyncio.get_running_loop()
        tend_at = 0.0
        while True:
            woken.clear()
            more = False
            try:
                if not self._started:
                    await self.start()
                more = (await self._step(self._engine)).more
                if loop.time() >= tend_at:
                    tend_at = loop.time() + TEND_SECONDS
                    await self.tend()
            except Unavailable as outage:
                log.warning("facts wait for the database: %s", outage)
            if not more:
                await asyncio.sleep(PAUSE_SECONDS)
                try:
                    async with asyncio.timeout(POLL_SECONDS):  # wait_for may lose a cancellation
                        await woken.wait()
                except TimeoutError:
                    continue

    async def tend(self) -> None:
        """What is due now and then: old flights, snapshots, another set that went live."""
        self._engine.flights.forget_old()
        await self._engine.states.tend()
        version = await live_version(self._db)
        if version is not None and version != self.version:
            fact_set = await live(self._db)
            if fact_set is not None:
                await self.switch(fact_set)
        elif version is not None:
            await retire(self._db)

    async def switch(self, fact_set: FactSet) -> None:
        """Read by `fact_set` from now on: it is filled and caught up first, and takes over at once."""
        old = self._engine
        new = self._made(fact_set)
        await prepare(self._db, fact_set, self._url)
        await new.states.start()
        if self.on_switch is not None:
            await self.on_switch(fact_set)
        while True:  # until the new one knows what the old one knows, and nobody got between
            await self._step(new)
            if new.states.at is None or old.states.at is None or new.states.at >= old.states.at:
                break
        must(self._engine is old, "two sets were switched to at once")
        told = set(new.heard)
        for flight in old.flights.flying.values():
            if flight.event.id not in told:
                new.flights.start(flight.event)
                if flight.outcome is not None:
                    new.flights.end(flight.event, flight.outcome)
        self._engine = new
        await old.states.close()

    def _made(self, fact_set: FactSet) -> Engine:
        return Engine(self._db, fact_set, self._url, self._entities_max, self._tell)

    def _tell(self, entry: Entry) -> None:
        """Two engines read the same log while one takes over from the other."""
        if entry.position > self._told_at:
            self._told_at = entry.position
            if self.on_entry is not None:
                self.on_entry(entry)

    async def _step(self, engine: Engine) -> Page:
        made = engine.flights.made()  # what is told of while we read may come after what we read
        page = await engine.states.step()
        if not page.more:
            engine.flights.check_suspects(made, page.finished, page.next)
        return page
