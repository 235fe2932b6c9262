"""Time is handed in. Below the edge nobody asks the machine what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the present moment as an aware datetime in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SetClock:
    """A clock that stands where it is put: for tests, replays and simulations."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def advance(self, **parts: float) -> datetime:
        """Move on by `timedelta(**parts)` and return the new moment."""
        self._at += timedelta(**parts)
        return self._at


def local_day(at: datetime, zone: str) -> date:
    """The calendar day on which `at` falls in the time zone `zone` (an IANA name)."""
    return at.astimezone(ZoneInfo(zone)).date()
