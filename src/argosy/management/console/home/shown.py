"""How figures, comparisons and ages are said on Home and in Reports."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from babel.numbers import format_compact_currency

from argosy.base.money import exponent
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import Tone

STEADY: Final = 0.005
"""A change smaller than this share is none."""


def count(number: float | None) -> str:
    """A count, grouped by threes."""
    return "–" if number is None else f"{number:,.0f}"


def briefly(minor: int, currency: str) -> str:
    """An amount where there is little room, such as `₹475K`."""
    whole = Decimal(minor).scaleb(-(exponent(currency) or 0))
    return format_compact_currency(whole, currency, locale="en", fraction_digits=0)


def percent(share: float | None, digits: int = 1) -> str:
    """A part of one in percent."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def millis(value: float | None) -> str:
    """A time: milliseconds, or seconds where there are many."""
    if value is None:
        return "–"
    return f"{value / 1000:.1f} s" if value >= 10_000 else f"{value:,.0f} ms"


def memory(size: int | None) -> str:
    """Bytes in MB or GB."""
    if size is None:
        return "–"
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:,.0f} MB"


def age(desk: Desk, waits: timedelta | None) -> str:
    """How long something has waited, in its largest unit."""
    if waits is None:
        return "–"
    seconds = int(waits.total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size or (unit == "minutes" and seconds >= size):
            return desk.say(f"home.age_{unit}", n=seconds // size)
    return desk.say("home.age_seconds", n=seconds)


def change(now: float | None, before: float | None) -> str:
    """By how much a figure changed: `▲ 5 %`; empty where it cannot be said."""
    if now is None or not before:
        return ""
    share = now / before - 1
    if abs(share) < STEADY:
        return "＝"
    return f"{'▲' if share > 0 else '▼'} {abs(share) * 100:,.0f} %"


def points(now: float | None, before: float | None) -> str:
    """By how many points of a percent a rate changed: `▼ 0.4`."""
    if now is None or before is None:
        return ""
    moved = (now - before) * 100
    if abs(moved) < 0.05:  # it would be shown as 0.0
        return "＝"
    return f"{'▲' if moved > 0 else '▼'} {abs(moved):.1f}"


def tone_of(now: float | None, before: float | None, *, more_is: Tone = "good") -> Tone:
    """Whether a change is good news."""
    if now is None or before is None or now == before or more_is == "quiet":
        return "quiet"
    better = (now > before) == (more_is == "good")
    return "good" if better else "bad"
