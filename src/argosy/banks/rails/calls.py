"""Banks that call by themselves: with a late answer, or with one that they gave before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from argosy.base.ports import Calling, Hear, Rail
from argosy.base.products import Sweep

CALL_SECONDS = 0.5


def sweeps(rails: Iterable[Rail], hear: Hear) -> tuple[Sweep, ...]:
    """Takes the calls of each rail that has such, several times a second."""
    return tuple(
        _taking(rail, hear) for rail in rails if isinstance(rail, Calling) and rail.calls_by_itself
    )


def _taking(rail: Calling, hear: Hear) -> Sweep:
    async def run(_now: datetime, limit: int) -> int:
        return await rail.deliver(hear, limit)

    return Sweep(f"rail.{rail.name}.calls", CALL_SECONDS, run)
