"""The day at a counter, added up from the entries of the float account: pure, and proved by the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from argosy.base.clock import local_day
from argosy.base.orders.cash import COMMISSION
from argosy.base.wallet.statement import Line

IN, OUT, UNDONE, FILLED = "cash_in", "cash_out", "undone", "other"
KINDS = (IN, OUT, UNDONE, FILLED)


@dataclass(slots=True)
class Sum:
    """So many operations of one sort, and what they took from the float or brought to it; commission
    stands apart."""

    count: int = 0
    minor: int = 0


@dataclass(slots=True)
class Day:
    """One day of a float. `opened_minor` and `closed_minor` are the balances at its two ends;
    `is_proved` says that what lies between adds up. `cash_minor` is how much more cash must be in the
    drawer at its end than at its beginning (less, where negative)."""

    day: date
    opened_minor: int
    closed_minor: int
    sums: dict[str, Sum] = field(default_factory=lambda: {k: Sum() for k in KINDS})
    commission_minor: int = 0

    @property
    def is_proved(self) -> bool:
        moved = sum(one.minor for one in self.sums.values())
        return self.opened_minor + moved + self.commission_minor == self.closed_minor

    @property
    def cash_minor(self) -> int:
        return -sum(self.sums[kind].minor for kind in (IN, OUT, UNDONE))


def day_of(day: date, zone: str, lines: Iterable[Line], balance_minor: int) -> Day:
    """Add up `lines` (newest first, from after the day's end to before its beginning). Where nothing
    happened the float stands as `balance_minor`."""
    before = balance_minor
    closed: int | None = None
    found: list[Line] = []
    for line in lines:
        on = local_day(line.at, zone)
        if on > day:
            before = line.balance_minor - line.moved_minor
            continue
        if closed is None:
            closed = line.balance_minor
        if on < day:
            break
        found.append(line)
    closed = before if closed is None else closed
    opened = found[-1].balance_minor - found[-1].moved_minor if found else closed
    total = Day(day, opened, closed)
    for line in found:
        _add(total, line)
    return total


def kind_of(line: Line) -> str:
    """What a line of the float is."""
    product = line.order.product if line.order is not None else ""
    if product not in (IN, OUT):
        return FILLED
    return UNDONE if line.kind == "refund" else product


def earned_minor(line: Line) -> int:
    """The commission in a line; negative where it went back."""
    if line.order is None or not line.moved_minor:
        return 0
    earned: int = line.order.data.get(COMMISSION, 0)
    return -earned if kind_of(line) == UNDONE else earned


def _add(total: Day, line: Line) -> None:
    if not line.moved_minor:
        return
    earned = earned_minor(line)
    one = total.sums[kind_of(line)]
    one.count += 1
    one.minor += line.moved_minor - earned
    total.commission_minor += earned


def by_day(lines: Iterable[Line], zone: str) -> dict[date, Sum]:
    """The commission of each day, newest first."""
    found: dict[date, Sum] = {}
    for line in lines:
        earned = earned_minor(line)
        if earned:
            one = found.setdefault(local_day(line.at, zone), Sum())
            one.count += 1
            one.minor += earned
    return found
