"""The words of flows: what a person goes through, step by step, and how each step went."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Outcome(StrEnum):
    """How a step went. Who comes to the next step has left this one behind; who does not has dropped
    out of it."""

    REACHED = "reached"  # the step was shown, or done
    REFUSED = "refused"  # the wallet said no, and why
    BROKEN = "broken"  # nothing was decided: an outage, or a bug of ours


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange with the wallet. `at` is where the channel finds it, in the channel's own words;
    `asks` is what the person must give here to go on (`amount`, `pin`, `code`, ...). Not everybody
    comes through an `optional` one, so who is not seen there has not dropped out."""

    name: str
    at: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What a person wants to get done, in one channel: its steps in their order. `version` grows
    whenever the steps change, so that the old count and the new are never mixed."""

    name: str
    channel: str
    version: int
    steps: tuple[Step, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """Everything that a person must give from the first step to the last, on the shortest way."""
        return tuple(asked for step in self.steps if not step.optional for asked in step.asks)

    def has(self, step: str) -> bool:
        """Whether there is a step of that name."""
        return any(one.name == step for one in self.steps)


@dataclass(frozen=True, slots=True)
class Spot:
    """What is counted together: a step of a flow, in a market, on a day (UTC)."""

    day: date
    market: str
    channel: str
    flow: str
    version: int
    step: str


@dataclass(slots=True)
class Count:
    """How often a step was reached, refused or broken, and what all of these took together. Bytes are
    those of the whole request and answer, heads included."""

    reached: int = 0
    refused: int = 0
    broken: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A step as the funnel shows it. `left` is the part of those at the step before (the last that is
    not optional) who came this far, None for the first; bytes and time are averages of an exchange."""

    step: Step
    reached: int
    refused: int
    broken: int
    left: float | None
    bytes_in: int
    bytes_out: int
    millis: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """One flow in one market over the days asked for, step by step."""

    flow: str
    channel: str
    version: int
    market: str
    steps: tuple[Drawn, ...] = field(default_factory=tuple)
