"""What happened in the town before visitors came: rounds of deeds, worked out from the census alone.

The deeds of a round do not depend on each other; each has an id of its own, so that a round which was
cut short is simply done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.money import Money
from argosy.base.products import Command
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask, Decline, PayRequest
from argosy.products.send.facts import Send
from argosy.sandbox.census import Census, Resident, founded_id

NOTES_PAID = ("", "", "", "groceries", "lunch", "repairs", "for the house", "medicine")
NOTES_SENT = ("", "thank you!", "for the tickets", "my half", "happy birthday")


@dataclass(frozen=True, slots=True)
class Deed:
    """One command, and whose hand gives it."""

    who: Resident
    command: Command


@dataclass(frozen=True)
class History:
    """The past of one town, founded at `founded_ms` (UTC); `numbers` are the public numbers of the
    shops."""

    census: Census
    founded_ms: int
    numbers: Mapping[UUID, str]

    def rounds(self) -> tuple[Callable[[], list[Deed]], ...]:
        """The rounds, to be done in this order."""
        return (self._first, self._second, self._third, self._fourth, self._fifth, self._last)

    def _first(self) -> list[Deed]:
        """Everybody pays somewhere."""
        me, _, small = self.census.customers[:3]
        others = [self._shopping(1, resident) for resident in self.census.customers[3:]]
        return [self._pays(1, me, 0, 15, "tea"), self._pays(1, small, 0, 40, "lunch"), *others]

    def _second(self) -> list[Deed]:
        """Most pay somewhere else; a friend pays back what was lent."""
        me, friend, small = self.census.customers[:3]
        others = [self._shopping(2, r) for r in self.census.customers[3:] if r.number % 3]
        return [
            self._pays(2, me, 5, 62.5, "sweets"),
            self._sends(2, friend, me, 200, "the tickets, thank you!"),
            self._pays(2, small, 1, 120, ""),
            *others,
        ]

    def _third(self) -> list[Deed]:
        """Friends send each other money; the large shop sells something that will come back."""
        chance = self.census.chance("sending", 3)
        sent = [
            self._sends(3, r, self._friend(r), chance.randrange(20, 120), chance.choice(NOTES_SENT))
            for r in self._senders()
            if r.number % 2
        ]
        return [self._pays(3, self.census.customers[0], 1, 160, "a lamp"), *sent]

    def _fourth(self) -> list[Deed]:
        """Some ask for money."""
        asks = [self._asks(4, r, self._friend(r), 10 + r.number % 7 * 5) for r in self._askers()]
        me, *_, neighbour = self.census.customers[:4]
        return [self._sends(4, me, neighbour, 200, "my half"), *asks]

    def _fifth(self) -> list[Deed]:
        """Most of those asked pay, and shops give something back."""
        answers = []
        for n, asker in enumerate(self._askers()):
            answer, asked = (Decline if n % 4 == 3 else PayRequest), self._id(4, asker)
            friend = self._friend(asker)
            answers.append(Deed(friend, answer(self._id(5, friend), asked)))
        refunds = [
            self._refunds(5, self.census.shops[1], self._id(3, self.census.customers[0]), 50),
            *(
                self._refunds(5, self._shop(1, r), self._id(1, r), None)
                for r in self.census.customers[3:]
                if r.number % 20 == 0
            ),
        ]
        return [*answers, *refunds]

    def _last(self) -> list[Deed]:
        """A request is left for a visitor to answer. Once it is there, the town is laid out."""
        me, friend = self.census.customers[:2]
        ask = Ask(self.last_id, self.census.money(250), phone=friend.phone, note="dinner on Friday")
        return [Deed(me, ask)]

    @property
    def last_id(self) -> UUID:
        """The order that is made after everything else."""
        return self._id(6, self.census.customers[0])

    # --- deeds ---------------------------------------------------------------------------------------

    def _shopping(self, step: int, who: Resident) -> Deed:
        """A part of the purse goes to some shop."""
        chance = self.census.chance(f"shopping {step}", who.number)
        amount = Money(who.purse.minor * chance.randrange(1, 8) // 100, who.purse.currency)
        number = self.numbers[self._shop(step, who).id]
        note = chance.choice(NOTES_PAID)
        return Deed(who, PayMerchant(self._id(step, who), amount, number, note))

    def _pays(self, step: int, who: Resident, shop: int, major: float, note: str) -> Deed:
        number = self.numbers[self.census.shops[shop].id]
        amount = self.census.money(major)
        return Deed(who, PayMerchant(self._id(step, who), amount, number, note))

    def _sends(self, step: int, who: Resident, to: Resident, major: float, note: str) -> Deed:
        amount = self.census.money(major)
        return Deed(who, Send(self._id(step, who), amount, phone=to.phone, note=note))

    def _asks(self, step: int, who: Resident, whom: Resident, major: float) -> Deed:
        amount = self.census.money(major)
        return Deed(who, Ask(self._id(step, who), amount, phone=whom.phone, note="my half?"))

    def _refunds(self, step: int, shop: Resident, order: UUID, major: float | None) -> Deed:
        amount = None if major is None else self.census.money(major)
        refund_id = founded_id(self.founded_ms, step, order, f"town {step} refund")
        return Deed(shop, Refund(refund_id, order, amount))

    # --- who -----------------------------------------------------------------------------------------

    def _shop(self, step: int, who: Resident) -> Resident:
        return self.census.chance(f"shop {step}", who.number).choice(self.census.shops)

    def _senders(self) -> list[Resident]:
        """Those who may send, without the visitors."""
        founded_at = datetime.fromtimestamp(self.founded_ms / 1000, UTC)
        day = local_day(founded_at, self.census.market.zone)
        return [r for r in self.census.customers[3:] if self.census.may_send(r, day)]

    def _askers(self) -> list[Resident]:
        return self._senders()[::9]

    def _friend(self, who: Resident) -> Resident:
        senders = self._senders()
        return senders[(senders.index(who) + 1) % len(senders)]

    def _id(self, step: int, who: Resident) -> UUID:
        """The id of the command that `who` gives in a round."""
        return founded_id(self.founded_ms, step, who.id, f"town {step}")
