"""What all gangs have in common: a purse of tricks, and what they do when they are stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from argosy.base.ids import named
from argosy.base.money import Money
from argosy.base.parties.facts import PartyKind
from argosy.base.products import Command
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from argosy.sandbox.simulate.facts import DAY, HOUR, Attempt, Fate, Scheme
from argosy.sandbox.simulate.people import full
from argosy.sandbox.simulate.phone import Phone
from argosy.sandbox.simulate.world import World

SMALLEST = 0.1
TEMPO = 5.0
"""Gangs work with pauses: a town of this size does not feed more."""

STOPS_BEFORE_CHANGE = 2
SPENT_BEFORE_NEW = 2


class Change(StrEnum):
    """What a gang does when it is stopped."""

    DEVICES = "new devices"
    SMALLER = "smaller amounts"
    WAIT = "waits"
    ACCOUNTS = "new accounts"


@dataclass(eq=False)
class Gang:
    """A gang of one scheme. `size` scales every sum; `stops` counts stops in a row."""

    world: World
    name: str
    scheme: Scheme
    size: float = 1.0
    stops: int = 0
    spent: int = 0
    stopped_for_good: bool = False
    changes: list[Change] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    own: list[Phone] = field(default_factory=list)
    _made: int = 0

    async def act(self, now: float) -> float | None:
        """One operation of the gang; None once it has given up."""
        if self.stopped_for_good:
            return None
        if not self.own:
            await self.recruit(3)
        pause = await self.strike(now)
        if self.stops >= self.world.terms.patience:
            self.stopped_for_good = True
            return None
        if self.stops and self.stops % STOPS_BEFORE_CHANGE == 0:
            pause += await self.change()
        return now + max(60.0, pause * TEMPO)

    async def strike(self, _now: float) -> float:
        """Do what this scheme lives on; how long until the next time, in seconds."""
        raise NotImplementedError

    # --- tricks --------------------------------------------------------------------------------------

    async def recruit(self, count: int) -> None:
        """New wallets of the gang's own, with papers that were bought."""
        for _ in range(count):
            self._made += 1
            phone = await self.world.open(
                PartyKind.CUSTOMER, self.device(), self.network(), level=full(self.world)
            )
            phone.answers = 1.0  # their own phones
            self.world.thieves.add(phone.party)
            self.own.append(phone)

    async def change(self) -> float:
        """Adapt; how long the gang keeps quiet."""
        world = self.world
        done = world.chance.choice(tuple(Change))
        self.changes.append(done)
        if done is Change.DEVICES:
            self.devices.clear()
            for phone in self.own:
                phone.move(self.device(), self.network())
        elif done is Change.SMALLER:
            self.size = max(SMALLEST, self.size * 0.6)
        elif done is Change.ACCOUNTS:
            self.own = self.own[-1:]
            await self.recruit(2)
        else:
            return world.chance.uniform(1, 3) * DAY
        return world.chance.uniform(1, 6) * HOUR

    def device(self) -> str:
        """One of the gang's few devices; bought anew after a change."""
        if len(self.devices) < 2:
            self._made += 1
            self.devices.append(f"{self.name} device {self._made}")
        return self.world.chance.choice(self.devices)

    def network(self) -> str:
        """An address of the gang's: hosting ranges, changed often."""
        chance = self.world.chance
        return f"192.0.{chance.randrange(2, 200)}.{chance.randrange(250)}"

    async def try_(
        self, phone: Phone, command: Command, kind: str, money: Money, harm: bool = True
    ) -> Attempt:
        """Try it, and remember whether it was stopped."""
        attempt = await self.world.do(
            phone,
            command,
            kind,
            money,
            gang=self.name,
            scheme=self.scheme,
            harm=money if harm else None,
        )
        if attempt.fate in (Fate.STOPPED, Fate.HELD):
            self.stops += 1
        elif attempt.fate is Fate.DONE:
            self.stops = 0
        else:  # a limit: this wallet has sent what it may
            self.spent += 1
            if self.spent % SPENT_BEFORE_NEW == 0 and phone in self.own:
                self.own.remove(phone)
                await self.recruit(1)
        return attempt

    async def send(self, phone: Phone, to: Phone, rupees: float, *, harm: bool) -> Attempt:
        """Money from one wallet to another."""
        world = self.world
        money = world.money(max(1.0, round(rupees)))
        command = Send(world.wallet.ids.new(), money, number=world.numbers[to.party])
        return await self.try_(phone, command, "send", money, harm)

    async def cash_out(self, phone: Phone) -> None:
        """What lies in one of the gang's wallets goes to a bank."""
        world = self.world
        held = await world.has(phone.party)
        if held >= 50:
            money = world.money(round(held * 0.95))
            account = f"1003{named('bank', self.name, str(phone.party)).int % 10**8:08}00"
            command = Withdraw(world.wallet.ids.new(), money, account)
            await self.try_(phone, command, "withdraw", money, harm=False)
