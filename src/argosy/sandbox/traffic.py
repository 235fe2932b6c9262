"""The town trades by itself: people pay, send, ask, refund and go to the bank, each with session and
PIN through the cashier, screened as everybody is.

A metronome puts turns into a short queue and a few workers take them; what finds the queue full is
counted and dropped, so a slow database never gathers a backlog.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from argosy.base.refusals import Unavailable
from argosy.sandbox.habits import HOURS
from argosy.sandbox.house import House
from argosy.sandbox.town import Town
from argosy.sandbox.trading import Trading

WORKERS = 8
TURNS_WAITING_MAX = 32
PAUSE_SECONDS = 1.0
REPORT_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass
class Tally:
    """What the town did: `done` counts (way, state of the order) and `refused` (way, code);
    `challenges` were answered with a code; `idle` turns found nobody free, `dropped` ones a full
    queue; `outages` and `failures` are turns that ended in one."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    challenges: int = 0
    newcomers: int = 0
    idle: int = 0
    dropped: int = 0
    outages: int = 0
    failures: int = 0

    def __str__(self) -> str:
        refused = ", ".join(f"{way} {code} {n}" for (way, code), n in self.refused.most_common(5))
        return (
            f"{self.done.total()} done, {self.refused.total()} refused ({refused or 'none'}),"
            f" {self.challenges} challenged, {self.newcomers} moved in, {self.idle} idle,"
            f" {self.dropped} dropped, {self.outages} outages, {self.failures} failures"
        )


async def trade(
    house: House, town: Town, per_second: float = 5.0, seed: int = 1, tally: Tally | None = None
) -> None:
    """Trade until cancelled, `per_second` times in the busiest hour of the local day and less in the
    others. `tally`, where given, is kept up as it goes; a line a minute is logged."""
    tally = tally if tally is not None else Tally()
    chance = random.Random(f"traffic {seed} {house.clock.now().isoformat()}")
    await _awake(house)
    trading = Trading(house, town, chance, tally)
    turns: asyncio.Queue[None] = asyncio.Queue(TURNS_WAITING_MAX)
    zone = ZoneInfo(town.census.market.zone)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(WORKERS):
            tasks.create_task(_work(trading, turns, tally))
        tasks.create_task(_report(tally))
        while True:
            busy = HOURS[house.clock.now().astimezone(zone).hour]
            await asyncio.sleep(chance.expovariate(per_second * busy))
            try:
                turns.put_nowait(None)
            except asyncio.QueueFull:
                tally.dropped += 1


async def _awake(house: House) -> None:
    """Wait until operations can be screened."""
    while True:
        try:
            return await house.brain.start()
        except Unavailable as outage:
            _log.warning("the town waits: %s", outage)
            await asyncio.sleep(PAUSE_SECONDS)


async def _work(trading: Trading, turns: asyncio.Queue[None], tally: Tally) -> None:
    while True:
        await turns.get()
        try:
            await trading.turn()
        except Unavailable as outage:
            tally.outages += 1
            _log.warning("a turn of the town was lost: %s", outage)
            await asyncio.sleep(PAUSE_SECONDS)
        except Exception:  # noqa: BLE001 - counted and logged; one turn is not the town
            _log.exception("a turn of the town failed")
            tally.failures += 1
            await asyncio.sleep(PAUSE_SECONDS)


async def _report(tally: Tally) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        _log.info("the town: %s", tally)
