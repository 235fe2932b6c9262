"""Training sets made by hand, quickly: what is good and bad is drawn, columns by name."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import numpy as np

from argosy.ctu.events import Event
from argosy.ctu.learn.training import TrainingSet

DAY_MS = 86_400_000
UNTIL_MS = 1_795_000_000_000


def drawn(
    seed: int = 3, count: int = 3_000, bad: int = 60, days: int = 30, delay_ms: int = DAY_MS // 2
) -> tuple[TrainingSet, np.ndarray]:
    """Events over so many days up to `UNTIL_MS`, and which of them are thefts. These have a high
    `account.ratio_30d` and a busy `device.count_1h`, and neither alone tells them; each is confirmed
    `delay_ms` later, so that of the latest nobody knows."""
    chance = np.random.default_rng(seed)
    at_ms = np.sort(UNTIL_MS - (chance.random(count) * days * DAY_MS).astype(np.int64))
    thief = np.zeros(count, dtype=np.bool_)
    thief[chance.choice(count, bad, replace=False)] = True
    ratio = np.where(thief, chance.uniform(2, 4, count), chance.gamma(2, 0.5, count))
    busy = np.where(thief, chance.integers(4, 8, count), chance.poisson(1.8, count))
    noise = chance.normal(size=count)
    noise[chance.random(count) < 0.2] = np.nan
    rows = np.column_stack([ratio, busy, noise, chance.integers(100, 90_000, count)]).astype(float)
    told = thief & (at_ms + delay_ms <= UNTIL_MS)
    events = tuple(
        Event(id=UUID(int=n + 1), kind="pay", at_ms=int(t), account=f"a{n % 97}", amount=100)
        for n, t in enumerate(at_ms)
    )
    old = np.where(UNTIL_MS - at_ms >= delay_ms, 1.0, 0.0)
    made = TrainingSet(
        columns=("account.ratio_30d", "device.count_1h", "pair.since", "event.amount"),
        rows=rows,
        y=told.astype(np.int8),
        weight=np.where(told, 1.0, old),
        at_ms=at_ms,
        known_ms=np.where(told, at_ms + delay_ms, np.nan),
        scheme=np.where(told, "rush", "").astype(object),
        events=events,
        decision=np.zeros(count, dtype=np.int8),
        delay_ms=float(delay_ms),
        until_ms=UNTIL_MS,
    )
    return made, thief


def data(seed: int = 3) -> TrainingSet:
    """What `drawn` draws, for whoever need not know the truth."""
    return drawn(seed)[0]


def with_column(base: TrainingSet, name: str, values: np.ndarray) -> TrainingSet:
    """The same with one more column."""
    return replace(base, columns=(*base.columns, name), rows=np.column_stack([base.rows, values]))
