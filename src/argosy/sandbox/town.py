"""The demo town: laid out once, through the same doors as everybody's, and found again at each start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import Party
from argosy.base.refusals import Refused, Unavailable
from argosy.public_services.cashier.facts import Receipt
from argosy.sandbox.census import CUSTOMERS, Census, Resident
from argosy.sandbox.hand import DEMO_PIN, Hand
from argosy.sandbox.history import Deed, History
from argosy.sandbox.house import House
from argosy.sandbox.settling import move_in, open_wallet

AT_ONCE_MAX = 48
BANK_SECONDS_MAX = 30
VISITORS = 3, 2, 1
"""So many customers, shops and agents are for visitors, and never act by themselves."""

FOR = (
    "pays, sends and asks",
    "was asked for money, and may pay or decline",
    "has shown only a phone, and may only pay shops",
    "is paid for nothing",
    "pays a small price for being paid",
    "has a counter at /agent",
)
_TURN = 7_301_113  # any fixed number
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A wallet that visitors may sign in with, and what it is for."""

    phone: str
    pin: str
    name: str
    about: str

    def __str__(self) -> str:
        return f"{self.phone}  PIN {self.pin}  {self.name}, {self.about}"


@dataclass(frozen=True)
class Town:
    """A town that is there. `numbers` are the public numbers of its shops and agents."""

    census: Census
    numbers: Mapping[UUID, str]
    signs: tuple[DemoAccount, ...]

    def accounts(self) -> tuple[DemoAccount, ...]:
        """Whom a visitor can be: three customers, two shops, one agent, with what they have now."""
        return self.signs


async def lay_out(
    house: House, market: Market, seed: int = 1, *, customers: int = CUSTOMERS
) -> Town:
    """Lay out the town of `market`, or find it: a second start changes nothing, and one after a
    crash goes on where it stopped.

    Raises `Unavailable` where the database does not answer, or where the first resident's wallet
    cannot be opened (another town has its phone). What else is refused is logged.
    """
    census = Census(market, seed, customers)
    founder = await house.parties.get(census.customers[0].id)
    if founder is None:
        founder = await _found(house, census)
    last = History(census, _ms(founder), {}).last_id
    if await house.orders.get(last) is None:
        async with _alone(house):
            if await house.orders.get(last) is None:
                await _build(house, census, _ms(founder))
    return await _look(house, census)


async def _found(house: House, census: Census) -> Party:
    """Open the first wallet: when that was tells all other ids their time."""
    first = await open_wallet(house, census.market, census.customers[0])
    if isinstance(first, Refused):
        raise Unavailable(f"the demo town cannot be laid out: {first.code}")
    return first


@asynccontextmanager
async def _alone(house: House) -> AsyncIterator[None]:
    """One builder at a time: two would sign each other out, for they share the residents' phones."""
    async with house.db.connection() as conn:
        await conn.execute("SELECT pg_advisory_lock($1)", _TURN)
        yield


async def _build(house: House, census: Census, founded_ms: int) -> None:
    await house.brain.start()
    hands = {resident.id: Hand(house, resident) for resident in census.everyone}

    held: list[UUID] = []

    async def settle(hand: Hand) -> None:
        said = await move_in(house, census.market, hand)
        if not isinstance(said, Receipt):
            _log.warning("resident %d did not move in: %s", hand.resident.number, said)
        elif said.order.state is State.HELD:
            held.append(said.order.id)

    async def do(deed: Deed) -> None:
        said = await hands[deed.who.id].do(deed.command)
        if not isinstance(said, Receipt):
            _log.warning("resident %d could not %s: %s", deed.who.number, deed.command, said)

    await _each(settle, hands.values())
    await _bank_answers(house, held)
    history = History(census, founded_ms, await _numbers(house, census))
    for deeds in history.rounds():
        await _each(do, deeds())


async def _each(act: Callable[[T], Awaitable[None]], of: Iterable[T]) -> None:
    """All at once, as far as a database has hands: what is in flight together is committed
    together."""
    turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def one(it: T) -> None:
        async with turns:
            await act(it)

    try:
        async with asyncio.TaskGroup() as tasks:
            for it in of:
                tasks.create_task(one(it))
    except ExceptionGroup as group:
        if group.split(Unavailable)[1] is None:
            raise Unavailable("the demo town is not finished; start again") from group
        raise


async def _bank_answers(house: House, held: list[UUID]) -> None:
    """Where a crash came between an order and the bank's answer, the bank is asked again first, as
    the clock does it."""
    for _ in range(BANK_SECONDS_MAX):
        orders = await house.orders.many(held)
        if not any(order.state is State.HELD for order in orders.values()):
            return
        for sweep in house.cashier.sweeps():
            await sweep.run(house.clock.now(), AT_ONCE_MAX)
        await asyncio.sleep(1)
    _log.warning("the bank has not answered %d residents yet", len(held))


async def _numbers(house: House, census: Census) -> dict[UUID, str]:
    businesses = (*census.shops, *census.agents)
    found = await asyncio.gather(*(house.parties.get(b.id) for b in businesses))
    return {party.id: party.number for party in found if party is not None}


async def _look(house: House, census: Census) -> Town:
    """The town as it is now, with the list of whom a visitor can be."""
    numbers = await _numbers(house, census)
    customers, shops, agents = VISITORS
    visitors = (*census.customers[:customers], *census.shops[:shops], *census.agents[:agents])
    abouts = await asyncio.gather(*(_about(house, census, r, numbers.get(r.id)) for r in visitors))
    signs = tuple(
        DemoAccount(resident.phone, DEMO_PIN, resident.shown, f"{about}; {purpose}")
        for resident, about, purpose in zip(visitors, abouts, FOR, strict=True)
    )
    return Town(census, numbers, signs)


async def _about(house: House, census: Census, resident: Resident, number: str | None) -> str:
    market, party = census.market, await house.parties.get(resident.id)
    account = await house.ledger.account(party.account) if party is not None else None
    money = Money(account.balance_minor if account else 0, market.currency)
    purse = house.words.money(money, market.languages[0], market.code)
    if number is not None:
        kind = f"{resident.merchant_class} shop" if resident.merchant_class else resident.kind.value
        return f"{kind}, number {number[:5]} {number[5:]}, {purse}"
    return f"{party.level if party is not None else resident.level} wallet, {purse}"


def _ms(founder: Party) -> int:
    return int(founder.created_at.timestamp() * 1000)
