"""Time passes: who acts when, what the machinery reads meanwhile, and the nights in which it learns.

One after the other, in the order of the simulated clock, so that the same seed is the same town.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from argosy.app import build, offsets, set_up, sweeps
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.orders.facts import State
from argosy.base.parties.facts import PartyKind
from argosy.base.ports import Decision, Operation, Screening, Verdict
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.cases import Reports
from argosy.ctu.from_operation import Logged, from_operation
from argosy.ctu.history import history_relay, settle
from argosy.products.top_up.facts import TopUp
from argosy.sandbox.census import Census
from argosy.sandbox.simulate.desk import Analysts, Finding
from argosy.sandbox.simulate.facts import BEGIN, DAY, HOUR, Fate, Mode, Scheme, Terms
from argosy.sandbox.simulate.gangs import Gang
from argosy.sandbox.simulate.people import (
    Agent,
    Customer,
    Settling,
    Shop,
    Welcomes,
    address,
    full,
)
from argosy.sandbox.simulate.phone import Phone
from argosy.sandbox.simulate.schemes import gang_of
from argosy.sandbox.simulate.score import Score, scored
from argosy.sandbox.simulate.world import Actor, World
from argosy.settings import Settings

READ_EVERY = HOUR
SWEEP_EVERY = 2 * HOUR
SWEEP_ROWS = 200
OLDEST_DAYS = 240
LEARN_FROM_DAYS = 4.0
PURSES = 6  # of the operator's own, to welcome newcomers from

Progress = Callable[[float], None]
log = logging.getLogger(__name__)


class LetThrough:
    """Nobody guards: every operation is let through, and written down as it is."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def judge(self, _operation: Operation) -> Verdict:
        return Verdict(self._ids.new(), Decision.ALLOW)

    def record(
        self, operation: Operation, verdict: Verdict, outcome: str, order: UUID | None
    ) -> Logged:
        event = from_operation(operation)
        return Logged(event=event, outcome=outcome, verdict=verdict.id, order=order)

    async def observe(self, operation: Operation, verdict: Verdict, outcome: str) -> None: ...


@dataclass(eq=False)
class Machinery:
    """What moves by itself in a real server, moved by hand here: readers of the log, sweeps, learning."""

    world: World
    mode: Mode

    def __post_init__(self) -> None:
        self._history = history_relay(self.world.wallet.db)

    async def read(self) -> None:
        """Everybody reads what the log holds."""
        wallet = self.world.wallet
        for relay in wallet.relays:
            await settle(wallet.db, relay)
        if self.mode is Mode.NOBODY:
            await settle(wallet.db, self._history)
        else:
            await wallet.own_brain.settle()

    async def sweep(self) -> None:
        """What the clock does."""
        wallet = self.world.wallet
        for one in sweeps(wallet):
            await one.run(wallet.clock.now(), SWEEP_ROWS)

    async def learn(self) -> str:
        """Walk the learning loop once, and take over what it published."""
        from argosy.ctu.learn.loop import Learning  # loads LightGBM and DuckDB

        wallet = self.world.wallet
        far = offsets(wallet.markets, wallet.clock.now())
        learning = Learning(wallet.db, wallet.clock, wallet.ids, offsets=far)
        said = await learning.run_once("simulation")
        await wallet.own_brain.chamber.look()
        return said.code if isinstance(said, Refused) else said.says


@dataclass(eq=False)
class Every:
    """Does something again and again."""

    seconds: float
    do: Callable[[], object]

    async def act(self, now: float) -> float | None:
        done = self.do()
        if hasattr(done, "__await__"):
            await done
        return now + self.seconds


async def run_town(
    terms: Terms,
    mode: Mode,
    db: Database,
    folder: Path,
    progress: Progress = lambda _day: None,
) -> Score:
    """Live through one town on a migrated, empty database; what it came to."""
    begun = time.monotonic()
    world = await _lay_out(terms, mode, db, folder)
    machinery = Machinery(world, mode)
    gangs = _everybody(world, machinery)
    await _live(world, terms.days * DAY, progress)
    await machinery.read()
    await _last_fates(world)
    given_up = frozenset(gang.name for gang in gangs if gang.stopped_for_good)
    await world.wallet.commit.close()
    return scored(world.book, terms, mode, time.monotonic() - begun, given_up)


# --- laying out ------------------------------------------------------------------------------------


async def _lay_out(terms: Terms, mode: Mode, db: Database, folder: Path) -> World:
    clock = SetClock(BEGIN - timedelta(days=OLDEST_DAYS + 1))
    chance = random.Random(f"town with thieves {terms.seed}")
    numbers = random.Random(f"ids {terms.seed}")
    ids = Ids(clock, numbers.getrandbits)
    settings = Settings(
        data=folder, key=b"a key for a simulated town only.", demo=True, host="127.0.0.1"
    )
    wallet = await build(
        settings,
        db,
        clock=clock,
        ids=ids,
        chance=numbers.randbytes,
        screening=_screening(mode, ids),
    )
    await set_up(wallet)
    if mode is not Mode.NOBODY:
        await wallet.brain.start()
    market = wallet.market
    census = Census(market, terms.seed)
    guarded = mode is not Mode.NOBODY
    return World(terms, wallet, clock, market, census, chance, guarded=guarded)


def _screening(mode: Mode, ids: Ids) -> Callable[[Screening], Screening]:
    if mode is Mode.NOBODY:
        return lambda _brain: LetThrough(ids)
    return lambda brain: brain


def _everybody(world: World, machinery: Machinery) -> list[Gang]:
    """Who lives and works here, waiting for their first moment. Wallets are opened as time comes to
    them: most long before the beginning."""
    terms, chance = world.terms, world.chance
    gangs: list[Gang] = []
    world.join(-OLDEST_DAYS * DAY, _Founding(world, gangs))
    world.join(0.0, Every(READ_EVERY, machinery.read))
    world.join(HOUR / 4, Every(SWEEP_EVERY, machinery.sweep))
    reports = Reports(
        world.wallet.db, world.wallet.clock, world.wallet.ids, world.wallet.cases.terms
    )
    world.join(HOUR, Finding(world, reports))
    if machinery.mode is not Mode.NOBODY:
        world.join(HOUR, Analysts(world))
    if machinery.mode is Mode.LEARNING:
        world.join(
            LEARN_FROM_DAYS * DAY + 3 * HOUR,
            Every(terms.learn_days * DAY, _night(world, machinery)),
        )
    chance.random()
    return gangs


def _night(world: World, machinery: Machinery) -> Callable[[], object]:
    async def learn() -> None:
        await machinery.read()
        said = await machinery.learn()
        world.book.learnings.append(f"day {world.now / DAY:.0f}: {said}")
        log.info("%s", world.book.learnings[-1])

    return learn


@dataclass(eq=False)
class _Founding:
    """Opens the town's wallets, oldest first, over the months before the beginning."""

    world: World
    gangs: list[Gang]
    purses: list[Phone] = field(default_factory=list)

    async def act(self, _now: float) -> float | None:
        world, terms = self.world, self.world.terms
        chance = world.chance
        for n in range(PURSES):
            purse = await world.open(
                PartyKind.CUSTOMER, f"operator {n}", address(chance), level=full(world)
            )
            self.purses.append(purse)
        kinds = [PartyKind.MERCHANT] * terms.shops + [PartyKind.AGENT] * terms.agents
        kinds += [PartyKind.CUSTOMER] * terms.customers
        ages = sorted((chance.uniform(20, OLDEST_DAYS) for _ in kinds), reverse=True)
        chance.shuffle(kinds)
        people: dict[PartyKind, list[Phone]] = {kind: [] for kind in PartyKind}
        for n, (age, kind) in enumerate(zip(ages, kinds, strict=True)):
            world.set(-age * DAY)
            level = full(world) if kind is PartyKind.CUSTOMER else None
            phone = await world.open(
                kind, f"phone {n}", address(chance), level=level, merchant_class="small"
            )
            people[kind].append(phone)
            await _first_money(world, phone, kind)
        self._begin(people)
        return None

    def _begin(self, people: dict[PartyKind, list[Phone]]) -> None:
        world, chance = self.world, self.world.chance
        customers, shops = people[PartyKind.CUSTOMER], people[PartyKind.MERCHANT]
        agents = people[PartyKind.AGENT]
        for place, phone in enumerate(customers):
            person = Customer.of(world, phone, shops, agents, chance)
            person.friends = [
                customers[(place + step) % len(customers)]
                for step in chance.sample(range(1, 12), 4)
            ]
            world.join(chance.uniform(0, DAY), person)
        for phone in shops:
            world.join(chance.uniform(0, DAY), Shop(world, phone))
        for phone in agents:
            world.join(chance.uniform(0, DAY), Agent(world, phone))
        welcomes = Welcomes(world, self.purses)
        world.join(0.0, welcomes)
        world.join(chance.uniform(0, DAY), Settling(world, shops, agents, welcomes))
        self._gangs(customers, shops, welcomes)
        world.set(0.0)

    def _gangs(self, customers: list[Phone], shops: list[Phone], welcomes: Welcomes) -> None:
        world, terms = self.world, self.world.terms
        for scheme in terms.schemes:
            for number in range(1, terms.gangs + 1):
                gang = gang_of(world, scheme, number, customers, shops, welcomes)
                self.gangs.append(gang)
                world.join(_arrival(terms, scheme, number), gang)


def _arrival(terms: Terms, scheme: Scheme, number: int) -> float:
    """When a gang comes to town: the first ones early, the others spread over the time left."""
    place = list(Scheme).index(scheme) / len(Scheme)
    span = max(1.0, terms.days - terms.gangs_from - 5)
    days = terms.gangs_from + (number - 1 + place) * span / (terms.gangs + 0.5)
    return days * DAY


async def _first_money(world: World, phone: Phone, kind: PartyKind) -> None:
    rupees = {PartyKind.CUSTOMER: 1_500, PartyKind.AGENT: 8_000, PartyKind.MERCHANT: 500}[kind]
    await _top_up(world, phone, rupees)


async def _top_up(world: World, phone: Phone, rupees: float) -> None:
    money = world.money(rupees)
    top_up = TopUp(world.wallet.ids.new(), money, world.bank_account(phone.party))
    await world.do(phone, top_up, "top_up", money)


# --- living ----------------------------------------------------------------------------------------


async def _live(world: World, until: float, progress: Progress) -> None:
    """Whoever is next acts, until the time is over."""
    order = itertools.count()
    waiting: list[tuple[float, int, Actor]] = []
    _welcome(world, waiting, order)
    day = -1
    while waiting:
        at, _, actor = heapq.heappop(waiting)
        if at >= until:
            return
        world.set(at)
        again = await actor.act(at)
        if again is not None:
            heapq.heappush(waiting, (again, next(order), actor))
        _welcome(world, waiting, order)
        if int(at // DAY) > day:
            day = int(at // DAY)
            progress(day)


def _welcome(world: World, waiting: list[tuple[float, int, Actor]], order: Iterable[int]) -> None:
    numbers = iter(order)
    for at, actor in world.newcomers:
        heapq.heappush(waiting, (at, next(numbers), actor))
    world.newcomers.clear()


async def _last_fates(world: World) -> None:
    """What was held has gone on or back by now, or still waits: then nothing was lost."""
    held = [a for a in world.book.attempts if a.fate is Fate.HELD]
    orders = await world.wallet.orders.many([a.id for a in held])
    for attempt in held:
        order = orders.get(attempt.id)
        moved = order is not None and order.state in (
            State.PAID,
            State.HELD,
            State.PARTLY_REFUNDED,
            State.REFUNDED,
        )
        attempt.fate = Fate.DONE if moved else Fate.STOPPED
