"""Who lives in the town: worked out from the market's names and a seed, and from nothing else.

The same seed gives the same people with the same ids, phones and bank accounts, so that a second start
finds them again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

from argosy.base.ids import derive, named
from argosy.base.markets import Market
from argosy.base.money import Money, exponent
from argosy.base.parties.facts import PartyKind
from argosy.base.refusals import Refused, must

CUSTOMERS = 120
SHOPS = 20
LARGE_SHOPS = (2, 20)  # which of the shops pay a price for being paid
AGENTS = 4
SMALL_EVERY = 6  # one customer in so many has shown nothing but a phone
FIRST_SHOP, FIRST_AGENT, FIRST_NEWCOMER = 200, 300, 10_000
TAIL_DIGITS = 5  # of a phone number: who it is
PREFIXES = ("98765", "9", "8", "6", "7", "5", "1")
PHONE_DIGITS = range(6, 14)
BANK_NORMAL = "00"  # the simulated bank answers these at once; other endings it reads as moods
LARGE, SMALL = "large", "small"
DEMO_PURSES = {1: 5_000, 2: 3_000, 3: 900}
"""The first three customers are for visitors; what they begin with is round."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One who lives in the town. `number` is their place in the phone numbers; `phone` is as people
    write it; `level` is the identity level they are to have; `purse` is what their bank gives them to
    begin with. Shops and agents have a `business_name`."""

    id: UUID
    number: int
    kind: PartyKind
    name: str
    phone: str
    city: str
    language: str
    level: str
    bank_account: str
    purse: Money
    business_name: str | None = None
    merchant_class: str | None = None

    @property
    def shown(self) -> str:
        """The name on the door."""
        return self.business_name or self.name

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]


@dataclass(frozen=True)
class Census:
    """The people of one town of so many customers. Equal arguments give equal people."""

    market: Market
    seed: int
    size: int = CUSTOMERS

    def customer(self, number: int) -> Resident:
        """Customer `number`, from 1; beyond `FIRST_NEWCOMER` those who move in later."""
        chance = self.chance("customer", number)
        ladder = self.market.ladder(PartyKind.CUSTOMER)
        is_small = number % SMALL_EVERY == SMALL_EVERY // 2
        name = f"{chance.choice(self._list('given'))} {chance.choice(self._list('family'))}"
        units = chance.randrange(3, 25) if is_small else chance.randrange(6, 90)
        return self._resident(
            number,
            PartyKind.CUSTOMER,
            name,
            chance,
            level=ladder[0 if is_small else -1].name,
            purse=self.money(DEMO_PURSES.get(number, units * 100)),
        )

    @cached_property
    def customers(self) -> tuple[Resident, ...]:
        return tuple(self.customer(number) for number in range(1, self.size + 1))

    @cached_property
    def shops(self) -> tuple[Resident, ...]:
        """The merchants; those of `LARGE_SHOPS` are of the class `large`."""
        chance = self.chance("shops", 0)
        plain = list(self._names("shops", SHOPS, chance))
        large = list(self._names("large_shops", len(LARGE_SHOPS), chance))
        return tuple(
            self._shop(n, large.pop() if n in LARGE_SHOPS else plain.pop(), n in LARGE_SHOPS)
            for n in range(1, SHOPS + 1)
        )

    @cached_property
    def agents(self) -> tuple[Resident, ...]:
        names = self._names("agents", AGENTS, self.chance("agents", 0))
        return tuple(
            self._business(FIRST_AGENT + n, PartyKind.AGENT, name, 25_000, None)
            for n, name in enumerate(names, 1)
        )

    @property
    def everyone(self) -> tuple[Resident, ...]:
        return (*self.customers, *self.shops, *self.agents)

    def money(self, major: float) -> Money:
        """So many rupees' worth in the market's own currency."""
        return Money(max(1, round(major * self.rupee_minor)), self.market.currency)

    @cached_property
    def rupee_minor(self) -> int:
        """What a rupee is worth here, in minor units; a pack may say it as `rupee_minor`."""
        given = self.market.town.get("rupee_minor")
        return given if isinstance(given, int) else 10 ** (exponent(self.market.currency) or 0)

    def chance(self, what: str, number: int) -> random.Random:
        """Chance that is the same in every start, and its own for every `what` and `number`."""
        return random.Random(f"{self.market.code} {self.seed} {what} {number}")

    def id(self, what: str, number: int) -> UUID:
        """The id of who or what is `number` in the town's books of `what`."""
        return named("town", self.market.code, str(self.seed), what, str(number))

    def may_send(self, resident: Resident, day: date) -> bool:
        """Whether the market lets somebody of this level send money at all."""
        return all(cap.allowed for cap in self.market.caps("send", resident.level, day))

    def phone(self, number: int) -> str:
        """The phone with `number` as its last digits, as people write it."""
        return f"{self._prefix[0]} {number:0{self._prefix[1]}}"

    # within

    def _resident(
        self,
        number: int,
        kind: PartyKind,
        name: str,
        chance: random.Random,
        *,
        level: str,
        purse: Money,
        business_name: str | None = None,
        merchant_class: str | None = None,
    ) -> Resident:
        languages = self.market.languages
        return Resident(
            self.id("resident", number),
            number,
            kind,
            name,
            self.phone(number),
            chance.choice(self._list("cities")),
            chance.choice(languages) if chance.random() < 0.25 else languages[0],
            level,
            f"1002{number:08}{BANK_NORMAL}",
            purse,
            business_name,
            merchant_class,
        )

    def _shop(self, n: int, name: str, is_large: bool) -> Resident:
        kind = LARGE if is_large else SMALL
        return self._business(FIRST_SHOP + n, PartyKind.MERCHANT, name, 1_000, kind)

    def _business(
        self, number: int, kind: PartyKind, name: str, purse: int, merchant_class: str | None
    ) -> Resident:
        chance = self.chance(kind, number)
        owner = f"{chance.choice(self._list('given'))} {chance.choice(self._list('family'))}"
        return self._resident(
            number,
            kind,
            owner,
            chance,
            level=self.market.ladder(kind)[0].name,
            purse=self.money(purse),
            business_name=name,
            merchant_class=merchant_class,
        )

    def _names(self, what: str, count: int, chance: random.Random) -> Iterator[str]:
        """`count` different names; a pack with fewer has branches in its cities."""
        names = self._list(what if self.market.town.get(what) else "shops")
        order = chance.sample(names, len(names))
        for n in range(count):
            branch, at = divmod(n, len(order))
            city = self._list("cities")[branch % len(self._list("cities"))]
            yield order[at] if not branch else f"{order[at]} {city}"

    def _list(self, what: str) -> Sequence[str]:
        found = self.market.town.get(what)
        if not isinstance(found, list) or not found:
            must(False, "the market has no names for a town", market=self.market.code, list=what)
            raise AssertionError
        return found

    @cached_property
    def _prefix(self) -> tuple[str, int]:
        """How the town's phones begin, and how many digits follow: the first that the market reads. A
        pack may say how, as `phone_prefix`."""
        given = self.market.town.get("phone_prefix")
        for prefix in (*([given] if isinstance(given, str) else []), *PREFIXES):
            for digits in PHONE_DIGITS:
                tail = digits - len(prefix)
                if tail < TAIL_DIGITS:
                    continue
                if not isinstance(self.market.phone(f"{prefix} {1:0{tail}}"), Refused):
                    return prefix, tail
        must(False, "no phone number for the town", market=self.market.code)
        raise AssertionError


def founded_id(founded_ms: int, step: int, what: UUID, label: str) -> UUID:
    """The id of a command that the town gives, always the same one, with the time of `step`
    thousandths of a second after the founding in it, as the ids of commands have their time."""
    low = what.int & ((1 << 80) - 1)
    return derive(UUID(int=((founded_ms + step) << 80) | low), label)
