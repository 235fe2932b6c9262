"""Honest people: customers with habits of their own, shops, agents, and those who move in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from uuid import UUID

from argosy.base.parties.facts import PartyKind
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.send.facts import Send
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from argosy.sandbox.habits import HOURS
from argosy.sandbox.simulate.facts import DAY, HOUR, Fate
from argosy.sandbox.simulate.phone import Phone
from argosy.sandbox.simulate.world import World

ZONE_SECONDS = 0.0  # the town's midnight is the beginning of a simulated day
WAYS = {"pay": 76, "send": 17, "cash": 4, "withdraw": 3}
LOW_RUPEES = 300.0
NEW_PHONE_A_DAY = 0.004
AWAY_A_DAY = 0.02
DEAR = 0.012
RETURNED = 0.015
FAVOURITES = 6
BONUS_RUPEES = 50.0


@dataclass(eq=False)
class Customer:
    """Somebody with favourite shops, a few friends, an own scale of spending and hours of being awake."""

    world: World
    phone: Phone
    friends: list[Phone] = field(default_factory=list)
    shops: list[Phone] = field(default_factory=list)
    agents: list[Phone] = field(default_factory=list)
    shifted: float = 0.0
    usual: float = 120.0
    a_day: float = 1.6
    _home: tuple[str, str] = ("", "")
    _changed: int = 0

    @classmethod
    def of(
        cls,
        world: World,
        phone: Phone,
        shops: list[Phone],
        agents: list[Phone],
        chance: random.Random,
    ) -> Customer:
        """A customer with habits of their own."""
        made = cls(world, phone)
        made.shops = chance.sample(shops, min(FAVOURITES, len(shops)))
        made.agents = agents
        made.shifted = chance.gauss(0, 1.2)
        made.usual = min(900.0, chance.lognormvariate(4.7, 0.6))
        made.a_day = min(5.0, chance.lognormvariate(0.3, 0.5))
        made._home = phone.device, phone.network
        return made

    async def act(self, now: float) -> float | None:
        """Something that this person does at this hour, and when the next thing is."""
        world, chance = self.world, self.world.chance
        self._places(chance)
        way = chance.choices(tuple(WAYS), tuple(WAYS.values()))[0]
        held = await world.has(self.phone.party)
        if held < LOW_RUPEES:
            await self._fetch()
        elif way == "send" and self.friends:
            await self._send(min(held * 0.4, chance.choice((20, 50, 50, 100, 100, 150, 200, 500))))
        elif way == "cash" and self.agents:
            await self._cash(min(held * 0.5, chance.choice((200, 300, 500))))
        elif way == "withdraw":
            if held > 4 * LOW_RUPEES:
                await self._withdraw(held * chance.uniform(0.2, 0.5))
        else:
            await self._pay(held)
        return self._next(now)

    # --- what people do ----------------------------------------------------------------------------

    async def _pay(self, held: float) -> None:
        world, chance = self.world, self.world.chance
        amount = self.usual * chance.lognormvariate(0, 0.6)
        if chance.random() < DEAR:
            amount = chance.uniform(2_500, 7_000)
        amount = max(5.0, round(min(amount, held * 0.8)))
        shop = world.someone(self.shops)
        money = world.money(amount)
        pay = PayMerchant(world.wallet.ids.new(), money, world.numbers[shop.party], "")
        attempt = await world.do(self.phone, pay, "pay", money)
        if attempt.fate is Fate.DONE and chance.random() < RETURNED:
            world.join(world.later(1.0), Return(world, shop, pay.id))

    async def _send(self, amount: float) -> None:
        world = self.world
        friend, money = world.someone(self.friends), world.money(max(5.0, round(amount)))
        sent = Send(world.wallet.ids.new(), money, number=world.numbers[friend.party])
        await world.do(self.phone, sent, "send", money)

    async def _cash(self, amount: float) -> None:
        """Money for cash, at an agent's counter."""
        world = self.world
        agent, money = world.someone(self.agents), world.money(round(amount))
        sent = Send(world.wallet.ids.new(), money, number=world.numbers[agent.party])
        await world.do(self.phone, sent, "send", money)

    async def _fetch(self) -> None:
        world = self.world
        money = world.money(world.chance.choice((500, 1_000, 1_000, 2_000)))
        account = world.bank_account(self.phone.party)
        await world.do(self.phone, TopUp(world.wallet.ids.new(), money, account), "top_up", money)

    async def _withdraw(self, amount: float) -> None:
        world = self.world
        money = world.money(round(amount))
        account = world.bank_account(self.phone.party)
        await world.do(
            self.phone, Withdraw(world.wallet.ids.new(), money, account), "withdraw", money
        )

    # --- when and where ----------------------------------------------------------------------------

    def _places(self, chance: random.Random) -> None:
        """Mostly at home; sometimes away; now and then with a new phone."""
        per_act = 1 / max(0.5, self.a_day)
        if chance.random() < NEW_PHONE_A_DAY * per_act:
            self._changed += 1
            self._home = f"phone of {self.phone.party} {self._changed}", self._home[1]
            self.phone.move(*self._home)
        away = chance.random() < AWAY_A_DAY
        self.phone.network = (
            f"198.51.{chance.randrange(100)}.{chance.randrange(250)}" if away else self._home[1]
        )

    def _next(self, now: float) -> float:
        """The next time somebody like this does something: more by day than by night."""
        chance = self.world.chance
        at = now
        for _ in range(200):
            at += chance.expovariate(2.2 * self.a_day / DAY)
            hour = int(((at + ZONE_SECONDS) % DAY) / HOUR - self.shifted) % 24
            if chance.random() < HOURS[hour]:
                return at
        return at


@dataclass(eq=False)
class Return:
    """Goods go back to an honest shop, and the money with them."""

    world: World
    shop: Phone
    order: UUID

    async def act(self, _now: float) -> float | None:
        """Refund it, once."""
        world = self.world
        order = await world.wallet.orders.get(self.order)
        if order is not None:
            refund = Refund(world.wallet.ids.new(), self.order)
            await world.do(self.shop, refund, "refund", order.amount)
        return None


@dataclass(eq=False)
class Shop:
    """An honest merchant: brings the takings to the bank every evening or two."""

    world: World
    phone: Phone

    async def act(self, now: float) -> float | None:
        """Bring takings to the bank."""
        world = self.world
        held = await world.has(self.phone.party)
        if held > 800:
            money = world.money(round(held * 0.7))
            account = world.bank_account(self.phone.party)
            await world.do(
                self.phone, Withdraw(world.wallet.ids.new(), money, account), "withdraw", money
            )
        return now + world.chance.uniform(0.9, 2.2) * DAY


@dataclass(eq=False)
class Agent:
    """Somebody with a counter, who gives cash for wallet money and has it from the bank again."""

    world: World
    phone: Phone

    async def act(self, now: float) -> float | None:
        """Bring to the bank what was taken in."""
        world = self.world
        held = await world.has(self.phone.party)
        if held > 1_000:
            money = world.money(round(held * 0.9))
            account = world.bank_account(self.phone.party)
            await world.do(
                self.phone, Withdraw(world.wallet.ids.new(), money, account), "withdraw", money
            )
        return now + world.chance.uniform(0.5, 1.0) * DAY


@dataclass(eq=False)
class Welcomes:
    """The operator's welcome to new wallets, from wallets of its own: each may send so much a month."""

    world: World
    purses: list[Phone]

    async def act(self, now: float) -> float | None:
        """The purses are never empty."""
        world = self.world
        for purse in self.purses:
            if await world.has(purse.party) < 3_000:
                money = world.money(8_000)
                account = world.bank_account(purse.party)
                await world.do(
                    purse, TopUp(world.wallet.ids.new(), money, account), "top_up", money
                )
        return now + DAY / 2

    async def give(self, to: Phone) -> bool:
        """Welcome a new wallet; whether the money came."""
        world = self.world
        money = world.money(BONUS_RUPEES)
        number = world.numbers[to.party]
        sent = Send(world.wallet.ids.new(), money, number=number, note="welcome")
        purse = world.someone(self.purses)
        return (await world.do(purse, sent, "send", money)).fate is Fate.DONE


@dataclass(eq=False)
class Settling:
    """People move in, one every few days, and get the bonus that newcomers get."""

    world: World
    shops: list[Phone]
    agents: list[Phone]
    welcomes: Welcomes
    every_days: float = 1.5

    async def act(self, now: float) -> float | None:
        """Let one in."""
        world = self.world
        phone = await world.open(
            PartyKind.CUSTOMER, f"new phone {now:.0f}", address(world.chance), level=full(world)
        )
        world.book.newcomers += 1
        customer = Customer.of(world, phone, self.shops, self.agents, world.chance)
        customer.friends = [p for p in (world.someone(list(world.phones.values())),) if p != phone]
        world.join(now + HOUR, customer)
        await self.welcomes.give(phone)
        return now + world.chance.expovariate(1 / (self.every_days * DAY))


def full(world: World) -> str:
    """The highest level that a customer can have."""
    return world.market.ladder(PartyKind.CUSTOMER)[-1].name


def address(chance: random.Random) -> str:
    """A home's network address."""
    return f"203.0.{chance.randrange(256)}.{chance.randrange(256)}"
