"""The words of reports: a table, its columns, its span of days."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

DAYS_MAX: Final = 400
PAGE_ROWS: Final = 50
FILE_PAGE_ROWS: Final = 1_000
Row = Mapping[str, Any]


class Kind(StrEnum):
    """How a column's values are to be shown. None is a value of each: nothing to say."""

    TEXT = "text"
    NAME = "name"  # a name of ours (`pay`, `lite`, `insufficient_funds`), which has words
    COUNT = "count"
    MONEY = "money"  # minor units of the currency that the row names
    SHARE = "share"  # a part of one, 0.25 for a quarter
    MILLIS = "millis"
    BYTES = "bytes"
    DAY = "day"
    WHEN = "when"


NUMBERS: Final = frozenset({Kind.COUNT, Kind.MONEY, Kind.SHARE, Kind.MILLIS, Kind.BYTES})


@dataclass(frozen=True)
class Column:
    """One column: the row's field, and the key of its words."""

    name: str
    kind: Kind = Kind.TEXT

    @property
    def label(self) -> str:
        return f"reports.column.{self.name}"


@dataclass(frozen=True)
class Span:
    """Days of one market, the first and the last with them."""

    first: date
    last: date
    zone: str

    def instants(self) -> tuple[datetime, datetime]:
        """From the first day's midnight there to the midnight after the last."""
        zone = ZoneInfo(self.zone)
        since = datetime.combine(self.first, datetime.min.time(), zone)
        until = datetime.combine(self.last + timedelta(days=1), datetime.min.time(), zone)
        return since, until

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def span_of(first: date, last: date, zone: str) -> Span:
    """The days from `first` to `last`, in whichever order they come, at most `DAYS_MAX` of them."""
    first, last = min(first, last), max(first, last)
    return Span(max(first, last - timedelta(days=DAYS_MAX - 1)), last, zone)


def month_of(day: date, zone: str) -> Span:
    """The calendar month that `day` is in."""
    first = day.replace(day=1)
    return Span(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1), zone)


@dataclass(frozen=True)
class Table:
    """A report that is small enough to stand on one page; `total` adds up its columns."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    total: Row | None = None


@dataclass(frozen=True)
class Page:
    """One page of a long report, and the cursor of the next; None at the end."""

    rows: Sequence[Row]
    after: Any = None


Fetch = Callable[[Any, int], Awaitable[Page]]
"""From a cursor (None: the beginning) and how many rows to a page."""


@dataclass(frozen=True)
class Long:
    """A report of any length, read page by page."""

    name: str
    columns: tuple[Column, ...]
    fetch: Fetch
    facts: Mapping[str, Any] = field(default_factory=dict)

    async def rows(self) -> AsyncIterator[Row]:
        """Every row, a page at a time in memory."""
        after: Any = None
        while True:
            page = await self.fetch(after, FILE_PAGE_ROWS)
            for row in page.rows:
                yield row
            if page.after is None:
                return
            after = page.after


Report = Table | Long


async def rows_of(report: Report) -> AsyncIterator[Row]:
    """Every row of a report, its total last."""
    if isinstance(report, Table):
        for row in report.rows:
            yield row
        if report.total is not None:
            yield report.total
    else:
        async for row in report.rows():
            yield row
