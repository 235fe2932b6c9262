"""The six schemes. What is lost when one goes through is counted once, where it leaves its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from argosy.base.ids import named
from argosy.base.parties.facts import PartyKind
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.top_up.facts import TopUp
from argosy.sandbox.simulate.facts import DAY, HOUR, Fate, Scheme
from argosy.sandbox.simulate.gangs import Gang
from argosy.sandbox.simulate.people import BONUS_RUPEES, Welcomes, address, full
from argosy.sandbox.simulate.phone import Phone
from argosy.sandbox.simulate.world import World


@dataclass(eq=False)
class Takeover(Gang):
    """Phished PINs: the thief signs in on a device of his own and sends what is there to his wallets.
    Of a few victims he has the telephone number too, and reads the codes."""

    customers: list[Phone] = field(default_factory=list)

    async def strike(self, _now: float) -> float:
        world, chance = self.world, self.world.chance
        victim = world.someone(self.customers)
        if victim.party in world.secured:
            return HOUR
        hand = Phone(
            world.wallet,
            victim.party,
            self.device(),
            self.network(),
            answers=0.95 if chance.random() < 0.15 else 0.0,
        )
        for _ in range(chance.randint(1, 3)):
            held = await world.has(victim.party)
            if held < 60:
                break
            to = world.someone(self.own)
            done = await self.send(
                hand, to, held * min(0.9, chance.uniform(0.4, 0.9) * self.size), harm=True
            )
            if done.fate is not Fate.DONE:
                break
        for phone in self.own:
            await self.cash_out(phone)
        return chance.uniform(0.3, 1.2) * DAY


@dataclass(eq=False)
class CardTesting(Gang):
    """Stolen bank accounts: each is tried with a small top-up, the good ones are then emptied."""

    found: list[str] = field(default_factory=list)
    _tried: int = 0

    async def strike(self, _now: float) -> float:
        world, chance = self.world, self.world.chance
        phone = world.someone(self.own)
        for _ in range(chance.randint(2, 6)):
            self._tried += 1
            account = self._account(self._tried)
            done = await self._load(phone, account, chance.uniform(5, 40))
            if done is Fate.DONE:
                self.found.append(account)
            if done is Fate.STOPPED:
                break
        if self.found and chance.random() < 0.7:
            done = await self._load(phone, self.found.pop(), chance.uniform(800, 3_000) * self.size)
            if done is Fate.DONE:
                await self.cash_out(phone)
        return chance.uniform(2, 14) * HOUR

    async def _load(self, phone: Phone, account: str, rupees: float) -> Fate:
        money = self.world.money(max(1.0, round(rupees)))
        command = TopUp(self.world.wallet.ids.new(), money, account)
        return (await self.try_(phone, command, "top_up", money)).fate

    def _account(self, number: int) -> str:
        """One of the stolen list: two of five have been closed meanwhile."""
        ending = "55" if number % 5 in (1, 3) else "00"
        return f"1004{named('stolen', self.name, str(number)).int % 10**8:08}{ending}"


@dataclass(eq=False)
class Mules(Gang):
    """Victims are talked into sending money themselves, codes and all; it goes on through two more
    wallets within the hour and out to a bank."""

    customers: list[Phone] = field(default_factory=list)

    async def strike(self, _now: float) -> float:
        world, chance = self.world, self.world.chance
        if len(self.own) < 5:
            await self.recruit(5 - len(self.own))
        victim = world.someone(self.customers)
        held = await world.has(victim.party)
        if held < 200 or victim.party in world.secured:
            return HOUR
        mule, second, last = chance.sample(self.own, 3)
        done = await self.send(
            victim, mule, held * min(0.8, chance.uniform(0.3, 0.8) * self.size), harm=True
        )
        if done.fate is Fate.DONE:
            for one, other in ((mule, second), (second, last)):
                passed = await world.has(one.party)
                if passed >= 50:
                    await self.send(one, other, passed * 0.97, harm=False)
        for phone in self.own:
            await self.cash_out(phone)
        return chance.uniform(0.4, 1.4) * DAY


@dataclass(eq=False)
class Collusion(Gang):
    """A shop of the gang's own takes payments from wallets that were filled from stolen bank
    accounts, and brings the takings to its bank."""

    shop: Phone | None = None
    _tried: int = 0

    async def strike(self, _now: float) -> float:
        world, chance = self.world, self.world.chance
        if self.shop is None:
            self.shop = await world.open(
                PartyKind.MERCHANT, self.device(), self.network(), merchant_class="small"
            )
            self.shop.answers = 1.0
            world.thieves.add(self.shop.party)
        phone = world.someone(self.own)
        self._tried += 1
        account = f"1005{named('stolen', self.name, str(self._tried)).int % 10**8:08}00"
        money = world.money(round(chance.uniform(600, 2_500) * self.size))
        filled = await self.try_(
            phone, TopUp(world.wallet.ids.new(), money, account), "top_up", money
        )
        if filled.fate is Fate.DONE:
            for _ in range(chance.randint(1, 3)):
                held = await world.has(phone.party)
                if held < 50:
                    break
                price = world.money(max(1.0, round(held * chance.uniform(0.4, 0.98), -1)))
                pay = PayMerchant(world.wallet.ids.new(), price, world.numbers[self.shop.party], "")
                await self.try_(phone, pay, "pay", price, harm=False)
        await self.cash_out(self.shop)
        if self.shop.party not in world.thieves:
            self.shop = None  # it was closed: the next time there is another one
        return chance.uniform(6, 26) * HOUR


@dataclass(eq=False)
class RefundAbuse(Gang):
    """Buys at honest shops, keeps the goods and talks them into giving the money back."""

    shops: list[Phone] = field(default_factory=list)
    waiting: list[tuple[float, UUID, Phone, float]] = field(default_factory=list)

    async def strike(self, _now: float) -> float:
        world, chance = self.world, self.world.chance
        phone = world.someone(self.own)
        if await world.has(phone.party) < 1_500:
            money = world.money(4_000)
            account = world.bank_account(phone.party)
            await world.do(phone, TopUp(world.wallet.ids.new(), money, account), "top_up", money)
        shop = world.someone(self.shops)
        money = world.money(max(20.0, round(chance.uniform(200, 1_300) * self.size)))
        pay = PayMerchant(world.wallet.ids.new(), money, world.numbers[shop.party], "")
        bought = await world.do(phone, pay, "pay", money)
        if bought.fate is Fate.DONE and chance.random() < 0.6:
            self.waiting.append(
                (self.world.now + chance.uniform(0.5, 3) * DAY, pay.id, shop, money.minor)
            )
        for due in [one for one in self.waiting if one[0] <= self.world.now]:
            self.waiting.remove(due)
            _, order_id, seller, _ = due
            order = await world.wallet.orders.get(order_id)
            if order is not None:
                refund = Refund(world.wallet.ids.new(), order_id)
                await self.try_(seller, refund, "refund", order.amount)
        return chance.uniform(5, 20) * HOUR


@dataclass(eq=False)
class BonusAbuse(Gang):
    """Opens wallet after wallet on a few devices, takes the welcome of each and gathers it in one."""

    welcomes: Welcomes | None = None
    _collector: Phone | None = None

    async def strike(self, _now: float) -> float:
        world, chance = self.world, self.world.chance
        if self._collector is None or self._collector not in self.own:
            self._collector = self.own[-1]
        for _ in range(chance.randint(1, 4)):
            phone = await world.open(
                PartyKind.CUSTOMER, self.device(), address(chance), level=full(world)
            )
            phone.answers = 1.0
            world.thieves.add(phone.party)
            if self.welcomes is not None and await self.welcomes.give(phone):
                rupees = BONUS_RUPEES * max(0.4, self.size) - 1
                await self.send(phone, self._collector, rupees, harm=True)
        await self.cash_out(self._collector)
        return chance.uniform(6, 20) * HOUR


def gang_of(
    world: World,
    scheme: Scheme,
    number: int,
    customers: list[Phone],
    shops: list[Phone],
    welcomes: Welcomes,
) -> Gang:
    """The gang `number` of a scheme; its name is the analysts' word for it."""
    name = f"{scheme.value}_{number}"
    if scheme is Scheme.TAKEOVER:
        return Takeover(world, name, scheme, customers=customers)
    if scheme is Scheme.CARDS:
        return CardTesting(world, name, scheme)
    if scheme is Scheme.MULES:
        return Mules(world, name, scheme, customers=customers)
    if scheme is Scheme.COLLUSION:
        return Collusion(world, name, scheme)
    if scheme is Scheme.REFUNDS:
        return RefundAbuse(world, name, scheme, shops=shops)
    return BonusAbuse(world, name, scheme, welcomes=welcomes)
