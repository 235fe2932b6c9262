"""What a rule may read: facts, fields of the event, its attributes, scores; each with its type."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

NUMBER: Final = "number"
TEXT: Final = "text"
TRUTH: Final = "bool"
SET: Final = "set"

EVENT_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "event.kind": TEXT,
        "event.market": TEXT,
        "event.currency": TEXT,
        "event.channel": TEXT,
        "event.account": TEXT,
        "event.device": TEXT,
        "event.session": TEXT,
        "event.payee": TEXT,
        "event.merchant": TEXT,
        "event.network": TEXT,
        "event.phone": TEXT,
        "event.instrument": TEXT,
        "event.pair": TEXT,
        "event.proofs": SET,
        "event.amount": NUMBER,
        "event.hour": NUMBER,
        "event.weekday": NUMBER,
    }
)
"""`event.hour` is 0 to 23 and `event.weekday` 0 (Monday) to 6, both by the clock of the market."""

NEVER_MISSING: Final = frozenset(
    {"event.kind", "event.account", "event.amount", "event.hour", "event.weekday", "event.proofs"}
)

SCORES: Final = ("credit", "fraud", "merchant", "mule", "takeover")
"""Scores that rules may name whether or not there is such a model yet: without one they are missing."""

_ATTRIBUTES = Path(__file__).parent / "attributes.toml"


def starter_attributes() -> dict[str, str]:
    """The attributes of events that the starter rules know, by name without `event.`, with their type."""
    table = tomllib.loads(_ATTRIBUTES.read_text("utf-8"))
    return {name: says["type"] for name, says in table.items()}


@dataclass(frozen=True)
class Vocabulary:
    """Everything that a rule may name. `columns` are the facts, in the order of the facts' matrix;
    `attributes` are types by name; `scores` are the models' names (`score.<name>`)."""

    columns: Sequence[str]
    attributes: Mapping[str, str] = field(default_factory=starter_attributes)
    scores: Sequence[str] = ()

    def types(self) -> dict[str, str]:
        """The type of each name. An own field of the event wins over an attribute of that name."""
        found = {f"event.{name}": kind for name, kind in self.attributes.items()}
        found.update(EVENT_FIELDS)
        found.update(dict.fromkeys(self.columns, NUMBER))
        found.update({f"score.{name}": NUMBER for name in (*SCORES, *self.scores)})
        found["owner.score"] = NUMBER
        return found

    def nullable(self, name: str) -> bool:
        """Whether the value of `name` can be missing: of an entity that an event need not name, or of
        an aggregate that says nothing where nothing was seen."""
        if name in NEVER_MISSING:
            return False
        entity, _, word = name.rpartition(".")
        return entity not in ("account", "received") or word.startswith(_MISSING_WHEN_NOTHING)


_MISSING_WHEN_NOTHING = (
    "mean",
    "spread",
    "max",
    "age",
    "since",
    "ratio",
    "night_share",
    "bad_share",
)


def starter_vocabulary(scores: Sequence[str] = ()) -> Vocabulary:
    """The vocabulary of the starter facts."""
    from argosy.ctu.facts.declared import starter
    from argosy.ctu.facts.vector import vector_of

    return Vocabulary(vector_of(starter()), scores=scores)
