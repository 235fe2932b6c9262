"""The funnel of each flow: who came how far, what each step costs, where an extra step loses most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argosy.management.reports.facts import Column, Kind, Span, Table
from argosy.public_services.funnel.facts import Drawn, Funnel
from argosy.public_services.funnel.funnel import Funnels

STEP_COST: Final = 0.10
"""What one more step is expected to cost: so many of those who were there do not go on."""
_COLUMNS: Final = (
    Column("step", Kind.NAME),
    Column("reached", Kind.COUNT),
    Column("left", Kind.SHARE),
    Column("lost", Kind.COUNT),
    Column("refused", Kind.COUNT),
    Column("broken", Kind.COUNT),
    Column("asks"),
    Column("bytes_in", Kind.BYTES),
    Column("bytes_out", Kind.BYTES),
    Column("took_ms", Kind.MILLIS),
)


@dataclass(frozen=True)
class Drop:
    """One step that people do not come through: `lost` of those at the step before, `share` of them."""

    funnel: Funnel
    step: Drawn
    lost: int
    share: float

    @property
    def dear(self) -> bool:
        """Whether it costs more than any further step is expected to."""
        return self.share > STEP_COST


async def funnels(
    counted: Funnels, span: Span, market: str | None, channel: str | None
) -> list[Funnel]:
    """The funnels of the span; their days are those of UTC, in which they are counted."""
    return await counted.draw(span.first, span.last, market=market, channel=channel)


def drops(found: list[Funnel]) -> list[Drop]:
    """Every step that loses somebody, the one that loses most first."""
    lost = []
    for funnel in found:
        before = 0
        for step in funnel.steps:
            if before and step.left is not None and step.left < 1 and not step.step.optional:
                lost.append(Drop(funnel, step, before - step.reached, 1 - step.left))
            if not step.step.optional:
                before = step.reached
    return sorted(lost, key=lambda drop: (-drop.lost, drop.funnel.flow, drop.step.step.name))


def actions(funnel: Funnel) -> int:
    """How many things a person gives from the first step to the last, on the shortest way."""
    return sum(len(one.step.asks) for one in funnel.steps if not one.step.optional)


def as_table(found: list[Funnel]) -> Table:
    """All funnels as one table, for a file."""
    columns = (
        Column("flow", Kind.NAME),
        Column("channel", Kind.NAME),
        Column("market", Kind.NAME),
        Column("version", Kind.COUNT),
        *_COLUMNS,
    )
    rows = []
    for funnel in found:
        before = 0
        for step in funnel.steps:
            counts = before and step.left is not None
            rows.append(
                {
                    "flow": funnel.flow,
                    "channel": funnel.channel,
                    "market": funnel.market,
                    "version": funnel.version,
                    "step": step.step.name,
                    "reached": step.reached,
                    "left": step.left,
                    "lost": max(0, before - step.reached) if counts else None,
                    "refused": step.refused,
                    "broken": step.broken,
                    "asks": ", ".join(step.step.asks),
                    "bytes_in": step.bytes_in,
                    "bytes_out": step.bytes_out,
                    "took_ms": step.millis,
                }
            )
            if not step.step.optional:
                before = step.reached
    return Table("funnel", columns, rows)
