"""How a rule reads an event: each name's value, None where it is missing or of another type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from argosy.ctu.events import Event
from argosy.ctu.rules.vocabulary import EVENT_FIELDS, NUMBER, TEXT

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
EPOCH_WEEKDAY: Final = 3  # 1 January 1970 was a Thursday

Getter = Callable[[Event], Any]


def getter(name: str, types: Mapping[str, str], utc_offsets: Mapping[str, int]) -> Getter:
    """The way to read `event.<name>` of an event. Numbers are floats, bools are bools.

    `utc_offsets` are seconds by market, for the hour and the weekday.
    """
    field = name.removeprefix("event.")
    if name == "event.hour":
        return lambda event: float(_local_ms(event, utc_offsets) // HOUR_MS % 24)
    if name == "event.weekday":
        return lambda event: float((_local_ms(event, utc_offsets) // DAY_MS + EPOCH_WEEKDAY) % 7)
    if name == "event.amount":
        return lambda event: float(event.amount)
    if name == "event.proofs":
        return lambda event: event.proofs
    if name in EVENT_FIELDS:
        return lambda event: getattr(event, field) or None
    kind = types[name]
    if kind == NUMBER:
        return lambda event: number(event.attributes.get(field))
    wanted = str if kind == TEXT else bool

    def told(event: Event) -> Any:
        value = event.attributes.get(field)
        return value if isinstance(value, wanted) else None

    return told


def _local_ms(event: Event, utc_offsets: Mapping[str, int]) -> int:
    return event.at_ms + 1000 * utc_offsets.get(event.market, 0)


def number(value: Any) -> float | None:
    """An attribute as the number that it is; None where it is none, or not a finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = float(value)
    return found if found - found == 0 else None
