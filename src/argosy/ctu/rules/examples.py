"""A rule's own hit and miss as an event, facts and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from argosy.ctu.events import Event
from argosy.ctu.rules.declared import Example, Rule
from argosy.ctu.rules.vocabulary import EVENT_FIELDS

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARKET, CURRENCY, CHANNEL, KIND = "india", "INR", "lite", "send"
_HOUR_MS = 3_600_000


def example_event(rule: Rule, example: Example) -> Event:
    """The event that `example` tells of. What it does not say is as the rule's own lists have it, or a
    send by the light app in India on a Monday at noon (UTC)."""
    told = {
        name.removeprefix("event."): value
        for name, value in example.items()
        if name.startswith("event.")
    }
    fields: dict[str, Any] = {
        "market": rule.markets[0] if rule.markets else MARKET,
        "currency": CURRENCY,
        "channel": rule.channels[0] if rule.channels else CHANNEL,
        "kind": rule.kinds[0] if rule.kinds else KIND,
        "account": "an-account",
    }
    hour, weekday = told.pop("hour", 12), told.pop("weekday", 0)
    at_ms = round(MONDAY_NOON.timestamp() * 1000) + _HOUR_MS * (hour - 12 + 24 * weekday)
    attributes = {
        name: told.pop(name) for name in list(told) if f"event.{name}" not in EVENT_FIELDS
    }
    told.pop("pair", None)
    if "proofs" in told:
        told["proofs"] = frozenset(told["proofs"])
    fields.update(told)
    return Event(id=UUID(int=1), at_ms=at_ms, attributes=attributes, **fields)


def example_facts(example: Example, columns: Sequence[str]) -> npt.NDArray[np.float64]:
    """One row of facts, (1, len(columns)); what `example` does not say is missing."""
    row = [float(example[name]) if name in example else np.nan for name in columns]
    return np.array([row], dtype=np.float64)


def example_scores(example: Example) -> Mapping[str, npt.NDArray[np.float64]]:
    """The scores that `example` tells."""
    return {
        name: np.array([float(value)])
        for name, value in example.items()
        if name.startswith("score.") or name == "owner.score"
    }


def wrong_names(example: Example, types: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names in `example` that nobody knows, or whose value is of another type; each with what is wrong."""
    wanted: dict[str, Any] = {"number": (int, float), "text": str, "bool": bool, "set": list}
    found = []
    for name, value in example.items():
        kind = types.get(name)
        if kind is None:
            found.append((name, f"there is no {name}"))
        elif not isinstance(value, wanted[kind]) or (kind == "number" and isinstance(value, bool)):
            found.append((name, f"{name} is a {kind}, not {value!r}"))
    return found
