"""The first, small brain: rules over what an account, a device, a payee and a network did before.

With several processes each hears of the others' operations through the log, well under a second
after their commit; until then, and for what is in flight elsewhere, each process judges by itself.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.outbox import Relay, lag, observed_id
from argosy.base.ports import Decision, Operation, Verdict
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.ctu.flights import Flights
from argosy.ctu.learning import Learning
from argosy.ctu.memory import CONSUMER, Memory
from argosy.ctu.observing import body_of, crowds_of, from_operation, payee_key
from argosy.ctu.old_facts import Scene, read
from argosy.ctu.old_history import Account, Key, Observation
from argosy.ctu.old_rules import RULES, Judgement, RuleSet
from argosy.ctu.policy import Policy
from argosy.ctu.verdicts import Verdicts

OTP = "otp"
SETTLE_TURNS_MAX = 300
SETTLE_PAUSE_SECONDS = 0.02
LEARN_EVENTS_MAX = 2_000
LEARN_PAUSE_SECONDS = 0.5
RESTART_SECONDS = 1.0
LOAD_TRIES_MAX = 4
OTHERS_MAX = 20
"""So many further accounts of a shared device count into the device's velocity."""

SCORES = {Decision.ALLOW: 0.0, Decision.CHALLENGE: 0.6, Decision.REVIEW: 0.8, Decision.DENY: 1.0}
"""Rules alone score as high as what they decide."""

log = logging.getLogger(__name__)


class Brain:
    """Screening as the gate asks for it. `run` must be running, or `start` have been awaited.

    `judge` leaves no trace but that the operation counts as in flight until `observe` is told of it,
    or for `flight_seconds_max`. It raises `Unavailable` where it cannot know, which is never a yes.
    """

    def __init__(self, db: Database, clock: Clock, ids: Ids, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.verdicts = Verdicts(db, clock)
        self._db = db
        self._clock = clock
        self._ids = ids
        self._flights = Flights(round(self.policy.flight_seconds_max * 1000))
        self._relay = Relay(
            db,
            CONSUMER,
            Learning(self.policy.money_in, self._heard),
            batch_events_max=LEARN_EVENTS_MAX,
            pause_seconds=LEARN_PAUSE_SECONDS,
        )
        self.memory = self._empty_memory()
        self._sets: dict[tuple[str, str, str], RuleSet] = {}
        self._woken = asyncio.Event()
        self._starting = asyncio.Lock()
        self._started = False

    # --- life ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Catch up with the log; from then on `judge` answers. Doing it again changes nothing."""
        async with self._starting:
            if self._started:
                return
            await self._relay.prepare()
            self.memory = self._empty_memory()  # a start that was cut off may have read half
            await self.memory.start()
            self._started = True

    async def run(self) -> None:
        """Start, follow the log and learn from it until cancelled.

        Should any of that fail, `judge` says nothing any more, and the brain starts anew.
        """
        while True:
            try:
                await self.start()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.memory.run(self._woken))
                    tasks.create_task(self._relay.run())
                    tasks.create_task(self.verdicts.run())
            except Unavailable as outage:
                log.warning("the brain waits for the database: %s", outage)
            except Exception:
                log.exception("the brain stopped; it starts anew")
            finally:
                self._started = False
            await asyncio.sleep(RESTART_SECONDS)

    def _empty_memory(self) -> Memory:
        return Memory(self._db, self.policy.money_in, self.policy.entities_max)

    def _heard(self, event: UUID) -> Observation | None:
        return self.memory.heard(event)

    @property
    def ready(self) -> bool:
        """Whether `judge` answers: the brain has caught up with the log and follows it."""
        return self._started

    def wake(self) -> None:
        """Something was committed: look at the log soon."""
        self._woken.set()
        self._relay.wake()

    async def settle(self) -> None:
        """Learn everything the log holds now, and write what was counted: for tests and at the end.

        A transaction that is still open, of whichever database of the server, holds the log back; it
        is waited for, but not for ever.
        """
        for _ in range(SETTLE_TURNS_MAX):
            while await self._relay.turn():
                pass
            behind = [one for one in await lag(self._db) if one.consumer == CONSUMER]
            if not any(one.waiting_since for one in behind):
                break
            await asyncio.sleep(SETTLE_PAUSE_SECONDS)
        await self.memory.catch_up()
        await self.memory.trim()
        await self.verdicts.write_tallies()

    # --- the port --------------------------------------------------------------------------------------

    async def judge(self, operation: Operation) -> Verdict:
        """What the rules say of `operation`."""
        if not self._started:
            raise Unavailable("the brain has not caught up with the log yet")
        event = observed_id(operation.id)
        before = self.memory.recall(event)
        if before is not None:  # it moved money already: the same answer, so that it is found again
            return Verdict(self._ids.new(), Decision(before), version="before")
        outgoing = operation.kind not in self.policy.money_in
        now_ms = round(operation.at.timestamp() * 1000)
        scene = await self._loaded(operation, now_ms, outgoing)
        expected = self.policy.expected(operation.channel)
        facts = read(operation, scene, now_ms, expected, outgoing)
        rules = self._rules(operation)
        verdict = self._verdict(operation, rules.judge(facts), rules.version, outgoing)
        if outgoing and verdict.decision is not Decision.DENY:
            self._flights.start(operation, now_ms)
        return verdict

    def record(
        self, operation: Operation, verdict: Verdict, outcome: str, order: UUID | None
    ) -> dict[str, Any]:
        """What is committed with the money."""
        return body_of(operation, verdict, order)

    async def observe(self, operation: Operation, verdict: Verdict, outcome: str) -> None:
        """Learn what became of `operation`: `posted`, `held`, `challenged`, `denied` or `refused`."""
        self._flights.end(operation)
        if outcome in ("posted", "held"):
            seen = from_operation(operation, verdict.decision, self.policy.money_in)
            self.memory.learn(observed_id(operation.id), seen, int(verdict.decision))
        if outcome != "refused":
            self.verdicts.count(operation, verdict)
        if outcome in ("challenged", "denied"):
            await self.verdicts.keep(operation, verdict)

    # --- judging ---------------------------------------------------------------------------------------

    async def _loaded(self, operation: Operation, now_ms: int, outgoing: bool) -> Scene:
        for _ in range(LOAD_TRIES_MAX):
            try:
                return (
                    self._scene(operation, now_ms) if outgoing else self._arrival(operation, now_ms)
                )
            except KeyError:  # not everything is in memory
                await self.memory.load(self.memory.missing(self._keys(operation, now_ms, outgoing)))
        raise Unavailable("memory is too small for what is judged at once")

    def _keys(self, operation: Operation, now_ms: int, outgoing: bool) -> list[Key]:
        crowds: list[Key] = [
            ("crowd", name) for name in crowds_of(operation, now_ms) if name is not None
        ]
        if not outgoing:
            return crowds
        keys: list[Key] = [("account", operation.party), *crowds]
        payee = _payee(operation)
        if payee is not None:
            keys.append(("pair", (operation.party, payee)))
        if operation.device is not None:
            keys.append(("device", operation.device))
            parties = self.memory.devices.get(operation.device, {})
            if len(parties) > 1:
                keys += [("account", p) for p in _others(parties, operation.party)]
        return keys

    def _arrival(self, operation: Operation, now_ms: int) -> Scene:
        """The scene of money that comes in: only the crowd of those who pay the same young account."""
        name, _ = crowds_of(operation, now_ms)
        return _EMPTY if name is None else replace(_EMPTY, payee_crowd=self.memory.crowds[name])

    def _scene(self, operation: Operation, now_ms: int) -> Scene:
        memory = self.memory
        device = operation.device
        parties = memory.devices[device] if device is not None else {}
        others = _others(parties, operation.party) if len(parties) > 1 else ()
        payee = _payee(operation)
        payee_name, network_name = crowds_of(operation, now_ms)
        return Scene(
            memory.accounts[operation.party],
            payee,
            memory.pairs[operation.party, payee] if payee is not None else None,
            parties.get(operation.party),
            len(parties),
            [memory.accounts[party] for party in others],
            memory.crowds[payee_name] if payee_name is not None else None,
            memory.crowds[network_name] if network_name is not None else None,
            self._flights.of_party(operation, now_ms),
            self._flights.of_device(operation, now_ms),
        )

    def _rules(self, operation: Operation) -> RuleSet:
        key = operation.market, operation.money.currency, operation.kind
        found = self._sets.get(key)
        if found is None:
            bounds = self.policy.bounds(operation.market, operation.money.currency)
            found = self._sets[key] = RuleSet(RULES, bounds, operation.kind)
        return found

    def _verdict(
        self, operation: Operation, said: Judgement, version: str, outgoing: bool
    ) -> Verdict:
        strictest = max((hit.decision for hit in said.hits), default=Decision.ALLOW)
        if outgoing and said.unevaluated:
            strictest = max(strictest, Decision.CHALLENGE)
        if strictest is Decision.CHALLENGE and OTP in operation.proofs:
            strictest = Decision.ALLOW
        return Verdict(
            self._ids.new(),
            strictest,
            said.hits,
            OTP if strictest is Decision.CHALLENGE else None,
            SCORES[strictest],
            version,
            said.unevaluated,
        )


_EMPTY = Scene(Account(), None, None, None, 0, (), None, None, (0, 0), (0, 0))


def _payee(operation: Operation) -> UUID | None:
    return payee_key(
        operation.payee, operation.facts.get("to") or operation.facts.get("bank_account")
    )


def _others(parties: dict[UUID, int], me: UUID) -> list[UUID]:
    """The accounts on a device besides `me`, the latest first, as many as count."""
    found = sorted((p for p in parties if p != me), key=lambda p: (-parties[p], p.int))
    return found[:OTHERS_MAX]
