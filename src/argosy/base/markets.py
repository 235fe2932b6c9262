"""What a market pack gives, as words: the base knows that there are markets, and none by name.

Law is dated, cited data. Every figure is a `Fact` with the day from which it holds and its source,
and a later figure is added beside the earlier one, so that any day can be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from argosy.base.duties import Calendar, CashPoint, Dormancy, MoneyBack, Report, TaxField
from argosy.base.refusals import Refused

T = TypeVar("T")

KNOWN_CAPS_MAX = 1000
"""So many answers of `Market.caps`, asked for at every payment, are kept at once."""


class Standing(StrEnum):
    """How sure a fact is and whether it binds."""

    IN_FORCE = "in_force"
    UNVERIFIED = "unverified"  # used, but nobody has looked up the source: the pack's card says so
    DRAFT = "draft"  # published, not law: staged, never applied
    PRACTICE = "practice"  # what operators there do, no law


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value, the days on which it holds (`until` is the first day on which it no longer does),
    and where it is from: a heading of the pack's `sources.md`."""

    value: T
    since: date
    source: str
    until: date | None = None
    standing: Standing = Standing.IN_FORCE

    def holds(self, day: date) -> bool:
        in_time = self.since <= day and (self.until is None or day < self.until)
        return in_time and self.standing is not Standing.DRAFT


def holiday(day: date, name: str, source: str, standing: Standing = Standing.IN_FORCE) -> Fact[str]:
    """A holiday of a pack's calendar: a fact that holds on that one day, its value the English name."""
    return Fact(name, day, source, until=day + timedelta(days=1), standing=standing)


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may be done; None means no bound of this sort. Amounts in minor units.

    Days and months are calendar ones in the market's time zone.
    """

    payment_minor_max: int | None = None
    day_minor_max: int | None = None
    day_count_max: int | None = None
    month_minor_max: int | None = None
    month_count_max: int | None = None
    year_minor_max: int | None = None
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class LimitRule:
    """A cap on what parties of one identity level may do with one product.

    `key` is a product's limit key (`send`, `pay`, `withdraw`, `top_up`, `receive`, ...), or `spend`
    for everything that goes out together, or `load` for everything that comes in together (refunds
    count for neither). Where several rules hold, each must be kept.
    """

    key: str
    level: str
    cap: Fact[Cap]


@dataclass(frozen=True, slots=True)
class Level:
    """An identity level: what a person must show to have it, and the most its wallet may hold.

    `needs` are kinds of evidence (`phone`, `email`, `contact` for either of the two, `id_document`,
    `face`, `address`). `parties` are the kinds of party who may hold it (`customer`, `merchant`).
    """

    name: str
    rank: int
    needs: tuple[str, ...]
    balance_minor_max: tuple[Fact[int | None], ...]
    parties: tuple[str, ...] = ("customer",)
    reviewed: tuple[Fact[bool], ...] = ()

    def is_reviewed(self, day: date) -> bool:
        """Whether a person must look at the evidence for this level; where the pack is silent, one
        must."""
        facts = [fact for fact in self.reviewed if fact.holds(day)]
        return max(facts, key=lambda fact: fact.since).value if facts else True


class Rounding(StrEnum):
    """How a part of a minor unit becomes a whole one. What is cut off or added goes to the market's
    named remainder account, so that nothing is created or lost."""

    DOWN = "down"
    UP = "up"
    HALF_EVEN = "half_even"


@dataclass(frozen=True, slots=True)
class Fee:
    """A price. `basis_points` of the amount plus `flat_minor`, kept between `minor_min` and
    `minor_max`; paid by `payer` or `payee`; split over `shares` (system account -> weight). With
    `back_on_refund` a refund gives back its part of the price; without, the price is kept. What is
    not above `free_to_minor` costs nothing. The part is rounded to whole `step_minor`."""

    basis_points: int = 0
    flat_minor: int = 0
    minor_min: int = 0
    minor_max: int | None = None
    paid_by: str = "payer"
    rounding: Rounding = Rounding.DOWN
    shares: Mapping[str, int] = field(default_factory=lambda: {"fees": 1})
    back_on_refund: bool = False
    free_to_minor: int = 0
    step_minor: int = 1


@dataclass(frozen=True, slots=True)
class FeeRule:
    """The price of a product; `payee_class` narrows it to merchants of one class."""

    product: str
    fee: Fact[Fee]
    payee_class: str | None = None


@dataclass(frozen=True, slots=True)
class DecodedCode:
    """What a payment code said. `scheme` names it; `kind` is `merchant` or `person`.

    `reference` is the payee's number within the scheme; `amount_minor` is None for a static code;
    `expires_at` is the code's own end, where it names one.
    """

    scheme: str
    kind: str
    reference: str
    amount_minor: int | None = None
    currency: str | None = None
    name: str | None = None
    order_reference: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayCode:
    """What to put into a code: the payee's public number and name, and for a dynamic one the
    amount and the order's reference (an order's id as text, or at most 25 ASCII characters).

    `kind` is `merchant` or `person`; a person may also be named by the phone number in E.164.
    """

    payee_number: str
    name: str
    city: str
    category: str = "0000"
    amount_minor: int | None = None
    order_reference: str | None = None
    kind: str = "merchant"


@dataclass(slots=True)
class Amended:
    """What the operator has set beside a pack, as it is known in this process: dated facts of limits,
    prices and balance caps (by level), and what is switched off (a product's name, or `sign_up`).

    It is replaced as a whole (`Market.amend`) whenever it is read anew.
    """

    limits: tuple[LimitRule, ...] = ()
    fees: tuple[FeeRule, ...] = ()
    balances: Mapping[str, tuple[Fact[int | None], ...]] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Market:
    """Everything about one country that the rest of Argosy may need.

    `phone` reads what a person typed as a number in E.164, or refuses it. `encode_code` and
    `decode_code` are the country's payment code; what is too long for a code is refused. `operator`
    names the wallet there. `evidence` reads what is shown for a level, by kind of need: a
    document's number in its one form, or a refusal; where it is silent, the form is not checked
    closely. `presented` is the most that one payment by a code that the customer shows may be
    without a PIN. `folder` is where the pack lies (its `words/`), set as it is loaded.

    `contacts` are what a wallet is opened with (`phone`, `email`), the usual first. `step_minor` is
    the smallest sum that people use there, and screens show no digits below it: 100 where the
    currency has hundredths in the standard and in no purse. `calling_code` is without plus.
    """

    code: str  # the folder's name
    name: str
    country: str  # ISO 3166-1 alpha-2
    currency: str  # ISO 4217
    zone: str  # IANA
    languages: tuple[str, ...]  # the first is the default
    operator: str
    levels: tuple[Level, ...]
    limits: tuple[LimitRule, ...]
    fees: tuple[FeeRule, ...]
    phone: Callable[[str], str | Refused]
    encode_code: Callable[[PayCode], str | Refused]
    decode_code: Callable[[str], DecodedCode | Refused]
    rail: str = "simulator"
    merchant_level: str = "merchant"
    presented: tuple[Fact[int], ...] = ()
    _known_caps: dict[tuple[str, str, date], tuple[Cap, ...]] = field(
        default_factory=dict, compare=False, repr=False, init=False
    )
    _amended: Amended = field(default_factory=Amended, compare=False, repr=False, init=False)
    town: Mapping[str, object] = field(default_factory=dict)  # names and places for demo towns
    evidence: Mapping[str, Callable[[str], str | Refused]] = field(default_factory=dict)
    folder: Path | None = None
    contacts: tuple[str, ...] = ("phone",)
    step_minor: int = 1
    calling_code: str = ""
    calendar: Calendar = field(default_factory=Calendar)
    cash_points: tuple[Fact[CashPoint], ...] = ()
    tax_fields: tuple[Fact[TaxField], ...] = ()
    money_back: tuple[Fact[MoneyBack], ...] = ()
    reports: tuple[Fact[Report], ...] = ()
    dormancy: tuple[Fact[Dormancy | None], ...] = ()

    @property
    def amended(self) -> Amended:
        """What the operator has set beside the pack."""
        return self._amended

    def amend(self, amended: Amended) -> None:
        """From now on this process answers by the pack and `amended` together: of two facts the one
        that holds from the later day counts, and of the same day the operator's."""
        mine = self._amended
        mine.limits, mine.fees = amended.limits, amended.fees
        mine.balances, mine.off = amended.balances, amended.off
        self._known_caps.clear()

    def is_off(self, what: str) -> bool:
        """Whether the operator has switched `what` off: a product's name, or `sign_up`."""
        return what in self._amended.off

    def level(self, name: str) -> Level:
        """The level called `name`; KeyError where the pack has none."""
        for level in self.levels:
            if level.name == name:
                return level
        raise KeyError(name)

    def ladder(self, party: str = "customer") -> tuple[Level, ...]:
        """The levels that a party of this kind may hold, lowest first: it starts on the first."""
        return tuple(
            sorted((v for v in self.levels if party in v.parties), key=lambda level: level.rank)
        )

    def balance_minor_max(self, level: str, day: date) -> int | None:
        """The most a wallet of `level` may hold on `day`; the latest fact that holds counts."""
        said = (*self._amended.balances.get(level, ()), *self.level(level).balance_minor_max)
        facts = [f for f in said if f.holds(day)]
        return max(facts, key=lambda f: f.since).value if facts else 0

    def presented_minor_max(self, day: date) -> int:
        """The most that one payment by a code that the customer shows may be without a PIN on `day`.
        Where the pack is silent, the hundredth part of what the lowest wallet may hold, or nothing
        where that has no bound."""
        facts = [f for f in self.presented if f.holds(day)]
        if facts:
            return max(facts, key=lambda f: f.since).value
        ladder = self.ladder()
        held = self.balance_minor_max(ladder[0].name, day) if ladder else None
        return (held or 0) // 100

    def caps(self, key: str, level: str, day: date) -> tuple[Cap, ...]:
        """The caps on `key` for `level` that hold on `day`: for each rule set, the latest."""
        known = self._known_caps.get((key, level, day))
        if known is None:
            if len(self._known_caps) >= KNOWN_CAPS_MAX:
                self._known_caps.clear()
            known = self._known_caps[key, level, day] = self._caps(key, level, day)
        return known

    def _caps(self, key: str, level: str, day: date) -> tuple[Cap, ...]:
        ours, theirs = (
            [r for r in rules if r.key == key and r.level == level and r.cap.holds(day)]
            for rules in (self._amended.limits, self.limits)
        )
        latest = max((r.cap.since for r in (*ours, *theirs)), default=None)
        of_day = [r.cap.value for r in ours if r.cap.since == latest]
        return tuple(of_day or [r.cap.value for r in theirs if r.cap.since == latest])

    def fee(self, product: str, day: date, payee_class: str | None = None) -> Fee:
        """The price of `product` on `day`; a rule for the payee's class goes before the general
        one."""
        held = [
            r
            for r in (*self._amended.fees, *self.fees)
            if r.product == product and r.payee_class in (None, payee_class) and r.fee.holds(day)
        ]
        if not held:
            return Fee()
        return max(held, key=lambda r: (r.payee_class is not None, r.fee.since)).fee.value

    def cash_points_on(self, day: date) -> tuple[CashPoint, ...]:
        """Where cash goes in and out on `day`."""
        return tuple(fact.value for fact in self.cash_points if fact.holds(day))

    def tax_fields_on(self, day: date, of: str = "merchant") -> tuple[TaxField, ...]:
        """The tax numbers of a merchant's or customer's receipt on `day`."""
        held = (fact.value for fact in self.tax_fields if fact.holds(day))
        return tuple(one for one in held if one.of == of)

    def money_back_on(self, product: str, day: date) -> MoneyBack | None:
        """The deadline for the money of a payment of `product` that failed on `day`; the latest
        fact that holds counts."""
        held = [f for f in self.money_back if f.value.product == product and f.holds(day)]
        return max(held, key=lambda f: f.since).value if held else None

    def reports_on(self, day: date) -> tuple[Report, ...]:
        """What authorities are told of what happens on `day`: of each kind the latest fact."""
        found: dict[tuple[str, str], Fact[Report]] = {}
        for fact in self.reports:
            key = fact.value.what, fact.value.to
            if fact.holds(day) and (key not in found or found[key].since <= fact.since):
                found[key] = fact
        return tuple(fact.value for fact in found.values())

    def dormancy_on(self, day: date) -> Dormancy | None:
        """When wallets sleep, by the latest fact that holds on `day`; None: never."""
        held = [fact for fact in self.dormancy if fact.holds(day)]
        return max(held, key=lambda f: f.since).value if held else None
