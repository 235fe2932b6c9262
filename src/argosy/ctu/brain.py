"""The risk brain in the payment: it judges what comes at once together, and keeps what it said.

Facts, rules, models and the owner score are each kept up with the database by themselves; here they
meet for one event. The processes of one machine share one brain (`apart`). Brains of several machines
hear of each other's events through the log, well under a second after their commit; until then, and for
what is in flight elsewhere, each judges by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.outbox import Relay
from argosy.base.ports import Decision, Operation, Verdict
from argosy.base.refusals import Bug, Unavailable, must
from argosy.base.store import Database
from argosy.ctu.chamber import Chamber
from argosy.ctu.decide.decider import Judged
from argosy.ctu.decide.judge import Judge
from argosy.ctu.decide.policy import Policy, load_policy
from argosy.ctu.decide.rates import Tallies
from argosy.ctu.decide.store import Verdicts, entry_of
from argosy.ctu.events import Event
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.following import Entry
from argosy.ctu.facts.known import KnownFacts
from argosy.ctu.facts.online import Facts
from argosy.ctu.facts.process import ENTITIES_MAX
from argosy.ctu.from_operation import Logged, from_operation
from argosy.ctu.history import history_relay, settle
from argosy.ctu.models import Registry
from argosy.ctu.owner import OwnerScore
from argosy.ctu.together import Together

FOLLOW_SECONDS = 0.5
RESTART_SECONDS = 1.0
RECALL_MAX = 50_000
BEFORE = "before"
"""The version of a verdict that says again what was said when the money moved."""

MOVED: Final = {"posted": Decision.ALLOW, "held": Decision.REVIEW}
"""What was said of an event that moved or reserved money, by what became of it."""

Matrix = NDArray[np.float64]

log = logging.getLogger(__name__)


class Brain:
    """Screening as the gate asks for it, and judging for whoever sends events of their own.

    `run` must be running, or `start` have been awaited. `judge` leaves no trace but that the event
    counts as in flight until `observe` is told of it, or for half a minute. It raises `Unavailable`
    where it cannot know, which is never a yes. `offsets` are the markets' distances from UTC in seconds.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        policy: Policy | None = None,
        *,
        offsets: Mapping[str, int] | None = None,
        facts_url: str | None = None,
        entities_max: int = ENTITIES_MAX,
    ) -> None:
        self.policy = policy or load_policy()
        self.verdicts = Verdicts(db, ids)
        self.tallies = Tallies(db)
        self.history: Relay = history_relay(db)
        self._db = db
        self._ids = ids
        self._clock = clock
        self._registry = Registry(db, clock)
        self._offsets = dict(offsets or {})
        self._facts_url = facts_url
        self._entities_max = entities_max
        self._woken = asyncio.Event()
        self._starting = asyncio.Lock()
        self._started = False
        self._recall: dict[UUID, Decision] = {}
        self._judge: Judge | None = None
        self._chamber: Chamber | None = None
        self._next: Chamber | None = None
        self._together: Together | None = None
        self._facts: Facts | None = None
        self._owner: OwnerScore | None = None

    @property
    def facts(self) -> Facts:
        """What is known of everybody; there from `start` on."""
        must(self._facts is not None, "the brain was not started")
        return cast("Facts", self._facts)

    @property
    def owner(self) -> OwnerScore:
        """Is it the owner? There from `start` on."""
        must(self._owner is not None, "the brain was not started")
        return cast("OwnerScore", self._owner)

    @property
    def chamber(self) -> Chamber:
        """Rules and models over the facts of today; there from `start` on."""
        must(self._chamber is not None, "the brain was not started")
        return cast("Chamber", self._chamber)

    # --- life ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Catch up with the log; from then on `judge` answers. Doing it again changes nothing."""
        async with self._starting:
            if self._started:
                return
            self._stop()  # a start that was cut off may have read half
            await self.history.prepare()
            facts = await KnownFacts.known(
                self._db,
                self._clock,
                self._facts_url,
                offsets=self._offsets,
                entities_max=self._entities_max,
            )
            facts.on_switch, facts.on_entry = self._prepare, self._heard
            owner = OwnerScore(self._db, utc_offset_minutes=self._minutes)
            self._facts, self._owner = facts, owner
            self._chamber, self._next = await self._seated(facts.fact_set), None
            self._together = Together(facts, owner, self._judge_now)
            await facts.start()
            await self.verdicts.recover()
            await owner.start()  # what comes after that it is told by the facts' reader
            self._started = True

    async def run(self) -> None:
        """Start, follow the log and learn from it until cancelled.

        Should any of that fail, `judge` says nothing any more, and the brain starts anew.
        """
        while True:
            try:
                await self.start()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.facts.run(self._woken))
                    tasks.create_task(self._follow())
                    tasks.create_task(self.history.run())
                    tasks.create_task(self.verdicts.run())
                    tasks.create_task(self.tallies.run())
            except Unavailable as outage:
                log.warning("the brain waits for the database: %s", outage)
            except Exception:
                log.exception("the brain stopped; it starts anew")
            finally:
                self._stop()
            await asyncio.sleep(RESTART_SECONDS)

    def _stop(self) -> None:
        self._started = False
        if self._together is not None:
            self._together.close()

    async def _follow(self) -> None:
        """Rules and models as they are published."""
        while True:
            try:
                await self.chamber.look()
            except Unavailable as outage:
                log.warning("rules and models are not followed for now: %s", outage)
            await asyncio.sleep(FOLLOW_SECONDS)

    async def _seated(self, facts: FactSet) -> Chamber:
        chamber = Chamber(self._db, self._registry, facts, self._offsets)
        await chamber.start()
        return chamber

    async def _prepare(self, facts: FactSet) -> None:
        """Other facts are about to take over: rules and models over these must be ready by then."""
        self._next = await self._seated(facts)

    def _heard(self, entry: Entry) -> None:
        """The log told of `entry`, whichever process made it."""
        if entry.outcome in MOVED:
            self._remember(entry.event.id, MOVED[entry.outcome])
        if not self._started or entry.position <= self.owner.at:
            return
        if entry.changes is None:
            self.owner.update(entry.event, entry.outcome)
        elif any(more > 0 for _, more in entry.changes):
            self.owner.unlearn(entry.event)

    @property
    def _minutes(self) -> int:
        return next(iter(self._offsets.values()), 0) // 60

    @property
    def ready(self) -> bool:
        """Whether `judge` answers: the brain has caught up with the log and follows it."""
        return self._started

    @property
    def lost(self) -> int:
        """So many events were said to have been made, and the log never told of them."""
        return 0 if self._facts is None else self._facts.lost

    def wake(self) -> None:
        """Something was committed: look at the log soon."""
        self._woken.set()
        self.history.wake()

    async def settle(self) -> None:
        """Learn everything the log holds now, and write what was said and counted: for tests and at
        the end. A transaction that is still open holds the log back; it is waited for."""
        await settle(self._db, self.history)
        await self.facts.catch_up()
        await self.verdicts.flush()
        await self.tallies.write()

    async def close(self) -> None:
        """Write what was said and counted in the last moments; for the end of a process."""
        self._stop()
        try:
            await self.verdicts.flush()
            await self.tallies.write()
            if self._facts is not None:
                await self._facts.close()
        except Unavailable as outage:
            log.warning("the last verdicts were not written: %s", outage)

    # --- the port --------------------------------------------------------------------------------------

    async def judge(self, operation: Operation) -> Verdict:
        """What is said of `operation`."""
        return await _given(self.ask(from_operation(operation)))

    def record(
        self, operation: Operation, verdict: Verdict, outcome: str, order: UUID | None
    ) -> Logged:
        """The entry of the log that the gate commits with the money."""
        return entry_of(_judged(verdict, operation.id), outcome, order)

    async def observe(self, operation: Operation, verdict: Verdict, outcome: str) -> None:
        """Hear what became of `operation`: `posted`, `held`, `challenged`, `denied` or `refused`."""
        keeping = self.learn_of(_judged(verdict, operation.id), outcome)
        if keeping is not None:
            await keeping

    # --- for whoever sends events of their own ------------------------------------------------------------

    async def judge_events(self, events: Sequence[Event]) -> list[Judged]:
        """What is said of each; all of them are judged together."""
        asked = [self.ask(event) for event in events]
        return [await _given(one) for one in asked]

    def entry(self, event: Event, verdict: Verdict, outcome: str) -> Logged:
        """The entry of the log for what became of an event; the sender writes it."""
        return entry_of(_judged(verdict, event.id), outcome)

    async def observe_event(self, event: Event, verdict: Verdict, outcome: str) -> None:
        """As `observe`, once the entry is in the log."""
        keeping = self.learn_of(_judged(verdict, event.id), outcome, tell=False)
        if keeping is not None:
            await keeping

    # --- judging ---------------------------------------------------------------------------------------

    def ask(self, event: Event) -> Judged | asyncio.Future[Judged]:
        """The verdict on `event`, or what gives it at the end of this turn of the loop. Raises
        `Unavailable`."""
        together = self._together
        if not self._started or together is None:
            raise Unavailable("the brain has not caught up with the log yet")
        before = self._recall.get(event.id)
        if before is not None:  # it moved money already: the same answer, so that it is found again
            return Judged(id=self._ids.new(), decision=before, version=BEFORE, event=event)
        return together.ask(event, counts=event.kind not in self.policy.money_in)

    def _judge_now(self, events: Sequence[Event], facts: Matrix, owner: Matrix) -> list[Judged]:
        version = self.facts.version
        if self._next is not None and self._next.facts == version:
            self._chamber, self._next = self._next, None
        chamber, judge = self.chamber, self._judge
        must(chamber.facts == version, "rules and models over other facts", facts=version)
        if judge is None or not chamber.is_of(judge):
            judge = self._judge = chamber.judge(self.policy)
            self.verdicts.by(judge.made)
        return judge.judge(events, facts, owner, self._ids.new)

    def learn_of(
        self, verdict: Judged, outcome: str, *, tell: bool = True
    ) -> Coroutine[Any, Any, None] | None:
        """Hear what became of the event of a verdict; where there is something to be kept before it is
        heard of, what keeps it. With `tell` the log is told of what was stopped."""
        event = verdict.event
        if self._facts is not None:
            self._facts.flight_end(event, outcome)
        if outcome in MOVED:
            self._remember(event.id, verdict.decision)
        if verdict.version == BEFORE or outcome == "refused":
            return None
        self.tallies.count(verdict, outcome)
        if verdict.decision is not Decision.ALLOW:
            return self.verdicts.keep(verdict, outcome, tell=tell)
        self.verdicts.note(verdict)
        return None

    def _remember(self, event: UUID, decision: Decision) -> None:
        self._recall[event] = decision
        if len(self._recall) > RECALL_MAX:
            for old in list(self._recall)[: RECALL_MAX // 10]:
                del self._recall[old]


async def _given(asked: Judged | Awaitable[Judged]) -> Judged:
    return asked if isinstance(asked, Judged) else await asked


def _judged(verdict: Verdict, event: UUID | None = None) -> Judged:
    if not isinstance(verdict, Judged) or event not in (None, verdict.event.id):
        raise Bug(f"verdict {verdict.id} is of another brain, or of another event")
    return verdict
